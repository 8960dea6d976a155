"""A CSI driver behind a socket on which calls are slow, fail, or lose their answer."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from simulator.csi.protocol import (
    Code,
    CreateSnapshotRequest,
    CreateVolumeRequest,
    CsiError,
    CsiSnapshot,
    CsiVolume,
    Driver,
    VolumeCapability,
)
from simulator.disturbances.catalogue import RPC_ANSWER_LOST, RPC_UNAVAILABLE, SLOW_RPC
from simulator.disturbances.chance import Chance
from simulator.kubernetes.timing import WORKING

T = TypeVar("T")

UNAVAILABLE = (
    'connection error: desc = "transport: Error while dialing: dial unix /csi/csi.sock: connect: connection refused"'
)
DEADLINE = "context deadline exceeded"


class RemoteDriver:
    """Another driver, reached over such a socket. Every call may raise CsiError, and may be repeated."""

    def __init__(self, driver: Driver, chance: Chance) -> None:
        self._driver = driver
        self._chance = chance
        self._served: set[asyncio.Task[Any]] = set()

    @property
    def name(self) -> str:
        """The driver's name."""
        return self._driver.name

    @property
    def controller_capabilities(self) -> frozenset[str]:
        """The driver's."""
        return self._driver.controller_capabilities

    async def create_volume(self, request: CreateVolumeRequest) -> CsiVolume:
        """Make a volume."""
        return await self._call(lambda: self._driver.create_volume(request))

    async def delete_volume(self, volume_id: str) -> None:
        """Delete a volume."""
        await self._call(lambda: self._driver.delete_volume(volume_id))

    async def controller_publish_volume(self, volume_id: str, node_id: str) -> None:
        """Attach."""
        await self._call(lambda: self._driver.controller_publish_volume(volume_id, node_id))

    async def controller_unpublish_volume(self, volume_id: str, node_id: str) -> None:
        """Detach."""
        await self._call(lambda: self._driver.controller_unpublish_volume(volume_id, node_id))

    async def controller_expand_volume(self, volume_id: str, required_bytes: int) -> int:
        """Make larger; the new capacity in bytes."""
        return await self._call(lambda: self._driver.controller_expand_volume(volume_id, required_bytes))

    async def create_snapshot(self, request: CreateSnapshotRequest) -> CsiSnapshot:
        """Make a snapshot, or ask how it goes."""
        return await self._call(lambda: self._driver.create_snapshot(request))

    async def delete_snapshot(self, snapshot_id: str) -> None:
        """Delete a snapshot."""
        await self._call(lambda: self._driver.delete_snapshot(snapshot_id))

    async def node_stage_volume(self, volume_id: str, capability: VolumeCapability) -> None:
        """Make ready on the node."""
        await self._call(lambda: self._driver.node_stage_volume(volume_id, capability))

    async def node_publish_volume(self, volume_id: str, target: Path, capability: VolumeCapability) -> None:
        """Put in place for a pod."""
        await self._call(lambda: self._driver.node_publish_volume(volume_id, target, capability))

    async def node_unpublish_volume(self, volume_id: str, target: Path) -> None:
        """Take away from a pod."""
        await self._call(lambda: self._driver.node_unpublish_volume(volume_id, target))

    async def node_unstage_volume(self, volume_id: str) -> None:
        """Flush."""
        await self._call(lambda: self._driver.node_unstage_volume(volume_id))

    async def _call(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Make a call as from another process: it continues even if the caller ends."""
        if self._chance.happens(RPC_UNAVAILABLE):
            raise CsiError(Code.UNAVAILABLE, UNAVAILABLE)
        await asyncio.sleep(self._chance.seconds(SLOW_RPC))
        serving = asyncio.create_task(_served(call))
        self._served.add(serving)
        serving.add_done_callback(self._forget)
        answer = await asyncio.shield(serving)
        if self._chance.happens(RPC_ANSWER_LOST):
            raise CsiError(Code.DEADLINE_EXCEEDED, DEADLINE)
        return answer

    def _forget(self, serving: asyncio.Task[Any]) -> None:
        """Errors were raised to the caller, if it still exists."""
        self._served.discard(serving)
        if not serving.cancelled():
            serving.exception()


async def _served(call: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """In the driver's process there is no controller of the caller's."""
    WORKING.set("")
    return await call()
