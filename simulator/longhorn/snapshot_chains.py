"""A volume's chain of snapshots: layers on the disk, and the Snapshot objects that are published about them."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext

from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.resources import Obj
from simulator.longhorn import names, objects
from simulator.longhorn.disk import Disk, Layer
from simulator.longhorn.engine_work import to_end
from simulator.longhorn.version import Version

Paused = Callable[[str], AbstractAsyncContextManager[None]]
"""Stops the pods that write into a volume for as long as its context lasts."""


class SnapshotChains:
    """The snapshots of engines, and the poll by which the manager learns of them."""

    def __init__(self, api: Api, disk: Disk, version: Version) -> None:
        self._api = api
        self._disk = disk
        self._version = version
        self.paused: Paused = lambda _: nullcontext()
        self._labels: dict[str, Mapping[str, str]] = {}
        self._requested: dict[str, str] = {}

    async def take(
        self, volume: str, snapshot: str, labels: Mapping[str, str] | None = None, *, requested: str = ""
    ) -> None:
        """Take a snapshot: what the volume holds at one moment. With `labels` the engine knows whom it is for.

        `requested` is when a Snapshot object asked for it.
        """
        if labels:
            self._labels[snapshot] = labels
        if requested:
            self._requested[snapshot] = requested
        async with self.paused(volume):
            await to_end(self._disk.take_snapshot, volume, snapshot)

    async def remove(self, volume: str, snapshot: str) -> None:
        """Merge a snapshot into the one after it."""
        await to_end(self._disk.remove_snapshot, volume, snapshot)

    async def publish(self, volume: str) -> None:
        """Bring the objects up to date with the disk."""
        if not self._disk.exists(volume):
            return
        size = await to_end(self._disk.actual_size, volume)
        if not self._disk.exists(volume) or objects.find(self._api, names.VOLUMES, volume) is None:
            return
        objects.set_status(self._api, names.VOLUMES, volume, actualSize=size)
        for layer in self._disk.snapshots(volume):
            self._publish_layer(volume, layer)

    def layers(self, volume: str) -> list[str]:
        """The names of the volume's snapshots, the oldest first."""
        return [layer.name for layer in self._disk.snapshots(volume)] if self._disk.exists(volume) else []

    def is_parent_of_head(self, volume: str, snapshot: str) -> bool:
        """Whether nothing lies between the snapshot and the live data."""
        return self.layers(volume)[-1:] == [snapshot]

    def _publish_layer(self, volume: str, layer: Layer) -> None:
        found = objects.find(self._api, names.SNAPSHOTS, layer.name)
        if found is None:
            found = self._adopt(volume, layer.name)
        if found is None or found["spec"]["volume"] != volume:
            return
        before = found["status"]
        labels = self._labels.get(layer.name)
        taken = layer.created.strftime("%Y-%m-%dT%H:%M:%SZ") if labels else self._requested.get(layer.name, "")
        by_user = bool(found["spec"].get("createSnapshot") or labels)
        status: Obj = {
            "checksum": "",
            "children": dict.fromkeys(layer.children or (names.HEAD,), True),
            "creationTime": taken if by_user else "",
            "labels": labels or found["spec"].get("labels") or {},
            "markRemoved": bool(before.get("markRemoved")),
            "ownerID": "",
            "parent": layer.parent or "",
            "readyToUse": not before.get("markRemoved") and not objects.is_deleted(found),
            "requestedTime": taken,
            "restoreSize": layer.volume_size,
            "size": layer.size_bytes,
            "userCreated": by_user,
        }
        if objects.is_deleted(found) and before.get("error"):
            status["error"] = before["error"]
        status = self._version.fields(status)
        self._api.update_status(names.SNAPSHOTS, {**found, "status": status}, manager=objects.MANAGER)

    def _adopt(self, volume: str, name: str) -> Obj | None:
        """Make the object of a snapshot that Longhorn took by itself; a name that is taken elsewhere stays there."""
        spec = {"createSnapshot": False, "labels": None, "volume": volume}
        try:
            objects.create(self._api, names.SNAPSHOTS, name, spec)
        except ApiError:
            return None
        return objects.find(self._api, names.SNAPSHOTS, name)
