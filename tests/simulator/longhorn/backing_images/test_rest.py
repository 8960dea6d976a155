"""Backing images in Longhorn's REST API: what is told, the file, an upload."""

import gzip
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from tests.simulator.longhorn.backing_images.images import SIZE, finished, listening, make
from tests.simulator.longhorn.cluster import Cluster


@pytest.fixture
async def session(longhorn: Cluster) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the API, which does not unpack what comes compressed."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return await longhorn.storage.rest.handle(request, request.path)

    async with (
        listening(answer) as (host, port),
        aiohttp.ClientSession(f"http://{host}:{port}", auto_decompress=False) as session,
    ):
        yield session


async def test_the_file_is_handed_out_compressed(with_data: Cluster, session: aiohttp.ClientSession) -> None:
    await with_data.snapshot("snapshot-1", type="bi")
    async with session.get("/v1/backingimages/snapshot-1/download") as early:
        assert early.status == 500
    await finished(with_data, "snapshot-1")
    async with session.get("/v1/backingimages/snapshot-1/download") as answer:
        packed = await answer.read()
    async with session.get("/v1/backingimages/ghost/download") as missing:
        assert missing.status == 404

    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment; filename=snapshot.gz"
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert packed[:2] == b"\x1f\x8b"
    assert gzip.decompress(packed) == with_data.content()


async def test_an_image_is_told_of(with_data: Cluster, session: aiohttp.ClientSession) -> None:
    await with_data.snapshot("img", type="bi", **{"export-type": "qcow2"})
    image = await finished(with_data, "img")
    async with session.get("/v1/backingimages/img") as answer:
        told = await answer.json()
    async with session.get("/v1/backingimages") as answer:
        listed = await answer.json()

    assert (told["sourceType"], told["parameters"]["export-type"]) == ("export-from-volume", "qcow2")
    assert (told["currentChecksum"], told["virtualSize"]) == (image["status"]["checksum"], SIZE)
    assert told["diskFileStatusMap"] == image["status"]["diskFileStatusMap"]
    assert [each["name"] for each in listed["data"]] == ["img"]
    setattr(with_data.images, "is_listed", lambda _: False)  # noqa: B010
    async with session.get("/v1/backingimages/img") as hidden:
        assert hidden.status == 404


async def test_a_file_is_uploaded_in_a_form(longhorn: Cluster, session: aiohttp.ClientSession) -> None:
    make(longhorn, "img", "upload")
    await longhorn.until("backingimagedatasources", lambda: longhorn.find("backingimagedatasources", "img"))
    form = aiohttp.FormData()
    form.add_field("chunk", b"A" * 1024, filename="blob")
    async with session.post("/v1/backingimages/img?action=upload&size=1", data=form()) as wrong:
        told = await wrong.json()
    again = aiohttp.FormData()
    again.add_field("chunk", b"A" * 1024, filename="blob")
    async with session.post("/v1/backingimages/img?action=upload&size=1024", data=again()) as right:
        assert right.status == 200
    image = await finished(longhorn, "img")

    assert told["message"] == "the size 1 is not that of the 1024 bytes that came"
    assert image["status"]["size"] == 1024
