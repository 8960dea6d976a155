"""Objects as a Table or as their metadata only, as kubectl requests them."""

from collections.abc import Iterable

from simulator.kubernetes.resources import Column, Obj, Resource
from simulator.kubernetes.server.columns import NAME, UNNAMED, TableColumn, builtin_columns, custom_column
from simulator.kubernetes.server.wire import Rendering
from simulator.kubernetes.store import Stored

AGE = Column("Age", ".metadata.creationTimestamp", type="date")


class Tables:
    """Builds tables of one API server's resources."""

    def __init__(self) -> None:
        self._builtin = builtin_columns()

    def table(
        self, rendering: Rendering, resource: Resource, revisions: Iterable[Stored], include: str, metadata: Obj
    ) -> Obj:
        """A Table with a row for each object; `include` is the part of the object to add: None, Metadata or Object."""
        columns = self._columns(resource)
        return {
            "kind": "Table",
            "apiVersion": rendering.api_version,
            "metadata": metadata,
            "columnDefinitions": [column.definition() for column in columns],
            "rows": [_row(columns, stored, include) for stored in revisions],
        }

    def _columns(self, resource: Resource) -> tuple[TableColumn, ...]:
        columns = self._builtin.get(resource.key) or tuple(map(custom_column, resource.columns or (AGE,)))
        return columns if resource.key in UNNAMED else (NAME, *columns)


def _row(columns: Iterable[TableColumn], stored: Stored, include: str) -> Obj:
    row: Obj = {"cells": [column.cell(stored.object) for column in columns]}
    if include == "Object":
        row["object"] = stored.complete()
    elif include != "None":
        row["object"] = metadata_only(stored, "v1")
    return row


def metadata_only(stored: Stored, version: str) -> Obj:
    """The object as PartialObjectMetadata."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": stored.complete()["metadata"],
    }
