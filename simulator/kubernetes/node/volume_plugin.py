"""How the kubelet mounts the volumes of a driver, whatever protocol the driver speaks."""

from pathlib import Path
from typing import Protocol

from simulator.kubernetes.resources import Obj


class MountError(Exception):
    """A volume that cannot be mounted or unmounted now; the kubelet retries."""


class VolumePlugin(Protocol):
    """Mounts PersistentVolumes. Every call may raise MountError, and may be repeated."""

    async def mount_device(self, volume: Obj) -> None:
        """Make the volume ready on the node, before the first pod uses it."""

    async def set_up(self, volume: Obj, target: Path) -> None:
        """Put the volume at `target`: a link to the device file (Block) or to a directory with its files."""

    async def tear_down(self, volume: Obj, target: Path) -> None:
        """Take the volume away from `target`."""

    async def unmount_device(self, volume: Obj) -> None:
        """Flush the volume, after its last pod on the node."""
