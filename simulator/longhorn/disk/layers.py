"""A volume's snapshots: a chain of layers, each with the bytes written since the one before."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from simulator.longhorn.disk.extents import Extent, intersect, subtract, total, union
from simulator.longhorn.disk.sparse import copy_ranges, opened, pread


@dataclass(frozen=True)
class Layer:
    """One snapshot. `parent` is None for the oldest; `children` is empty for the newest, whose child is the head."""

    name: str
    parent: str | None
    children: tuple[str, ...]
    size_bytes: int
    """Bytes that were written since the parent."""
    volume_size: int
    """Size of the volume in bytes when the snapshot was taken."""
    created: datetime


@dataclass(frozen=True)
class StoredLayer:
    """A layer with its file: `extents` of it are the layer's own bytes, at the same offsets as in the volume."""

    name: str
    file: Path
    extents: tuple[Extent, ...]
    volume_size: int
    created: datetime


def described(chain: Iterable[StoredLayer]) -> list[Layer]:
    """The chain as others see it, the oldest first."""
    stored = list(chain)
    return [
        Layer(
            name=layer.name,
            parent=stored[index - 1].name if index else None,
            children=tuple(child.name for child in stored[index + 1 : index + 2]),
            size_bytes=total(layer.extents),
            volume_size=layer.volume_size,
            created=layer.created,
        )
        for index, layer in enumerate(stored)
    ]


def covered(chain: Iterable[StoredLayer]) -> list[Extent]:
    """The ranges that any layer of the chain holds."""
    return union(*(layer.extents for layer in chain))


class ChainReader:
    """Reads the volume as it was at the last layer of a chain; ranges that no layer holds are zeros."""

    def __init__(self, chain: Iterable[StoredLayer]) -> None:
        self._layers = list(chain)
        self._files = [os.open(layer.file, os.O_RDONLY) for layer in self._layers]

    def __enter__(self) -> "ChainReader":
        return self

    def __exit__(self, *_: object) -> None:
        for fd in self._files:
            os.close(fd)

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes at `offset`."""
        answer = bytearray(length)
        missing: list[Extent] = [(offset, length)]
        for layer, fd in zip(reversed(self._layers), reversed(self._files), strict=True):
            if not missing:
                break
            here = intersect(missing, layer.extents)
            for start, size in here:
                answer[start - offset : start - offset + size] = pread(fd, size, start)
            missing = subtract(missing, here)
        return bytes(answer)


def merge(parent: StoredLayer, child: StoredLayer) -> StoredLayer:
    """The child with what only the parent holds, copied into the child's file."""
    only_parent = subtract(parent.extents, child.extents)
    with opened(child.file, os.O_WRONLY) as target:
        copy_ranges(parent.file, target, only_parent)
    return replace(child, extents=tuple(union(parent.extents, child.extents)))
