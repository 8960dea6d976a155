"""How a VolumeSnapshot gets its content: created for a claim, or found if pre-provisioned."""

from dataclasses import dataclass

from simulator.csi import names
from simulator.csi.decisions import CsiDecisions
from simulator.csi.snapshot_classes import UNBOUND, class_not_found, volume_not_found
from simulator.csi.snapshot_secrets import secret_annotations
from simulator.csi.snapshot_status import MANAGER, Failed, SnapshotStatus
from simulator.kubernetes import delays, objects
from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.names import CLAIMS, VOLUMES
from simulator.kubernetes.objects import quoted
from simulator.kubernetes.resources import Obj


@dataclass(frozen=True)
class Binding:
    """One step of a VolumeSnapshot that is not ready yet."""

    api: Api
    decisions: CsiDecisions
    events: EventRecorder
    status: SnapshotStatus

    def content_of(self, snapshot: Obj) -> Obj | None:
        """The content that exists for a VolumeSnapshot. Raises Failed if it belongs to another one."""
        if "volumeSnapshotContentName" in snapshot["spec"]["source"]:
            return self._pre_provisioned(snapshot)
        content = self.api.find(names.CONTENTS, self.decisions.content_name(snapshot))
        if content is None:
            return None
        if "volumeHandle" not in content["spec"]["source"]:
            name = content["metadata"]["name"]
            text = f"VolumeSnapshotContent {name} is pre-provisioned while expecting a dynamically provisioned one"
            self._refuse_finalizers(snapshot, "SnapshotContentMismatch", text)
        reference, metadata = content["spec"]["volumeSnapshotRef"], snapshot["metadata"]
        if (reference.get("name"), reference.get("namespace")) != (metadata["name"], metadata["namespace"]):
            self._refuse_finalizers(snapshot, "SnapshotContentMisbound", _misbound(content))
        return content

    async def advance(self, snapshot: Obj) -> None:
        """Bind or create the content, and copy its status. Raises Failed."""
        content = self.content_of(snapshot)
        if "volumeSnapshotContentName" in snapshot["spec"]["source"]:
            if content is None:
                self.status.fail(snapshot, "SnapshotContentMissing", "VolumeSnapshotContent is missing")
            content = await self._bind(snapshot, content)
        elif content is None:
            if not self.decisions.makes_content(snapshot):
                return
            content = await self._create(snapshot)
        await delays.calls(self.api.clock, 2)
        self.status.follow(snapshot, content)

    def _pre_provisioned(self, snapshot: Obj) -> Obj | None:
        content = self.api.find(names.CONTENTS, snapshot["spec"]["source"]["volumeSnapshotContentName"])
        if content is None:
            return None
        if "snapshotHandle" not in content["spec"]["source"]:
            text = "VolumeSnapshotContent is dynamically provisioned while expecting a pre-provisioned one"
            self._refuse_finalizers(snapshot, "SnapshotContentMismatch", text)
        if not self.decisions.content_refers_to(content, snapshot):
            self._refuse_finalizers(snapshot, "SnapshotContentMisbound", _misbound(content))
        return content

    def _refuse_finalizers(self, snapshot: Obj, reason: str, text: str) -> None:
        """A snapshot with another one's content gets no finalizers. Raises Failed."""
        try:
            self.status.fail(snapshot, reason, text)
        except Failed:
            more = f"Failed to check and update snapshot: {text}"
            self.events.record(snapshot, "Warning", "SnapshotFinalizerError", more)
            raise

    async def _bind(self, snapshot: Obj, content: Obj) -> Obj:
        """Write the snapshot's uid, and its class if it names one, into a pre-provisioned content."""
        spec = content["spec"]
        if spec["volumeSnapshotRef"].get("uid") and "volumeSnapshotClassName" in spec:
            return content
        patch = [{"op": "replace", "path": "/spec/volumeSnapshotRef/uid", "value": snapshot["metadata"]["uid"]}]
        class_name = snapshot["spec"].get("volumeSnapshotClassName")
        if class_name:
            patch.append({"op": "replace", "path": "/spec/volumeSnapshotClassName", "value": class_name})
        await self.api.clock.sleep(delays.CALL)
        return self.api.patch(names.CONTENTS, content["metadata"]["name"], "", patch, manager=MANAGER)

    async def _create(self, snapshot: Obj) -> Obj:
        reason, prefix = "SnapshotContentCreationFailed", "Failed to create snapshot content with error "
        try:
            await self._protect_claim(snapshot)
            content = self._content_for(snapshot)
        except Failed as failed:
            self.status.fail(snapshot, reason, f"{prefix}{failed}")
        await self.api.clock.sleep(delays.CALL)
        try:
            created = self.api.create(names.CONTENTS, content, manager=MANAGER)
        except ApiError as error:
            if error.reason == "AlreadyExists":
                return self.api.get(names.CONTENTS, content["metadata"]["name"])
            text = f"Error creating volume snapshot content object for snapshot {objects.shown(snapshot)}: {error}."
            self.events.record(snapshot, "Warning", "CreateSnapshotContentFailed", text)
            self.status.fail(snapshot, reason, f"{prefix}{_update_error(objects.shown(snapshot), text)}")
        text = f"Waiting for a snapshot {objects.shown(snapshot)} to be created by the CSI driver."
        self.events.record(snapshot, "Normal", "CreatingSnapshot", text)
        return created

    async def _protect_claim(self, snapshot: Obj) -> None:
        claim = self._claim(snapshot)
        if claim is None:
            raise Failed(_update_error(snapshot["metadata"]["name"], "cannot get claim from snapshot"))
        if names.CLAIM_AS_SOURCE in objects.finalizers(claim):
            return
        if objects.is_deleting(claim):
            text = "cannot add finalizer on claim because it is being deleted"
            raise Failed(_update_error(claim["metadata"]["name"], text))
        await self.api.clock.sleep(delays.CALL)
        objects.add_finalizers(self.api, CLAIMS, claim, [names.CLAIM_AS_SOURCE], manager=MANAGER)

    def _claim(self, snapshot: Obj) -> Obj | None:
        namespace, _ = objects.key_of(snapshot)
        return self.api.find(CLAIMS, snapshot["spec"]["source"]["persistentVolumeClaimName"], namespace)

    def _content_for(self, snapshot: Obj) -> Obj:
        """The content to create. Raises Failed if class or volume lack something."""
        try:
            snapshot_class = self._class(snapshot)
            volume = self._volume(snapshot)
            if "csi" not in volume["spec"]:
                raise Failed(f"cannot find CSI PersistentVolumeSource for volume {volume['metadata']['name']}")
            name = self.decisions.content_name(snapshot)
            annotations = secret_annotations(snapshot_class, name, snapshot)
        except Failed as why:
            prefix = f"failed to get input parameters to create snapshot {snapshot['metadata']['name']}: "
            raise Failed(prefix + quoted(str(why))) from why
        spec: Obj = {
            "volumeSnapshotRef": self.decisions.content_reference(snapshot),
            "source": {"volumeHandle": volume["spec"]["csi"]["volumeHandle"]},
            "volumeSnapshotClassName": self.decisions.content_class(snapshot_class, self.api.view(names.CLASSES)),
            "deletionPolicy": self.decisions.content_policy(snapshot_class),
            "driver": snapshot_class["driver"],
        }
        mode = volume["spec"].get("volumeMode")
        if mode is not None:
            spec["sourceVolumeMode"] = mode
        return {"metadata": {"name": name, "annotations": annotations}, "spec": spec}

    def _class(self, snapshot: Obj) -> Obj:
        name = snapshot["spec"].get("volumeSnapshotClassName") or ""
        found = self.api.find(names.CLASSES, name)
        if found is None:
            raise Failed(class_not_found(name))
        return found

    def _volume(self, snapshot: Obj) -> Obj:
        claim = self._claim(snapshot)
        if claim is None:
            raise Failed("cannot get claim from snapshot")
        name = claim["spec"].get("volumeName")
        if not name:
            raise Failed(UNBOUND.format(claim=claim["metadata"]["name"]))
        volume = self.api.find(VOLUMES, name)
        if volume is None:
            raise Failed(volume_not_found(name))
        if (volume["spec"].get("claimRef") or {}).get("uid") != claim["metadata"]["uid"]:
            raise Failed("claim in dataSource not bound or invalid")
        return volume


def _misbound(content: Obj) -> str:
    return f"VolumeSnapshotContent [{content['metadata']['name']}] is bound to a different snapshot"


def _update_error(name: str, why: str) -> str:
    return f"snapshot controller failed to update {name} on API server: {why}"
