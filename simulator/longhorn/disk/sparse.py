"""Sparse files: which ranges hold data, and copying only these."""

import errno
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from simulator.longhorn.disk.extents import Extent, rounded_out, union

SECTOR = 4096
"""Bytes of the smallest piece that a layer distinguishes."""

CHUNK = 1 << 20


@contextmanager
def opened(path: Path, flags: int = os.O_RDONLY) -> Iterator[int]:
    """The descriptor of a file, closed at the end; one that is made can be read by all."""
    fd = os.open(path, flags, 0o644)
    try:
        yield fd
    finally:
        os.close(fd)


def copy_ranges(source: Path, target: int, extents: Iterable[Extent]) -> None:
    """Copy these ranges of a file to the same places of another one."""
    with opened(source) as fd:
        for offset, length in chunks(extents):
            pwrite(target, pread(fd, length, offset), offset)


def has_holes(directory: Path) -> bool:
    """Whether the file system under `directory` can distinguish holes from data."""
    if not hasattr(os, "SEEK_DATA"):
        return False
    with tempfile.TemporaryFile(dir=directory) as probe:
        probe.truncate(16 * CHUNK)
        try:
            return os.lseek(probe.fileno(), 0, os.SEEK_HOLE) == 0
        except OSError:
            return False


def data_extents(fd: int, size: int) -> list[Extent]:
    """The ranges of the first `size` bytes that were ever written, in whole sectors."""
    found: list[Extent] = []
    position = 0
    while position < size:
        try:
            start = os.lseek(fd, position, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                break
            raise
        if start >= size:
            break
        position = os.lseek(fd, start, os.SEEK_HOLE)
        found.append((start, min(position, size) - start))
    return rounded_out(found, SECTOR, size)


def chunks(extents: Iterable[Extent], size: int = CHUNK) -> Iterator[Extent]:
    """The extents in pieces of at most `size` bytes."""
    for offset, length in extents:
        for start in range(offset, offset + length, size):
            yield start, min(size, offset + length - start)


def pread(fd: int, length: int, offset: int) -> bytes:
    """Exactly `length` bytes; what lies behind the end of the file reads as zeros."""
    data = os.pread(fd, length, offset)
    while len(data) < length:
        more = os.pread(fd, length - len(data), offset + len(data))
        if not more:
            return data.ljust(length, b"\0")
        data += more
    return data


def pwrite(fd: int, data: bytes | memoryview, offset: int) -> None:
    """Write all of `data`."""
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written


def differing_sectors(old: bytes, new: bytes, offset: int) -> list[Extent]:
    """Where two readings of the same length, taken at `offset` of their files, differ; in whole sectors."""
    if old == new:
        return []
    length = len(new)
    if length <= SECTOR:
        return [(offset, length)]
    half = max(SECTOR, length // 2 // SECTOR * SECTOR)
    return union(
        differing_sectors(old[:half], new[:half], offset), differing_sectors(old[half:], new[half:], offset + half)
    )
