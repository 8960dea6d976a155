"""The columns of tables: those of the built-in kinds, and the printer columns of custom resources."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from simulator.kubernetes.resources import Column, Obj, at
from simulator.kubernetes.server.ages import age

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
class TableColumn:
    """A column with its cell for an object."""

    name: str
    cell: Callable[[Obj], Any]
    type: str = "string"
    priority: int = 0
    description: str = ""
    format: str = ""

    def definition(self) -> Obj:
        """The column as a Table defines it."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        }


def custom_column(column: Column) -> TableColumn:
    """A printer column of a custom resource."""

    def cell(obj: Obj) -> Any:
        value = at(obj, column.path.removeprefix("."))
        if value is None:
            return None
        if column.type == "date":
            return age(value)
        if column.type == "string" and not isinstance(value, str):
            return str(value).lower() if isinstance(value, bool) else str(value)
        return value

    return TableColumn(column.name, cell, column.type, column.priority, column.description, column.format)


def _name(obj: Obj) -> str:
    name = str(obj["metadata"]["name"])
    default = obj["metadata"].get("annotations", {}).get("storageclass.kubernetes.io/is-default-class")
    return f"{name} (default)" if obj["kind"] == "StorageClass" and default == "true" else name


NAME = TableColumn("Name", _name, format="name", description="Name must be unique within a namespace.")


def _path(name: str, path: str, *, priority: int = 0, absent: Any = "", type: str = "string") -> TableColumn:
    def cell(obj: Obj) -> Any:
        value = at(obj, path)
        return absent if value is None else value

    return TableColumn(name, cell, type, priority)


def _since(name: str, path: str, *, priority: int = 0) -> TableColumn:
    return TableColumn(name, lambda obj: age(at(obj, path)), priority=priority)


def _count(name: str, path: str) -> TableColumn:
    return TableColumn(name, lambda obj: len(at(obj, path) or ()), type="integer")


def _modes(modes: Iterable[str] | None) -> str:
    return ",".join(ACCESS_MODES.get(mode, mode) for mode in modes or ())


def _phase(obj: Obj) -> str:
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return str(at(obj, "status.phase") or "")


def _bound_modes(obj: Obj) -> str:
    return _modes(at(obj, "status.accessModes") if obj["spec"].get("volumeName") else None)


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


def builtin_columns() -> dict[str, tuple[TableColumn, ...]]:
    """The columns by resource: after the name, but for UNNAMED ones."""
    age_column = _since("Age", "metadata.creationTimestamp")
    attributes_class = _path("VolumeAttributesClass", "spec.volumeAttributesClassName", absent=UNSET)
    wide_mode = _path("VolumeMode", "spec.volumeMode", priority=1)
    return {
        "namespaces": (_path("Status", "status.phase"), age_column),
        "configmaps": (_count("Data", "data"), age_column),
        "secrets": (_path("Type", "type"), _count("Data", "data"), age_column),
        "serviceaccounts": (_count("Secrets", "secrets"), age_column),
        "services": (
            _path("Type", "spec.type"),
            _path("Cluster-IP", "spec.clusterIP"),
            _path("External-IP", "spec.externalName", absent=NONE),
            TableColumn("Port(s)", _ports),
            age_column,
        ),
        "nodes": (
            TableColumn("Status", _node_status),
            TableColumn("Roles", _roles),
            age_column,
            _path("Version", "status.nodeInfo.kubeletVersion"),
        ),
        "persistentvolumeclaims": (
            TableColumn("Status", _phase),
            _path("Volume", "spec.volumeName"),
            _path("Capacity", "status.capacity.storage"),
            TableColumn("Access Modes", _bound_modes),
            _path("StorageClass", "spec.storageClassName"),
            attributes_class,
            age_column,
            wide_mode,
        ),
        "persistentvolumes": (
            _path("Capacity", "spec.capacity.storage"),
            TableColumn("Access Modes", lambda obj: _modes(obj["spec"].get("accessModes"))),
            _path("Reclaim Policy", "spec.persistentVolumeReclaimPolicy"),
            TableColumn("Status", _phase),
            TableColumn("Claim", _claim),
            _path("StorageClass", "spec.storageClassName"),
            attributes_class,
            _path("Reason", "status.reason"),
            age_column,
            wide_mode,
        ),
        "pods": (
            TableColumn("Ready", _ready),
            TableColumn("Status", _pod_status),
            TableColumn("Restarts", _restarts),
            age_column,
            _path("IP", "status.podIP", priority=1, absent=NONE),
            _path("Node", "spec.nodeName", priority=1, absent=NONE),
            _path("Nominated Node", "status.nominatedNodeName", priority=1, absent=NONE),
            TableColumn("Readiness Gates", lambda _: NONE, priority=1),
        ),
        "storageclasses.storage.k8s.io": (
            _path("Provisioner", "provisioner"),
            _path("ReclaimPolicy", "reclaimPolicy"),
            _path("VolumeBindingMode", "volumeBindingMode"),
            _path("AllowVolumeExpansion", "allowVolumeExpansion", absent=False, type="boolean"),
            age_column,
        ),
        "volumeattachments.storage.k8s.io": (
            _path("Attacher", "spec.attacher"),
            _path("PV", "spec.source.persistentVolumeName"),
            _path("Node", "spec.nodeName"),
            _path("Attached", "status.attached", type="boolean", absent=False),
            age_column,
        ),
        "csidrivers.storage.k8s.io": (
            _path("AttachRequired", "spec.attachRequired", type="boolean", absent=True),
            _path("PodInfoOnMount", "spec.podInfoOnMount", type="boolean", absent=False),
            _path("StorageCapacity", "spec.storageCapacity", type="boolean", absent=False),
            _path("TokenRequests", "spec.tokenRequests", absent=UNSET),
            _path("RequiresRepublish", "spec.requiresRepublish", type="boolean", absent=False),
            TableColumn("Modes", lambda obj: ",".join(at(obj, "spec.volumeLifecycleModes") or ())),
            age_column,
        ),
        "csinodes.storage.k8s.io": (_count("Drivers", "spec.drivers"), age_column),
        "leases.coordination.k8s.io": (_path("Holder", "spec.holderIdentity"), age_column),
        "customresourcedefinitions.apiextensions.k8s.io": (_path("Created At", "metadata.creationTimestamp"),),
        "events": (
            _since("Last Seen", "lastTimestamp"),
            _path("Type", "type"),
            _path("Reason", "reason"),
            TableColumn("Object", _event_object),
            _path("Subobject", "involvedObject.fieldPath", priority=1),
            _path("Source", "source.component", priority=1),
            _path("Message", "message"),
            _since("First Seen", "firstTimestamp", priority=1),
            _path("Count", "count", priority=1, type="integer", absent=1),
            _path("Name", "metadata.name", priority=1),
        ),
    }


def _roles(obj: Obj) -> str:
    prefix = "node-role.kubernetes.io/"
    labels = obj["metadata"].get("labels", {})
    return ",".join(sorted(label.removeprefix(prefix) for label in labels if label.startswith(prefix))) or NONE
