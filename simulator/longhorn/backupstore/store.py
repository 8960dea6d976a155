"""Backups in a bucket: created, inspected, restored and deleted in the layout of Longhorn's backupstore."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from simulator.clock import Clock
from simulator.longhorn.backupstore import documents
from simulator.longhorn.backupstore.bucket import Bucket
from simulator.longhorn.backupstore.copying import BlockCopier, Copied, Progress
from simulator.longhorn.backupstore.decisions import BackupstoreDecisions
from simulator.longhorn.backupstore.layout import VolumeLayout, backup_name, block_checksum, volumes_directory
from simulator.longhorn.backupstore.locks import LockType, held
from simulator.longhorn.backupstore.models import (
    BackupInProgressError,
    BackupMissingError,
    BackupRequest,
    BackupResult,
    BackupstoreError,
    StoredBackup,
    StoredVolume,
)
from simulator.longhorn.disk import Disk
from simulator.longhorn.version import Version
from simulator.s3.connection import ObjectInfo, S3Connection

T = TypeVar("T")


class Backupstore:
    """The backupstore under `prefix` of a bucket, as the given version of Longhorn keeps it.

    All methods raise BackupstoreError: with the store's own answer when the bucket refuses, BackupMissingError for
    what is not there, LockConflictError when other work on the same volume goes on.
    """

    def __init__(
        self, connection: S3Connection, prefix: str, clock: Clock, decisions: BackupstoreDecisions, version: Version
    ) -> None:
        self._bucket = Bucket(connection)
        self._prefix = prefix
        self._clock = clock
        self._decisions = decisions
        self._version = version

    async def check(self) -> None:
        """Whether the bucket can be reached and read."""
        await self._bucket.list(volumes_directory(self._prefix), "/")

    async def volumes(self) -> list[str]:
        """The names of all volumes that ever had a backup here."""
        names = []
        for first in (await self._bucket.list(volumes_directory(self._prefix), "/")).prefixes:
            for second in (await self._bucket.list(first, "/")).prefixes:
                names += [path.split("/")[-2] for path in (await self._bucket.list(second, "/")).prefixes]
        return sorted(names)

    async def backups(self, volume: str) -> list[str]:
        """The names of the volume's backups, those in progress included; none for an unknown volume."""
        return await self._backups(self._layout(volume))

    async def inspect_volume(self, volume: str) -> StoredVolume:
        """What volume.cfg says. Raises BackupMissingError."""
        return await self._load_volume(self._layout(volume))

    async def inspect_backup(self, volume: str, backup: str) -> StoredBackup:
        """What the backup's document says. Raises BackupMissingError, BackupInProgressError."""
        found = await self._load_backup(self._layout(volume), backup)
        if found.in_progress:
            raise BackupInProgressError(f"backup {backup} is still in progress")
        return found

    async def create_backup(self, disk: Disk, request: BackupRequest, progress: Progress) -> BackupResult:
        """Copy a snapshot of `disk` into the store. Ends when the backup is complete."""
        if not self._decisions.stores_backup(request):
            return self._unstored(request)
        layout = self._layout(request.volume)
        released = self._decisions.releases_lock_of_failed()
        async with held(self._bucket, layout, self._clock, LockType.COPY, released_on_failure=released):
            volume = await self._prepared_volume(layout, request)
            last = await self._last_backup(layout, volume)
            snapshots = [layer.name for layer in disk.snapshots(request.volume)]
            base = self._decisions.incremental_base(request, last, snapshots)
            document = layout.backup(request.backup)
            stub = StoredBackup(request.backup, request.volume, compression=volume.compression)
            await self._put(document, documents.dump_backup(stub, self._version))
            copied = await self._copier(layout).upload(disk, request, volume.compression, base, progress)
            backup = self._finished(request, stub, base, copied)
            await self._put(document, documents.dump_backup(backup, self._version))
            volume = await self._record(layout, request, copied.new_blocks)
        progress(100)
        return BackupResult(backup, volume)

    async def restore(self, disk: Disk, target: str, volume: str, backup: str, progress: Progress) -> StoredBackup:
        """Write a backup into the head of the volume `target` of `disk`, which must be large enough."""
        layout = self._layout(volume)
        async with held(self._bucket, layout, self._clock, LockType.COPY):
            known = await self._load_volume(layout)
            if known.size == 0:
                raise BackupstoreError(f"invalid volume size {known.size}")
            if refusal := self._decisions.refuse_restore(disk.size(target), known.size):
                raise BackupstoreError(refusal)
            found = await self.inspect_backup(volume, backup)
            await self._copier(layout).download(disk, target, found, progress)
        progress(100)
        return found

    async def delete_backup(self, volume: str, backup: str, *, collect: bool = True) -> None:
        """Remove a backup, one that is not there is no error, and if wanted `collect` what nothing needs any longer.

        Raises BackupMissingError for an unknown volume.
        """
        layout = self._layout(volume)
        async with held(self._bucket, layout, self._clock, LockType.DELETE):
            known = await self._load_volume(layout)
            present = await self._backups(layout)
            if self._decisions.deletes_document(volume, backup):
                for name in self._decisions.documents_to_delete(backup, present):
                    await self._bucket.delete(layout.backup(name))
            for name in self._decisions.left_in_store(volume, backup):
                await self._bucket.put(layout.directory + name, b"")
            if collect:
                await self._clean_up(layout, known, backup)

    async def collect(self, volume: str) -> None:
        """Remove the blocks of a volume that no backup needs. Raises BackupMissingError for an unknown volume."""
        layout = self._layout(volume)
        async with held(self._bucket, layout, self._clock, LockType.DELETE):
            await self._clean_up(layout, await self._load_volume(layout), "")

    async def _clean_up(self, layout: VolumeLayout, known: StoredVolume, deleted: str) -> None:
        """Collect unused blocks, and bring volume.cfg up to date."""
        names = await self._backups(layout)
        remaining, readable = await self._readable(layout, names)
        if known.last_backup not in names:
            complete = remaining if readable else ()
            newest = max(complete, key=lambda each: each.snapshot_created, default=None)
            known = replace(
                known,
                last_backup=newest.name if newest else "",
                last_backup_at=newest.snapshot_created if newest else "",
            )
        if readable and not any(each.in_progress for each in remaining):
            known = replace(known, block_count=await self._collect(layout, names, remaining, deleted))
        else:
            known = replace(known, last_backup="", last_backup_at="")
        await self._put(layout.volume, documents.dump_volume(known, self._version))

    async def delete_volume(self, volume: str) -> None:
        """Remove all backups of a volume and everything else that the store has of it."""
        layout = self._layout(volume)
        async with held(self._bucket, layout, self._clock, LockType.DELETE):
            for part in (layout.backups, layout.blocks, layout.directory):
                for found in (await self._bucket.list(part)).objects:
                    if not found.key.startswith(layout.locks):
                        await self._bucket.delete(found.key)

    async def _put(self, key: str, document: bytes) -> ObjectInfo:
        return await self._bucket.put(key, self._decisions.document_text(document))

    def _layout(self, volume: str) -> VolumeLayout:
        try:
            return VolumeLayout.of(self._prefix, volume)
        except ValueError as error:
            raise BackupstoreError(str(error)) from None

    async def _backups(self, layout: VolumeLayout) -> list[str]:
        objects = (await self._bucket.list(layout.backups)).objects
        return sorted(name for found in objects if (name := backup_name(found.key)))

    async def _load_volume(self, layout: VolumeLayout) -> StoredVolume:
        return await self._load(layout.volume, documents.load_volume)

    async def _load_backup(self, layout: VolumeLayout, backup: str) -> StoredBackup:
        return await self._load(layout.backup(backup), lambda data, _: documents.load_backup(data))

    async def _load(self, key: str, load: Callable[[bytes, datetime], T]) -> T:
        info = await self._bucket.head(key)
        if info is None:
            raise BackupMissingError(f"cannot find {key} in backupstore")
        try:
            return load(await self._bucket.get(key), info.last_modified)
        except (ValueError, KeyError) as error:
            raise BackupstoreError(f"failed to read {key}: {error}") from error

    async def _readable(self, layout: VolumeLayout, names: list[str]) -> tuple[list[StoredBackup], bool]:
        """The backups with these names, and whether all of them could be read."""
        loaded, readable = [], True
        for name in names:
            try:
                loaded.append(await self._load_backup(layout, name))
            except BackupMissingError:
                continue
            except BackupstoreError:
                readable = False
        return loaded, readable

    async def _last_backup(self, layout: VolumeLayout, volume: StoredVolume) -> StoredBackup | None:
        if not volume.last_backup:
            return None
        try:
            return await self._load_backup(layout, volume.last_backup)
        except BackupstoreError:
            return None

    async def _prepared_volume(self, layout: VolumeLayout, request: BackupRequest) -> StoredVolume:
        """The volume as the store knows it, put there first if this is its first backup."""
        known = None
        if await self._bucket.head(layout.volume) is not None:
            known = await self._load_volume(layout)
        method = (known or request).compression if self._version.has(5) else "gzip"
        if known is not None:
            return replace(known, compression=method)
        volume = StoredVolume(
            name=request.volume,
            size=self._decisions.recorded_volume_size(request),
            labels=dict(request.labels),
            created=request.snapshot_created,
            last_backup="",
            last_backup_at="",
            block_count=0,
            backing_image=request.backing_image,
            backing_image_checksum=request.backing_image_checksum,
            compression=method,
            storage_class=request.storage_class,
            data_engine=request.data_engine,
        )
        await self._put(layout.volume, documents.dump_volume(volume, self._version))
        return volume

    def _copier(self, layout: VolumeLayout) -> BlockCopier:
        return BlockCopier(self._bucket, layout, self._decisions)

    def _finished(
        self, request: BackupRequest, stub: StoredBackup, base: StoredBackup | None, copied: Copied
    ) -> StoredBackup:
        blocks = self._decisions.merged_blocks(base.blocks if base else (), copied.blocks)
        parameters = {"backup-mode": request.mode}
        if self._version.has(10):
            parameters["backup-block-size"] = str(request.block_size)
        return replace(
            stub,
            volume=request.volume,
            snapshot=request.snapshot,
            snapshot_created=request.snapshot_created,
            created=self._clock.timestamp(),
            size=len(blocks) * request.block_size,
            labels=dict(request.labels),
            parameters=parameters,
            incremental=base is not None,
            newly_uploaded=copied.newly_uploaded,
            reuploaded=copied.reuploaded,
            blocks=tuple(blocks),
        )

    def _unstored(self, request: BackupRequest) -> BackupResult:
        """The result that is reported for a backup that a fault keeps out of the store."""
        stub = StoredBackup(request.backup, request.volume, compression=request.compression)
        volume = StoredVolume(
            request.volume, request.size, request.labels, request.snapshot_created, "", "", 0, last_modified=None
        )
        return BackupResult(self._finished(request, stub, None, Copied()), volume)

    async def _record(self, layout: VolumeLayout, request: BackupRequest, new_blocks: int) -> StoredVolume:
        """Bring volume.cfg up to date after a backup."""
        known = await self._load_volume(layout)
        volume = replace(
            known,
            size=self._decisions.recorded_volume_size(request),
            labels=dict(request.labels),
            last_backup=request.backup,
            last_backup_at=request.snapshot_created,
            block_count=known.block_count + new_blocks,
            backing_image=request.backing_image,
            backing_image_checksum=request.backing_image_checksum,
            storage_class=request.storage_class,
        )
        written = await self._put(layout.volume, documents.dump_volume(volume, self._version))
        return replace(volume, last_modified=written.last_modified)

    async def _collect(
        self, layout: VolumeLayout, names: list[str], remaining: list[StoredBackup], deleted: str
    ) -> int:
        """Remove the blocks that no backup needs, unless a new backup appears; returns how many are left."""
        used = {block.checksum for each in self._decisions.counted_backups(remaining) for block in each.blocks}
        objects = (await self._bucket.list(layout.blocks)).objects
        present = {checksum for found in objects if (checksum := block_checksum(found.key)) is not None}
        unused = self._decisions.unused_blocks(present, used, deleted)
        if set(await self._backups(layout)) - set(names):
            return len(present)
        for name in sorted(unused):
            await self._bucket.delete(layout.block(name))
        return len(present - unused)
