"""The life of a Snapshot object: taken in the engine, known some seconds later, deleted or marked as removed."""

from collections.abc import Iterable
from dataclasses import dataclass

from simulator.clock import Clock
from simulator.kubernetes.api import Api
from simulator.kubernetes.controller import Controller, Key
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.store import Change
from simulator.longhorn import attachments, names, objects
from simulator.longhorn.attachments import Attachments
from simulator.longhorn.decisions import LonghornDecisions
from simulator.longhorn.engine_polls import EnginePolls
from simulator.longhorn.snapshot_chains import SnapshotChains

DELETION = 0.1
"""Seconds that the engine takes to begin with the deletion of a snapshot."""

UNKNOWN: Obj = {
    **dict.fromkeys(("checksum", "creationTime", "ownerID", "parent", "requestedTime"), ""),
    **dict.fromkeys(("markRemoved", "readyToUse", "userCreated"), False),
    **dict.fromkeys(("restoreSize", "size"), 0),
    **dict.fromkeys(("children", "labels"), None),
}
"""The status of a snapshot that the engine was not yet seen to have."""


@dataclass(eq=False)
class Snapshots:
    """Takes and removes snapshots."""

    _api: Api
    _clock: Clock
    _decisions: LonghornDecisions
    _tickets: Attachments
    _chains: SnapshotChains
    _polls: EnginePolls
    _image: str

    def __post_init__(self) -> None:
        self._events = EventRecorder(self._api, "longhorn-snapshot-controller")
        self.controller = Controller(self._api, self._clock, "longhorn-snapshot-controller", self._reconcile)
        self.controller.watch(names.SNAPSHOTS)
        self.controller.watch(names.VOLUMES, self._waiting)
        self.controller.watch(names.ATTACHMENTS, _ticketed)

    def _waiting(self, change: Change) -> Iterable[Key]:
        """The snapshots that a change of their volume may set going."""
        now, before = change.object.get("status") or {}, (change.old or {}).get("status") or {}
        if change.type == "MODIFIED" and now.get("state") == before.get("state"):
            return []
        volume = change.object["metadata"]["name"]
        return objects.keys(
            self._api,
            names.SNAPSHOTS,
            lambda each: objects.is_deleted(each) or not (each.get("status") or {}).get("readyToUse"),
            f"{names.VOLUME_LABEL}={volume}",
        )

    async def _reconcile(self, key: Key) -> None:
        snapshot = objects.find(self._api, names.SNAPSHOTS, key[1])
        if snapshot is None:
            self._tickets.remove_everywhere(_ticket(key[1]))
            return
        volume = objects.find(self._api, names.VOLUMES, snapshot["spec"]["volume"])
        if objects.is_deleted(snapshot):
            await self._delete(snapshot, volume)
        elif volume is not None and not objects.is_deleted(volume) and snapshot["spec"].get("createSnapshot"):
            await self._take(snapshot, volume)

    async def _take(self, snapshot: Obj, volume: Obj) -> None:
        name, of = snapshot["metadata"]["name"], volume["metadata"]["name"]
        status = snapshot["status"]
        if status.get("readyToUse") or status.get("markRemoved"):
            self._conclude(of, name)
            return
        self._tickets.add(of, _ticket(name), "snapshot-controller", attachments.ANY)
        if not self._tickets.is_satisfied(of, _ticket(name)):
            if volume["status"].get("state") != "attached" and not status.get("error"):
                engine = f"the volume engine {names.engine_of(of)} is not running"
                text = f"failed to take snapshot because {engine}. Waiting for the volume to be attached"
                self._fail(snapshot, text)
            return
        if name not in self._chains.layers(of):
            empty = next((key for key, value in (snapshot["spec"].get("labels") or {}).items() if not value), None)
            if empty is not None:
                text = f"failed to snapshot volume: invalid empty value for label with key {empty}"
                self._fail(snapshot, f"proxyServer=10.244.0.24:8501 destination=10.244.0.24:10000: {text}")
                return
            requested = self._decisions.engine_time(self._clock.timestamp())
            if self._decisions.version.has(12):
                known = {**UNKNOWN, **status, "requestedTime": requested}
                objects.set_status(self._api, names.SNAPSHOTS, name, **known)
            await self._chains.take(of, name, requested=requested)
        await self._polls.next(of)
        await self._chains.publish(of)
        self._events.record(snapshot, "Normal", "Create", "successfully provisioned the snapshot")
        self._events.record(snapshot, "Normal", "Update", "snapshot becomes ready to use")
        self._conclude(of, name)

    def _conclude(self, of: str, name: str) -> None:
        """The volume is no longer needed for the snapshot; what waited for that goes on."""
        if not self._tickets.remove(of, _ticket(name)):
            return
        for other in objects.of_volume(self._api, names.SNAPSHOTS, of):
            if objects.is_deleted(other):
                self.controller.enqueue((names.NAMESPACE, other["metadata"]["name"]))

    async def _delete(self, snapshot: Obj, volume: Obj | None) -> None:
        name = snapshot["metadata"]["name"]
        if names.FINALIZER not in snapshot["metadata"].get("finalizers", []):
            return
        if volume is None or objects.is_deleted(volume):
            objects.release(self._api, names.SNAPSHOTS, name)
            return
        of = volume["metadata"]["name"]
        if name not in self._chains.layers(of):
            await self._chains.publish(of)
            objects.release(self._api, names.SNAPSHOTS, name)
            self._tickets.remove(of, _ticket(name))
            return
        stays = self._chains.is_parent_of_head(of, name)
        attached = volume["status"].get("state") == "attached"
        if snapshot["status"].get("markRemoved") and (stays or not attached):
            self._tickets.remove(of, _ticket(name))
            return
        if not attached and not self._decisions.attaches_for_snapshot_deletion():
            if not snapshot["status"].get("error"):
                upgrade = f"volume engine {names.engine_of(of)} is upgrading from image  to {self._image}"
                self._fail(snapshot, f"snapshot deletion delayed: {upgrade}")
            return
        self._tickets.add(of, _ticket(name), "snapshot-controller", attachments.ANY)
        if not self._tickets.is_satisfied(of, _ticket(name)):
            return
        await self._clock.sleep(DELETION)
        if snapshot["status"].get("readyToUse"):
            objects.set_status(self._api, names.SNAPSHOTS, name, readyToUse=False)
            # From 1.11.2 on what a deletion brings is no warning.
            kind = "Normal" if self._decisions.version.has(11, 2) else "Warning"
            self._events.record(snapshot, kind, "Update", "snapshot becomes not ready to use")
        await self._polls.next(of)
        if stays:
            objects.set_status(self._api, names.SNAPSHOTS, name, markRemoved=True)
            self._events.record(snapshot, "Normal", "Delete", "snapshot is marked as removed")
        else:
            for merged in self._decisions.merged_snapshots(self._chains.layers(of), name):
                await self._chains.remove(of, merged)
            await self._chains.publish(of)
            objects.release(self._api, names.SNAPSHOTS, name)
        self._tickets.remove(of, _ticket(name))

    def _fail(self, snapshot: Obj, error: str) -> None:
        name = snapshot["metadata"]["name"]
        status = {**self._decisions.version.fields(UNKNOWN), **snapshot["status"], "error": error}
        objects.set_status(self._api, names.SNAPSHOTS, name, **status)
        self._events.record(snapshot, "Warning", "Failed", error)


def _ticket(snapshot: str) -> str:
    return f"snapshot-controller-{snapshot}"


def _ticketed(change: Change) -> Iterable[Key]:
    """The snapshots that a VolumeAttachment holds tickets of."""
    tickets = (change.object.get("spec") or {}).get("attachmentTickets") or {}
    prefix = _ticket("")
    return [(names.NAMESPACE, each.removeprefix(prefix)) for each in tickets if each.startswith(prefix)]
