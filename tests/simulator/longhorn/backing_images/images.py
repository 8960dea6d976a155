"""What tests of backing images have in common: volumes with data, images made in several ways, servers of files."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web

from simulator.kubernetes.resources import Obj
from tests.simulator.longhorn.cluster import MEBIBYTE, Cluster

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Address = tuple[str, int]
Files = dict[str, bytes]
SIZE = 16 * MEBIBYTE
URL = "http://files.test:8080"
FIRST = b"A" * MEBIBYTE

_ROUNDS_TO_ACCEPT = 4


def copies_of(image: Obj) -> list[Obj]:
    """The status of each copy."""
    return list(((image.get("status") or {}).get("diskFileStatusMap") or {}).values())


def ready(image: Obj) -> bool:
    """Whether a copy is complete."""
    return any(each["state"] == "ready" for each in copies_of(image))


async def finished(longhorn: Cluster, name: str) -> Obj:
    """The image, when a copy of it is there and its data source has let go."""

    def look() -> bool:
        source = longhorn.find("backingimagedatasources", name)
        return bool(source and source["spec"]["fileTransferred"] and not source["status"]["ip"])

    await longhorn.until("backingimagedatasources", look)
    return longhorn.get("backingimages", name)


async def failed(longhorn: Cluster, name: str) -> Obj:
    """The state of an image's first file, when it has failed."""

    def look() -> Obj | None:
        copies = copies_of(longhorn.get("backingimages", name))
        return next((each for each in copies if each["state"].startswith("failed")), None)

    found: Obj = await longhorn.until("backingimages", look)
    return found


def make(longhorn: Cluster, name: str, kind: str, parameters: dict[str, str] | None = None, **spec: Any) -> Obj:
    """An image made by hand."""
    body = {"sourceType": kind, "sourceParameters": parameters or {}, **spec}
    metadata = {"name": name, "namespace": "longhorn-system"}
    return longhorn.api.create("backingimages.longhorn.io", {"metadata": metadata, "spec": body})


async def downloaded(longhorn: Cluster, files: Files, data: bytes = bytes(SIZE), **spec: Any) -> Obj:
    """The image `img`, downloaded from `URL`/image."""
    files["/image"] = data
    make(longhorn, "img", "download", {"url": f"{URL}/image"}, **spec)
    return await finished(longhorn, "img")


async def exported(longhorn: Cluster, name: str = "img", volume: str = "vol", **parameters: str) -> str:
    """The handle of a finished image of a volume; `vol` is made and written if it does not exist."""
    if longhorn.find("volumes", "vol") is None:
        await longhorn.written_volume(MEBIBYTE)
    made = await longhorn.snapshot(name, volume, type="bi", **parameters)
    await finished(longhorn, name)
    return made.snapshot_id


def stored(longhorn: Cluster, image: str) -> Path:
    """The file of an image that has one copy."""
    (path,) = longhorn.images_directory.glob(f"*/{image}-*/backing")
    return path


def handle(image: str, kind: str, **values: str) -> str:
    """A handle, as a user writes it."""
    more = "".join(f"&{key.replace('_', '-')}={quote(value, safe='')}" for key, value in values.items())
    return f"bi://backing?backingImageDataSourceType={kind}&backingImage={image}{more}"


class Gate:
    """Holds up downloads until `free` is set; `asked` tells that there is one."""

    def __init__(self) -> None:
        self.asked, self.free = asyncio.Event(), asyncio.Event()


@asynccontextmanager
async def listening(answer: Answer) -> AsyncIterator[Address]:
    """A server with one answer to all requests; yields its address."""
    application = web.Application(client_max_size=1 << 30)
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    try:
        await web.SockSite(runner, listener).start()
        yield runner.addresses[0][:2]
    finally:
        # A server that is closed while it accepts a connection loses that: its socket stays open.
        asyncio.get_running_loop().remove_reader(listener.fileno())
        for _ in range(_ROUNDS_TO_ACCEPT):
            await asyncio.sleep(0)
        await runner.cleanup()


@asynccontextmanager
async def serving(longhorn: Cluster, gate: Gate | None = None) -> AsyncIterator[Files]:
    """Files that the cluster reaches at `URL`, by path: those that the yielded dict holds."""
    files: Files = {}

    async def answer(request: web.Request) -> web.Response:
        data = files.get(request.path)
        if gate is not None and request.method == "GET":
            gate.asked.set()
            await gate.free.wait()
        return web.Response(status=404) if data is None else web.Response(body=data)

    async with listening(answer) as address:
        longhorn.hosts["files.test", 8080] = address
        yield files
