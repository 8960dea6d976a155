# ruff: noqa: ARG001  (a replacement takes the arguments of the decision that it replaces)
"""Faults in the bytes of a backup: as they are stored, and as they come back."""

import dataclasses
import time
from collections.abc import Callable, Sequence

from simulator.longhorn.backupstore.models import BackupRequest, Block
from simulator.overrides.faults.suite_messages import OTHER_DATA
from simulator.overrides.registry import fault, override

SECTOR = 4096

LATE = 1000.0
"""Seconds of the simulated clock, two of real time at the usual pace: the volume is written during that time."""

SLOW_BLOCK = 0.4
"""Seconds, not of the simulated clock: long enough to write to the volume during it."""


@fault(
    "backup-not-stored",
    breaks="backup.off-cluster",
    decision="backupstore.stores_backup",
    says=r"the backupstore has no \S+/backup_backup-\w+\.cfg",
)
def not_stored(original: Callable[[BackupRequest], bool], request: BackupRequest) -> bool:
    """Nothing is put into the backupstore, and the backup is reported all the same."""
    return False


@override("backup-not-stored", decision="longhorn.forgets_unlisted")
def not_forgotten(original: Callable[..., bool], obj: object) -> bool:
    """Nor does it leave the cluster when the backupstore is looked through and does not have it."""
    return False


@fault(
    "backup-without-blocks",
    breaks="backup.off-cluster",
    decision="backupstore.writes_blocks",
    says=r"the backupstore has no \S+\.blk",
)
def no_blocks(original: Callable[[BackupRequest], bool], request: BackupRequest) -> bool:
    """Only the documents of a backup are stored."""
    return False


@fault(
    "block-dropped",
    breaks="backup.off-cluster",
    decision="backupstore.blocks_to_copy",
    says=r"offset \d+: expected block \d+ of stream .*, found zeros",
)
def block_dropped(
    original: Callable[..., Sequence[int]], offsets: Sequence[int], request: BackupRequest
) -> Sequence[int]:
    """The last block that was written is missing in the backup."""
    return original(offsets, request)[:-1]


@fault(
    "block-at-the-wrong-offset",
    breaks="backup.off-cluster",
    decision="backupstore.recorded_offset",
    says=r"offset \d+: expected .*, found block",
)
def block_moved(original: Callable[..., int], offset: int, request: BackupRequest) -> int:
    """Each block is recorded one block behind its place, the first two in the same place."""
    return max(0, original(offset, request) - request.block_size)


