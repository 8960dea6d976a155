"""What goes into the backupstore and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

DEFAULT_BLOCK_SIZE = 2 << 20
"""Bytes of a block, unless the volume asks for 16 MiB (Longhorn 1.10 and newer)."""

FULL = "full"
INCREMENTAL = "incremental"


class BackupstoreError(Exception):
    """An operation on the backupstore failed; the text is the one that Longhorn reports."""


class BackupMissingError(BackupstoreError):
    """The store has no such volume or backup."""


class BackupInProgressError(BackupstoreError):
    """The backup was begun and is not finished (or never will be)."""


class LockConflictError(BackupstoreError):
    """Another operation holds the volume; the caller may come again."""


@dataclass(frozen=True)
class BackupRequest:
    """A backup to make. Times are RFC 3339 in UTC; sizes are bytes."""

    volume: str
    snapshot: str
    backup: str
    size: int
    """Size of the volume."""
    snapshot_created: str
    labels: Mapping[str, str]
    """Labels of the backup as they are recorded, `VolumeRecurringJobInfo` included."""
    mode: str = INCREMENTAL
    block_size: int = DEFAULT_BLOCK_SIZE
    compression: str = "lz4"
    """lz4, gzip or none; only the first backup of a volume chooses (Longhorn 1.5 and newer, before always gzip)."""
    storage_class: str = ""
    backing_image: str = ""
    backing_image_checksum: str = ""
    data_engine: str = "v1"


@dataclass(frozen=True)
class Block:
    """A block of a backup: its place in the volume and the first 64 hex digits of the SHA-512 of its content."""

    offset: int
    checksum: str


@dataclass(frozen=True)
class StoredVolume:
    """A volume.cfg. `last_modified` is the store's time of its last writing."""

    name: str
    size: int
    labels: Mapping[str, str]
    created: str
    last_backup: str
    last_backup_at: str
    block_count: int
    backing_image: str = ""
    backing_image_checksum: str = ""
    compression: str = ""
    storage_class: str = ""
    data_engine: str = ""
    last_modified: datetime | None = None

    @property
    def data_stored(self) -> int:
        """Bytes of the volume's blocks, counted as Longhorn counts them: always as blocks of 2 MiB."""
        return self.block_count * DEFAULT_BLOCK_SIZE


@dataclass(frozen=True)
class StoredBackup:
    """A backup_<name>.cfg. `created` is empty while the backup is in progress."""

    name: str
    volume: str
    snapshot: str = ""
    snapshot_created: str = ""
    created: str = ""
    size: int = 0
    labels: Mapping[str, str] | None = None
    parameters: Mapping[str, str] | None = None
    incremental: bool = False
    compression: str = ""
    newly_uploaded: int = 0
    reuploaded: int = 0
    blocks: tuple[Block, ...] = ()

    @property
    def in_progress(self) -> bool:
        return not self.created

    @property
    def block_size(self) -> int:
        """Bytes of its blocks."""
        return int((self.parameters or {}).get("backup-block-size", DEFAULT_BLOCK_SIZE))


@dataclass(frozen=True)
class BackupResult:
    """A finished backup, as the engine reports it, with the volume as it then stands in the store."""

    backup: StoredBackup
    volume: StoredVolume
