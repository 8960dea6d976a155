"""Forwarding of a connection to a port of a pod, over a WebSocket in the protocol v4.channel.k8s.io.

Channel 0 carries the bytes, channel 1 errors; on both the server first names the port.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from aiohttp import WSMsgType, web

from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import bad_request
from simulator.kubernetes.resources import Obj, at
from simulator.kubernetes.server.paths import Target

PROTOCOL = "v4.channel.k8s.io"

PortSource = Callable[[Obj, int], tuple[str, int] | None]
"""The address of a pod's port on this machine, None if it is not open."""

_PIECE = 1 << 16
_DATA, _ERROR = b"\0", b"\1"


class PortForwards:
    """The forwarded connections."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._open: set[web.WebSocketResponse] = set()
        self.source: PortSource | None = None

    async def serve(self, request: web.Request, target: Target) -> web.StreamResponse:
        """GET of a pod's portforward, for one port."""
        pod = self._api.get("pods", target.name, target.namespace)
        ports = request.query.getall("ports", [])
        if len(ports) != 1 or not ports[0].isdigit():
            raise bad_request(f"unable to parse query parameter ports: {ports}")
        if at(pod, "status.phase") != "Running":
            phase = at(pod, "status.phase")
            raise bad_request(f"unable to forward port because pod is not running. Current status={phase}")
        socket = web.WebSocketResponse(protocols=(PROTOCOL,), max_msg_size=0)
        if not socket.can_prepare(request).ok:
            raise bad_request("unable to upgrade: only WebSockets are spoken here")
        await socket.prepare(request)
        self._open.add(socket)
        try:
            await self._forward(socket, pod, int(ports[0]))
        finally:
            self._open.discard(socket)
            await socket.close()
        return socket

    async def end(self) -> None:
        """Close all of them."""
        for socket in tuple(self._open):
            await socket.close()

    async def _forward(self, socket: web.WebSocketResponse, pod: Obj, port: int) -> None:
        for channel in (_DATA, _ERROR):
            await socket.send_bytes(channel + port.to_bytes(2, "little"))
        address = self.source(pod, port) if self.source is not None else None
        try:
            if address is None:
                raise ConnectionRefusedError(f"connect to localhost:{port}: connection refused")
            reader, writer = await asyncio.open_connection(*address)
        except OSError as error:
            text = f"error forwarding port {port} to pod {pod['metadata']['name']}: {error}"
            await socket.send_bytes(_ERROR + text.encode())
            return
        answers = asyncio.create_task(_answers(reader, socket))
        try:
            await _questions(socket, writer)
        finally:
            answers.cancel()
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await answers


async def _questions(socket: web.WebSocketResponse, writer: asyncio.StreamWriter) -> None:
    async for message in socket:
        if message.type is not WSMsgType.BINARY:
            return
        if message.data[:1] == _DATA:
            writer.write(message.data[1:])
            try:
                await writer.drain()
            except OSError:
                return


async def _answers(reader: asyncio.StreamReader, socket: web.WebSocketResponse) -> None:
    """Until the server closes the connection; then the WebSocket is closed too."""
    while data := await reader.read(_PIECE):
        await socket.send_bytes(_DATA + data)
    await socket.close()
