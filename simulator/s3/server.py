"""The S3 service: over HTTP for clients outside, directly for those inside the cluster."""

import re
from collections.abc import Mapping
from ssl import SSLContext
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

from aiohttp import web
from aiohttp.typedefs import Middleware

from simulator.foreign_requests import LOOPBACK_NAMES, why_foreign
from simulator.s3.accounts import Accounts
from simulator.s3.connection import (
    Listing,
    ObjectInfo,
    S3Connection,
    S3Error,
    S3UnreachableError,
    access_denied,
    new_request_id,
    wrong_signature,
)
from simulator.s3.decisions import S3Decisions
from simulator.s3.minio_admin import PREFIX as ADMIN_PREFIX
from simulator.s3.minio_admin import MinioAdmin
from simulator.s3.policy import permits
from simulator.s3.signature import authenticate, is_anonymous
from simulator.s3.storage import Storage

INSIDE_ENDPOINT = "http://minio.longhorn-snapshot-s3:9000"
"""The endpoint for pods and Longhorn."""

_TAG = re.compile(rb"(?<=<ETag>)[^<]+")
_MAX_BODY = 5 << 30
_ANY_SIGNATURE = "AWS4-HMAC-SHA256 Credential=anybody/20240101/us-east-1/s3/aws4_request"
_HOP_HEADERS = frozenset({"content-length", "transfer-encoding", "connection", "date", "server"})


_SUBRESOURCES = frozenset(
    ("acl", "attributes", "legal-hold", "partnumber", "policy", "restore", "retention", "select", "tagging", "torrent")
) | {"uploadid", "uploads", "versionid", "versions"}


class S3Server:
    """An S3 service that starts with one bucket. Data are in memory, and end with the process."""

    def __init__(
        self,
        access_key: str,
        secret_key: str,
        bucket: str,
        region: str,
        *,
        account: str | None = None,
        decisions: S3Decisions | None = None,
    ) -> None:
        """`bucket` is "" for none; `account` separates its objects from other servers', None for the first server."""
        self.access_key = access_key
        self.secret_key = secret_key
        self.bucket = bucket
        self.region = region
        self._decisions = decisions or S3Decisions()
        self.inside_endpoint = INSIDE_ENDPOINT
        self.endpoint = ""
        first = (bucket,) if bucket else ()
        self.storage = Storage(region, first) if account is None else Storage(region, first, account)
        self.accounts = Accounts(access_key, secret_key)
        self._admin = MinioAdmin(self.accounts)
        self._runner: web.AppRunner | None = None
        self.middlewares: list[Middleware] = []
        self.names = self.hosts
        """The hosts and ports by which pods know the cluster's servers, this one among them."""

    async def start(self, host: str, port: int, certificate: SSLContext | None = None) -> None:
        """Listen; port 0 chooses a free one. https with a `certificate`. Raises OSError when the port is taken."""
        application = web.Application(client_max_size=_MAX_BODY, middlewares=self.middlewares)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=certificate)
        await site.start()
        self.endpoint = f"{'http' if certificate is None else 'https'}://{host}:{self._runner.addresses[0][1]}"

    def hosts(self) -> dict[tuple[str, int], tuple[str, int]]:
        """The addresses on this machine, by host and port as pods write them."""
        if self._runner is None:
            return {}
        inside = urlsplit(self.inside_endpoint)
        return {(inside.hostname or "", inside.port or 80): self._runner.addresses[0][:2]}

    async def stop(self) -> None:
        """Close the port."""
        if self._runner is not None:
            await self._runner.cleanup()

    def connect(self, endpoint: str, access_key: str, secret_key: str, bucket: str) -> S3Connection:
        """A connection from inside the cluster. Raises S3UnreachableError for any other service's endpoint."""
        if not self.is_at(endpoint):
            host = endpoint.partition("://")[2].rstrip("/") or endpoint
            raise S3UnreachableError(f"dial tcp: lookup {host.partition(':')[0]}: no such host")
        return self.inside(access_key, secret_key, bucket)

    def is_at(self, endpoint: str) -> bool:
        """Whether an endpoint is this server's."""
        return endpoint.rstrip("/") in {self.inside_endpoint, self.endpoint}

    def inside(self, access_key: str, secret_key: str, bucket: str) -> S3Connection:
        """A connection from inside the cluster, by any name."""
        return _InsideConnection(self, access_key, secret_key, bucket)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        request_id = new_request_id()
        try:
            status, headers, body = await self._answer(request)
        except S3Error as error:
            request_id, status, headers = error.request_id, error.status, {"Content-Type": "application/xml"}
            body = b"" if request.method == "HEAD" else _error_document(error, request.path)
        kept = {name: value for name, value in headers.items() if name.lower() not in _HOP_HEADERS}
        kept = {
            name: self._decisions.entity_tag(value) if name.lower() == "etag" else value for name, value in kept.items()
        }
        kept = {"x-amz-request-id": request_id, **self._decisions.answer_headers(kept)}
        if request.method != "HEAD":
            return web.Response(status=status, body=body, headers=kept)
        bodiless = web.StreamResponse(status=status, headers=kept)
        bodiless.content_length = int(_header(headers, "content-length") or 0)
        return bodiless

    async def _answer(self, request: web.Request) -> tuple[int, Mapping[str, str], bytes]:
        if why := why_foreign(request.headers, self._is_own):
            raise S3Error(403, "AccessDenied", f"Access Denied: {why}.")
        if is_anonymous(request.raw_path, request.headers):
            return await self._answer_anonymous(request)
        body = await request.read()
        user = authenticate(request.method, request.raw_path, request.headers, body, self.accounts.secret_of)
        path, _, query = request.raw_path.partition("?")
        if path.startswith(ADMIN_PREFIX):
            return self._admin.answer(user, request.method, path, request.query, body)
        for action, resource in _required_actions(request.method, path, query):
            self.accounts.authorize(user, action, resource)
        await self.storage.ready()
        return self._respond(request, request.headers, body)

    def _is_own(self, host: str) -> bool:
        """Whether a `Host` is this server's: as pods write it, or of this machine with any port, as of a forwarding."""
        name, _, port = host.partition(":")
        own = {(known, str(number)) for known, number in self.names()}
        return name in LOOPBACK_NAMES or (name, port or "80") in own

    async def _answer_anonymous(self, request: web.Request) -> tuple[int, Mapping[str, str], bytes]:
        """Answer a request without a signature: only the reading of an object that the bucket's policy opens to all."""
        await self.storage.ready()
        path, _, query = request.raw_path.partition("?")
        statements = self.storage.public_statements(unquote(path).lstrip("/").partition("/")[0])
        required = _required_actions(request.method, path, query)
        is_read = all(action == "s3:GetObject" and permits(statements, action, name) for action, name in required)
        # These ask for something else than the object, or for other headers: AWS demands a signature for both.
        names = {unquote(part.partition("=")[0]).lower() for part in query.split("&")}
        more = any(name in _SUBRESOURCES or name.startswith(("response-", "x-amz-")) for name in names)
        if more or path.startswith(ADMIN_PREFIX) or not is_read:
            raise access_denied()
        # Permissions were checked above; without a signature moto would check them again, by an access list.
        signed = {**request.headers, "Authorization": _ANY_SIGNATURE}
        # Any other query means nothing to S3.
        return self._respond(request, signed, b"", path)

    def _respond(
        self, request: web.Request, headers: Mapping[str, str], body: bytes, path: str = ""
    ) -> tuple[int, Mapping[str, str], bytes]:
        # moto would take the name inside the cluster for that of a bucket.
        named = {**headers, "Host": urlsplit(self.endpoint).netloc}
        url = f"{self.endpoint}{path or request.raw_path}"
        if "list-type=2" in url and "max-keys=" not in url:
            url += f"&max-keys={self._decisions.page_size()}"
        status, headers, answer = self.storage.respond(request.method, url, named, body)
        if b"<ETag>" in answer and answer.startswith(b"<?xml"):
            answer = _TAG.sub(lambda tag: self._decisions.entity_tag(tag[0].decode()).encode(), answer)
        return status, headers, answer


