"""The volumes of one pod on the node: waited for, published by the driver, set up, and taken down again."""

import asyncio
import shutil
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from simulator.clock import Clock
from simulator.csi import names, objects, pauses
from simulator.csi.changes import Changes
from simulator.csi.objects import Obj
from simulator.csi.pods import files
from simulator.csi.pods.claims import claims_of
from simulator.csi.pods.files import NotMountable
from simulator.csi.pods.in_use import VolumesInUse
from simulator.csi.pods.paths import Paths
from simulator.csi.protocol import CsiError, Driver, VolumeCapability
from simulator.kubernetes.api import Api
from simulator.kubernetes.events import EventRecorder

FIRST_RETRY, LAST_RETRY = 0.5, 122.0


@dataclass
class NodeVolumes:
    """What all pods of the node share."""

    api: Api
    clock: Clock
    drivers: Mapping[str, Driver]
    in_use: VolumesInUse
    events: EventRecorder
    locks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))


@dataclass(frozen=True)
class Published:
    """A claim's volume as the driver put it at `target`."""

    volume: str
    handle: str
    driver: Driver
    capability: VolumeCapability
    target: Path


class Mounts:
    """The volumes of one pod, below a directory of its own."""

    def __init__(self, node: NodeVolumes, pod: Obj, root: Path) -> None:
        self._node = node
        self._pod = pod
        self._uid: str = pod["metadata"]["uid"]
        self._root = root
        self._places: dict[str, Path] = {}
        self._published: list[Published] = []

    @property
    def handles(self) -> frozenset[str]:
        """The driver's names of the volumes that the pod has."""
        return frozenset(each.handle for each in self._published)

    async def set_up(self) -> None:
        """Have all volumes ready; what cannot be mounted is told and tried again until it can."""
        for volume in self._pod["spec"].get("volumes") or ():
            if "persistentVolumeClaim" not in volume:
                await self._retry(volume["name"], partial(self._set_up_files, volume))
        for name, claim_name in claims_of(self._pod).items():
            volume = await self._attached_volume(claim_name)
            await self._retry(volume["metadata"]["name"], partial(self._publish, volume, name))

    async def take_down(self) -> None:
        """Give all volumes back to the driver; what it refuses is tried again until it takes it."""
        for published in reversed(self._published):
            await self._retry(
                published.volume, partial(self._unpublish, published), "FailedUnMount", "UnmountVolume.TearDown"
            )

    async def _unpublish(self, published: Published) -> None:
        async with self._node.locks[published.volume]:
            await published.driver.node_unpublish_volume(published.handle, published.target)
            if self._node.in_use.users(published.volume) <= {self._uid}:
                await published.driver.node_unstage_volume(published.handle)

    async def report_unused(self) -> None:
        """Let the node say that the volumes are no longer in use."""
        volumes = [published.volume for published in self._published]
        self._published.clear()
        await asyncio.gather(*(self._node.in_use.unmount(volume, self._uid) for volume in volumes))

    def paths(self, container: Obj) -> Paths:
        """The container's mount and device paths with what stands behind them."""
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
            except (CsiError, NotMountable) as error:
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
        """The PersistentVolume of a claim, once the node knows it as attached."""
        namespace, _ = objects.key_of(self._pod)
        api, in_use = self._node.api, self._node.in_use
        with Changes(api, (names.CLAIMS, names.VOLUMES)) as changes:
            end = in_use.listen(lambda _: changes.poke())
            try:
                while True:
                    claim = api.find(names.CLAIMS, claim_name, namespace)
                    volume = api.find(names.VOLUMES, claim["spec"].get("volumeName", "")) if claim else None
                    if volume is not None and in_use.is_attached(volume["metadata"]["name"]):
                        return volume
                    await changes.next()
            finally:
                end()

    async def _publish(self, volume: Obj, name: str) -> None:
        title, csi = volume["metadata"]["name"], volume["spec"]["csi"]
        driver = self._node.drivers.get(csi["driver"])
        if driver is None:
            raise NotMountable(f"driver name {csi['driver']} not found in the list of registered CSI drivers")
        block = volume["spec"].get("volumeMode") == "Block"
        capability = VolumeCapability("SINGLE_NODE_WRITER", block, "" if block else csi.get("fsType", ""))
        target = self._root / ("devices" if block else "volumes") / name
        target.parent.mkdir(parents=True, exist_ok=True)
        published = Published(title, csi["volumeHandle"], driver, capability, target)
        if published not in self._published:
            self._published.append(published)
        self._node.in_use.mount(title, self._uid)
        await self._node.clock.sleep(3 * pauses.RECONCILER)
        async with self._node.locks[title]:
            await driver.node_stage_volume(csi["volumeHandle"], capability)
            await driver.node_publish_volume(csi["volumeHandle"], target, capability)
        self._places[name] = target
        if block:
            self._tell_mapped(title)

    def _tell_mapped(self, title: str) -> None:
        plugins = f"/var/lib/kubelet/plugins/kubernetes.io/csi/volumeDevices/{title}/dev"
        pods = f"/var/lib/kubelet/pods/{self._uid}/volumeDevices/kubernetes.io~csi"
        for kind, path in (("globalMapPath", plugins), ("volumeMapPath", pods)):
            text = f'MapVolume.MapPodDevice succeeded for volume "{title}" {kind} "{path}"'
            self._node.events.record(self._pod, "Normal", "SuccessfulMountVolume", text)
