"""How the provisioner checks a claim's data source before it calls the driver (csi-provisioner 5.3.0)."""

from collections.abc import Collection
from dataclasses import dataclass

from simulator.csi import names
from simulator.csi.decisions import CsiDecisions
from simulator.csi.snapshot_classes import class_not_found
from simulator.csi.snapshot_status import Failed
from simulator.kubernetes import objects
from simulator.kubernetes.api import Api
from simulator.kubernetes.names import CLAIMS, VOLUMES
from simulator.kubernetes.objects import quoted
from simulator.kubernetes.quantities import to_bytes
from simulator.kubernetes.resources import Obj

_PERMISSION = "does not have permission to do so. "
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


class OtherPopulator(Exception):
    """The data source is of a kind that another volume populator serves."""


@dataclass(frozen=True)
class RestoreSource:
    """Finds the snapshot handle, or the volume, that a new volume is filled from."""

    api: Api
    decisions: CsiDecisions
    driver: str

    def check_kind(self, claim: Obj, capabilities: Collection[str]) -> Obj | None:
        """The claim's data source, if it has one that this driver serves. Raises Failed and OtherPopulator."""
        source = self.decisions.volume_source(claim)
        if source is None:
            return None
        kind, group = source.get("kind"), source.get("apiGroup") or ""
        if not source.get("name"):
            raise Failed(f"the PVC source not found for PVC {claim['metadata']['name']}")
        if kind == "VolumeSnapshot":
            if group != names.SNAPSHOT_GROUP:
                text = "the PVC source does not belong to the right APIGroup. Expected "
                raise Failed(f"{text}{names.SNAPSHOT_GROUP}, Got {group}")
            if "CREATE_DELETE_SNAPSHOT" not in capabilities:
                text = "CSI driver does not support snapshot restore: controller CREATE_DELETE_SNAPSHOT capability "
                raise Failed(f"{text}is not reported")
        elif kind == "PersistentVolumeClaim" and not group:
            if "CLONE_VOLUME" not in capabilities:
                raise Failed(
                    "CSI driver does not support clone operations: controller CLONE_VOLUME capability is not reported"
                )
        else:
            raise OtherPopulator
        return source

    def snapshot_handle(self, claim: Obj, storage_class: Obj, source: Obj) -> str:
        """The handle of the restored VolumeSnapshot. Raises Failed with the provisioner's text."""
        name = source["name"]
        try:
            return self._handle(claim, storage_class, name)
        except Failed as failed:
            prefix = f"error getting handle for DataSource Type VolumeSnapshot by Name {name}: "
            raise Failed(f"{prefix}{failed}") from failed

    def _handle(self, claim: Obj, storage_class: Obj, name: str) -> str:
        namespace, _ = objects.key_of(claim)
        snapshot = self.decisions.snapshot_to_restore(self.api.view(names.SNAPSHOTS), namespace, name)
        if snapshot is None:
            raise Failed(f"error getting snapshot {name} from api server: {names.SNAPSHOTS} {quoted(name)} not found")
        if objects.is_deleting(snapshot):
            raise Failed(f"snapshot {name} is currently being deleted")
        used = snapshot["spec"].get("volumeSnapshotClassName")
        class_is_gone = used and self.api.find(names.CLASSES, used) is None
        if class_is_gone and not self.decisions.restores_without_class(snapshot):
            raise Failed(class_not_found(used))
        content = self._bound_content(snapshot, storage_class)
        if objects.status(snapshot).get("readyToUse") is not True:
            raise Failed(f"snapshot {name} is not Ready")
        handle = self.decisions.handle_to_restore(snapshot, content)
        if handle is None:
            raise Failed(f"snapshot handle {name} is not available")
        self._check_size(claim, snapshot)
        self._check_mode(claim, content)
        return handle

    def _bound_content(self, snapshot: Obj, storage_class: Obj) -> Obj:
        metadata, bound = snapshot["metadata"], objects.status(snapshot).get("boundVolumeSnapshotContentName")
        unbound = f"snapshot {metadata['name']} not bound"
        content = self.api.find(names.CONTENTS, bound) if bound else None
        if content is None:
            raise Failed(unbound)
        reference = content["spec"]["volumeSnapshotRef"]
        for field in ("uid", "namespace", "name"):
            if reference.get(field) != metadata[field]:
                raise Failed(unbound)
        if content["spec"]["driver"] != storage_class["provisioner"]:
            raise Failed(unbound)
        return content

    def _check_size(self, claim: Obj, snapshot: Obj) -> None:
        restore_size = objects.status(snapshot).get("restoreSize")
        if restore_size is None:
            return
        requested, needed = objects.requested_bytes(claim), to_bytes(restore_size)
        if self.decisions.refuses_size(requested, needed):
            text = f"requested volume size {requested} is less than the size {needed} for the source snapshot "
            raise Failed(text + snapshot["metadata"]["name"])

    def _check_mode(self, claim: Obj, content: Obj) -> None:
        mode = content["spec"].get("sourceVolumeMode")
        if not mode or mode == claim["spec"].get("volumeMode", "Filesystem"):
            return
        prefix = f"requested volume {objects.shown(claim)} modifies the mode of the source volume but {_PERMISSION}"
        name, allowed = content["metadata"]["name"], objects.annotations(content).get(names.ALLOW_MODE_CHANGE)
        if allowed is None:
            raise Failed(f"{prefix}{names.ALLOW_MODE_CHANGE} annotation is not present on snapshotcontent {name}")
        if allowed in _FALSE:
            raise Failed(f"{prefix}{names.ALLOW_MODE_CHANGE} is set to false on snapshotcontent {name}")
        if allowed not in _TRUE:
            parse = f"strconv.ParseBool: parsing {quoted(allowed)}: invalid syntax"
            what = f"failed to convert {names.ALLOW_MODE_CHANGE} annotation value to boolean with error: "
            raise Failed(f"{prefix}{what}{parse}")

    def cloned_volume(self, claim: Obj, storage_class: Obj, source: Obj) -> str:
        """The handle of the volume behind the cloned claim. Raises Failed."""
        try:
            return self._cloned(claim, storage_class, source["name"])
        except Failed as failed:
            prefix = f"error getting handle for DataSource Type PersistentVolumeClaim by Name {source['name']}: "
            raise Failed(f"{prefix}{failed}") from failed

    def _cloned(self, claim: Obj, storage_class: Obj, name: str) -> str:
        namespace, _ = objects.key_of(claim)
        source = self.api.find(CLAIMS, name, namespace)
        if source is None:
            where = f"PVC {name} (namespace {quoted(namespace)}) from api server"
            raise Failed(f"error getting {where}: persistentvolumeclaims {quoted(name)} not found")
        if objects.status(source).get("phase") != "Bound":
            phase = objects.status(source).get("phase")
            raise Failed(f"the PVC DataSource {name} must have status Bound.  Got {phase}")
        if objects.is_deleting(source):
            raise Failed(f"the PVC DataSource {name} is currently being deleted")
        requested, capacity = objects.requested_bytes(claim), to_bytes(objects.status(source)["capacity"]["storage"])
        if requested < capacity:
            text = "error, new PVC request must be greater than or equal in size to the specified PVC data source, "
            raise Failed(f"{text}requested {requested} but source is {capacity}")
        volume = self.api.find(VOLUMES, source["spec"].get("volumeName", ""))
        if volume is None or volume["spec"].get("csi", {}).get("driver") != storage_class["provisioner"]:
            raise Failed(f"the source volume of PVC {name} is not one of driver {self.driver}")
        return str(volume["spec"]["csi"]["volumeHandle"])
