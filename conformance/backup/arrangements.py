"""What several tests of these pages look at. Each is made once a worker, and whoever only looks leaves it as it is."""

from dataclasses import dataclass

from fixtures.kubernetes.history import Revision
from fixtures.longhorn.handles import BackupHandle
from fixtures.longhorn.objects import Backup, Longhorn
from fixtures.longhorn.volume_snapshots import Content, Snapshots, VolumeSnapshot
from fixtures.longhorn.volumes import BLOCK, Source, Volumes
from fixtures.outcomes import precondition
from fixtures.s3.backupstore_format import checksum
from fixtures.s3.object_store import ObjectStore
from fixtures.workloads.data import Image
from fixtures.workloads.pods import Pvc


@dataclass(frozen=True)
class Requested:
    """A VolumeSnapshot that was asked for and not waited for."""

    source: Source
    snapshot: VolumeSnapshot


@dataclass(frozen=True)
class Completed:
    """A VolumeSnapshot that is bound, its content, and its backup when it is complete; readiness is left open."""

    snapshot: VolumeSnapshot
    content: Content
    backup: Backup


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
class Crowd:
    """Many VolumeSnapshots asked for at once: of a volume written at its very ends only, and of one never written."""

    of_ends: tuple[Requested, ...]
    of_blank: tuple[Requested, ...]


@dataclass(frozen=True)
class Orphans:
    """Two VolumeSnapshots of one volume, asked for at the same time, whose claim and volume are gone by now."""

    first: BackedUp
    second: BackedUp


@dataclass(frozen=True)
class Namesakes:
    """Two VolumeSnapshots of one name, of different volumes in different namespaces; the name is as long as can be."""

    one: Requested
    other: Requested


class LostTarget:
    """A backup target that cannot be used until it comes back. Volumes of its StorageClass are backed up there."""

    def __init__(
        self, name: str, storage_class: str, bucket: str, object_store: ObjectStore, longhorn: Longhorn
    ) -> None:
        self.name = name
        self.storage_class = storage_class
        self._bucket = bucket
        self._object_store = object_store
        self._longhorn = longhorn
        self._back: Revision | None = None

    def come_back(self) -> Revision:
        """Make its bucket, and wait until Longhorn calls the target available; the revision that first says so."""
        if self._back is None:
            self._object_store.make_bucket(self._bucket)
            self._longhorn.sync_target(self.name)
            self._back = self._longhorn.wait_target_available(self.name)
        return self._back


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
        return self.handle_of(self.backup)

    def handle_of(self, backup: Backup) -> BackupHandle:
        """The handle of any backup of the volume."""
        return BackupHandle(self.documented_scheme, self.volume, backup.name)

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


@dataclass(frozen=True)
class GivenUp:
    """Two backups whose VolumeSnapshots, made by hand, were deleted: under Delete, and (`retained`) under Retain."""

    dropped: Backup
    kept: Backup
    retained: VolumeSnapshot


class Arranger:
    """The steps that the arrangements have in common, all in one namespace."""

    def __init__(self, volumes: Volumes, snapshots: Snapshots, longhorn: Longhorn) -> None:
        self.volumes = volumes
        self._snapshots = snapshots
        self._longhorn = longhorn

    def request(self, source: Source, class_name: str, *, name: str = "") -> Requested:
        """A VolumeSnapshot, asked for."""
        return Requested(source, self._snapshots.create(source.pvc, class_name, name=name))

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

    def given(self, requested: Requested) -> BackedUp:
        """As `finish`, for a test that is not about it: Blocked if the VolumeSnapshot does not get ready."""
        with precondition("the backup that the test needs was not made"):
            return self.finish(requested)

    def delete(self, *backed_up: BackedUp) -> None:
        """Delete VolumeSnapshots of a class with policy Delete, in this order at once, and wait for their backups."""
        for each in backed_up:
            self._snapshots.delete(each.snapshot)
        for each in backed_up:
            self._snapshots.wait_gone(each.snapshot)
            self._longhorn.wait_backup_gone(each.backup.name)

    def give_up(self, requested: Requested, error: str) -> None:
        """Delete a VolumeSnapshot once it shows an error that matches a pattern, and wait until it is gone."""
        self._snapshots.wait_error(requested.snapshot, error)
        self._snapshots.delete(requested.snapshot)
        self._snapshots.wait_gone(requested.snapshot)

    def wait_listed(self, backed_up: BackedUp) -> None:
        """Wait until Longhorn lists the backup volume."""
        self._longhorn.wait_backup_volume(backed_up.backup.volume)

    def delete_unfinished(self, requested: Requested) -> None:
        """Delete a VolumeSnapshot whose backup has begun, and wait for both to go."""
        backup = self._longhorn.wait_backup_started(requested.snapshot)
        self._snapshots.delete(requested.snapshot)
        self._snapshots.wait_gone(requested.snapshot)
        self._longhorn.wait_backup_gone(backup.name)

    def restore(self, backed_up: BackedUp, *, name: str = "") -> Restoring:
        """A claim of the same size, in the same namespace, that restores a VolumeSnapshot; asked for."""
        claim = self.volumes.restore(backed_up.snapshot, backed_up.source, name=name)
        return Restoring(claim, backed_up)


def stored_blocks(image: Image) -> frozenset[str]:
    """The names in the backupstore of an image's blocks, those without data left out."""
    data = image.data()
    pieces = (data[start : start + BLOCK] for start in range(0, len(data), BLOCK))
    return frozenset(checksum(piece) for piece in pieces if piece.strip(b"\0"))
