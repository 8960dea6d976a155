"""Who set which field: the bookkeeping behind `metadata.managedFields` and server-side apply."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from simulator.kubernetes.resources import Obj, Resource

Path = tuple[str, ...]


@dataclass(frozen=True)
class Owner:
    """A field manager as managedFields distinguishes it."""

    manager: str
    operation: str
    api_version: str
    subresource: str = ""


@dataclass(frozen=True)
class Owned:
    """The fields of one owner and when it last changed them."""

    fields: frozenset[Path]
    time: str

    @cached_property
    def tree(self) -> Obj:
        """The fields in fieldsV1 notation; shared, so do not change it."""
        return _tree(self.fields)


Managers = dict[Owner, Owned]


def rendered(managers: Managers) -> list[Obj]:
    """The managers as `metadata.managedFields`."""
    entries: list[Obj] = []
    for owner, owned in managers.items():
        entry: Obj = {
            "manager": owner.manager,
            "operation": owner.operation,
            "apiVersion": owner.api_version,
            "time": owned.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": owned.tree,
        }
        if owner.subresource:
            entry["subresource"] = owner.subresource
        entries.append(entry)
    return entries


def _tree(fields: frozenset[Path]) -> Obj:
    tree: dict[str, Any] = {}
    for path in sorted(fields):
        node = tree
        for part in path:
            node = node.setdefault(part, {})
    return tree


UNOWNED = frozenset(
    {
        "name",
        "generateName",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "resourceVersion",
        "managedFields",
        "selfLink",
    }
)
"""Fields of metadata without an owner."""

ITEM_KEYS: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "ports": ("containerPort", "port", "protocol"),
    "conditions": ("type",),
    "imagePullSecrets": ("name",),
    "ownerReferences": ("uid",),
    "secrets": ("name",),
    "drivers": ("name",),
}
"""The keys of list items in built-in kinds; lists that are not named here are replaced as a whole."""


def item_keys(resource: Resource, field: str) -> tuple[str, ...]:
    """The keys of the items of the list `field`; empty for a list that is one value."""
    return ITEM_KEYS.get(field, ()) if resource.builtin or field == "ownerReferences" else ()


def owned_paths(resource: Resource, new: Any, old: Any) -> frozenset[Path]:
    """The fields of `new` that are absent from `old` or differ there. Nested in fieldsV1 notation."""
    found: set[Path] = set()
    for key, value in new.items():
        before = old.get(key) if old else None
        if key in {"apiVersion", "kind"} or value == before:
            continue
        if key == "metadata":
            for field, item in value.items():
                if field not in UNOWNED and item != (earlier := (before or {}).get(field)):
                    _collect(resource, field, item, earlier, ("f:metadata", f"f:{field}"), found)
        else:
            _collect(resource, key, value, before, (f"f:{key}",), found)
    return frozenset(found)


def _collect(resource: Resource, field: str, new: Any, old: Any, path: Path, found: set[Path]) -> None:
    if isinstance(new, dict) and new:
        before = old if isinstance(old, dict) else {}
        if not before:
            found.add((*path, "."))
        for key, value in new.items():
            if key not in before or before[key] != value:
                _collect(resource, key, value, before.get(key), (*path, f"f:{key}"), found)
    elif isinstance(new, list) and field == "finalizers" and path[0] == "f:metadata":
        earlier = old if isinstance(old, list) else []
        if not earlier:
            found.add((*path, "."))
        found.update((*path, f"v:{json.dumps(item)}") for item in new if item not in earlier)
    elif isinstance(new, list) and new and (keys := item_keys(resource, field)):
        _collect_items(resource, keys, new, old, path, found)
    else:
        found.add(path)


def _collect_items(
    resource: Resource, keys: tuple[str, ...], new: list[Any], old: Any, path: Path, found: set[Path]
) -> None:
    earlier = {item_path(item, keys): item for item in old if isinstance(item, dict)} if isinstance(old, list) else {}
    if not earlier:
        found.add((*path, "."))
    for item in new:
        name = item_path(item, keys)
        before = earlier.get(name, {})
        if item != before:
            _collect(resource, "", item, before, (*path, name), found)


def item_path(item: Any, keys: tuple[str, ...]) -> str:
    """How fieldsV1 names an item of a list."""
    if not isinstance(item, dict):
        return f"v:{json.dumps(item)}"
    named = {key: item[key] for key in keys if key in item}
    return f"k:{json.dumps(named, separators=(',', ':'), sort_keys=True)}"


def written(
    resource: Resource, managers: Managers, old: Obj | None, new: Obj, manager: str, subresource: str, now: str
) -> Managers:
    """The managers after an ordinary write by `manager`: it owns what it changed, removed fields have no owner."""
    changed = owned_paths(resource, new, old)
    removed = owned_paths(resource, old, new) - changed if old is not None else frozenset[Path]()
    mine = Owner(manager or "unknown", "Update", resource.api_version, subresource)
    result: Managers = {}
    for owner, owned in managers.items():
        gone = removed if owner == mine else removed | changed
        if gone.isdisjoint(owned.fields):
            result[owner] = owned
        elif left := owned.fields - gone:
            result[owner] = Owned(left, owned.time)
    kept = result.get(mine)
    fields = kept.fields | changed if kept else changed
    if fields and (kept is None or fields != kept.fields):
        result[mine] = Owned(fields, now)
    return result
