"""Files inside a volume's own bytes, for volumes in Filesystem mode.

A real volume carries an ext4; mounting one needs a kernel and privileges. This small format serves the same end: the
files travel with the bytes through snapshot, backup and restore. Layout: a superblock of 4096 bytes (magic, offset,
length and SHA-256 of the index); then the content of each file, each beginning at a multiple of 4096; then the index,
JSON with one entry a file, sorted by path. The same tree always gives the same bytes. Owners, hard links, devices and
sockets are not kept. A damaged byte in a file's content is not noticed here, as it would not be by ext4.
"""

import hashlib
import json
import os
import shutil
import stat
import struct
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from simulator.longhorn.disk.sparse import CHUNK, SECTOR, pread, pwrite

MAGIC = b"SIMULATOR-FILES1"
_SUPERBLOCK = struct.Struct(">16sQQ32s")
_RACY_NANOSECONDS = 50_000_000


class NoSpace(Exception):
    """The files do not fit into the volume."""


class DamagedFilesystem(Exception):
    """The volume says that it carries files, but its index cannot be read."""


@dataclass(frozen=True)
class Entry:
    path: str
    mode: int
    mtime_ns: int
    size: int = 0
    offset: int = 0
    target: str = ""


@dataclass(frozen=True)
class Signature:
    """What a directory tree looked like; `racy` when a later write might leave the very same signature."""

    entries: tuple[tuple[str, int, int, int, int], ...]
    racy: bool


def signature(root: Path) -> Signature:
    """Sizes, modes, inodes and times of all files under `root`, to see whether anything changed."""
    newest = 0
    entries = []
    for path in _walk(root):
        status = path.lstat()
        newest = max(newest, status.st_mtime_ns)
        entries.append((str(path.relative_to(root)), status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns))
    return Signature(tuple(entries), racy=time.time_ns() - newest < _RACY_NANOSECONDS)


def make(root: Path) -> None:
    """An empty file system, as mkfs leaves it."""
    root.mkdir(parents=True)
    (root / "lost+found").mkdir(mode=0o700)


def is_packed(fd: int) -> bool:
    """Whether the volume behind `fd` carries files."""
    return pread(fd, len(MAGIC), 0) == MAGIC


def pack(root: Path, fd: int, size: int) -> None:
    """Write the files under `root` into the volume behind `fd`, that has `size` bytes. Raises NoSpace."""
    entries: list[Entry] = []
    end = SECTOR
    for path in _walk(root):
        status = path.lstat()
        name = str(path.relative_to(root))
        if stat.S_ISREG(status.st_mode):
            entries.append(Entry(name, status.st_mode, status.st_mtime_ns, status.st_size, end))
            end += -(-status.st_size // SECTOR) * SECTOR
        elif stat.S_ISDIR(status.st_mode):
            entries.append(Entry(name, status.st_mode, status.st_mtime_ns))
        elif stat.S_ISLNK(status.st_mode):
            entries.append(Entry(name, status.st_mode, status.st_mtime_ns, target=os.readlink(path)))  # noqa: PTH115
    index = json.dumps([asdict(entry) for entry in entries], sort_keys=True, separators=(",", ":")).encode()
    if end + len(index) > size:
        raise NoSpace(f"files need {end + len(index)} bytes, the volume has {size}")
    for entry in entries:
        if stat.S_ISREG(entry.mode):
            _copy_in(root / entry.path, fd, entry)
    pwrite(fd, index, end)
    pwrite(fd, _SUPERBLOCK.pack(MAGIC, end, len(index), hashlib.sha256(index).digest()).ljust(SECTOR, b"\0"), 0)


def unpack(fd: int, size: int, root: Path) -> None:
    """Lay the files out of the volume behind `fd` under `root`. Raises DamagedFilesystem."""
    _, offset, length, digest = _SUPERBLOCK.unpack(pread(fd, _SUPERBLOCK.size, 0))
    if offset + length > size:
        raise DamagedFilesystem("the index lies outside the volume")
    index = pread(fd, length, offset)
    if hashlib.sha256(index).digest() != digest:
        raise DamagedFilesystem("the index has a wrong checksum")
    entries = [Entry(**entry) for entry in json.loads(index)]
    root.mkdir(parents=True)
    for entry in entries:
        path = root / entry.path
        if stat.S_ISDIR(entry.mode):
            path.mkdir()
        elif stat.S_ISLNK(entry.mode):
            path.symlink_to(entry.target)
        else:
            _copy_out(fd, entry, path)
    for entry in reversed(entries):
        path = root / entry.path
        if not stat.S_ISLNK(entry.mode):
            path.chmod(stat.S_IMODE(entry.mode))
        os.utime(path, ns=(entry.mtime_ns, entry.mtime_ns), follow_symlinks=False)


def remove(root: Path) -> None:
    """Remove the files under `root`, also those in directories that forbid it."""
    if not root.exists():
        return
    for path in (root, *_walk(root)):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(root)


def _walk(root: Path) -> list[Path]:
    found: list[Path] = []
    for directory, names, files in os.walk(root):
        found.extend(Path(directory) / name for name in (*names, *files))
    return sorted(found)


def _copy_in(source: Path, fd: int, entry: Entry) -> None:
    with source.open("rb") as file:
        position = 0
        while position < entry.size:
            piece = file.read(min(CHUNK, entry.size - position))
            if not piece:
                piece = bytes(min(CHUNK, entry.size - position))
            pwrite(fd, piece, entry.offset + position)
            position += len(piece)


def _copy_out(fd: int, entry: Entry, target: Path) -> None:
    with target.open("xb") as file:
        for position in range(0, entry.size, CHUNK):
            file.write(pread(fd, min(CHUNK, entry.size - position), entry.offset + position))
