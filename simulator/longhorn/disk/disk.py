"""The bytes of all volumes: a flat sparse file each, that pods read and write, and layers for its snapshots."""

import hashlib
import os
import shutil
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from simulator.longhorn.disk import filesystem
from simulator.longhorn.disk.extents import Extent, intersect, subtract, total, union
from simulator.longhorn.disk.layers import ChainReader, Layer, StoredLayer, covered, described, merge
from simulator.longhorn.disk.sparse import (
    chunks,
    copy_ranges,
    data_extents,
    differing_sectors,
    has_holes,
    opened,
    pread,
    pwrite,
)


class DiskError(Exception):
    """No such volume or snapshot, one that exists already, or an impossible size."""


class Base(Protocol):
    """What a volume holds before anybody writes to it. `size` is in bytes."""

    @property
    def size(self) -> int: ...

    def extents(self) -> list[Extent]:
        """The ranges that it holds."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """The bytes there."""
        ...


@dataclass
class _Volume:
    directory: Path
    size: int
    chain: list[StoredLayer] = field(default_factory=list)
    base: tuple[StoredLayer, ...] = ()
    packed: filesystem.Signature | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def head(self) -> Path:
        return self.directory / "head"

    @property
    def files(self) -> Path:
        return self.directory / "files"

    @property
    def layers(self) -> list[StoredLayer]:
        """The base, if there is one, and the snapshots."""
        return [*self.base, *self.chain]


class Disk:
    """Volumes under `root`. All methods are synchronous and may be called from several threads.

    A snapshot is made by looking for what was written into the head since the parent layer: ranges that hold data
    (SEEK_DATA) and differ from the parent, or that the parent does not hold at all. So written zeros count and
    never-written ranges do not; writing again what is there already counts as nothing. Where the file system cannot
    tell holes (`has_holes`), only the comparison is left, and zeros written over a never-written range count as not
    written.

    Pods write into the head without the simulator's knowledge: whoever takes a snapshot must keep them from it for the
    milliseconds that it takes, as freezing a file system does, or the snapshot is not one point in time. A pod's device
    is a plain file: opening it with truncation, which a block device ignores, loses its bytes, and bytes behind its end
    are cut off.
    """

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._root = root
        self._holes = has_holes(root)
        self._volumes: dict[str, _Volume] = {}

    def create(self, volume: str, size: int) -> None:
        """A new volume of `size` bytes that was never written."""
        if volume in self._volumes:
            raise DiskError(f"volume {volume} exists already")
        if size <= 0:
            raise DiskError(f"invalid volume size {size}")
        directory = self._root / volume
        directory.mkdir()
        made = _Volume(directory, size)
        made.head.touch()
        os.truncate(made.head, size)
        self._volumes[volume] = made

    def add_base(self, volume: str, base: Base) -> None:
        """Put a layer under a volume that was never written. It is a copy: the base itself never changes.

        The layer is no snapshot, and does not count as written.
        """
        known = self._volume(volume)
        with known.lock:
            if known.base or known.chain:
                raise DiskError(f"volume {volume} has layers already")
            if base.size > known.size:
                raise DiskError(f"a base of {base.size} bytes is larger than volume {volume} of {known.size} bytes")
            file, extents = known.directory / "base", base.extents()
            with opened(file, os.O_RDWR | os.O_CREAT | os.O_TRUNC) as target:
                os.truncate(target, known.size)
                for offset, length in chunks(extents):
                    data = base.read(offset, length)
                    pwrite(target, data, offset)
                    self.write(volume, offset, data)
            known.base = (StoredLayer("", file, tuple(union(extents)), known.size, datetime.now(UTC)),)

    def has_base(self, volume: str) -> bool:
        """Whether the volume has a layer under its snapshots."""
        return bool(self._volume(volume).base)

    def exists(self, volume: str) -> bool:
        """Whether there is such a volume."""
        return volume in self._volumes

    def delete(self, volume: str) -> None:
        """Remove a volume with its snapshots; none is no error."""
        gone = self._volumes.pop(volume, None)
        if gone is None:
            return
        with gone.lock:
            filesystem.remove(gone.files)
            shutil.rmtree(gone.directory)

    def size(self, volume: str) -> int:
        """Bytes of the volume."""
        return self._volume(volume).size

    def actual_size(self, volume: str) -> int:
        """Bytes that the volume takes up: all layers, and what the head holds beside them."""
        known = self._volume(volume)
        with known.lock:
            return sum(total(layer.extents) for layer in known.chain) + total(self._changed(known))

    def expand(self, volume: str, size: int) -> None:
        """Make the volume larger. The new bytes were never written."""
        known = self._volume(volume)
        with known.lock:
            if size < known.size:
                raise DiskError(f"volume {volume} has {known.size} bytes and cannot shrink to {size}")
            os.truncate(known.head, size)
            known.size = size

    def device(self, volume: str) -> Path:
        """The file that serves as the block device."""
        return self._volume(volume).head

    def write(self, volume: str, offset: int, data: bytes) -> None:
        """Write into the head. Data that reach behind the end of the volume are refused."""
        known = self._volume(volume)
        if offset < 0 or offset + len(data) > known.size:
            raise DiskError(f"write of {len(data)} bytes at {offset} leaves volume {volume} of {known.size} bytes")
        with opened(known.head, os.O_WRONLY) as fd:
            pwrite(fd, data, offset)

    def take_snapshot(self, volume: str, snapshot: str) -> Layer:
        """Add a layer with what was written since the newest one. Packs the files of a mounted volume first."""
        known = self._volume(volume)
        with known.lock:
            if any(layer.name == snapshot for layer in known.chain):
                raise DiskError(f"snapshot {snapshot} of volume {volume} exists already")
            name = hashlib.sha256(snapshot.encode()).hexdigest()[:16]
            file = known.directory / f"layer-{name}"
            self._pack(known)
            created = datetime.now(UTC)
            written = self._copy_written(known, file)
            known.chain.append(StoredLayer(snapshot, file, tuple(written), known.size, created))
            return described(known.chain)[-1]

    def remove_snapshot(self, volume: str, snapshot: str) -> None:
        """Remove a layer; the layer after it takes over the bytes that only this one holds."""
        known = self._volume(volume)
        with known.lock:
            index = self._index(volume, known, snapshot)
            gone = known.chain[index]
            if index + 1 < len(known.chain):
                known.chain[index + 1] = merge(gone, known.chain[index + 1])
            del known.chain[index]
            gone.file.unlink()

    def snapshots(self, volume: str) -> list[Layer]:
        """The volume's snapshots, the oldest first."""
        return described(self._volume(volume).chain)

    def read(self, volume: str, snapshot: str | None, offset: int, length: int) -> bytes:
        """Bytes as they were at `snapshot`, None for the head; what lies behind the end reads as zeros."""
        known = self._volume(volume)
        with known.lock:
            if snapshot is None:
                with opened(known.head) as fd:
                    return pread(fd, length, offset)
            with ChainReader([*known.base, *known.chain[: self._index(volume, known, snapshot) + 1]]) as reader:
                return reader.read(offset, length)

    def allocated(self, volume: str, snapshot: str, since: str | None = None) -> list[Extent]:
        """Ranges written up to `snapshot`, or only those written after the older snapshot `since`; not the base's."""
        known = self._volume(volume)
        with known.lock:
            end = self._index(volume, known, snapshot) + 1
            start = 0 if since is None else self._index(volume, known, since) + 1
            return covered(known.chain[start:end])

    def held(self, volume: str, snapshot: str) -> list[Extent]:
        """All ranges that may hold anything but zeros at `snapshot`: those written, and the base's."""
        known = self._volume(volume)
        with known.lock:
            return covered([*known.base, *known.chain[: self._index(volume, known, snapshot) + 1]])

    def clone(self, source: str, snapshot: str, target: str) -> None:
        """Copy all that `source` held at `snapshot` into the head of `target`, which must be large enough."""
        known = self._volume(target)
        for offset, length in chunks(self.held(source, snapshot)):
            self.write(target, offset, self.read(source, snapshot, offset, length))
        known.packed = None

    def filesystem(self, volume: str) -> Path:
        """The directory with the volume's files: laid out of its bytes, or empty for one that carries none.

        Raises DamagedFilesystem.
        """
        known = self._volume(volume)
        with known.lock:
            if known.files.exists():
                return known.files
            with opened(known.head) as fd:
                if filesystem.is_packed(fd):
                    filesystem.unpack(fd, known.size, known.files)
                    known.packed = filesystem.signature(known.files)
                else:
                    filesystem.make(known.files)
            return known.files

    def flush(self, volume: str) -> None:
        """Bring the volume's files into its bytes, if any changed. Raises NoSpace. Without files: nothing."""
        known = self._volume(volume)
        with known.lock:
            self._pack(known)

    def unmount(self, volume: str) -> None:
        """Flush, and forget the directory with the files."""
        known = self._volume(volume)
        with known.lock:
            self._pack(known)
            filesystem.remove(known.files)
            known.packed = None

    def _volume(self, volume: str) -> _Volume:
        try:
            return self._volumes[volume]
        except KeyError:
            raise DiskError(f"there is no volume {volume}") from None

    @staticmethod
    def _index(volume: str, known: _Volume, snapshot: str) -> int:
        for index, layer in enumerate(known.chain):
            if layer.name == snapshot:
                return index
        raise DiskError(f"volume {volume} has no snapshot {snapshot}")

    @staticmethod
    def _pack(known: _Volume) -> None:
        if not known.files.exists():
            return
        now = filesystem.signature(known.files)
        if known.packed == now and not now.racy:
            return
        with opened(known.head, os.O_RDWR) as fd:
            filesystem.pack(known.files, fd, known.size)
        known.packed = now

    def _head_extents(self, known: _Volume) -> list[Extent]:
        with opened(known.head) as fd:
            if self._holes:
                return data_extents(fd, known.size)
            return [
                extent
                for start, length in chunks([(0, known.size)])
                for extent in differing_sectors(bytes(length), pread(fd, length, start), start)
            ]

    def _copy_written(self, known: _Volume, file: Path) -> list[Extent]:
        """Copy what the head holds beside the newest layer into `file`; returns the ranges."""
        if known.head.stat().st_size != known.size:
            os.truncate(known.head, known.size)
        written = self._changed(known)
        with opened(file, os.O_RDWR | os.O_CREAT | os.O_EXCL) as target:
            os.truncate(target, known.size)
            copy_ranges(known.head, target, written)
        return written

    def _changed(self, known: _Volume) -> list[Extent]:
        """The ranges of the head that no layer holds, or that were overwritten since the newest."""
        layers = covered(known.layers)
        changed = subtract(self._head_extents(known), layers)
        with opened(known.head) as source, ChainReader(known.layers) as parent:
            for offset, length in chunks(intersect(layers, [(0, known.size)])):
                piece = pread(source, length, offset)
                changed += differing_sectors(parent.read(offset, length), piece, offset)
        return union(changed)
