"""Failures of the cluster itself: of its API server, its S3 store, or by its policies.

Unlike the other disturbances they can stop a user. They say nothing about Longhorn, whichever step they hit.
"""

import asyncio
import json
from asyncio import Transport
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from simulator.disturbances import catalogue
from simulator.disturbances.catalogue import Disturbance
from simulator.disturbances.chance import Chance
from simulator.s3.connection import S3Error

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_OUT_OF_BAND = ("/metrics", "/simulator/")
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_CUSTOM = ("/apis/longhorn.io/", "/apis/snapshot.storage.k8s.io/")


class FaultyApi:
    """Failures of requests to the API server; while it restarts it answers nothing."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._back = 0.0
        self._open: set[asyncio.BaseTransport] = set()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Serve a request, or not."""
        transport = request.transport
        if request.path.startswith(_OUT_OF_BAND) or transport is None:
            return await handler(request)
        now = asyncio.get_running_loop().time()
        if now >= self._back and (seconds := self._chance.seconds(catalogue.API_AWAY)):
            self._back = now + seconds
            for each in self._open:
                _abort(each)
        if now < self._back:
            _abort(transport)
            return web.Response(status=503)
        if (refusal := self._refusal(request)) is not None:
            return refusal
        self._open.add(transport)
        try:
            answer = await handler(request)
        finally:
            self._open.discard(transport)
        if request.method in _WRITES and self._chance.happens(catalogue.ANSWER_LOST):
            return _status(500, "", "etcdserver: request timed out, possibly due to previous leader failure")
        return await _maybe_truncated(self._chance, catalogue.ANSWER_BROKEN, request, answer)

    def _refusal(self, request: web.Request) -> web.Response | None:
        happens, path, method = self._chance.happens, request.path, request.method
        writes = method in _WRITES
        if happens(catalogue.API_BUSY):
            busy = "The server has received too many requests and has asked us to try again later"
            return _status(429, "TooManyRequests", busy, headers={"Retry-After": "1"})
        if happens(catalogue.ETCD_TIMEOUT):
            return _status(500, "", "etcdserver: request timed out")
        if path.startswith(_CUSTOM) and happens(catalogue.KIND_UNKNOWN):
            return web.Response(status=404, text="404 page not found\n")
        if writes and path.startswith(_CUSTOM) and happens(catalogue.WEBHOOK_AWAY):
            text = (
                'Internal error occurred: failed calling webhook "validator.longhorn.io": failed to call webhook: Post '
                '"https://longhorn-admission-webhook.longhorn-system.svc:9502/v1/webhook/validation?timeout=10s": '
                "context deadline exceeded"
            )
            return _status(500, "InternalError", text)
        if method in {"PUT", "PATCH"} and happens(catalogue.OTHER_WRITER):
            return _status(409, "Conflict", "the object has been modified; please apply your changes to the latest")
        if method == "POST" and path.endswith("/pods") and happens(catalogue.QUOTA):
            return _status(
                403, "Forbidden", "pods is forbidden: exceeded quota: all, requested: pods=1, limited: pods=9"
            )
        return None


class FaultyS3:
    """Failures of requests to S3, from outside and inside the cluster."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Serve a request, or not."""
        if self._chance.happens(catalogue.S3_BUSY):
            error = slow_down()
            text = f"<Error><Code>{error.code}</Code><Message>{error.message}</Message></Error>"
            return web.Response(status=error.status, content_type="application/xml", text=text)
        return await _maybe_truncated(self._chance, catalogue.S3_BROKEN, request, await handler(request))


def slow_down() -> S3Error:
    """The answer of an overloaded store."""
    return S3Error(503, "SlowDown", "Please reduce your request rate.")


async def _maybe_truncated(
    chance: Chance, disturbance: Disturbance, request: web.Request, answer: web.StreamResponse
) -> web.StreamResponse:
    """The answer, or half of it before the connection breaks."""
    body = answer.body if isinstance(answer, web.Response) else None
    if not isinstance(body, bytes) or len(body) < 2 or not chance.happens(disturbance):
        return answer
    half = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.headers["Content-Type"]})
    half.content_length = len(body)
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    _abort(request.transport)
    return half


def _abort(transport: asyncio.BaseTransport | None) -> None:
    if isinstance(transport, Transport):
        transport.abort()


def _status(code: int, reason: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    status: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    status |= {"message": message, "code": code} | ({"reason": reason} if reason else {})
    return web.Response(status=code, text=json.dumps(status), content_type="application/json", headers=headers)
