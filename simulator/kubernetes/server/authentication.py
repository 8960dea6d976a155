"""Who sends a request: whose token it has. As in a cluster with `--anonymous-auth=false`, also for `/healthz`."""

import hmac
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web

from simulator.foreign_requests import LOOPBACK_NAMES, why_foreign
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.rbac import AUTHENTICATED, SUPERUSERS, User
from simulator.kubernetes.server.wire import refuse

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
IsValid = Callable[[], bool]

USER = web.RequestKey("user", User)
"""Where a request says who sent it."""


class Authentication:
    """The tokens of one server, and the check that each request passes before anything of its body is read.

    `token` is the administrator's.
    """

    def __init__(self) -> None:
        self._users: dict[str, tuple[User, IsValid]] = {}
        self.token = self.issue(User("kubernetes-admin", (SUPERUSERS, AUTHENTICATED)))
        self.port = 0

    def issue(self, user: User, is_valid: IsValid = lambda: True) -> str:
        """A new token of a user, which counts as long as it `is_valid`."""
        token = secrets.token_urlsafe(32)
        self._users[token] = user, is_valid
        return token

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Serve a request that has the token and is no web page's."""
        if why := why_foreign(request.headers, self._is_own):
            return refuse(ApiError(403, "Forbidden", f"forbidden: {why}"))
        user = self._user(request.headers.get("Authorization", ""))
        if user is None:
            return refuse(ApiError(401, "Unauthorized", "Unauthorized"))
        request[USER] = user
        return await handler(request)

    def _is_own(self, host: str) -> bool:
        return host in {f"{name}:{self.port}" for name in LOOPBACK_NAMES}

    def _user(self, header: str) -> User | None:
        """Whose token it is, which takes equally long for any token that is none."""
        scheme, _, token = header.strip().partition(" ")
        given = token.encode("utf-8", "surrogateescape")
        found = [known for known in self._users if hmac.compare_digest(given, known.encode())]
        if not found or scheme.lower() != "bearer":
            return None
        user, is_valid = self._users[found[0]]
        return user if is_valid() else None
