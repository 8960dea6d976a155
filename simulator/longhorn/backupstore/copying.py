"""Moving blocks between a volume's bytes and the bucket."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.longhorn.backupstore import compression
from simulator.longhorn.backupstore.bucket import Bucket
from simulator.longhorn.backupstore.decisions import BackupstoreDecisions
from simulator.longhorn.backupstore.layout import VolumeLayout, digest
from simulator.longhorn.backupstore.models import BackupRequest, BackupstoreError, Block, StoredBackup
from simulator.longhorn.disk import Disk

Progress = Callable[[int], None]
"""Told how far an operation is, in percent."""

DATA_SHARE = 95
"""Percent of an operation that is done when its data are; the documents are the rest."""


@dataclass
class Copied:
    """The blocks of a backup while it is being made, and the bytes that went into the bucket for them."""

    blocks: list[Block] = field(default_factory=list)
    uploaded: set[str] = field(default_factory=set)
    new_blocks: int = 0
    newly_uploaded: int = 0
    reuploaded: int = 0


@dataclass(frozen=True)
class BlockCopier:
    """Copies the blocks of one volume."""

    bucket: Bucket
    layout: VolumeLayout
    decisions: BackupstoreDecisions

    async def upload(
        self, disk: Disk, request: BackupRequest, method: str, base: StoredBackup | None, progress: Progress
    ) -> Copied:
        """Bring the blocks of a snapshot into the bucket that were written since the base's snapshot."""
        snapshots = [layer.name for layer in disk.snapshots(request.volume)]
        source = self.decisions.snapshot_to_copy(request, snapshots)
        extents = disk.allocated(request.volume, request.snapshot, base.snapshot if base else None)
        touched = _blocks_touched(extents, request.block_size)
        offsets = self.decisions.blocks_to_copy(touched, request)
        copied = Copied()
        for number, offset in enumerate(offsets, start=1):
            data = await asyncio.to_thread(disk.read, request.volume, source, offset, request.block_size)
            await self._upload_block(request, method, offset, data, copied)
            progress(number * DATA_SHARE // len(offsets))
        return copied

    async def download(self, disk: Disk, target: str, backup: StoredBackup, progress: Progress) -> None:
        """Write a backup's blocks into the head of the volume `target`."""
        blocks = self.decisions.blocks_to_restore(backup.blocks)
        for number, block in enumerate(blocks, start=1):
            packed = await self.bucket.get(self.layout.block(block.checksum))
            await asyncio.to_thread(self._write_block, disk, target, backup, block, packed)
            progress(number * DATA_SHARE // len(blocks))

    async def _upload_block(
        self, request: BackupRequest, method: str, offset: int, data: bytes, copied: Copied
    ) -> None:
        data = self.decisions.block_data(offset, data, request)
        checksum = await asyncio.to_thread(digest, data)
        copied.blocks.append(Block(self.decisions.recorded_offset(offset, request), checksum))
        if checksum in copied.uploaded or not self.decisions.writes_blocks(request):
            return
        copied.uploaded.add(checksum)
        key = self.layout.block(checksum)
        present = await self.bucket.head(key) is not None
        if not self.decisions.uploads_block(request, checksum, present):
            return
        packed = await asyncio.to_thread(self.decisions.compress_block, data, method)
        await self.bucket.put(key, packed)
        if present:
            copied.reuploaded += len(packed)
        else:
            copied.newly_uploaded += len(packed)
            copied.new_blocks += 1

    def _write_block(self, disk: Disk, target: str, backup: StoredBackup, block: Block, packed: bytes) -> None:
        data = compression.decompress(packed, backup.compression)
        if digest(data) != block.checksum:
            raise BackupstoreError(f"checksum verification failed for block {block.checksum}")
        offset = self.decisions.restored_offset(block.offset)
        disk.write(target, offset, self.decisions.restored_data(offset, data))


def _blocks_touched(extents: list[tuple[int, int]], unit: int) -> list[int]:
    """The offsets of the blocks that hold a byte of the extents, ascending."""
    touched = {
        index for offset, length in extents for index in range(offset // unit, (offset + length - 1) // unit + 1)
    }
    return [index * unit for index in sorted(touched)]
