"""Downloads over HTTP, by the names that pods in the cluster use."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import aiohttp
from yarl import URL

IDLE = 30.0
"""Seconds without a byte after which a download is aborted; never scaled."""

REDIRECTS = 10
REDIRECTED = frozenset({301, 302, 303, 307, 308})
CHUNK = 1 << 18
SECTOR = 4096
WRITTEN_AS_IS = "%/:?#[]@!$&'()*+,;=~"
"""What a URL may hold beside letters and digits; escapes in it stay, a space becomes one."""

Address = tuple[str, int]
Hosts = Callable[[], Mapping[Address, Address]]
"""What the cluster's names stand for: host and port as a pod writes them, to host and port of this machine."""


class DownloadError(Exception):
    """The file could not be had; the text says why."""


@dataclass(frozen=True)
class Downloader:
    """Fetches files from the services in `hosts`; there is nothing else that pods can reach."""

    hosts: Hosts

    async def fetch(self, url: str, target: Path, progress: Callable[[int], None]) -> None:
        """Write what `url` answers into a new file; `progress` is called with percentages. Raises DownloadError.

        Redirects are followed. The size is requested first, by HEAD; a server need not report it.
        """
        place = URL(quote(url, safe=WRITTEN_AS_IS), encoded=True)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=IDLE, sock_read=IDLE)
        headers = {"Accept-Encoding": "identity"}
        try:
            async with aiohttp.ClientSession(timeout=timeout, headers=headers, auto_decompress=False) as session:
                async with self._answered(session, "HEAD", place) as answer:
                    told = answer.headers.get("Content-Length")
                async with self._answered(session, "GET", place) as answer:
                    await _save(answer, target, int(told) if told else -1, progress)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise DownloadError(f"failed to download {url}: {error or type(error).__name__}") from error

    @asynccontextmanager
    async def _answered(
        self, session: aiohttp.ClientSession, method: str, url: URL
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer 200 to a request, wherever it was redirected to."""
        for _ in range(REDIRECTS + 1):
            place, host = self._reachable(url)
            async with session.request(method, place, headers={"Host": host}, allow_redirects=False) as answer:
                if answer.status in REDIRECTED and answer.headers.get("Location"):
                    url = url.join(URL(answer.headers["Location"], encoded=True))
                    continue
                if answer.status != 200:
                    status = f"{answer.status} {answer.reason or ''}".rstrip()
                    raise DownloadError(f"expected status code 200 from {url}, got {status}")
                yield answer
                return
        raise DownloadError(f"stopped after {REDIRECTS} redirects at {url}")

    def _reachable(self, url: URL) -> tuple[URL, str]:
        host, port = url.host or "", url.port or 0
        known = self.hosts().get((host, port))
        if known is None:
            raise DownloadError(f"failed to reach {url}: dial tcp: lookup {host}: no such host")
        return url.with_scheme("http").with_host(known[0]).with_port(known[1]), f"{host}:{port}"


async def _save(answer: aiohttp.ClientResponse, target: Path, size: int, progress: Callable[[int], None]) -> None:
    written = 0
    with target.open("xb") as file:
        async for piece in answer.content.iter_chunked(CHUNK):
            await asyncio.to_thread(_write_sparse, file.fileno(), piece, written)
            written += len(piece)
            if size > 0:
                progress(min(written * 100 // size, 100))
        file.truncate(written)
    if size >= 0 and written != size:
        raise DownloadError(f"the server told of {size} bytes and sent {written}")


def _write_sparse(fd: int, data: bytes, offset: int) -> None:
    """Write, leaving holes for zeros."""
    for start in range(0, len(data), SECTOR):
        piece = data[start : start + SECTOR]
        if piece.strip(b"\0"):
            os.pwrite(fd, piece, offset + start)
