"""The snapshot-controller: binds VolumeSnapshots and VolumeSnapshotContents, and deletes them.

Follows external-snapshotter 8.6.0. It knows no driver; the csi-snapshotter sidecar calls the driver.
"""

from collections.abc import Iterable

from simulator.csi import names
from simulator.csi.decisions import CsiDecisions
from simulator.csi.deletion_policy import counting_policy
from simulator.csi.snapshot_binding import Binding
from simulator.csi.snapshot_classes import ClassChoice, ClassMissing
from simulator.csi.snapshot_status import Failed, SnapshotStatus
from simulator.kubernetes import delays, objects
from simulator.kubernetes.api import Api, Change
from simulator.kubernetes.controller import Controller, Key
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.names import CLAIMS
from simulator.kubernetes.resources import Obj

MANAGER = "snapshot-controller"


class SnapshotController:
    """Two work queues, one of VolumeSnapshots and one of contents."""

    def __init__(self, api: Api, decisions: CsiDecisions) -> None:
        self._api = api
        self._decisions = decisions
        self._events = EventRecorder(api, MANAGER)
        self._status = SnapshotStatus(api, decisions, self._events)
        self._classes = ClassChoice(api, decisions, self._status)
        self._binding = Binding(api, decisions, self._events, self._status)
        self._snapshots = Controller(api, api.clock, f"{MANAGER}-snapshots", self._sync_snapshot, expected=(Failed,))
        self._snapshots.watch(names.SNAPSHOTS)
        self._snapshots.watch(names.CONTENTS, _snapshot_of_deleted_content)
        self._contents = Controller(api, api.clock, f"{MANAGER}-contents", self._sync_content)
        self._contents.watch(names.CONTENTS)
        self.controllers = (self._snapshots, self._contents)

    async def _sync_snapshot(self, key: Key) -> None:
        namespace, name = key
        snapshot = self._api.find(names.SNAPSHOTS, name, namespace)
        if snapshot is None:
            return
        await self._api.clock.sleep(delays.CALL)
        try:
            snapshot = self._classes.settle(snapshot)
        except ClassMissing:
            if not objects.is_deleting(snapshot) or not self._decisions.deletes_without_class(snapshot):
                raise
        self._release_claim(snapshot, without=None)
        if objects.is_deleting(snapshot):
            await self._take_apart(snapshot)
            return
        self._refuse_unclear_source(snapshot)
        content = self._binding.content_of(snapshot)
        snapshot = await self._add_finalizers(snapshot, content)
        status = objects.status(snapshot)
        if status.get("readyToUse") is True and status.get("boundVolumeSnapshotContentName"):
            self._check_ready(snapshot)
        else:
            await self._binding.advance(snapshot)

    def _refuse_unclear_source(self, snapshot: Obj) -> None:
        source = snapshot["spec"]["source"]
        if ("persistentVolumeClaimName" in source) == ("volumeSnapshotContentName" in source):
            text = "Exactly one of PersistentVolumeClaimName and VolumeSnapshotContentName should be specified"
            self._status.fail(snapshot, "SnapshotValidationError", text)

    async def _add_finalizers(self, snapshot: Obj, content: Obj | None) -> Obj:
        wanted = [names.SNAPSHOT_AS_SOURCE]
        bound = objects.status(snapshot).get("boundVolumeSnapshotContentName")
        if bound and content is not None and content["spec"]["deletionPolicy"] == "Delete":
            wanted.append(names.SNAPSHOT_BOUND)
        if set(wanted) <= set(objects.finalizers(snapshot)):
            return snapshot
        await self._api.clock.sleep(delays.CALL)
        objects.add_finalizers(self._api, names.SNAPSHOTS, snapshot, wanted, manager=MANAGER)
        return snapshot

    def _check_ready(self, snapshot: Obj) -> None:
        content = self._api.find(names.CONTENTS, objects.status(snapshot)["boundVolumeSnapshotContentName"])
        if content is None:
            self._status.fail(snapshot, "SnapshotContentMissing", "VolumeSnapshotContent is missing")
        elif not _points_back(content, snapshot):
            text = "VolumeSnapshotContent is not bound to the VolumeSnapshot correctly"
            self._status.fail(snapshot, "SnapshotMisbound", text)
        elif not self._decisions.stays_ready(snapshot):
            self._status.fail(snapshot, "SnapshotNotReady", "Snapshot is not ready any more")

    # Deletion

    async def _take_apart(self, snapshot: Obj) -> None:
        content = self._bound_content(snapshot)
        goes = content is not None and self._decisions.deletes_content(
            counting_policy(self._api, self._decisions, content)
        )
        if not {names.SNAPSHOT_AS_SOURCE, names.SNAPSHOT_BOUND} & set(objects.finalizers(snapshot)):
            return
        if content is not None:
            self._refuse_while_restoring(snapshot)
            objects.annotate(self._api, names.CONTENTS, content, {names.BEING_DELETED: "yes"}, manager=MANAGER)
            await self._api.clock.sleep(delays.CALL)
            if goes and not objects.is_deleting(content):
                self._api.delete(names.CONTENTS, content["metadata"]["name"], uid=content["metadata"]["uid"])
                await self._api.clock.sleep(delays.CALL)
        self._release_claim(snapshot, without=snapshot)
        removed = [names.SNAPSHOT_AS_SOURCE] if goes else [names.SNAPSHOT_AS_SOURCE, names.SNAPSHOT_BOUND]
        removed = list(self._decisions.finalizers_to_remove(snapshot, removed))
        objects.remove_finalizers(self._api, names.SNAPSHOTS, snapshot, removed, manager=MANAGER)

    def _bound_content(self, snapshot: Obj) -> Obj | None:
        """The content of a VolumeSnapshot that is being deleted, if it points back."""
        name = objects.status(snapshot).get("boundVolumeSnapshotContentName")
        if not name and "persistentVolumeClaimName" in snapshot["spec"]["source"]:
            name = self._decisions.content_name(snapshot)
        content = self._api.find(names.CONTENTS, name) if name else None
        return content if content is not None and _points_back(content, snapshot) else None

    def _refuse_while_restoring(self, snapshot: Obj) -> None:
        namespace, name = objects.key_of(snapshot)
        if any(_waits_for(claim, name) for claim in self._api.list(CLAIMS, namespace)):
            text = "Snapshot is being used to restore a PVC"
            self._events.record(snapshot, "Warning", "SnapshotDeletePending", text)
            raise Failed(text)

    def _release_claim(self, snapshot: Obj, without: Obj | None) -> None:
        """Release the source claim when no snapshot (except `without`) needs it any longer."""
        namespace, _ = objects.key_of(snapshot)
        name = snapshot["spec"]["source"].get("persistentVolumeClaimName", "")
        claim = self._api.find(CLAIMS, name, namespace) if name else None
        if claim is None or names.CLAIM_AS_SOURCE not in objects.finalizers(claim):
            return
        skipped = without["metadata"]["uid"] if without is not None else ""
        needed = any(
            objects.status(other).get("readyToUse") is not True
            for other in self._api.view(names.SNAPSHOTS, namespace)
            if other["spec"]["source"].get("persistentVolumeClaimName") == name and other["metadata"]["uid"] != skipped
        )
        if not needed and self._decisions.releases_claim(claim):
            objects.remove_finalizers(self._api, CLAIMS, claim, [names.CLAIM_AS_SOURCE], manager=MANAGER)

    # Contents

    async def _sync_content(self, key: Key) -> None:
        content = self._api.find(names.CONTENTS, key[1])
        if content is None:
            return
        reference = content["spec"]["volumeSnapshotRef"]
        if not reference.get("uid"):
            return
        held = names.CONTENT_BOUND in objects.finalizers(content)
        if not held and not objects.is_deleting(content):
            await self._api.clock.sleep(delays.CALL)
            objects.add_finalizers(self._api, names.CONTENTS, content, [names.CONTENT_BOUND], manager=MANAGER)
            return
        self._snapshots.enqueue(_referred_to(content))


def _snapshot_of_deleted_content(change: Change) -> Iterable[Key]:
    """The VolumeSnapshot of a deleted content; other changes reach it through the content's own queue."""
    return [_referred_to(change.object)] if change.type == "DELETED" else []


def _referred_to(content: Obj) -> Key:
    """The VolumeSnapshot in a content's reference, of which CRDs before 8.0 let a part be absent."""
    reference = content["spec"]["volumeSnapshotRef"]
    return reference.get("namespace", ""), reference.get("name", "")


def _points_back(content: Obj, snapshot: Obj) -> bool:
    reference, metadata = content["spec"]["volumeSnapshotRef"], snapshot["metadata"]
    expected = (metadata["uid"], metadata["name"], metadata["namespace"])
    return (reference.get("uid"), reference.get("name"), reference.get("namespace")) == expected


def _waits_for(claim: Obj, snapshot: str) -> bool:
    source = claim["spec"].get("dataSource") or {}
    return (
        objects.status(claim).get("phase") == "Pending"
        and source.get("kind") == "VolumeSnapshot"
        and source.get("apiGroup") == names.SNAPSHOT_GROUP
        and source.get("name") == snapshot
    )
