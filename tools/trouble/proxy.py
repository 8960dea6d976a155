"""An HTTP proxy on this machine that stands between a client and one server, and spoils some of the exchanges.

Headers pass unchanged, but for Host, which is the server's own (unless the request is signed for the proxy's), and
those that are between two neighbours only.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ssl import SSLContext

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

HERE = "127.0.0.1"

_BETWEEN_NEIGHBOURS = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "expect", "content-length"}
    | {"sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-protocol"}
)
_PIECE = 1 << 16
_DRIPS = 20


@dataclass(frozen=True)
class Exchange:
    """A request: the `number` of its kind on this proxy, and the seconds since the proxy was started."""

    number: int
    method: str
    path: str
    seconds: float

    @property
    def is_watch(self) -> bool:
        return "watch=true" in self.path


@dataclass(frozen=True)
class Fault:
    """What goes wrong with an exchange, and how it is called in counts.

    `status`, `headers`, `body`: an answer in place of the server's, which never sees the request. `reset`: the
    connection breaks, before the server sees the request. Otherwise it is carried out: `lost` drops the answer; of its
    body only the part `keep` arrives before the connection breaks; it takes `drip` seconds in small pieces; `spoil`
    changes the bytes of it (the headers stay); a stream is cut after `cut_after` seconds.
    """

    name: str
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    reset: bool = False
    lost: bool = False
    keep: float = 1.0
    drip: float = 0.0
    spoil: Callable[[bytes], bytes] | None = None
    cut_after: float = 0.0


Decide = Callable[[Exchange], Fault | None]
"""What happens to an exchange, None for nothing."""


class Proxy:
    """Stands before the server at `upstream`, a URL; `happened` counts the faults by name. `trust` is for https."""

    def __init__(self, upstream: str, decide: Decide, trust: SSLContext | None = None) -> None:
        self.happened: dict[str, int] = {}
        self.url = ""
        self._upstream = upstream.rstrip("/")
        self._decide = decide
        self._trust = trust
        self._requests = 0
        self._began = 0.0
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None
        self._listener: socket.socket | None = None

    async def start(self) -> None:
        """Listen at a free port of this machine."""
        self._began = asyncio.get_running_loop().time()
        connector = aiohttp.TCPConnector(limit=0, force_close=True, ssl=self._trust or True)
        timeout = aiohttp.ClientTimeout(total=None)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False)
        application = web.Application(client_max_size=1 << 32)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(
            application, access_log=None, handle_signals=False, shutdown_timeout=0.1, handler_cancellation=True
        )
        await self._runner.setup()
        self._listener = socket.create_server((HERE, 0))
        await web.SockSite(self._runner, self._listener).start()
        self.url = f"http://{HERE}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Close the port and all connections."""
        if self._listener is not None:
            # A server that is closed while it accepts a connection loses that: its socket stays open.
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
            await _rounds()
        if self._runner is not None:
            await self._runner.cleanup()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
        # aiohttp forgets a connection whose request is cancelled while it is being made.
        transports: Mapping[int, asyncio.Transport] = getattr(asyncio.get_running_loop(), "_transports", {})
        for transport in tuple(transports.values()):
            transport.abort()
        # A transport that was closed lets its socket go in the loop's next rounds.
        await _rounds()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self._requests += 1
        seconds = asyncio.get_running_loop().time() - self._began
        fault = self._decide(Exchange(self._requests, request.method, request.raw_path, seconds))
        if fault is not None:
            self.happened[fault.name] = self.happened.get(fault.name, 0) + 1
            if fault.reset:
                return _abort(request)
            if fault.status:
                return web.Response(status=fault.status, headers=fault.headers, body=fault.body)
        try:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._bridge(request)
            return await self._pass_on(request, body, fault or Fault(""))
        except (aiohttp.ClientError, ConnectionError):
            return _abort(request)

    def _headers(self, request: web.Request) -> CIMultiDict[str]:
        signed = "AWS4-HMAC-SHA256" in request.headers.get("Authorization", "") or "X-Amz-Signature" in request.raw_path
        kept = CIMultiDict(
            (name, value) for name, value in request.headers.items() if name.lower() not in _BETWEEN_NEIGHBOURS
        )
        if not signed:
            kept["Host"] = URL(self._upstream).authority
        return kept

    async def _pass_on(self, request: web.Request, body: bytes, fault: Fault) -> web.StreamResponse:
        assert self._session is not None
        async with self._session.request(
            request.method,
            URL(f"{self._upstream}{request.raw_path}", encoded=True),
            headers=self._headers(request),
            data=body or None,
            allow_redirects=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
        ) as answer:
            if fault.lost:
                await answer.read()
                return _abort(request)
            sent = web.StreamResponse(status=answer.status, reason=answer.reason)
            for name, value in answer.headers.items():
                if name.lower() not in _BETWEEN_NEIGHBOURS:
                    sent.headers.add(name, value)
            length = answer.headers.get("Content-Length")
            if length is not None:
                sent.content_length = int(length)
            await sent.prepare(request)
            if request.method != "HEAD":
                await _send_body(request, answer, sent, fault)
            return sent

    async def _bridge(self, request: web.Request) -> web.StreamResponse:
        assert self._session is not None
        protocols = [each.strip() for each in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        here = web.WebSocketResponse(protocols=protocols)
        url = URL(f"{self._upstream}{request.raw_path}", encoded=True)
        async with self._session.ws_connect(url, protocols=protocols, headers=self._headers(request)) as there:
            await here.prepare(request)
            ways = [asyncio.create_task(_messages(here, there)), asyncio.create_task(_messages(there, here))]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
            await here.close()
        return here


async def _messages(
    source: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
    sink: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
) -> None:
    async for message in source:
        if message.type == aiohttp.WSMsgType.BINARY:
            await sink.send_bytes(message.data)
        elif message.type == aiohttp.WSMsgType.TEXT:
            await sink.send_str(message.data)


async def _send_body(
    request: web.Request, answer: aiohttp.ClientResponse, sent: web.StreamResponse, fault: Fault
) -> None:
    if fault.cut_after:
        with suppress(TimeoutError):
            async with asyncio.timeout(fault.cut_after):
                async for piece in answer.content.iter_any():
                    await sent.write(piece)
        _abort(request)
    elif fault.keep < 1.0 or fault.drip or fault.spoil:
        body = await answer.read()
        if fault.spoil is not None:
            body = fault.spoil(body)
        kept = body[: int(len(body) * fault.keep)]
        step = max(1, len(kept) // _DRIPS) if fault.drip else _PIECE
        for start in range(0, len(kept), step):
            await sent.write(kept[start : start + step])
            await asyncio.sleep(fault.drip / _DRIPS)
        if len(kept) < (sent.content_length or len(body)) or fault.keep < 1.0:
            _abort(request)
    else:
        async for piece in answer.content.iter_any():
            await sent.write(piece)


async def _rounds() -> None:
    """Let the loop do what it has begun."""
    for _ in range(4):
        await asyncio.sleep(0)


def _abort(request: web.Request) -> web.Response:
    """Break the connection; the answer that is returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)


@contextmanager
def proxy(upstream: str, decide: Decide, trust: SSLContext | None = None) -> Iterator[Proxy]:
    """A proxy that serves as long as the body runs, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="trouble-proxy", daemon=True)
    thread.start()
    serving = Proxy(upstream, decide, trust)
    try:
        asyncio.run_coroutine_threadsafe(serving.start(), loop).result(10)
        yield serving
    finally:
        asyncio.run_coroutine_threadsafe(serving.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
