"""What several tests of these pages look at. Each is made once a worker, and whoever only looks leaves it as it is."""

from dataclasses import dataclass

from fixtures.blocks import checksum
from fixtures.handles import BackupHandle
from fixtures.longhorn import Backup, Longhorn
from fixtures.snapshots import Content, Snapshots, VolumeSnapshot
from fixtures.stream import MIB, Image, Stream
from fixtures.workloads import Pvc, Workloads

BLOCK = 2 * MIB
"""Bytes of a block in the backupstore, unless a setting says otherwise."""

SIZE = 8 * BLOCK
"""Bytes of a volume."""

GRAIN = 256 * 1024

SPECKLES = ((0, 3 * MIB), (9 * MIB + GRAIN, GRAIN), (SIZE - GRAIN, GRAIN))
"""Ranges (offset, length) where a block can get lost: a run from the start that ends inside of a block, a piece far
from everything, and the end of the volume. The rest is never written."""

OVERWRITTEN = ((MIB, 2 * MIB), (12 * MIB, GRAIN), (SIZE - GRAIN, GRAIN))
"""What a second write changes: a run across the border of two blocks, a block that was empty, and the end."""

BRIEF = ((0, GRAIN), (SIZE - GRAIN, GRAIN))
"""What a last write changes: the start and the end."""


@dataclass(frozen=True)
class Source:
    """A claim and what its volume holds."""

    pvc: Pvc
    image: Image


@dataclass(frozen=True)
class Requested:
    """A VolumeSnapshot that was asked for and not waited for."""

    source: Source
    snapshot: VolumeSnapshot


@dataclass(frozen=True)
class BackedUp:
    """A VolumeSnapshot that became ready, its content and its backup, and what the volume held when it was taken."""

    source: Source
    snapshot: VolumeSnapshot
    content: Content
    backup: Backup


@dataclass(frozen=True)
class Generations:
    """Two backups of one volume: of its first data, and of these overwritten in part; then the volume changed again."""

    first: BackedUp
    second: BackedUp
    now: Source


@dataclass(frozen=True)
class Policies:
    """Two backups of one volume with different data: of a class with Retain, and of a class with Delete."""

    retained: BackedUp
    deleted: BackedUp


@dataclass(frozen=True)
class Restoring:
    """A claim that restores a backup; it is not waited for."""

    claim: Pvc
    backed_up: BackedUp


@dataclass(frozen=True)
class Made:
    """A backup that no VolumeSnapshot led to, with what its handle is made of."""

    source: Source
    volume: str
    backup: Backup
    documented_scheme: str

    @property
    def documented_handle(self) -> BackupHandle:
        """Its handle as the documentation in force writes it."""
        return BackupHandle(self.documented_scheme, self.volume, self.backup.name)

    @property
    def namespace(self) -> str:
        """Where a VolumeSnapshot for it may be made."""
        return self.source.pvc.namespace


@dataclass(frozen=True)
class ByHand:
    """A content and a VolumeSnapshot made by hand for a backup, and a claim that restores it; nothing is waited for."""

    made: Made
    handle: BackupHandle
    content: Content
    snapshot: VolumeSnapshot
    claim: Pvc


def stream(seed: str) -> Stream:
    """Data that say where they come from, in pieces small enough for the ranges above."""
    return Stream(seed, block=GRAIN)


def overwritten(image: Image, seed: str, *ranges: tuple[int, int]) -> Image:
    """An image after a stream was written to ranges of it."""
    for offset, length in ranges:
        image = image.written(stream(seed), offset, length)
    return image


class Arranger:
    """The steps that the arrangements have in common, all in one namespace."""

    def __init__(self, namespace: str, snapshots: Snapshots, workloads: Workloads, longhorn: Longhorn) -> None:
        self.namespace = namespace
        self._snapshots = snapshots
        self._workloads = workloads
        self._longhorn = longhorn

    def volume(self) -> Source:
        """A new, empty Block volume."""
        return Source(self._workloads.volume(self.namespace, size=SIZE), Image(SIZE))

    def file(self, seed: str, size: int) -> Source:
        """A Filesystem volume with a file of `size` bytes in it."""
        pvc = self._workloads.volume(self.namespace, size=2 * SIZE, mode="Filesystem")
        self._workloads.write(pvc, stream(seed), (0, size))
        return Source(pvc, overwritten(Image(size), seed, (0, size)))

    def write(self, source: Source, seed: str, *ranges: tuple[int, int]) -> Source:
        """The volume after a stream was written to ranges of it."""
        self._workloads.write(source.pvc, stream(seed), *ranges)
        return Source(source.pvc, overwritten(source.image, seed, *ranges))

    def detached(self, source: Source) -> Source:
        """The volume when it is attached nowhere any longer."""
        self._longhorn.wait_detached(self._longhorn.volume_of(source.pvc))
        return source

    def request(self, source: Source, class_name: str) -> Requested:
        """A VolumeSnapshot, asked for."""
        return Requested(source, self._snapshots.create(source.pvc, class_name))

    def take(self, source: Source, class_name: str) -> Requested:
        """A VolumeSnapshot that has been taken; its backup may still be on its way."""
        requested = self.request(source, class_name)
        self._snapshots.wait_handle(requested.snapshot)
        return requested

    def finish(self, requested: Requested) -> BackedUp:
        """A VolumeSnapshot that is ready."""
        snapshot = self._snapshots.wait_ready(requested.snapshot)
        content = self._snapshots.content_of(snapshot)
        return BackedUp(requested.source, snapshot, content, self._longhorn.wait_backup_started(snapshot))

    def restore(self, backed_up: BackedUp) -> Restoring:
        """A claim of the same size that restores a VolumeSnapshot, asked for."""
        size, mode = backed_up.source.pvc.size, backed_up.source.pvc.mode
        claim = self._workloads.restore_claim(backed_up.snapshot.name, self.namespace, size=size, mode=mode)
        return Restoring(claim, backed_up)


def stored_blocks(image: Image) -> frozenset[str]:
    """The names in the backupstore of an image's blocks, those without data left out."""
    data = image.data()
    pieces = (data[start : start + BLOCK] for start in range(0, len(data), BLOCK))
    return frozenset(checksum(piece) for piece in pieces if piece.strip(b"\0"))
