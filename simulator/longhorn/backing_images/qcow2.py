"""Disk images in the format qcow2: written as version 3 with clusters of 64 KiB, read in versions 2 and 3.

Follows the format's description in QEMU's documents (docs/interop/qcow2). An image with a backing file, encryption,
an external data file, subclusters or clusters compressed by zstd cannot be read here.
"""

import os
import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from simulator.longhorn.disk.extents import Extent, rounded_out, union
from simulator.longhorn.disk.sparse import opened, pread, pwrite

MAGIC = b"QFI\xfb"
CLUSTER_BITS = 16
CLUSTER = 1 << CLUSTER_BITS

_HEADER = struct.Struct(">4sIQIIQIIQQIIQ")
_EXTENSION = struct.Struct(">QQQII")
_LONGEST_HEADER = 112
_COPIED = 1 << 63
_COMPRESSED = 1 << 62
_ZERO = 1
_OFFSET = 0x00FF_FFFF_FFFF_FE00
_L2_ENTRIES = CLUSTER // 8
_REFERENCES = CLUSTER // 2
_COMPRESSION_TYPE = 1 << 3
_EXTERNAL_DATA, _SUBCLUSTERS = 1 << 2, 1 << 4

Read = Callable[[int, int], bytes]
"""Reads `length` bytes at an offset: read(offset, length)."""


class BadImageError(Exception):
    """A file that says it is a qcow2 image, and cannot be read as one."""


