"""Objects as a Table or as their metadata only, as kubectl requests them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from simulator.kubernetes.resources import Column, Obj, Resource
from simulator.kubernetes.server.columns import UNNAMED, BuiltinColumn, builtin_columns, name_cell
from simulator.kubernetes.server.wire import Rendering
from simulator.kubernetes.store import Stored

NAME_DESCRIPTION = "Name must be unique within a namespace."
AGE = Column("Age", ".metadata.creationTimestamp", type="date")


class Tables:
    """Builds tables of one API server's resources."""

    def __init__(self) -> None:
        self._builtin = builtin_columns()

    def definitions(self, resource: Resource) -> list[Obj]:
        """The column definitions."""
        name = {"name": "Name", "type": "string", "format": "name", "description": NAME_DESCRIPTION, "priority": 0}
        columns: list[Obj] = [] if resource.key in UNNAMED else [name]
        for column in self._columns(resource):
            kind = "string" if isinstance(column, BuiltinColumn) and column.age else column.type
            described = "" if isinstance(column, BuiltinColumn) else column.description
            columns.append(
                {
                    "name": column.name,
                    "type": kind,
                    "format": "" if isinstance(column, BuiltinColumn) else column.format,
                    "description": described,
                    "priority": column.priority,
                }
            )
        return columns

    def rows(self, resource: Resource, revisions: Iterable[Stored], include: str) -> list[Obj]:
        """A row for each object; `include` is the part of the object to add: None, Metadata or Object."""
        columns = self._columns(resource)
        rows: list[Obj] = []
        for stored in revisions:
            cells = [] if resource.key in UNNAMED else [name_cell(resource.key, stored.object)]
            cells += [_cell(column, stored.object) for column in columns]
            row: Obj = {"cells": cells}
            if include == "Object":
                row["object"] = stored.complete()
            elif include != "None":
                row["object"] = metadata_only(stored, "v1")
            rows.append(row)
        return rows

    def _columns(self, resource: Resource) -> tuple[Column | BuiltinColumn, ...]:
        if resource.key in self._builtin:
            return self._builtin[resource.key]
        return resource.columns or (AGE,)


def metadata_only(stored: Stored, version: str) -> Obj:
    """The object as PartialObjectMetadata."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": stored.complete()["metadata"],
    }


def table(rendering: Rendering, columns: list[Obj], rows: list[Obj], metadata: Obj) -> Obj:
    """A Table object."""
    return {
        "kind": "Table",
        "apiVersion": rendering.api_version,
        "metadata": metadata,
        "columnDefinitions": columns,
        "rows": rows,
    }


def _cell(column: Column | BuiltinColumn, obj: Obj) -> Any:
    if isinstance(column, BuiltinColumn):
        value = column.cell(obj)
        return age(value) if column.age else value
    value = json_path(obj, column.path)
    if value is None:
        return None
    if column.type == "date":
        return age(value)
    if column.type == "string" and not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value


def json_path(obj: Obj, path: str) -> Any:
    """The value at a simple JSON path such as `.metadata.labels.a\\.b` or `.status.conditions[0].type`."""
    value: Any = obj
    for part in _steps(path):
        if isinstance(value, list) and part.isdigit():
            value = value[int(part)] if int(part) < len(value) else None
        elif isinstance(value, dict):
            value = value.get(part)
        else:
            return None
    return value


def _steps(path: str) -> list[str]:
    plain = path.replace("\\.", "\0").replace("['", ".").replace("']", "").replace("[", ".").replace("]", "")
    return [step.replace("\0", ".") for step in plain.split(".") if step]


def age(timestamp: Any, now: datetime | None = None) -> str:
    """How long ago, as kubectl shows it: 5s, 3m20s, 2h, 4d."""
    if timestamp is None:
        return "<unknown>"
    try:
        then = datetime.fromisoformat(str(timestamp))
    except ValueError:
        return "<invalid>"
    seconds = int(((now or datetime.now(UTC)) - then).total_seconds())
    if seconds < -1:
        return "<invalid>"
    return _duration(max(seconds, 0))


def _duration(seconds: int) -> str:
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return _two(minutes, "m", seconds % 60, "s")
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    return _two(days // 365, "y", days % 365, "d") if days < 8 * 365 else f"{days // 365}y"


def _two(first: int, first_unit: str, second: int, second_unit: str) -> str:
    return f"{first}{first_unit}{second}{second_unit}" if second else f"{first}{first_unit}"
