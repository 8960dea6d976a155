"""The kubelet's plugin for CSI volumes: stages and publishes them through a driver."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulator.csi.protocol import CsiError, Driver, VolumeCapability
from simulator.kubernetes.node.volume_plugin import MountError
from simulator.kubernetes.resources import Obj


class CsiVolumePlugin:
    """`simulator.kubernetes.node.volume_plugin.VolumePlugin` for the volumes of one driver."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def mount_device(self, volume: Obj) -> None:
        """Stage. Raises MountError."""
        with _mount_errors():
            await self._driver.node_stage_volume(_handle(volume), _capability(volume))

    async def set_up(self, volume: Obj, target: Path) -> None:
        """Publish. Raises MountError."""
        with _mount_errors():
            await self._driver.node_publish_volume(_handle(volume), target, _capability(volume))

    async def tear_down(self, volume: Obj, target: Path) -> None:
        """Unpublish. Raises MountError."""
        with _mount_errors():
            await self._driver.node_unpublish_volume(_handle(volume), target)

    async def unmount_device(self, volume: Obj) -> None:
        """Unstage. Raises MountError."""
        with _mount_errors():
            await self._driver.node_unstage_volume(_handle(volume))


@contextmanager
def _mount_errors() -> Iterator[None]:
    try:
        yield
    except CsiError as error:
        raise MountError(str(error)) from error


def _handle(volume: Obj) -> str:
    return str(volume["spec"]["csi"]["volumeHandle"])


def _capability(volume: Obj) -> VolumeCapability:
    block = volume["spec"].get("volumeMode") == "Block"
    return VolumeCapability("SINGLE_NODE_WRITER", block, "" if block else volume["spec"]["csi"].get("fsType", ""))
