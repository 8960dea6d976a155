# ruff: noqa: ARG002  (a replacement may need an argument that the documented answer does not)
"""The decisions of the backupstore that a fault, a release quirk or a variation may replace; here as documented.

Sizes and offsets are bytes. `volume` and `backup` are the names in the store, that of the Longhorn volume and that of
the Backup object.
"""

from collections.abc import Iterable, Sequence

from simulator.longhorn.backupstore import compression
from simulator.longhorn.backupstore.models import FULL, BackupRequest, Block, StoredBackup


class BackupstoreDecisions:
    """The documented backupstore."""

    # Making a backup

    def stores_backup(self, request: BackupRequest) -> bool:
        """Whether a backup is put into the store at all."""
        return True

    def writes_blocks(self, request: BackupRequest) -> bool:
        """Whether the blocks of a backup are put into the store, beside its document."""
        return True

    def snapshot_to_copy(self, request: BackupRequest, snapshots: Sequence[str]) -> str | None:
        """The snapshot whose bytes are copied, None for the live volume. `snapshots`: all, the oldest first."""
        return request.snapshot

    def incremental_base(
        self, request: BackupRequest, last: StoredBackup | None, snapshots: Sequence[str]
    ) -> StoredBackup | None:
        """The backup that this one continues; None for one that reads the whole volume.

        It is the volume's last backup, if that is complete, was made of another snapshot that the volume still has,
        and no full backup is asked for.
        """
        if request.mode == FULL or last is None or last.in_progress or last.block_size != request.block_size:
            return None
        return last if last.snapshot != request.snapshot and last.snapshot in snapshots else None

    def blocks_to_copy(self, offsets: Sequence[int], request: BackupRequest) -> Sequence[int]:
        """The offsets of the blocks that are copied: all that hold a byte written since the base, ascending."""
        return offsets

    def block_data(self, offset: int, data: bytes, request: BackupRequest) -> bytes:
        """What is stored for the block at `offset`, whose bytes in the snapshot are `data`."""
        return data

    def recorded_offset(self, offset: int, request: BackupRequest) -> int:
        """The offset recorded for the block."""
        return offset

    def compress_block(self, data: bytes, method: str) -> bytes:
        """The block as it is stored."""
        return compression.compress(data, method)

    def uploads_block(self, request: BackupRequest, checksum: str, present: bool) -> bool:
        """Whether a block is uploaded that the store has already (`present`): only by a full backup."""
        return not present or request.mode == FULL

    def merged_blocks(self, base: Iterable[Block], delta: Iterable[Block]) -> list[Block]:
        """The blocks of a backup that continues another one, ascending: the newer wins."""
        return sorted({block.offset: block for block in (*base, *delta)}.values(), key=lambda block: block.offset)

    def recorded_volume_size(self, request: BackupRequest) -> int:
        """The volume's size in volume.cfg, which is what a restored volume gets."""
        return request.size

    def releases_lock_of_failed(self) -> bool:
        """Whether a backup that fails takes its lock on the volume away."""
        return True

    def document_text(self, document: bytes) -> bytes:
        """A JSON document as it is put into the store."""
        return document

    # Deleting a backup

    def deletes_document(self, volume: str, backup: str) -> bool:
        """Whether deleting a backup removes its document."""
        return True

    def documents_to_delete(self, backup: str, present: Sequence[str]) -> Sequence[str]:
        """The backups whose documents go when `backup` is deleted: only its own."""
        return [backup]

    def counted_backups(self, remaining: Sequence[StoredBackup]) -> Sequence[StoredBackup]:
        """The backups whose blocks are kept when another one is deleted: all that remain."""
        return remaining

    def left_in_store(self, volume: str, backup: str) -> Sequence[str]:
        """The names of what the deletion of a backup leaves in the volume's directory: nothing."""
        return ()

    def unused_blocks(self, present: Iterable[str], used: Iterable[str], deleted: str) -> set[str]:
        """The checksums of the blocks that no remaining backup needs when the backup `deleted` is gone."""
        return set(present) - set(used)

    # Restoring a backup

    def refuse_restore(self, size: int, newest: int) -> str:
        """Why a volume of that size cannot be filled; "" for any, whatever the size of the volume's newest backup."""
        return ""

    def blocks_to_restore(self, blocks: Sequence[Block]) -> Sequence[Block]:
        """The blocks that are written into the new volume."""
        return blocks

    def restored_offset(self, offset: int) -> int:
        """Where a block goes in the new volume."""
        return offset

    def restored_data(self, offset: int, data: bytes) -> bytes:
        """What is written there."""
        return data

    # Looking
