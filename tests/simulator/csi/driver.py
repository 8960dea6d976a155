"""A CSI driver that keeps its volumes as plain files, for tests."""

import asyncio
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from simulator.csi.protocol import (
    Code,
    CreateSnapshotRequest,
    CreateVolumeRequest,
    CsiError,
    CsiSnapshot,
    CsiVolume,
    VolumeCapability,
)

CAPABILITIES = frozenset(
    {"CREATE_DELETE_VOLUME", "PUBLISH_UNPUBLISH_VOLUME", "CREATE_DELETE_SNAPSHOT", "EXPAND_VOLUME"}
)
TAKEN = datetime(2026, 11, 21, 10, 12, 41, tzinfo=UTC)


@dataclass
class FakeDriver:
    """Records every call and succeeds, unless `fail` sets errors for a call."""

    root: Path
    name: str = "driver.example.com"
    controller_capabilities: frozenset[str] = CAPABILITIES
    calls: list[tuple[str, str]] = field(default_factory=list)
    errors: dict[str, list[CsiError]] = field(default_factory=dict)
    called: asyncio.Event = field(default_factory=asyncio.Event)
    looks_until_ready: int = 0
    """CreateSnapshot calls before a snapshot is ready."""

    snapshot_requests: list[CreateSnapshotRequest] = field(default_factory=list)
    volume_requests: list[CreateVolumeRequest] = field(default_factory=list)

    def fail(self, call: str, code: Code, text: str, times: int = 1) -> None:
        """Have the next `times` calls fail."""
        self.errors[call] = [CsiError(code, text)] * times

    def _called(self, call: str, what: str) -> None:
        self.calls.append((call, what))
        self.called.set()
        if self.errors.get(call):
            raise self.errors[call].pop(0)

    def _volume(self, volume_id: str) -> Path:
        return self.root / "volumes" / volume_id

    def _snapshot(self, snapshot_id: str) -> Path:
        return self.root / "snapshots" / snapshot_id.rpartition("/")[2]

    async def create_volume(self, request: CreateVolumeRequest) -> CsiVolume:
        self.volume_requests.append(request)
        self._called("create_volume", request.name)
        path = self._volume(request.name)
        path.mkdir(parents=True, exist_ok=True)
        if request.source_snapshot_id is not None:
            shutil.copytree(self._snapshot(request.source_snapshot_id), path, dirs_exist_ok=True)
        else:
            (path / "device").write_bytes(b"")
            (path / "files").mkdir()
        source = request.source_snapshot_id
        return CsiVolume(request.name, request.required_bytes, {"kind": "fake"}, source_snapshot_id=source)

    async def delete_volume(self, volume_id: str) -> None:
        self._called("delete_volume", volume_id)
        shutil.rmtree(self._volume(volume_id), ignore_errors=True)

    async def controller_publish_volume(self, volume_id: str, node_id: str) -> None:
        del node_id
        self._called("controller_publish_volume", volume_id)

    async def controller_unpublish_volume(self, volume_id: str, node_id: str) -> None:
        del node_id
        self._called("controller_unpublish_volume", volume_id)

    async def controller_expand_volume(self, volume_id: str, required_bytes: int) -> int:
        self._called("controller_expand_volume", volume_id)
        return required_bytes

    async def create_snapshot(self, request: CreateSnapshotRequest) -> CsiSnapshot:
        self.snapshot_requests.append(request)
        self._called("create_snapshot", request.name)
        path = self._snapshot(request.name)
        if not path.exists():
            shutil.copytree(self._volume(request.source_volume_id), path)
        ready = len(self.snapshot_requests) > self.looks_until_ready
        return CsiSnapshot(f"fake://{request.name}", request.source_volume_id, 33554432, TAKEN, ready)

    async def delete_snapshot(self, snapshot_id: str) -> None:
        self._called("delete_snapshot", snapshot_id)
        shutil.rmtree(self._snapshot(snapshot_id), ignore_errors=True)

    async def node_stage_volume(self, volume_id: str, capability: VolumeCapability) -> None:
        del capability
        self._called("node_stage_volume", volume_id)

    async def node_publish_volume(self, volume_id: str, target: Path, capability: VolumeCapability) -> None:
        self._called("node_publish_volume", volume_id)
        _link(target, self._volume(volume_id) / ("device" if capability.block else "files"))

    async def node_unpublish_volume(self, volume_id: str, target: Path) -> None:
        self._called("node_unpublish_volume", volume_id)
        _link(target, None)

    async def node_unstage_volume(self, volume_id: str) -> None:
        self._called("node_unstage_volume", volume_id)


def _link(target: Path, place: Path | None) -> None:
    target.unlink(missing_ok=True)
    if place is not None:
        target.symlink_to(place)
