"""Downloads: what a server may do, and what becomes of it."""

from pathlib import Path

import pytest
from aiohttp import web

from simulator.longhorn.backing_images.download import Downloader, DownloadError
from tests.simulator.longhorn.backing_images.images import URL, Answer, listening

DATA = b"A" * 5000 + bytes(1 << 20) + b"B" * 512


async def fetched(answer: Answer, target: Path, path: str = "/image") -> list[int]:
    """Download from a server behind a name that only pods know; the progress that was told."""
    told: list[int] = []
    async with listening(answer) as address:
        await Downloader(lambda: {("files.test", 8080): address}).fetch(URL + path, target, told.append)
    return told


async def whole(_: web.Request) -> web.Response:
    return web.Response(body=DATA)


async def without_length(request: web.Request) -> web.StreamResponse:
    if request.method == "HEAD":
        return web.StreamResponse()
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(DATA)
    return response


async def redirected(request: web.Request) -> web.Response:
    if request.path == "/image":
        raise web.HTTPFound("/further")
    if request.path == "/further":
        raise web.HTTPTemporaryRedirect(f"{URL}/last")
    assert request.headers["Host"] == "files.test:8080"
    return web.Response(body=DATA)


@pytest.mark.parametrize("answer", [whole, without_length, redirected])
async def test_a_file_comes_as_it_is(answer: Answer, tmp_path: Path) -> None:
    told = await fetched(answer, tmp_path / "image")

    assert (tmp_path / "image").read_bytes() == DATA
    assert told[-1:] in ([100], [])
    assert (tmp_path / "image").stat().st_blocks * 512 < len(DATA)


async def encoded(request: web.Request) -> web.Response:
    assert request.raw_path == "/a%20b%2Bc%C3%A9"
    return web.Response(body=DATA)


@pytest.mark.parametrize("path", ["/a%20b%2Bc%C3%A9", "/a b%2Bcé"])
async def test_a_path_arrives_with_its_escapes(path: str, tmp_path: Path) -> None:
    await fetched(encoded, tmp_path / "image", path)

    assert (tmp_path / "image").read_bytes() == DATA


async def missing(_: web.Request) -> web.Response:
    raise web.HTTPNotFound


async def not_to_get(request: web.Request) -> web.Response:
    return web.Response(body=DATA) if request.method == "HEAD" else web.Response(status=503)


async def more_than_told(request: web.Request) -> web.Response:
    return web.Response(body=DATA if request.method == "HEAD" else DATA + b"C")


async def cut_off(request: web.Request) -> web.StreamResponse:
    if request.method == "HEAD":
        return web.Response(body=DATA)
    response = web.StreamResponse(headers={"Content-Length": str(len(DATA))})
    await response.prepare(request)
    await response.write(DATA[:1000])
    assert request.transport is not None
    request.transport.abort()
    return response


async def circular(request: web.Request) -> web.Response:
    raise web.HTTPFound(request.path)


async def elsewhere(_: web.Request) -> web.Response:
    raise web.HTTPFound("http://127.0.0.1:9/image")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (missing, "expected status code 200 from http://files.test:8080/image, got 404 Not Found"),
        (not_to_get, "got 503 Service Unavailable"),
        (more_than_told, f"the server told of {len(DATA)} bytes and sent {len(DATA) + 1}"),
        (cut_off, "failed to download http://files.test:8080/image"),
        (circular, "stopped after 10 redirects"),
        (elsewhere, "lookup 127.0.0.1: no such host"),
    ],
)
async def test_what_goes_wrong_is_told(answer: Answer, reason: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError) as failure:
        await fetched(answer, tmp_path / "image")

    assert reason in str(failure.value)


async def test_only_the_cluster_s_services_can_be_reached(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"lookup other\.test: no such host"):
        await Downloader(dict).fetch("http://other.test/image", tmp_path / "image", print)
