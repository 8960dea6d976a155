"""A volume, a bucket in memory and the backupstore between them, for tests of the backupstore."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from simulator.clock import Clock
from simulator.longhorn.backupstore import BackupRequest, Backupstore, BackupstoreDecisions
from simulator.longhorn.disk import Disk
from simulator.longhorn.version import NEWEST, Version
from tests.simulator.longhorn.memory_s3 import MemoryS3

MIB = 1 << 20
BLOCK = 2 * MIB
VOLUME = "pvc-b334ec5f-ab8f-4285-bffe-743b542ec494"
DIRECTORY = f"backupstore/volumes/ad/f9/{VOLUME}/"


class Bench:
    """A volume of 16 MiB, a bucket and the store between them."""

    def __init__(self, root: Path, version: str = NEWEST, prefix: str = "") -> None:
        self.disk = Disk(root)
        self.disk.create(VOLUME, 16 * MIB)
        self.bucket = MemoryS3()
        self.decisions = BackupstoreDecisions()
        self.store = Backupstore(self.bucket, prefix, Clock(0), self.decisions, Version.parse(version))
        self.progress: list[int] = []

    def write(self, offset: int, data: bytes) -> None:
        self.disk.write(VOLUME, offset, data)

    def request(self, number: int, **changes: Any) -> BackupRequest:
        request = BackupRequest(
            volume=VOLUME,
            snapshot=f"snapshot-{number}",
            backup=f"backup-{number:016x}",
            size=16 * MIB,
            snapshot_created=f"2026-01-01T00:00:0{number}Z",
            labels={"type": "bak", "VolumeRecurringJobInfo": "{}", "KubernetesStatus": '{"pvName":"<&>"}'},
            storage_class="longhorn",
        )
        return replace(request, **changes)

    async def back_up(self, number: int, data: bytes = b"", **changes: Any) -> None:
        """Back up the volume, after `data` were written to its beginning."""
        if data:
            self.write(0, data)
        request = self.request(number, **changes)
        if request.snapshot not in {layer.name for layer in self.disk.snapshots(VOLUME)}:
            self.disk.take_snapshot(VOLUME, request.snapshot)
        await self.store.create_backup(self.disk, request, self.progress.append)

    async def restore(self, number: int) -> bytes:
        """The bytes of a new volume that is restored from a backup."""
        self.disk.create("new", 16 * MIB)
        await self.store.restore(self.disk, "new", VOLUME, f"backup-{number:016x}", self.progress.append)
        return self.disk.read("new", None, 0, 16 * MIB)

    def put_document(self, key: str, document: dict[str, Any], age: timedelta = timedelta()) -> None:
        """Store a document below the volume's directory as if somebody had written it some time ago."""
        self.bucket.objects[DIRECTORY + key] = json.dumps(document).encode()
        self.bucket.modified[DIRECTORY + key] = datetime.now(UTC) - age

    def put_lock(self, name: str, kind: int, age: timedelta = timedelta()) -> None:
        self.put_document(f"locks/{name}.lck", {"Name": name, "Type": kind, "Acquired": True}, age)

    async def delete(self, number: int) -> None:
        await self.store.delete_backup(VOLUME, f"backup-{number:016x}")

    def cfg(self, number: int) -> dict[str, Any]:
        return self.bucket.document(f"{DIRECTORY}backups/backup_backup-{number:016x}.cfg")

    @property
    def volume_cfg(self) -> dict[str, Any]:
        return self.bucket.document(f"{DIRECTORY}volume.cfg")

    @property
    def stored_blocks(self) -> dict[str, bytes]:
        """The blocks in the bucket, by key."""
        return {key: data for key, data in self.bucket.objects.items() if key.endswith(".blk")}

    @property
    def blocks(self) -> set[str]:
        return {key.rpartition("/")[2].removesuffix(".blk") for key in self.stored_blocks}
