"""The HTTP server: which request goes where."""

import asyncio
import sys
import traceback
from collections.abc import Callable
from ssl import SSLContext

from aiohttp import web
from aiohttp.typedefs import Middleware

from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import ApiError, internal, not_found
from simulator.kubernetes.rbac import Authorizer
from simulator.kubernetes.resources import Obj, Resource
from simulator.kubernetes.server import discovery, openapi
from simulator.kubernetes.server.attributes import attributes_of
from simulator.kubernetes.server.authentication import USER, Authentication
from simulator.kubernetes.server.listing import list_objects, new_watch
from simulator.kubernetes.server.objects import Objects
from simulator.kubernetes.server.paths import Target, target_of
from simulator.kubernetes.server.podlogs import LogSource, serve_log
from simulator.kubernetes.server.portforward import PortForwards, PortSource
from simulator.kubernetes.server.proxy import ServiceBackend, Services
from simulator.kubernetes.server.requests import Requests
from simulator.kubernetes.server.tables import Tables
from simulator.kubernetes.server.tokens import Tokens
from simulator.kubernetes.server.watching import Watch
from simulator.kubernetes.server.wire import check_body_type, flag, page_not_found, refuse, reply

BODY_LIMIT = 3 * 1024 * 1024
"""Largest body of a request, in bytes."""

SHUTDOWN_SECONDS = 1.0

VERSION: dict[str, str] = {
    "major": "1",
    "minor": "33",
    "gitVersion": "v1.33.13",
    "gitCommit": "0" * 40,
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "go1.24.0",
    "compiler": "gc",
    "platform": "linux/amd64",
}
HEALTH = ("healthz", "livez", "readyz")


