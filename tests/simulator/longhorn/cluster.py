"""A simulated Longhorn without snapshot controllers: tests call its driver and look at its objects."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from simulator import longhorn
from simulator.clock import Clock
from simulator.csi import crds
from simulator.csi.protocol import (
    Code,
    CreateSnapshotRequest,
    CreateVolumeRequest,
    CsiError,
    CsiSnapshot,
    CsiVolume,
    VolumeCapability,
)
from simulator.kubernetes.api import Api
from simulator.kubernetes.controllers.lifecycle import lifecycle_controllers
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.timing import Timing
from simulator.longhorn import BackingImageDecisions, BackupstoreDecisions, Longhorn, LonghornDecisions, Version
from simulator.longhorn.wait_for_objects import until
from tests.simulator.longhorn.memory_s3 import MemoryS3

MEBIBYTE = 1 << 20
NODE = "simulator-control-plane"
BLOCK = VolumeCapability("SINGLE_NODE_WRITER", block=True)
PATIENCE = 10.0


@dataclass
class Cluster:
    """The parts that a test needs."""

    api: Api
    storage: Longhorn
    images_directory: Path
    s3: MemoryS3
    decisions: LonghornDecisions
    images: BackingImageDecisions
    hosts: dict[tuple[str, int], tuple[str, int]]
    changes: list[tuple[str, Obj]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.driver = self.storage.driver
        self.api.subscribe("", lambda change: self.changes.append((change.type, change.object)))

    def get(self, plural: str, name: str) -> Obj:
        return self.api.get(f"{plural}.longhorn.io", name, "longhorn-system")

    def find(self, plural: str, name: str) -> Obj | None:
        return self.api.find(f"{plural}.longhorn.io", name, "longhorn-system")

    def status(self, plural: str, name: str) -> Obj:
        """The status of an object; {} as long as it has none."""
        return self.get(plural, name).get("status") or {}

    def all(self, plural: str) -> list[Obj]:
        return self.api.list(f"{plural}.longhorn.io", "longhorn-system")

    def delete(self, plural: str, name: str) -> None:
        self.api.delete(f"{plural}.longhorn.io", name, "longhorn-system")

    def patch(self, plural: str, name: str, change: Obj, subresource: str = "") -> None:
        self.api.patch(f"{plural}.longhorn.io", name, "longhorn-system", change, subresource=subresource)

    def history(self, kind: str, name: str) -> list[Obj]:
        """The revisions of an object, the deletion excepted."""
        return [
            obj
            for change, obj in self.changes
            if change != "DELETED" and obj["kind"] == kind and obj["metadata"]["name"] == name
        ]

    def statuses(self, kind: str, name: str) -> list[Obj]:
        """The status in each revision of an object; {} where it had none."""
        return [revision.get("status") or {} for revision in self.history(kind, name)]

    def tickets(self) -> list[set[str]]:
        """Who wanted the volume `vol`, at each write of its attachment."""
        attachments = self.history("VolumeAttachment", "vol")
        return [set(each["spec"].get("attachmentTickets", {})) for each in attachments]

    def events(self, name: str) -> list[tuple[str, str]]:
        """Reason and text of the events about an object, in order."""
        about = [e for e in self.api.list("events", "longhorn-system") if e["involvedObject"]["name"] == name]
        about.sort(key=lambda event: event["metadata"]["name"])
        return [(event["reason"], event["message"]) for event in about]

    async def volume(self, name: str = "vol", size: int = 16 * MEBIBYTE, **request: Any) -> CsiVolume:
        parameters = request.pop("parameters", {"numberOfReplicas": "1"})
        return await self.driver.create_volume(CreateVolumeRequest(name, size, parameters, (BLOCK,), **request))

    async def attached_volume(self, name: str = "vol", size: int = 16 * MEBIBYTE, **request: Any) -> CsiVolume:
        volume = await self.volume(name, size, **request)
        await self.attach(name)
        return volume

    async def attach(self, name: str = "vol") -> None:
        await self.driver.controller_publish_volume(name, NODE)

    async def written_volume(self, offset: int = 0) -> None:
        """An attached volume `vol` with one written mebibyte."""
        await self.attached_volume()
        self.write(b"A" * MEBIBYTE, offset)

    async def detach(self, name: str = "vol") -> None:
        await self.driver.controller_unpublish_volume(name, NODE)

    def write(self, data: bytes, offset: int = 0, volume: str = "vol") -> None:
        self.storage.disk.write(volume, offset, data)

    def content(self, volume: str = "vol") -> bytes:
        return self.storage.disk.device(volume).read_bytes()

    async def snapshot(self, name: str = "snapshot-1", volume: str = "vol", **parameters: str) -> CsiSnapshot:
        return await self.driver.create_snapshot(CreateSnapshotRequest(name, volume, parameters))

    async def until(self, plural: str, look: Callable[[], Any]) -> Any:
        """What `look` finds after some change of that kind; fails after a while."""
        resource = f"{plural}.longhorn.io"
        found = await until(self.api, [resource], lambda: look() or None, PATIENCE)
        assert found is not None, self.all(plural)
        return found

    async def until_gone(self, plural: str, name: str = "") -> None:
        """Wait until an object, or all of a kind, is gone."""
        await self.until(plural, lambda: self.find(plural, name) is None if name else not self.all(plural))

    async def until_detached(self, volume: str = "vol") -> None:
        await self.until("volumes", lambda: self.status("volumes", volume).get("state") == "detached")

    async def finished_backup(self, name: str = "snapshot-1", volume: str = "vol", **parameters: str) -> CsiSnapshot:
        """A backup that is complete and listed, as the driver then reports it."""
        await self.until_listed(name_of((await self.snapshot(name, volume, **parameters)).snapshot_id))
        return await self.snapshot(name, volume, **parameters)

    async def until_listed(self, backup: str) -> None:
        """Wait until a backup is complete and belongs to a backup volume."""
        await self.until("backups", lambda: self.get("backups", backup)["metadata"].get("ownerReferences"))

    async def restored(self, volume: str, handle: str) -> CsiVolume:
        """A volume from a backup: its data are there and it is free again."""
        made = await self.volume(volume, source_snapshot_id=handle)
        await self.until_restored(volume)
        return made

    async def until_restored(self, volume: str) -> None:
        """Wait until the data of a restored volume are there and it is free again."""

        def free() -> bool:
            status = self.status("volumes", volume)
            return status.get("state") == "detached" and not status["restoreRequired"] and status["restoreInitiated"]

        await self.until("volumes", free)


def name_of(handle: str) -> str:
    """The name of the backup, or snapshot, that a handle ends with."""
    return handle.rpartition("/")[2]


@contextmanager
def refused(code: Code, text: str = "") -> Iterator[pytest.ExceptionInfo[CsiError]]:
    """Demand that a call of the driver is refused with a code and a description that has a text in it."""
    with pytest.raises(CsiError) as refusal:
        yield refusal
    assert refusal.value.code is code
    assert text in refusal.value.description


@asynccontextmanager
async def running(tmp_path: Path, version: str = "1.12.1", timing: Timing | None = None) -> AsyncIterator[Cluster]:
    """A running Longhorn of that version with a backup target."""
    clock = Clock(0.0005)
    api = Api(clock, timing=timing or Timing())
    crds.register(api)
    known = Version.parse(version)
    longhorn.register(api, known)
    s3, decisions = MemoryS3(), LonghornDecisions(known)
    images = BackingImageDecisions(known)
    hosts: dict[tuple[str, int], tuple[str, int]] = {}
    stores = BackupstoreDecisions()
    storage = Longhorn(api, clock, decisions, images, stores, s3, lambda: hosts, tmp_path / "disks", known)
    storage.install(target_url="s3://backups@us-east-1/", credentials={"AWS_ENDPOINTS": "http://s3"})
    api.create("nodes", {"metadata": {"name": NODE}})
    parts = [storage, *lifecycle_controllers(api, clock)]
    running = [asyncio.create_task(part.run()) for part in parts]
    try:
        yield Cluster(api, storage, tmp_path / "disks" / "backing-images", s3, decisions, images, hosts)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
