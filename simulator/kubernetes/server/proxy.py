"""The service proxy: requests to services that this process answers."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.server.paths import Target

ServiceBackend = Callable[[web.Request, str], Awaitable[web.StreamResponse]]
"""Answers a request to a path of a service (with its leading slash)."""


class Services:
    """The services that can be reached through the API server."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._backends: dict[tuple[str, str, int], ServiceBackend] = {}

    def add(self, namespace: str, name: str, port: int, backend: ServiceBackend) -> None:
        """Answer requests to `port` of this service by `backend`."""
        self._backends[namespace, name, port] = backend

    async def serve(self, request: web.Request, target: Target) -> web.StreamResponse:
        """A request to `services/[scheme:]name[:port]/proxy/...`."""
        parts = target.name.split(":")
        name = parts[1] if len(parts) == 3 else parts[0]
        requested = parts[-1] if len(parts) > 1 else ""
        service = self._api.get("services", name, target.namespace)
        for port in service["spec"].get("ports") or ():
            if requested in {"", str(port["port"]), port.get("name")}:
                backend = self._backends.get((target.namespace, name, port["port"]))
                if backend is not None:
                    return await backend(request, f"/{target.rest}")
        raise ApiError(503, "ServiceUnavailable", f'no endpoints available for service "{target.name}"')
