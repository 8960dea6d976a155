"""Exports of volumes: the snapshot that is exported, the volume's attachment during the export, and the bytes."""

import asyncio
import secrets
from dataclasses import dataclass
from pathlib import Path

from simulator.kubernetes.api import Api
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.resources import Obj
from simulator.longhorn import attachments, names, objects
from simulator.longhorn.attachments import Attachments
from simulator.longhorn.backing_images import image_data
from simulator.longhorn.backing_images.base_images import BaseImages
from simulator.longhorn.backing_images.decisions import EXPORT, BackingImageDecisions
from simulator.longhorn.disk import Disk
from simulator.longhorn.disk.extents import Extent
from simulator.longhorn.engine_work import to_end
from simulator.longhorn.snapshot_chains import SnapshotChains

SENDER = "10.244.0.24:10000"
CLIENT_TIMEOUT = "30"


@dataclass(eq=False)
class Exports:
    """Reads volumes for images."""

    _api: Api
    _decisions: BackingImageDecisions
    _disk: Disk
    _chains: SnapshotChains
    _tickets: Attachments
    _base_images: BaseImages

    def __post_init__(self) -> None:
        self._events = EventRecorder(self._api, "longhorn-snapshot-controller")
        self._taking = asyncio.Lock()

    async def take_now(self, volume: Obj, image: str) -> None:
        """Take the snapshot for an image at once, attached or not; a volume without its own image has to wait."""
        if self._base_images.is_missing(volume) and not await self._base_images.put_under(volume):
            return
        await self._take(volume["metadata"]["name"], image)

    async def _take(self, volume: str, image: str) -> str:
        """The snapshot of a volume that is made for an image, taken now unless there is one; its name."""
        async with self._taking:
            known = [each for each in self._chains.layers(volume) if each.startswith(f"{image}-")]
            if known:
                return known[0]
            snapshot = f"{image}-{secrets.token_hex(4)}"
            await self._chains.take(volume, snapshot, {names.EXPORTING_LABEL: image})
            return snapshot

    def volume_of(self, source: Obj) -> Obj | None:
        """The volume to export; None when it is gone."""
        wanted = source["spec"]["parameters"].get("volume-name", "")
        exported = self._decisions.exported_volume(wanted, self._api.view(names.VOLUMES, names.NAMESPACE))
        return objects.find(self._api, names.VOLUMES, exported)

    def is_of(self, source: Obj, volume: Obj) -> bool:
        """Whether that volume is the one to export."""
        if source["spec"]["sourceType"] != EXPORT:
            return False
        exported = self.volume_of(source)
        return exported is not None and exported["metadata"]["name"] == volume["metadata"]["name"]

    def is_possible(self, source: Obj, volume: Obj) -> bool:
        """Whether the volume can be read now; if not, its attachment is requested."""
        name = volume["metadata"]["name"]
        if self._decisions.attaches_for_export():
            self._tickets.add(name, _ticket(source["metadata"]["name"]), "bim-ds-controller", attachments.ANY)
        return objects.serves(volume)

    async def prepared(self, source: Obj, volume: Obj) -> dict[str, str]:
        """Take the snapshot, unless it was taken with the request; returns the parameters of the export."""
        of = volume["metadata"]["name"]
        snapshot = await self._take(of, source["metadata"]["name"])
        more = {"volume-size": str(volume["spec"]["size"]), "snapshot-name": snapshot, "sender-address": SENDER}
        more |= {"volume-name": of, "file-sync-http-client-timeout": CLIENT_TIMEOUT}
        return {**source["spec"]["parameters"], **more}

    async def publish(self, volume: str, image: str) -> None:
        """Have the snapshot known."""
        await self._chains.publish(volume)
        for each in objects.of_volume(self._api, names.SNAPSHOTS, volume):
            if each["metadata"]["name"].startswith(f"{image}-"):
                self._events.record(each, "Normal", "Update", "snapshot becomes ready to use")

    async def write(self, source: Obj, path: Path) -> None:
        """Write the image file. Raises DiskError when the volume or its snapshot is gone."""
        running = source["status"]["runningParameters"]
        volume = running["volume-name"]
        taken = self._decisions.exported_snapshot(running["snapshot-name"], self._chains.layers(volume))
        held = SnapshotData(self._disk, self._decisions, volume, taken)
        kind = self._decisions.exported_format(running.get("export-type") or "raw")
        await to_end(image_data.write_qcow2 if kind == "qcow2" else image_data.write_raw, path, held)

    def let_go(self, image: str) -> None:
        """No volume is needed for that image any longer."""
        self._tickets.remove_everywhere(_ticket(image))


class SnapshotData:
    """What a volume held at a snapshot."""

    def __init__(self, disk: Disk, decisions: BackingImageDecisions, volume: str, snapshot: str) -> None:
        self._disk = disk
        self._decisions = decisions
        self._volume = volume
        self._snapshot = snapshot
        sizes = {layer.name: layer.volume_size for layer in disk.snapshots(volume)}
        self.size = sizes.get(snapshot) or disk.size(volume)

    def extents(self) -> list[Extent]:
        """The ranges that were ever written, to the volume or to the image under it."""
        if self._decisions.merges_base_image():
            return self._disk.held(self._volume, self._snapshot)
        return self._disk.allocated(self._volume, self._snapshot)

    def read(self, offset: int, length: int) -> bytes:
        """The bytes there."""
        data = self._disk.read(self._volume, self._snapshot, offset, length)
        return self._decisions.exported_bytes(offset, data, lambda: self._before(offset, length))

    def _before(self, offset: int, length: int) -> bytes:
        """What the volume held there at the snapshot before; zeros without one."""
        parent = next(each.parent for each in self._disk.snapshots(self._volume) if each.name == self._snapshot)
        return self._disk.read(self._volume, parent, offset, length) if parent else bytes(length)


def _ticket(image: str) -> str:
    return f"bim-ds-controller-{image}"
