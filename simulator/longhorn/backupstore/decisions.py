# ruff: noqa: ARG002  (a replacement may need an argument that the documented answer does not)
"""Every choice of the backupstore that a fault or a release may make otherwise; here as documented.

Sizes and offsets are bytes. `volume` and `backup` are the names in the store, that of the Longhorn volume and that of
the Backup object.
"""

from collections.abc import Iterable, Sequence

from simulator.longhorn.backupstore import compression, layout
from simulator.longhorn.backupstore.models import (
    FULL,
    BackupRequest,
    BackupResult,
    Block,
    StoredBackup,
    StoredVolume,
)

Extent = tuple[int, int]


class BackupstoreDecisions:
    """The documented backupstore (BAK-01, BAK-12, BAK-16, BAK-17, BAK-21, BAK-22, BAK-35)."""

    def volume_directory(self, prefix: str, volume: str) -> str:
        """The key under which everything of a volume lies, with a slash at its end."""
        return layout.VolumeLayout.of(prefix, volume).directory

    def backup_document(self, backup: str) -> str:
        """The name under which a backup's document is kept: `backup_<this>.cfg`."""
        return backup

    def block_name(self, checksum: str) -> str:
        """The checksum that a block's key is made of."""
        return checksum

    # Making a backup

    def stores_backup(self, request: BackupRequest) -> bool:
        """Whether a backup is put into the store at all (BAK-01)."""
        return True

    def writes_blocks(self, request: BackupRequest) -> bool:
        """Whether the blocks of a backup are put into the store, beside its document (BAK-12)."""
        return True

    def announces_backup(self, request: BackupRequest) -> bool:
        """Whether a document without a time is put down before the data, to mark the backup as in progress."""
        return True

    def is_finished(self, request: BackupRequest) -> bool:
        """Whether the document gets its time of creation at the end, by which it is complete (BAK-12)."""
        return True

    def snapshot_read(self, request: BackupRequest, snapshots: Sequence[str]) -> str | None:
        """The snapshot whose bytes are copied, None for the live volume. `snapshots`: all, the oldest first."""
        return request.snapshot

    def incremental_base(
        self, request: BackupRequest, last: StoredBackup | None, snapshots: Sequence[str]
    ) -> StoredBackup | None:
        """The backup that this one continues; None for one that looks at the whole volume.

        It is the volume's last backup, if that is complete, was made of another snapshot that the volume still has,
        and no full backup is asked for (BAK-21).
        """
        if request.mode == FULL or last is None or last.in_progress or last.block_size != request.block_size:
            return None
        return last if last.snapshot != request.snapshot and last.snapshot in snapshots else None

    def blocks_to_copy(self, offsets: Sequence[int], request: BackupRequest) -> Sequence[int]:
        """The offsets of the blocks that are copied: all that hold a byte written since the base, ascending."""
        return offsets

    def block_content(self, offset: int, data: bytes, request: BackupRequest) -> bytes:
        """What is stored for the block at `offset`, whose bytes in the snapshot are `data`."""
        return data

    def block_checksum(self, offset: int, data: bytes) -> str:
        """The checksum recorded for the block."""
        return layout.digest(data)

    def recorded_offset(self, offset: int, request: BackupRequest) -> int:
        """The offset recorded for the block."""
        return offset

    def compressed(self, data: bytes, method: str) -> bytes:
        """The block as it is stored."""
        return compression.compress(data, method)

    def compression_of_volume(self, request: BackupRequest, known: StoredVolume | None) -> str:
        """How blocks are compressed: as the volume's first backup did."""
        return known.compression if known else request.compression

    def recorded_compression(self, method: str) -> str:
        """The method that the backup's document names."""
        return method

    def uploads_block(self, request: BackupRequest, present: bool) -> bool:
        """Whether a block is uploaded that the store has already (`present`): only by a full backup (BAK-21)."""
        return not present or request.mode == FULL

    def merged_blocks(self, base: Iterable[Block], delta: Iterable[Block]) -> list[Block]:
        """The blocks of a backup that continues another one, ascending: the newer wins."""
        return sorted({block.offset: block for block in (*base, *delta)}.values(), key=lambda block: block.offset)

    def recorded_blocks(self, blocks: Sequence[Block], request: BackupRequest) -> Sequence[Block]:
        """The blocks that the document lists."""
        return blocks

    def recorded_size(self, blocks: Sequence[Block], block_size: int) -> int:
        """The backup's size in its document."""
        return len(blocks) * block_size

    def recorded_volume_size(self, request: BackupRequest) -> int:
        """The volume's size in volume.cfg, which is what a restored volume gets (BAK-24)."""
        return request.size

    def recorded_snapshot(self, request: BackupRequest) -> str:
        """The snapshot that the document names (BAK-08)."""
        return request.snapshot

    def recorded_volume(self, request: BackupRequest) -> str:
        """The volume that the document names (BAK-13)."""
        return request.volume

    def recorded_labels(self, request: BackupRequest) -> dict[str, str]:
        """The labels in the documents of backup and volume."""
        return dict(request.labels)

    def recorded_mode(self, request: BackupRequest) -> str:
        """The mode in the document (BAK-21)."""
        return request.mode

    def last_backup(self, request: BackupRequest) -> str:
        """The backup that volume.cfg names as the last one, after this one was made."""
        return request.backup

    def reported(self, result: BackupResult) -> BackupResult:
        """What the engine tells of a finished backup."""
        return result

    # Deleting a backup

    def deletes_document(self, volume: str, backup: str) -> bool:
        """Whether deleting a backup removes its document (BAK-16)."""
        return True

    def documents_to_delete(self, backup: str, present: Sequence[str]) -> Sequence[str]:
        """The backups whose documents go when `backup` is deleted: only its own (BAK-17)."""
        return [backup]

    def collects_blocks(self, volume: str, remaining: Sequence[StoredBackup]) -> bool:
        """Whether unused blocks are removed: not while a backup is in progress."""
        return all(not backup.in_progress for backup in remaining)

    def unused_blocks(self, present: Iterable[str], used: Iterable[str]) -> set[str]:
        """The checksums of the blocks that no remaining backup needs."""
        return set(present) - set(used)

    def keeps_volume_document(self, volume: str, remaining: Sequence[StoredBackup]) -> bool:
        """Whether volume.cfg stays, also after the last backup."""
        return True

    def last_backup_after_deletion(self, remaining: Sequence[StoredBackup]) -> StoredBackup | None:
        """The backup that volume.cfg names when the last one was deleted: that of the newest snapshot."""
        return max(remaining, key=lambda backup: backup.snapshot_created, default=None)

    # Restoring a backup

    def verifies_checksum(self, volume: str, backup: str) -> bool:
        """Whether a block that does not have its checksum ends the restore."""
        return True

    def blocks_to_restore(self, blocks: Sequence[Block]) -> Sequence[Block]:
        """The blocks that are written into the new volume (BAK-22)."""
        return blocks

    def restored_offset(self, offset: int) -> int:
        """Where a block goes in the new volume."""
        return offset

    def restored_content(self, offset: int, data: bytes) -> bytes:
        """What is written there."""
        return data

    # Looking

    def listed_volumes(self, names: Sequence[str]) -> Sequence[str]:
        """The volumes that the store is seen to have."""
        return names

    def listed_backups(self, volume: str, names: Sequence[str]) -> Sequence[str]:
        """The backups that a volume is seen to have (BAK-13)."""
        return names
