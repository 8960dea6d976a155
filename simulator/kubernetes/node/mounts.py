"""The volumes of one pod on the node: waited for, mounted by their plugin, and unmounted again."""

import asyncio
import shutil
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from simulator.clock import Clock
from simulator.kubernetes import delays, names, objects
from simulator.kubernetes.api import Api
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.node import files
from simulator.kubernetes.node.paths import Paths
from simulator.kubernetes.node.volume_plugin import MountError, VolumePlugin
from simulator.kubernetes.node.volumes_in_use import VolumesInUse
from simulator.kubernetes.objects import claims_of
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.wait_for_change import wait_for_change

FIRST_RETRY, LAST_RETRY = 0.5, 122.0


@dataclass
class NodeVolumes:
    """What all pods of the node share."""

    api: Api
    clock: Clock
    plugins: Mapping[str, VolumePlugin]
    in_use: VolumesInUse
    events: EventRecorder
    locks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))


@dataclass(frozen=True)
class Mounted:
    """A claim's volume as its plugin put it at `target`."""

    volume: Obj
    plugin: VolumePlugin
    target: Path

    @property
    def name(self) -> str:
        """The PersistentVolume's name."""
        return str(self.volume["metadata"]["name"])


class Mounts:
    """The volumes of one pod, below the pod's directory."""

    def __init__(self, node: NodeVolumes, pod: Obj, root: Path) -> None:
        self._node = node
        self._pod = pod
        self._uid: str = pod["metadata"]["uid"]
        self._root = root
        self._places: dict[str, Path] = {}
        self._mounted: list[Mounted] = []

    @property
    def handles(self) -> frozenset[str]:
        """The driver's names of the pod's volumes."""
        return frozenset(each.volume["spec"]["csi"]["volumeHandle"] for each in self._mounted)

    async def set_up(self) -> None:
        """Mount all volumes; failures are recorded as events and retried."""
        for volume in self._pod["spec"].get("volumes") or ():
            if "persistentVolumeClaim" not in volume:
                await self._retry(volume["name"], partial(self._set_up_files, volume))
        for name, claim_name in claims_of(self._pod).items():
            volume = await self._attached_volume(claim_name)
            await self._retry(volume["metadata"]["name"], partial(self._mount, volume, name))

    async def take_down(self) -> None:
        """Unmount all volumes; failures are recorded as events and retried."""
        for mounted in reversed(self._mounted):
            await self._retry(mounted.name, partial(self._unmount, mounted), "FailedUnMount", "UnmountVolume.TearDown")

    async def _unmount(self, mounted: Mounted) -> None:
        async with self._node.locks[mounted.name]:
            await mounted.plugin.tear_down(mounted.volume, mounted.target)
            if self._node.in_use.users(mounted.name) <= {self._uid}:
                await mounted.plugin.unmount_device(mounted.volume)

    async def report_unused(self) -> None:
        """Have the node report the volumes as no longer in use."""
        volumes = [mounted.name for mounted in self._mounted]
        self._mounted.clear()
        await asyncio.gather(*(self._node.in_use.unmount(volume, self._uid) for volume in volumes))

    def paths(self, container: Obj) -> Paths:
        """The container's mount and device paths with the files behind them."""
        real: dict[str, str] = {}
        for device in container.get("volumeDevices") or ():
            real[device["devicePath"]] = str(self._places[device["name"]])
        for mount in container.get("volumeMounts") or ():
            place = self._places[mount["name"]]
            if mount.get("subPath"):
                place = place / mount["subPath"]
                if not place.exists():
                    place.mkdir(parents=True)
            real[mount["mountPath"]] = str(place)
        return Paths(real)

    def remove(self) -> None:
        """Remove the pod's directory."""
        shutil.rmtree(self._root, ignore_errors=True)

    async def _retry(
        self,
        what: str,
        step: Callable[[], Awaitable[None]],
        reason: str = "FailedMount",
        action: str = "MountVolume.SetUp",
    ) -> None:
        pause = FIRST_RETRY
        while True:
            try:
                await step()
            except MountError as error:
                text = f'{action} failed for volume "{what}" : {error}'
                self._node.events.record(self._pod, "Warning", reason, text)
            else:
                return
            await self._node.clock.sleep(pause)
            pause = min(2 * pause, LAST_RETRY)

    async def _set_up_files(self, volume: Obj) -> None:
        directory = self._root / "volumes" / volume["name"]
        files.set_up(self._node.api, self._pod, volume, directory)
        self._places[volume["name"]] = directory

    async def _attached_volume(self, claim_name: str) -> Obj:
        """The PersistentVolume of a claim, once it is attached to the node."""
        namespace, _ = objects.key_of(self._pod)
        api, in_use = self._node.api, self._node.in_use
        with wait_for_change(api, names.CLAIMS, names.VOLUMES) as change:
            end = in_use.listen(change.set)
            try:
                while True:
                    claim = api.find(names.CLAIMS, claim_name, namespace)
                    volume = api.find(names.VOLUMES, claim["spec"].get("volumeName", "")) if claim else None
                    if volume is not None and in_use.is_attached(volume["metadata"]["name"]):
                        return volume
                    await change.wait()
            finally:
                end()

    async def _mount(self, volume: Obj, name: str) -> None:
        title, driver = volume["metadata"]["name"], volume["spec"]["csi"]["driver"]
        plugin = self._node.plugins.get(driver)
        if plugin is None:
            raise MountError(f"driver name {driver} not found in the list of registered CSI drivers")
        block = volume["spec"].get("volumeMode") == "Block"
        target = self._root / ("devices" if block else "volumes") / name
        target.parent.mkdir(parents=True, exist_ok=True)
        mounted = Mounted(volume, plugin, target)
        if mounted not in self._mounted:
            self._mounted.append(mounted)
        self._node.in_use.mount(title, self._uid)
        await self._node.clock.sleep(3 * delays.RECONCILER)
        async with self._node.locks[title]:
            await plugin.mount_device(volume)
            await plugin.set_up(volume, target)
        self._places[name] = target
        if block:
            self._record_mapped(title)

    def _record_mapped(self, title: str) -> None:
        plugins = f"/var/lib/kubelet/plugins/kubernetes.io/csi/volumeDevices/{title}/dev"
        pods = f"/var/lib/kubelet/pods/{self._uid}/volumeDevices/kubernetes.io~csi"
        for kind, path in (("globalMapPath", plugins), ("volumeMapPath", pods)):
            text = f'MapVolume.MapPodDevice succeeded for volume "{title}" {kind} "{path}"'
            self._node.events.record(self._pod, "Normal", "SuccessfulMountVolume", text)
