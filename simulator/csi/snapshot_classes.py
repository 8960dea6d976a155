"""Which VolumeSnapshotClass a VolumeSnapshot has: the one it names, or its driver's default."""

from dataclasses import dataclass
from typing import NoReturn

from simulator.csi import names
from simulator.csi.decisions import CsiDecisions
from simulator.csi.snapshot_status import MANAGER, Failed, SnapshotStatus
from simulator.kubernetes import objects
from simulator.kubernetes.api import Api
from simulator.kubernetes.names import CLAIMS, VOLUMES
from simulator.kubernetes.objects import quoted
from simulator.kubernetes.resources import Obj

UNBOUND = "the PVC {claim} is not yet bound to a PV, will not attempt to take a snapshot"
"""Why there is no snapshot of a claim without a volume."""


class ClassMissing(Failed):
    """The class that a VolumeSnapshot names does not exist; a deletion continues without it."""


@dataclass(frozen=True)
class ClassChoice:
    """Determines the class at the beginning of every sync of a VolumeSnapshot."""

    api: Api
    decisions: CsiDecisions
    status: SnapshotStatus

    def settle(self, snapshot: Obj) -> Obj:
        """The VolumeSnapshot with its class. Raises Failed, or ClassMissing if the named class does not exist."""
        name = snapshot["spec"].get("volumeSnapshotClassName")
        if name is not None:
            self._find(snapshot, name)
            return snapshot
        if "persistentVolumeClaimName" not in snapshot["spec"]["source"]:
            return snapshot
        return self._set_default(snapshot)

    def _find(self, snapshot: Obj, name: str) -> None:
        if self.api.find(names.CLASSES, name) is not None or not self.decisions.class_must_exist(name):
            return
        bound = objects.status(snapshot).get("boundVolumeSnapshotContentName")
        if bound and not objects.is_deleting(snapshot) and not self.decisions.needs_class_again(name):
            return
        text = f"Failed to get snapshot class with error {class_not_found(name)}"
        try:
            self.status.fail(snapshot, "GetSnapshotClassFailed", text, unready=False)
        except Failed as failed:
            raise ClassMissing(text) from failed

    def _set_default(self, snapshot: Obj) -> Obj:
        driver = self._driver_of_source(snapshot)
        defaults = [
            each["metadata"]["name"]
            for each in self.api.list(names.CLASSES)
            if each["driver"] == driver and self.decisions.is_default_class(each)
        ]
        if not defaults:
            self._refuse(snapshot, "cannot find default snapshot class")
        if len(defaults) > 1:
            self._refuse(snapshot, f"{len(defaults)} default snapshot classes were found")
        namespace, name = objects.key_of(snapshot)
        patch = [{"op": "replace", "path": "/spec/volumeSnapshotClassName", "value": defaults[0]}]
        return self.api.patch(names.SNAPSHOTS, name, namespace, patch, manager=MANAGER)

    def _driver_of_source(self, snapshot: Obj) -> str:
        namespace, _ = objects.key_of(snapshot)
        name = snapshot["spec"]["source"]["persistentVolumeClaimName"]
        claim = self.api.find(CLAIMS, name, namespace)
        if claim is None:
            inner = quoted(f"persistentvolumeclaim {quoted(name)} not found")
            self._refuse(snapshot, f"failed to retrieve PVC {name} from the lister: {inner}")
        volume_name = claim["spec"].get("volumeName")
        if not volume_name:
            self._refuse(snapshot, UNBOUND.format(claim=name))
        volume = self.api.find(VOLUMES, volume_name)
        if volume is None:
            self._refuse(snapshot, volume_not_found(volume_name))
        if "csi" not in volume["spec"]:
            text = f"snapshotting non-CSI volumes is not supported, snapshot:{objects.shown(snapshot)}"
            self._refuse(snapshot, text)
        return str(volume["spec"]["csi"]["driver"])

    def _refuse(self, snapshot: Obj, why: str) -> NoReturn:
        text = f"Failed to set default snapshot class with error {why}"
        self.status.fail(snapshot, "SetDefaultSnapshotClassFailed", text, unready=False)


def class_not_found(name: str) -> str:
    return f"volumesnapshotclass.snapshot.storage.k8s.io {quoted(name)} not found"


def volume_not_found(name: str) -> str:
    inner = quoted(f"persistentvolumes {quoted(name)} not found")
    return f"failed to retrieve PV {name} from the API server: {inner}"
