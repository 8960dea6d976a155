"""Who may send requests: who has the token. As in a cluster with `--anonymous-auth=false`, also for `/healthz`."""

import hmac
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web

from simulator.foreign_requests import LOOPBACK_NAMES, why_foreign
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.server.wire import refuse

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Authentication:
    """The token of one server, and the check that each request passes before anything of its body is read."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(32)
        self.port = 0

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Serve a request that has the token and is no web page's."""
        if why := why_foreign(request.headers, self._is_own):
            return refuse(ApiError(403, "Forbidden", f"forbidden: {why}"))
        if not self._is_authorized(request.headers.get("Authorization", "")):
            return refuse(ApiError(401, "Unauthorized", "Unauthorized"))
        return await handler(request)

    def _is_own(self, host: str) -> bool:
        return host in {f"{name}:{self.port}" for name in LOOPBACK_NAMES}

    def _is_authorized(self, header: str) -> bool:
        scheme, _, token = header.strip().partition(" ")
        given = token.encode("utf-8", "surrogateescape")
        return hmac.compare_digest(given, self.token.encode()) and scheme.lower() == "bearer"
