"""The columns of tables: those of the built-in kinds, and the printer columns of custom resources."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path
from typing import Any

from simulator.kubernetes.definitions import read
from simulator.kubernetes.resources import Column, Obj, at
from simulator.kubernetes.server.ages import age

ACCESS_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
UNNAMED = frozenset({"events"})
"""Resources whose tables do not begin with the name."""

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


def _roles(obj: Obj) -> str:
    prefix = "node-role.kubernetes.io/"
    labels = obj["metadata"].get("labels", {})
    return ",".join(sorted(label.removeprefix(prefix) for label in labels if label.startswith(prefix))) or NONE


_CELLS: dict[str, Callable[[Any], Any]] = {
    "age": age,
    "count": lambda values: len(values or ()),
    "joined": lambda values: ",".join(values or ()),
    "modes": _modes,
    "bound_modes": _bound_modes,
    "claim": _claim,
    "event_object": _event_object,
    "node_status": _node_status,
    "none": lambda _: NONE,
    "phase": _phase,
    "pod_status": _pod_status,
    "ports": _ports,
    "ready": _ready,
    "restarts": _restarts,
    "roles": _roles,
}
"""The functions that `columns.yaml` may name, of the value at a path or, without a path, of the object."""


def builtin_columns() -> dict[str, tuple[TableColumn, ...]]:
    """The columns by resource: after the name, but for UNNAMED ones."""
    return {
        resource: tuple(starmap(_column, columns.items()))
        for resource, columns in read(Path(__file__).with_suffix(".yaml")).items()
    }


def _column(name: str, given: str | Obj) -> TableColumn:
    described: Obj = {"cell": given} if isinstance(given, str) else given
    function, is_called, path = described["cell"].removesuffix(")").rpartition("(")
    absent = described.get("absent", "")

    def cell(obj: Obj) -> Any:
        value = at(obj, path) if path else obj
        if is_called:
            return _CELLS[function](value)
        return absent if value is None else value

    return TableColumn(name, cell, described.get("type", "string"), described.get("priority", 0))