class _InsideConnection:
    """A bucket as Longhorn uses it: the same users, policies and refusals as over HTTP."""

    def __init__(self, server: S3Server, access_key: str, secret_key: str, bucket: str) -> None:
        self._server = server
        self._access_key = access_key
        self._secret_key = secret_key
        self.bucket = bucket

    async def put(self, key: str, data: bytes) -> ObjectInfo:
        await self._server.storage.ready()
        self._admitted("s3:PutObject", key)
        return self._server.storage.put(self.bucket, key, data)

    async def get(self, key: str) -> bytes:
        self._admitted("s3:GetObject", key)
        return self._server.storage.get(self.bucket, key)

    async def head(self, key: str) -> ObjectInfo | None:
        self._admitted("s3:GetObject", key)
        return self._server.storage.head(self.bucket, key)

    async def list(self, prefix: str, delimiter: str = "") -> Listing:
        self._admitted("s3:ListBucket")
        return self._server.storage.list(self.bucket, prefix, delimiter)

    async def delete(self, key: str) -> None:
        self._admitted("s3:DeleteObject", key)
        self._server.storage.delete(self.bucket, key)

    def _admitted(self, action: str, key: str = "") -> None:
        if self._server.accounts.secret_of(self._access_key) != self._secret_key:
            raise wrong_signature()
        resource = f"arn:aws:s3:::{self.bucket}/{key}" if key else f"arn:aws:s3:::{self.bucket}"
        self._server.accounts.authorize(self._access_key, action, resource)
        if not self._server.storage.has_bucket(self.bucket):
            raise S3Error(404, "NoSuchBucket", "The specified bucket does not exist")


def _required_actions(method: str, path: str, query: str) -> list[tuple[str, str]]:
    """The actions that a request needs, with their resources."""
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    names = {part.partition("=")[0] for part in query.split("&")}
    resource = f"arn:aws:s3:::{bucket}"
    if not bucket:
        return [("s3:ListAllMyBuckets", "arn:aws:s3:::*")]
    if key:
        verb = {"GET": "Get", "HEAD": "Get", "DELETE": "Delete"}.get(method, "Put")
        return [(f"s3:{verb}Object", f"{resource}/{key}")]
    if method == "POST" and "delete" in names:
        return [("s3:DeleteObject", f"{resource}/*")]
    for name in ("location", "policy", "versioning", "tagging", "lifecycle", "notification", "acl", "object-lock"):
        if name in names:
            verb = {"GET": "Get", "DELETE": "Delete"}.get(method, "Put")
            return [(f"s3:{verb}Bucket{name.title().replace('-', '')}", resource)]
    return [({"PUT": "s3:CreateBucket", "DELETE": "s3:DeleteBucket"}.get(method, "s3:ListBucket"), resource)]


def _error_document(error: S3Error, resource: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
        f"<Resource>{escape(resource)}</Resource><RequestId>{error.request_id}</RequestId></Error>"
    ).encode()


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name), "")
