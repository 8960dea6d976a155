"""The printer columns of the built-in kinds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator.kubernetes.resources import Obj, at

ACCESS_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
UNNAMED = frozenset({"events"})
"""Resources whose tables do not begin with the name."""

UNSET = "<unset>"
NONE = "<none>"


@dataclass(frozen=True)
class BuiltinColumn:
    """A column whose cell is computed; `age` turns a timestamp into an age."""

    name: str
    cell: Callable[[Obj], Any]
    type: str = "string"
    priority: int = 0
    age: bool = False


def _path(name: str, path: str, *, priority: int = 0, absent: Any = "", type: str = "string") -> BuiltinColumn:
    def cell(obj: Obj) -> Any:
        value = at(obj, path)
        return absent if value is None else value

    return BuiltinColumn(name, cell, type=type, priority=priority)


def _age() -> BuiltinColumn:
    return BuiltinColumn("Age", lambda obj: obj["metadata"].get("creationTimestamp"), age=True)


def _modes(obj: Obj) -> str:
    return ",".join(ACCESS_MODES.get(mode, mode) for mode in obj["spec"].get("accessModes") or ())


def _phase(obj: Obj) -> str:
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return str(at(obj, "status.phase") or "")


def _bound_modes(obj: Obj) -> str:
    modes = at(obj, "status.accessModes") if obj["spec"].get("volumeName") else None
    return ",".join(ACCESS_MODES.get(mode, mode) for mode in modes or ())


def _claim(obj: Obj) -> str:
    claim = obj["spec"].get("claimRef")
    return f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else ""


def _containers(obj: Obj) -> list[Obj]:
    return list(at(obj, "status.containerStatuses") or ())


def _ready(obj: Obj) -> str:
    ready = sum(1 for container in _containers(obj) if container.get("ready"))
    return f"{ready}/{len(obj['spec'].get('containers') or ())}"


def _pod_status(obj: Obj) -> str:
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    shown = str(at(obj, "status.reason") or at(obj, "status.phase") or "")
    for container in reversed(_containers(obj)):
        state = container.get("state") or {}
        waiting, terminated = state.get("waiting") or {}, state.get("terminated") or {}
        if waiting.get("reason"):
            shown = waiting["reason"]
        elif terminated.get("reason"):
            shown = terminated["reason"]
        elif terminated:
            shown = f"ExitCode:{terminated.get('exitCode', 0)}"
    return shown


def _restarts(obj: Obj) -> str:
    return str(sum(container.get("restartCount", 0) for container in _containers(obj)))


def _node_status(obj: Obj) -> str:
    conditions = at(obj, "status.conditions") or ()
    ready = [each.get("status") for each in conditions if each.get("type") == "Ready"]
    return "Ready" if ready == ["True"] else "NotReady"


def _ports(obj: Obj) -> str:
    ports = obj["spec"].get("ports") or ()
    return ",".join(f"{port.get('port')}/{port.get('protocol', 'TCP')}" for port in ports) or NONE


def _event_object(obj: Obj) -> str:
    involved = obj.get("involvedObject") or {}
    return f"{str(involved.get('kind', '')).lower()}/{involved.get('name', '')}"


def _class_name(obj: Obj) -> str:
    default = obj["metadata"].get("annotations", {}).get("storageclass.kubernetes.io/is-default-class")
    return f"{obj['metadata']['name']} (default)" if default == "true" else str(obj["metadata"]["name"])


def builtin_columns() -> dict[str, tuple[BuiltinColumn, ...]]:
    """The columns by resource: after the name, but for UNNAMED ones."""
    attributes_class = _path("VolumeAttributesClass", "spec.volumeAttributesClassName", absent=UNSET)
    wide_mode = _path("VolumeMode", "spec.volumeMode", priority=1)
    return {
        "namespaces": (BuiltinColumn("Status", _phase_of_namespace), _age()),
        "configmaps": (BuiltinColumn("Data", lambda obj: len(obj.get("data") or {}), type="integer"), _age()),
        "secrets": (
            _path("Type", "type"),
            BuiltinColumn("Data", lambda obj: len(obj.get("data") or {}), type="integer"),
            _age(),
        ),
        "serviceaccounts": (
            BuiltinColumn("Secrets", lambda obj: len(obj.get("secrets") or ()), type="integer"),
            _age(),
        ),
        "services": (
            _path("Type", "spec.type"),
            _path("Cluster-IP", "spec.clusterIP"),
            _path("External-IP", "spec.externalName", absent=NONE),
            BuiltinColumn("Port(s)", _ports),
            _age(),
        ),
        "nodes": (
            BuiltinColumn("Status", _node_status),
            BuiltinColumn("Roles", _roles),
            _age(),
            _path("Version", "status.nodeInfo.kubeletVersion"),
        ),
        "persistentvolumeclaims": (
            BuiltinColumn("Status", _phase),
            _path("Volume", "spec.volumeName"),
            _path("Capacity", "status.capacity.storage"),
            BuiltinColumn("Access Modes", _bound_modes),
            _path("StorageClass", "spec.storageClassName"),
            attributes_class,
            _age(),
            wide_mode,
        ),
        "persistentvolumes": (
            _path("Capacity", "spec.capacity.storage"),
            BuiltinColumn("Access Modes", _modes),
            _path("Reclaim Policy", "spec.persistentVolumeReclaimPolicy"),
            BuiltinColumn("Status", _phase),
            BuiltinColumn("Claim", _claim),
            _path("StorageClass", "spec.storageClassName"),
            attributes_class,
            _path("Reason", "status.reason"),
            _age(),
            wide_mode,
        ),
        "pods": (
            BuiltinColumn("Ready", _ready),
            BuiltinColumn("Status", _pod_status),
            BuiltinColumn("Restarts", _restarts),
            _age(),
            _path("IP", "status.podIP", priority=1, absent=NONE),
            _path("Node", "spec.nodeName", priority=1, absent=NONE),
            _path("Nominated Node", "status.nominatedNodeName", priority=1, absent=NONE),
            BuiltinColumn("Readiness Gates", lambda _: NONE, priority=1),
        ),
        "storageclasses.storage.k8s.io": (
            _path("Provisioner", "provisioner"),
            _path("ReclaimPolicy", "reclaimPolicy"),
            _path("VolumeBindingMode", "volumeBindingMode"),
            _path("AllowVolumeExpansion", "allowVolumeExpansion", absent=False, type="boolean"),
            _age(),
        ),
        "volumeattachments.storage.k8s.io": (
            _path("Attacher", "spec.attacher"),
            _path("PV", "spec.source.persistentVolumeName"),
            _path("Node", "spec.nodeName"),
            _path("Attached", "status.attached", type="boolean", absent=False),
            _age(),
        ),
        "csidrivers.storage.k8s.io": (
            _path("AttachRequired", "spec.attachRequired", type="boolean", absent=True),
            _path("PodInfoOnMount", "spec.podInfoOnMount", type="boolean", absent=False),
            _path("StorageCapacity", "spec.storageCapacity", type="boolean", absent=False),
            _path("TokenRequests", "spec.tokenRequests", absent=UNSET),
            _path("RequiresRepublish", "spec.requiresRepublish", type="boolean", absent=False),
            BuiltinColumn("Modes", lambda obj: ",".join(at(obj, "spec.volumeLifecycleModes") or ())),
            _age(),
        ),
        "csinodes.storage.k8s.io": (
            BuiltinColumn("Drivers", lambda obj: len(at(obj, "spec.drivers") or ()), type="integer"),
            _age(),
        ),
        "leases.coordination.k8s.io": (_path("Holder", "spec.holderIdentity"), _age()),
        "customresourcedefinitions.apiextensions.k8s.io": (
            BuiltinColumn("Created At", lambda obj: obj["metadata"]["creationTimestamp"]),
        ),
        "events": (
            BuiltinColumn("Last Seen", lambda obj: obj.get("lastTimestamp"), age=True),
            _path("Type", "type"),
            _path("Reason", "reason"),
            BuiltinColumn("Object", _event_object),
            _path("Subobject", "involvedObject.fieldPath", priority=1),
            _path("Source", "source.component", priority=1),
            _path("Message", "message"),
            BuiltinColumn("First Seen", lambda obj: obj.get("firstTimestamp"), priority=1, age=True),
            _path("Count", "count", priority=1, type="integer", absent=1),
            _path("Name", "metadata.name", priority=1),
        ),
    }


def _phase_of_namespace(obj: Obj) -> str:
    return str(at(obj, "status.phase") or "")


def _roles(obj: Obj) -> str:
    prefix = "node-role.kubernetes.io/"
    labels = obj["metadata"].get("labels", {})
    return ",".join(sorted(label.removeprefix(prefix) for label in labels if label.startswith(prefix))) or NONE


def name_cell(resource: str, obj: Obj) -> str:
    """The cell in the first column."""
    return _class_name(obj) if resource == "storageclasses.storage.k8s.io" else str(obj["metadata"]["name"])
