"""What several tests of these pages share. Each is made once per worker; tests that only read leave it as it is."""

from dataclasses import dataclass, field

from conformance.scenarios import Requested, Restoring
from fixtures.kubernetes.history import Revision
from fixtures.longhorn.handles import BackupHandle
from fixtures.longhorn.objects import Backup, Longhorn
from fixtures.longhorn.volume_snapshots import Content, Snapshots, VolumeSnapshot
from fixtures.longhorn.volumes import Source, Volumes
from fixtures.observers.contents import BackupContents
from fixtures.outcomes import precondition
from fixtures.s3.access import S3Access
from fixtures.s3.backupstore import Backupstore, Bucket
from fixtures.s3.backupstore_format import checksum
from fixtures.s3.object_store import ObjectStore
from fixtures.workloads.data import Image
from fixtures.workloads.pods import Pvc


@dataclass(frozen=True)
class BackedUp:
    """A VolumeSnapshot that became ready, its content and its backup, and what the volume held when it was taken."""

    source: Source
    snapshot: VolumeSnapshot
    content: Content
    backup: Backup


@dataclass(frozen=True)
class SuccessiveBackups:
    """Two backups of one volume: of its first data, and of these overwritten in part; then the volume changed again."""

    first: BackedUp
    second: BackedUp
    now: Source


@dataclass(frozen=True)
class ManySnapshots:
    """Many VolumeSnapshots created at once: of a volume written at its first and last sector, and of an empty one."""

    of_ends: tuple[Requested, ...]
    of_empty: tuple[Requested, ...]


@dataclass
class UnavailableTarget:
    """A backup target that cannot be used until it comes back. Volumes of its StorageClass are backed up there."""

    name: str
    storage_class: str
    bucket: str
    object_store: ObjectStore
    longhorn: Longhorn
    _access: S3Access | None = field(default=None, init=False)
    _back: Revision | None = field(default=None, init=False)

    @property
    def backupstore(self) -> Backupstore:
        """What lies in its bucket."""
        return Backupstore(Bucket(self._made()))

    def make_available(self) -> Revision:
        """Make its bucket, and wait until Longhorn calls the target available; the revision that first says so."""
        self._made()
        if self._back is None:
            self.longhorn.sync_target(self.name)
            self._back = self.longhorn.wait_target_available(self.name)
        return self._back

    def lose_bucket(self) -> None:
        """Remove its bucket. Longhorn does not poll this target, so it still calls it available."""
        self.object_store.remove_bucket(self.bucket)
        self._access = self._back = None

    def _made(self) -> S3Access:
        if self._access is None:
            self._access = self.object_store.make_bucket(self.bucket)
        return self._access


@dataclass(frozen=True)
class BackupOutsideCsi:
    """A backup that was not made through CSI, with the parts of its handle."""

    source: Source
    volume: str
    backup: Backup
    documented_scheme: str

    @property
    def documented_handle(self) -> BackupHandle:
        """Its handle as the verified documentation writes it."""
        return self.handle_of(self.backup)

    def handle_of(self, backup: Backup) -> BackupHandle:
        """The handle of any backup of the volume."""
        return BackupHandle(self.documented_scheme, self.volume, backup.name)

    @property
    def namespace(self) -> str:
        """Where a VolumeSnapshot for it may be made."""
        return self.source.pvc.namespace


@dataclass(frozen=True)
class PreProvisionedBackup:
    """A pre-provisioned content and VolumeSnapshot for a backup, and a claim that restores it; not waited for."""

    existing: BackupOutsideCsi
    handle: BackupHandle
    content: Content
    snapshot: VolumeSnapshot
    claim: Pvc


@dataclass(frozen=True)
class BackupSteps:
    """The steps that the scenarios have in common, all in one namespace."""

    volumes: Volumes
    snapshots: Snapshots
    longhorn: Longhorn
    class_name: str
    contents: BackupContents

    def request(self, source: Source, class_name: str = "", *, name: str = "") -> Requested:
        """A new VolumeSnapshot, not waited for; of a class with policy Delete if none is named."""
        return Requested(source, self.snapshots.create(source.pvc, class_name or self.class_name, name=name))

    def take(self, source: Source) -> Requested:
        """A VolumeSnapshot that has been taken; its backup may still be in progress."""
        requested = self.request(source)
        self.snapshots.wait_handle(requested.snapshot)
        return requested

    def finish(self, requested: Requested) -> BackedUp:
        """A VolumeSnapshot that is ready."""
        snapshot = self.snapshots.wait_ready(requested.snapshot)
        content = self.snapshots.content_of(snapshot)
        backup = self.longhorn.wait_backup_started(snapshot)
        self.contents.look(backup, requested.source)
        return BackedUp(requested.source, snapshot, content, backup)

    def back_up(self, source: Source, class_name: str = "") -> BackedUp:
        """A VolumeSnapshot of a volume, created and ready."""
        return self.finish(self.request(source, class_name))

    def back_up_or_block(self, source: Source, class_name: str = "") -> BackedUp:
        """As `back_up`, for a test that is not about it: Blocked if the VolumeSnapshot does not become ready."""
        return self.finish_or_block(self.request(source, class_name))

    def finish_or_block(self, requested: Requested) -> BackedUp:
        """As `finish`, for a test that is not about it: Blocked if the VolumeSnapshot does not become ready."""
        with precondition("the backup that the test needs was not made"):
            return self.finish(requested)

    def delete(self, backed_up: BackedUp) -> None:
        """Delete a VolumeSnapshot of a class with policy Delete, and wait until its backup is gone."""
        self.snapshots.delete(backed_up.snapshot)
        self.snapshots.wait_gone(backed_up.snapshot)
        self.longhorn.wait_backup_gone(backed_up.backup.name)

    def delete_waiting(self, requested: Requested, error: str) -> None:
        """Delete a VolumeSnapshot once it shows an error that matches a pattern, and wait until it is gone."""
        self.snapshots.wait_error(requested.snapshot, error)
        self.snapshots.delete(requested.snapshot)
        self.snapshots.wait_gone(requested.snapshot)

    def delete_unfinished(self, requested: Requested) -> None:
        """Delete a VolumeSnapshot whose backup has begun, and wait for both to go."""
        backup = self.longhorn.wait_backup_started(requested.snapshot)
        content = self.snapshots.wait_bound(requested.snapshot).content_name
        self.snapshots.delete(requested.snapshot)
        self.snapshots.wait_gone(requested.snapshot)
        self.longhorn.wait_backup_gone_with(backup.name, content)

    def restore(self, backed_up: BackedUp, *, name: str = "", storage_class: str | None = None) -> Restoring[BackedUp]:
        """A new claim of the same size, in the same namespace, that restores a VolumeSnapshot; not waited for."""
        snapshot, source = backed_up.snapshot, backed_up.source
        claim = self.volumes.restore(snapshot, source, name=name, storage_class=storage_class)
        return Restoring(claim, backed_up)


def stored_blocks(image: Image, size: int) -> frozenset[str]:
    """The names in the backupstore of an image's blocks of `size` bytes, those without data left out."""
    data = image.data()
    pieces = (data[start : start + size] for start in range(0, len(data), size))
    return frozenset(checksum(piece) for piece in pieces if piece.strip(b"\0"))