@fault(
    "block-of-other-data",
    breaks="backup.off-cluster",
    decision="backupstore.block_data",
    says=r"offset \d+: expected",
)
def other_data(original: Callable[..., bytes], offset: int, data: bytes, request: BackupRequest) -> bytes:
    """One byte in the middle of each block is not the volume's."""
    stored = bytearray(original(offset, data, request))
    stored[len(stored) // 2] ^= 0x01
    return bytes(stored)


@fault(
    "block-end-lost",
    breaks="backup.off-cluster",
    decision="backupstore.block_data",
    says=r"offset \d+: expected block \d+ of stream .*, found zeros",
)
def border_lost(original: Callable[..., bytes], offset: int, data: bytes, request: BackupRequest) -> bytes:
    """The last 4 KiB of each block are stored as zeros."""
    return original(offset, data, request)[:-SECTOR] + bytes(SECTOR)


@fault(
    "block-ends-swapped",
    breaks="backup.off-cluster",
    decision="backupstore.block_data",
    says=r"offset \d+: expected block \d+ of stream .*, found",
)
def borders_mixed(original: Callable[..., bytes], offset: int, data: bytes, request: BackupRequest) -> bytes:
    """The first and the last 4 KiB of each block change places."""
    stored = original(offset, data, request)
    return stored[-SECTOR:] + stored[SECTOR:-SECTOR] + stored[:SECTOR]


@fault(
    "nearly-empty-block-stored-as-empty",
    breaks=("backup.off-cluster", "backup.restore"),
    decision="backupstore.block_data",
    says=r"offset \d+: expected block \d+ of stream ends, found zeros",
)
def lone_sector_lost(original: Callable[..., bytes], offset: int, data: bytes, request: BackupRequest) -> bytes:
    """A block with less than 4 KiB of data in it is stored as zeros."""
    stored = original(offset, data, request)
    return stored if len(stored) - stored.count(0) >= SECTOR else bytes(len(stored))


@fault(
    "live-volume-copied",
    breaks="backup.point-in-time",
    decision="backupstore.snapshot_to_copy",
    says=OTHER_DATA,
)
def live_volume(original: Callable[..., str | None], request: BackupRequest, snapshots: Sequence[str]) -> str | None:
    """The live volume is copied and not the snapshot."""
    return None


@override("live-volume-copied", decision="backupstore.compress_block")
def slow_store(original: Callable[[bytes, str], bytes], data: bytes, method: str) -> bytes:
    """Each block is slow on its way to the store."""
    time.sleep(SLOW_BLOCK)
    return original(data, method)


@fault(
    "snapshot-taken-late",
    breaks="backup.point-in-time",
    decision="longhorn.snapshot_delay",
    says=r"offset \d+: expected .*, found block \d+ of stream",
)
def taken_late(original: Callable[..., float], snapshot: object) -> float:
    """A snapshot holds the data of a later moment than that at which it is reported."""
    return LATE


@fault(
    "recorded-volume-size-too-small",
    breaks="backup.off-cluster",
    decision="backupstore.recorded_volume_size",
    says=r"outside|does not fit|bytes instead of|beyond",
)
def volume_size(original: Callable[[BackupRequest], int], request: BackupRequest) -> int:
    """The backupstore records the volume one block smaller than it is."""
    return original(request) - request.block_size


@fault(
    "oldest-snapshot-copied",
    breaks="backup.point-in-time",
    decision="backupstore.snapshot_to_copy",
    says=OTHER_DATA,
)
def oldest_snapshot(
    original: Callable[..., str | None], request: BackupRequest, snapshots: Sequence[str]
) -> str | None:
    """Every backup holds the volume's oldest snapshot."""
    return snapshots[0] if snapshots else original(request, snapshots)


@fault(
    "changes-not-merged",
    breaks="backup.point-in-time",
    decision="backupstore.merged_blocks",
    says=r"offset \d+: expected",
)
def not_merged(original: Callable[..., list[Block]], base: Sequence[Block], delta: Sequence[Block]) -> list[Block]:
    """An incremental backup holds only what changed since the one before it."""
    return original([], delta)


@fault(
    "older-block-wins",
    breaks="backup.point-in-time",
    decision="backupstore.merged_blocks",
    says=OTHER_DATA,
)
def older_wins(original: Callable[..., list[Block]], base: Sequence[Block], delta: Sequence[Block]) -> list[Block]:
    """Where a block changed, an incremental backup keeps the one of the backup before."""
    return original(delta, base)


@fault(
    "incremental-uploads-everything",
    breaks="backup.mode.incremental",
    decision="backupstore.incremental_base",
    says=r"is full, not incremental",
)
def no_base(original: Callable[..., object], request: BackupRequest, last: object, snapshots: object) -> None:
    """A backup never continues the one before it."""


@fault(
    "full-uploads-nothing-again",
    breaks="backup.mode.full",
    decision="backupstore.uploads_block",
    says=r"did not upload again any block",
)
def no_upload(original: Callable[..., bool], request: BackupRequest, present: bool) -> bool:
    """A full backup does not upload blocks that the store has already."""
    return original(dataclasses.replace(request, mode="incremental"), present)


@fault(
    "delete-leaves-the-document",
    breaks="backup.delete",
    decision="backupstore.deletes_document",
    says=r"the bucket still has, of the deleted .*/backup_backup-\w+\.cfg",
)
def leaves_document(original: Callable[[str, str], bool], volume: str, backup: str) -> bool:
    """The document of a deleted backup stays in the bucket."""
    return False


@fault(
    "delete-leaves-the-blocks",
    breaks="backup.delete",
    decision="backupstore.unused_blocks",
    says=r"the bucket still has, of the deleted .*\.blk",
)
def leaves_blocks(original: Callable[..., set[str]], present: object, used: object) -> set[str]:
    """The blocks that only a deleted backup needed stay in the bucket."""
    return set()


@fault(
    "delete-removes-blocks-of-others",
    breaks=("backup.retain", "backup.delete.others"),
    decision="backupstore.unused_blocks",
    says=r"the backupstore has no \S+\.blk",
)
def collects_all(original: Callable[..., set[str]], present: Sequence[str], used: object) -> set[str]:
    """Deleting one backup takes the blocks of the volume's other backups with it."""
    return original(present, [])


@fault(
    "delete-removes-documents-of-others",
    breaks=("backup.retain", "backup.delete.others"),
    decision="backupstore.documents_to_delete",
    says=r"the backupstore has no \S+/backup_backup-\w+\.cfg",
)
def takes_all(original: Callable[..., Sequence[str]], backup: str, present: Sequence[str]) -> Sequence[str]:
    """Deleting one backup removes the documents of all backups of the volume."""
    return present


@fault(
    "restored-block-moved",
    breaks="backup.restore",
    decision="backupstore.restored_offset",
    says=r"offset \d+: expected block \d+ of stream",
)
def restored_elsewhere(original: Callable[[int], int], offset: int) -> int:
    """A restored block lands 4 KiB behind its place."""
    return original(offset) + SECTOR if offset == 0 else original(offset)


@fault(
    "restored-block-missing",
    breaks="backup.restore",
    decision="backupstore.blocks_to_restore",
    says=r"offset \d+: expected block \d+ of stream",
)
def restored_in_part(original: Callable[..., Sequence[Block]], blocks: Sequence[Block]) -> Sequence[Block]:
    """The last block of a backup is not restored."""
    return original(blocks)[:-1]


@fault(
    "restored-bytes-changed",
    breaks="backup.restore",
    decision="backupstore.restored_data",
    says=r"offset \d+: expected",
)
def restored_otherwise(original: Callable[[int, bytes], bytes], offset: int, data: bytes) -> bytes:
    """One byte of each restored block is wrong."""
    restored = bytearray(original(offset, data))
    restored[SECTOR] ^= 0x01
    return bytes(restored)
