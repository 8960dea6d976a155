# ruff: noqa: ARG005  (a replacement takes the arguments of the decision that it replaces)
"""Faults in the bytes of a backup: as they are stored, and as they come back."""

import dataclasses
import time
from collections.abc import Callable

from simulator.longhorn.backupstore.models import BackupRequest
from simulator.overrides.faults.suite_messages import OTHER_DATA
from simulator.overrides.registry import Replacement, always, changed, fault

SECTOR = 4096

block_dropped = fault(
    "block-dropped",
    breaks="backup.off-cluster backup.point-in-time",
    decision="backupstore.blocks_to_copy",
    says=r"offset \d+: expected block \d+ of stream .*, found zeros",
    summary="The last block that was written is missing in the backup.",
)(lambda original, offsets, request: original(offsets, request)[:-1])
block_moved = fault(
    "block-at-the-wrong-offset",
    breaks="backup.off-cluster backup.point-in-time",
    decision="backupstore.recorded_offset",
    says=r"offset \d+: expected .*, found block",
    summary="Each block is recorded one block behind its place, the first two in the same place.",
)(lambda original, offset, request: max(0, original(offset, request) - request.block_size))


@fault(
    "block-of-other-data",
    breaks="backup.off-cluster backup.point-in-time",
    decision="backupstore.block_data",
    says=r"offset \d+: expected",
)
def other_data(original: Callable[..., bytes], offset: int, data: bytes, request: BackupRequest) -> bytes:
    """One byte in the middle of each block is not the volume's."""
    stored = bytearray(original(offset, data, request))
    stored[len(stored) // 2] ^= 0x01
    return bytes(stored)


border_lost = fault(
    "block-end-lost",
    breaks="backup.off-cluster backup.point-in-time",
    decision="backupstore.block_data",
    says=r"offset \d+: expected block \d+ of stream .*, found zeros",
    summary="The last 4 KiB of each block are stored as zeros.",
)(lambda original, offset, data, request: original(offset, data, request)[:-SECTOR] + bytes(SECTOR))
borders_mixed = fault(
    "block-ends-swapped",
    breaks="backup.off-cluster backup.point-in-time",
    decision="backupstore.block_data",
    says=r"offset \d+: expected block \d+ of stream .*, found",
    summary="The first and the last 4 KiB of each block change places.",
)(changed(lambda stored: stored[-SECTOR:] + stored[SECTOR:-SECTOR] + stored[:SECTOR]))
lone_sector_lost = fault(
    "nearly-empty-block-stored-as-empty",
    breaks=("backup.off-cluster", "backup.point-in-time", "backup.restore"),
    decision="backupstore.block_data",
    says=r"offset \d+: expected block \d+ of stream ends, found zeros",
    summary="A block with less than 4 KiB of data in it is stored as zeros.",
)(changed(lambda stored: stored if len(stored) - stored.count(0) >= SECTOR else bytes(len(stored))))


def slow_store(seconds: float) -> Replacement:
    """Each block takes so long on its way to the store, by no simulated clock."""

    def compress(original: Callable[[bytes, str], bytes], data: bytes, method: str) -> bytes:
        time.sleep(seconds)
        return original(data, method)

    return compress


live_volume = fault(
    "live-volume-copied",
    breaks="backup.point-in-time",
    decision="backupstore.snapshot_to_copy",
    says=OTHER_DATA,
    summary="The live volume is copied and not the snapshot.",
    # Long enough to write to the volume during it.
    also={"backupstore.compress_block": slow_store(0.4)},
)(always(None))
volume_size = fault(
    "recorded-volume-size-too-small",
    breaks="backup.off-cluster backup.point-in-time",
    decision="backupstore.recorded_volume_size",
    says=r"outside|does not fit|bytes instead of|beyond",
    summary="The backupstore records the volume one block smaller than it is.",
)(lambda original, request: original(request) - request.block_size)
oldest_snapshot = fault(
    "oldest-snapshot-copied",
    breaks="backup.point-in-time",
    decision="backupstore.snapshot_to_copy",
    says=OTHER_DATA,
    summary="Every backup holds the volume's oldest snapshot.",
)(lambda original, request, snapshots: snapshots[0] if snapshots else original(request, snapshots))
not_merged = fault(
    "changes-not-merged",
    breaks="backup.point-in-time",
    decision="backupstore.merged_blocks",
    says=r"offset \d+: expected",
    summary="An incremental backup holds only what changed since the one before it.",
)(lambda original, base, delta: original([], delta))
older_wins = fault(
    "older-block-wins",
    breaks="backup.point-in-time",
    decision="backupstore.merged_blocks",
    says=OTHER_DATA,
    summary="Where a block changed, an incremental backup keeps the one of the backup before.",
)(lambda original, base, delta: original(delta, base))
no_upload = fault(
    "full-uploads-nothing-again",
    breaks="backup.mode.full",
    decision="backupstore.uploads_block",
    says=r"did not upload again any block",
    summary="A full backup does not upload blocks that the store has already.",
)(lambda original, request, *block: original(dataclasses.replace(request, mode="incremental"), *block))
leaves_blocks = fault(
    "delete-leaves-the-blocks",
    breaks="backup.delete",
    decision="backupstore.unused_blocks",
    says=r"the bucket still has, of the deleted .*\.blk",
    summary="The blocks that only a deleted backup needed stay in the bucket.",
)(lambda original, present, used, deleted: set())
collects_all = fault(
    "delete-removes-blocks-of-others",
    breaks=("backup.retain", "backup.delete.others", "backup.point-in-time"),
    decision="backupstore.unused_blocks",
    says=r"the backupstore has no \S+\.blk",
    summary="Deleting one backup takes the blocks of the volume's other backups with it.",
)(lambda original, present, used, deleted: original(present, [], deleted))
takes_all = fault(
    "delete-removes-documents-of-others",
    breaks=("backup.retain", "backup.delete.others"),
    decision="backupstore.documents_to_delete",
    says=r"the backupstore has no \S+/backup_backup-\w+\.cfg",
    summary="Deleting one backup removes the documents of all backups of the volume.",
)(lambda original, backup, present: present)
restored_elsewhere = fault(
    "restored-block-moved",
    breaks="backup.restore",
    decision="backupstore.restored_offset",
    says=r"offset \d+: expected block \d+ of stream",
    summary="A restored block lands 4 KiB behind its place.",
)(lambda original, offset: original(offset) + SECTOR if offset == 0 else original(offset))
restored_in_part = fault(
    "restored-block-missing",
    breaks="backup.restore",
    decision="backupstore.blocks_to_restore",
    says=r"offset \d+: expected block \d+ of stream",
    summary="The last block of a backup is not restored.",
)(lambda original, blocks: original(blocks)[:-1])


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