class Server:
    """The REST side of an Api."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._tables = Tables()
        self._objects = Objects(api, self._tables)
        self._services = Services(api)
        self._logs: LogSource | None = None
        self._forwards = PortForwards(api)
        self._runner: web.AppRunner | None = None
        self._watches: set[Watch] = set()
        self.metrics: Callable[[], str] | None = None
        """Prometheus' text format, served at /metrics."""
        self._pages: dict[str, Callable[[], Obj]] = {}
        self.requests = Requests()
        self.authentication = Authentication()
        self._tokens = Tokens(api, self.authentication)
        self.authorizer: Authorizer | None = None
        """Judges each request; without it whoever has a token may do everything."""
        self.middlewares: list[Middleware] = []
        self.host = ""
        self.port = 0
        self._scheme = "http"

    @property
    def url(self) -> str:
        """Where the server listens, which answers who has `authentication.token`."""
        return f"{self._scheme}://{self.host}:{self.port}"

    def add_service(self, namespace: str, name: str, port: int, handler: ServiceBackend) -> None:
        """Let `handler` answer requests through the service proxy."""
        self._services.add(namespace, name, port, handler)

    def set_logs(self, source: LogSource) -> None:
        """Take the logs of pods from `source`."""
        self._logs = source

    def set_ports(self, source: PortSource) -> None:
        """Find the ports of pods by `source`."""
        self._forwards.source = source

    def add_page(self, path: str, content: Callable[[], Obj]) -> None:
        """Serve `content` as JSON at a path that no Kubernetes API has."""
        self._pages[path] = content

    async def start(self, host: str = "127.0.0.1", port: int = 0, certificate: SSLContext | None = None) -> None:
        """Listen; port 0 chooses a free one. https with a `certificate`."""
        middlewares = [self.authentication.middleware, *self.middlewares]
        application = web.Application(client_max_size=BODY_LIMIT, middlewares=middlewares)
        application.router.add_route("*", "/{path:.*}", self._handle)
        application.on_response_prepare.append(self._add_headers)
        self._runner = web.AppRunner(
            application, access_log=None, handler_cancellation=True, shutdown_timeout=SHUTDOWN_SECONDS
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=certificate)
        await site.start()
        self.host = host
        self.port = self.authentication.port = self._runner.addresses[0][1]
        self._scheme = "http" if certificate is None else "https"

    async def stop(self) -> None:
        """End all watches and forwarded connections, and stop listening."""
        await self._forwards.end()
        for watch in tuple(self._watches):
            watch.end()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._answer(request)
        except ApiError as error:
            return refuse(error)
        except web.HTTPRequestEntityTooLarge:
            message = f"Request entity too large: limit is {BODY_LIMIT}"
            return refuse(ApiError(413, "RequestEntityTooLarge", message))
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - a defect of the simulator is a 500 for the client, and printed here
            print(f"{request.method} {request.path_qs} failed", file=sys.stderr)
            traceback.print_exception(error)
            return refuse(internal(f"Internal error occurred: {error}"))

    async def _add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Before the answer to any request goes out."""
        del request
        response.headers.update(self._api.decisions.answer_headers())

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        delay = self._api.timing.request_delay()
        if delay > 0:
            await asyncio.sleep(delay)
        target = target_of(path, self._lookup)
        if target is not None:
            self.requests.note(request[USER].name, request.method, request.query, target)
        if self.authorizer is not None:
            self.authorizer.check(request[USER], attributes_of(request.method, path, request.query))
        # A service behind the proxy may want any body: Longhorn takes the files of images as forms.
        if request.body_exists and (target is None or target.subresource != "proxy"):
            check_body_type(request.headers.get("Content-Type", ""))
        if target is None:
            return self._answer_other(request, path.strip("/"))
        if not target.name:
            return await self._on_collection(request, target)
        if not target.subresource:
            return await self._on_object(request, target)
        return await self._on_subresource(request, target)

    def _lookup(self, group: str, version: str, plural: str) -> Resource | None:
        key = f"{plural}.{group}" if group else plural
        resource = self._api.served(key)
        return resource.in_version(version) if resource is not None else None

    def _served(self) -> list[Resource]:
        """All kinds in all versions, for discovery."""
        return [each for resource in self._api.resources() for each in resource.in_all_versions()]

    async def _on_collection(self, request: web.Request, target: Target) -> web.StreamResponse:
        method = request.method
        if method == "GET":
            if flag(request.query.get("watch")):
                return await self._watch(request, target)
            accept = request.headers.get("Accept", "")
            return list_objects(self._api, self._tables, target, request.query, accept)
        if method == "POST" and (target.namespace or not target.resource.namespaced):
            return await self._objects.create(request, target)
        if method == "DELETE":
            return await self._objects.delete_collection(request, target)
        raise _method_not_allowed()

    async def _watch(self, request: web.Request, target: Target) -> web.StreamResponse:
        accept = request.headers.get("Accept", "").replace(";stream=watch", "")
        watch = new_watch(self._api, self._tables, target, request.query, accept)
        watch.begin()
        self._watches.add(watch)
        try:
            return await watch.stream(request)
        finally:
            self._watches.discard(watch)

    async def _on_object(self, request: web.Request, target: Target) -> web.StreamResponse:
        match request.method:
            case "GET" if flag(request.query.get("watch")):
                return await self._watch(request, target)
            case "GET":
                return self._objects.read(request, target)
            case "PUT":
                return await self._objects.replace(request, target)
            case "PATCH":
                return await self._objects.patch(request, target)
            case "DELETE":
                return await self._objects.delete(request, target)
        raise _method_not_allowed()

    async def _on_subresource(self, request: web.Request, target: Target) -> web.StreamResponse:
        resource, name = target.resource, target.subresource
        if resource.key == "services" and name == "proxy":
            return await self._services.serve(request, target)
        offered = {each: verbs for each, _, verbs in discovery.subresources(resource)}
        if name not in offered:
            raise not_found(resource, target.name)
        verb = {"GET": "get", "PUT": "update", "PATCH": "patch", "POST": "create"}.get(request.method)
        if verb not in offered[name]:
            raise _method_not_allowed()
        if name == "portforward":
            return await self._forwards.serve(request, target)
        if name == "token":
            return await self._tokens.create(request, target)
        if name == "log":
            return await serve_log(self._api, self._logs, request, target)
        if verb == "get":
            return self._objects.read(request, target)
        if verb == "patch":
            return await self._objects.patch(request, target)
        return await self._objects.replace(request, target)

    def _answer_other(self, request: web.Request, path: str) -> web.Response:
        """Requests that are not about objects: health, version, discovery, OpenAPI."""
        if path.split("/")[0] in HEALTH:
            return web.Response(text="ok")
        if path == "version":
            return reply({**VERSION, "gitVersion": self._api.decisions.git_version(VERSION["gitVersion"])})
        if path == "metrics" and self.metrics is not None:
            return web.Response(text=self.metrics())
        if path in self._pages:
            return reply(self._pages[path]())
        if path.startswith("openapi/"):
            return self._openapi(request, path.removeprefix("openapi/"))
        served = self._served()
        if path in {"api", "apis"}:
            if discovery.wants_aggregated(request.headers.get("Accept", "")):
                document = discovery.aggregated(served, core=path == "api")
                return reply(document, content_type=discovery.AGGREGATED)
            listed = discovery.core_versions(f"{self.host}:{self.port}") if path == "api" else None
            return reply(listed or discovery.group_list(served))
        parts = path.split("/")
        if parts[0] == "apis" and len(parts) == 2:
            versions = discovery.groups(served).get(parts[1])
            if versions:
                entry: Obj = {"kind": "APIGroup", "apiVersion": "v1"}
                return reply({**entry, **discovery.group_entry(parts[1], list(versions))})
        found = self._group_version(parts)
        return reply(discovery.resource_list("/".join(parts[1:]), found)) if found else page_not_found()

    def _group_version(self, parts: list[str]) -> list[Resource]:
        """The resources below `api/v1` or `apis/<group>/<version>`."""
        by_group = discovery.groups(self._served())
        if len(parts) == 2 and parts[0] == "api":
            return by_group.get("", {}).get(parts[1], [])
        if len(parts) == 3 and parts[0] == "apis":
            return by_group.get(parts[1], {}).get(parts[2], [])
        return []

    def _openapi(self, request: web.Request, path: str) -> web.Response:
        served = self._served()
        if path == "v2":
            if "json" not in request.headers.get("Accept", "json") and "*/*" not in request.headers["Accept"]:
                raise ApiError(406, "NotAcceptable", "only the following media types are accepted: application/json")
            return reply(openapi.document_v2(served))
        if path == "v3":
            pairs = dict.fromkeys((resource.group, resource.version) for resource in served)
            return reply(openapi.index(pairs))
        found = self._group_version(path.removeprefix("v3/").split("/"))
        return reply(openapi.document_v3(found)) if found else page_not_found()


def _method_not_allowed() -> ApiError:
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")


async def serve(api: Api, host: str = "127.0.0.1", port: int = 0) -> Server:
    """Start a server for `api`."""
    server = Server(api)
    await server.start(host, port)
    return server