def is_qcow2(path: Path) -> bool:
    """Whether the file begins as a qcow2 image does."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def write(path: Path, size: int, extents: Iterable[Extent], read: Read) -> None:
    """Make a new image of `size` bytes of which only `extents` may hold anything but zeros."""
    guest = [
        cluster
        for offset, length in rounded_out(extents, CLUSTER, _units(size, CLUSTER) * CLUSTER)
        for cluster in range(offset // CLUSTER, (offset + length) // CLUSTER)
        if read(cluster * CLUSTER, min(CLUSTER, size - cluster * CLUSTER)).strip(b"\0")
    ]
    layout = _Layout.of(size, guest)
    with opened(path, os.O_RDWR | os.O_CREAT | os.O_EXCL) as fd:
        os.truncate(fd, layout.clusters * CLUSTER)
        pwrite(fd, layout.header(size), 0)
        for offset, table in layout.tables(guest):
            pwrite(fd, table, offset)
        for index, cluster in enumerate(guest):
            data = read(cluster * CLUSTER, min(CLUSTER, size - cluster * CLUSTER))
            pwrite(fd, data, (layout.data + index) * CLUSTER)


@dataclass(frozen=True)
class _Layout:
    """Where everything lies, in clusters: header, reference table, reference blocks, L1, L2 tables, data."""

    table: int
    blocks: int
    l1: int
    l1_entries: int
    l2: int
    data: int
    clusters: int

    @classmethod
    def of(cls, size: int, guest: list[int]) -> "_Layout":
        l1_entries = max(1, _units(size, CLUSTER * _L2_ENTRIES))
        l1_clusters = _units(l1_entries * 8, CLUSTER)
        l2_tables = len({cluster // _L2_ENTRIES for cluster in guest})
        blocks = table = 1
        while True:
            clusters = 1 + table + blocks + l1_clusters + l2_tables + len(guest)
            needed = _units(clusters, _REFERENCES)
            if needed == blocks and _units(needed * 8, CLUSTER) == table:
                break
            blocks, table = needed, _units(needed * 8, CLUSTER)
        first_l2 = 1 + table + blocks + l1_clusters
        return cls(table, blocks, 1 + table + blocks, l1_entries, first_l2, first_l2 + l2_tables, clusters)

    def header(self, size: int) -> bytes:
        head = _HEADER.pack(
            *(MAGIC, 3, 0, 0, CLUSTER_BITS, size, 0, self.l1_entries, self.l1 * CLUSTER, CLUSTER, self.table, 0, 0)
        )
        length = _HEADER.size + _EXTENSION.size
        return head + _EXTENSION.pack(0, 0, 0, 4, length) + bytes(8)

    def tables(self, guest: list[int]) -> Iterable[tuple[int, bytes]]:
        yield CLUSTER, _entries((1 + self.table + block) * CLUSTER for block in range(self.blocks))
        whole, rest = divmod(self.clusters, _REFERENCES)
        for block in range(self.blocks):
            used = _REFERENCES if block < whole else rest
            yield (1 + self.table + block) * CLUSTER, b"\0\1" * used
        l1 = [0] * self.l1_entries
        tables: dict[int, list[int]] = {}
        for index, cluster in enumerate(guest):
            high, low = divmod(cluster, _L2_ENTRIES)
            tables.setdefault(high, [0] * _L2_ENTRIES)[low] = (self.data + index) * CLUSTER | _COPIED
        for number, (high, entries) in enumerate(sorted(tables.items())):
            place = (self.l2 + number) * CLUSTER
            l1[high] = place | _COPIED
            yield place, _entries(entries)
        yield self.l1 * CLUSTER, _entries(l1)


def _units(amount: int, unit: int) -> int:
    return -(-amount // unit)


def _entries(values: Iterable[int]) -> bytes:
    return b"".join(value.to_bytes(8, "big") for value in values)


class Qcow2:
    """An image that is read. `size` is what the guest sees, in bytes. Raises BadImageError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open("rb") as file:
                self._parse(file.read(_LONGEST_HEADER))
                file.seek(self._l1_offset)
                table = file.read(self._l1_entries * 8)
        except (struct.error, OSError) as error:
            raise BadImageError(f"{path.name} cannot be read as qcow2: {error}") from error
        if len(table) < self._l1_entries * 8:
            raise BadImageError("the qcow2 image is cut off: its first table is missing")
        self._l1 = _numbers(table)
        self._l2: dict[int, tuple[int, ...]] = {}

    def _parse(self, head: bytes) -> None:
        magic, version, backing, _, bits, size, encryption, entries, offset, *_ = _HEADER.unpack_from(head)
        if magic != MAGIC or version not in {2, 3} or not 9 <= bits <= 21:
            raise BadImageError(f"no qcow2 image of version 2 or 3: version {version}, cluster bits {bits}")
        incompatible = _EXTENSION.unpack_from(head, _HEADER.size)[0] if version > 2 else 0
        compression = head[104:105] if incompatible & _COMPRESSION_TYPE else b"\0"
        unread = {
            "a backing file": backing,
            "encryption": encryption,
            "an external data file": incompatible & _EXTERNAL_DATA,
            "subclusters": incompatible & _SUBCLUSTERS,
            "compression by zstd": compression != b"\0",
        }
        for what, there in unread.items():
            if there:
                raise BadImageError(f"a qcow2 image with {what} cannot be used")
        self.size = int(size)
        self._bits, self._version = bits, version
        self._cluster = 1 << bits
        self._l1_entries, self._l1_offset = entries, offset

    def extents(self) -> list[Extent]:
        """The ranges that the image holds."""
        per_table = self._cluster // 8
        found = []
        for high, place in enumerate(self._l1):
            if not place & _OFFSET:
                continue
            for low, entry in enumerate(self._table(high)):
                if entry & (_COMPRESSED | _OFFSET):
                    start = (high * per_table + low) * self._cluster
                    found.append((start, min(self._cluster, self.size - start)))
        return union(found)

    def read(self, offset: int, length: int) -> bytes:
        """What the guest reads; what the image does not hold is zeros."""
        answer = bytearray()
        with self._path.open("rb") as file:
            while len(answer) < length:
                position = offset + len(answer)
                inside = position % self._cluster
                wanted = min(self._cluster - inside, length - len(answer))
                answer += self._cluster_data(file.fileno(), position // self._cluster)[inside : inside + wanted]
        return bytes(answer)

    def _cluster_data(self, fd: int, cluster: int) -> bytes:
        high, low = divmod(cluster, self._cluster // 8)
        entry = self._table(high)[low] if high < len(self._l1) and self._l1[high] & _OFFSET else 0
        if entry & _COMPRESSED:
            return self._decompressed(fd, entry)
        if not entry & _OFFSET or (self._version > 2 and entry & _ZERO):
            return bytes(self._cluster)
        return pread(fd, self._cluster, entry & _OFFSET)

    def _decompressed(self, fd: int, entry: int) -> bytes:
        shift = 62 - (self._bits - 8)
        place = entry & ((1 << shift) - 1)
        sectors = ((entry & (_COMPRESSED - 1)) >> shift) + 1
        packed = pread(fd, sectors * 512 - place % 512, place)
        try:
            return zlib.decompressobj(-15).decompress(packed, self._cluster).ljust(self._cluster, b"\0")
        except zlib.error as error:
            raise BadImageError(f"a compressed cluster of the qcow2 image is damaged: {error}") from error

    def _table(self, high: int) -> tuple[int, ...]:
        if high not in self._l2:
            with self._path.open("rb") as file:
                self._l2[high] = _numbers(pread(file.fileno(), self._cluster, self._l1[high] & _OFFSET))
        return self._l2[high]


def _numbers(table: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(table) // 8}Q", table)
