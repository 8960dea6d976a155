"""Server-side apply: a client sends the fields that it wants, and owns them."""

import json
from collections.abc import Iterable
from typing import Any

from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import ApiError, bad_request, invalid, required
from simulator.kubernetes.managedfields import Managers, Owned, Owner, Path, item_keys, item_path, owned_paths
from simulator.kubernetes.resources import Obj, Resource, copy_of
from simulator.kubernetes.store import Stored

_ABSENT = object()


def server_side_apply(
    api: Api,
    resource: Resource,
    current: Stored | None,
    config: Obj,
    *,
    manager: str,
    force: bool = False,
    subresource: str = "",
    dry_run: bool = False,
) -> Stored:
    """Apply `config` as `manager`; creates the object when there is none.

    Raises ApiError 409 with a cause for each field that another manager owns with another value, unless `force`.
    """
    if not manager:
        wrong = required("fieldManager", "is required for apply patch")
        raise invalid("PatchOptions", "meta.k8s.io", "", [wrong])
    if (config.get("metadata") or {}).get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    mine = Owner(manager, "Apply", resource.api_version, subresource)
    if resource.status_subresource and not subresource:
        config = {key: value for key, value in config.items() if key != "status"}
    applied = owned_paths(resource, config, None)
    now = api.clock.timestamp()
    if current is None:
        managers: Managers = {mine: Owned(applied, now)}
        return api.insert(resource.key, config, dry_run=dry_run, managers=managers)
    found = _conflicts(current, config, applied, mine)
    if found and not force:
        raise _conflict(found)
    live = copy_of(current.object)
    before = current.managers.get(mine)
    if before is not None:
        elsewhere = {path for owner, owned in current.managers.items() if owner != mine for path in owned.fields}
        for path in sorted(before.fields - applied - elsewhere, key=len, reverse=True):
            _remove(live, path)
    merged = _merge(resource, "", live, config)
    managers = {}
    lost = {path for paths in found.values() for path in paths}
    for owner, owned in current.managers.items():
        left = owned.fields - lost
        if owner != mine and left:
            managers[owner] = Owned(left, owned.time)
    unchanged = before is not None and before.fields == applied
    managers[mine] = before if before is not None and unchanged else Owned(applied, now)
    return api.write(
        resource, current, merged, subresource=subresource, manager=manager, dry_run=dry_run, managers=managers
    )


def _conflicts(current: Stored, config: Obj, applied: Iterable[Path], mine: Owner) -> dict[Owner, list[Path]]:
    """The fields that others own and that `config` would change."""
    found: dict[Owner, list[Path]] = {}
    for path in sorted(applied):
        if path[-1] == "." or _value(config, path) == _value(current.object, path):
            continue
        for owner, owned in current.managers.items():
            if owner != mine and path in owned.fields:
                found.setdefault(owner, []).append(path)
    return found


def _conflict(found: dict[Owner, list[Path]]) -> ApiError:
    causes: list[Obj] = []
    texts: list[str] = []
    for owner, paths in found.items():
        via = f' with subresource "{owner.subresource}"' if owner.subresource else ""
        who = f'"{owner.manager}"{via} using {owner.api_version}'
        causes += [
            {"reason": "FieldManagerConflict", "message": f"conflict with {who}", "field": shown(path)}
            for path in paths
        ]
        if len(paths) == 1:
            texts.append(f"conflict with {who}: {shown(paths[0])}")
        else:
            texts.append(f"conflicts with {who}:" + "".join(f"\n- {shown(path)}" for path in paths))
    count = len(causes)
    plural = "conflict" if count == 1 else "conflicts"
    message = f"Apply failed with {count} {plural}: " + "\n".join(texts)
    return ApiError(409, "Conflict", message, {"causes": causes})


def shown(path: Path) -> str:
    """A path as messages print it: `.spec.containers[name="c"].image`."""
    text = ""
    for part in path:
        kind, _, rest = part.partition(":")
        if kind == "f":
            text += f".{rest}"
        elif kind == "k":
            keys = ",".join(f"{key}={json.dumps(value)}" for key, value in json.loads(rest).items())
            text += f"[{keys}]"
        elif kind == "v":
            text += f"[={rest}]"
    return text


def _value(obj: Any, path: Path) -> Any:
    for part in path:
        kind, _, rest = part.partition(":")
        if kind == "f":
            obj = obj.get(rest, _ABSENT) if isinstance(obj, dict) else _ABSENT
        elif kind in {"k", "v"}:
            place = _place(obj, kind, rest)
            obj = obj[place] if place is not None else _ABSENT
        if obj is _ABSENT:
            return None
    return obj


def _place(items: Any, kind: str, rest: str) -> int | None:
    if not isinstance(items, list):
        return None
    wanted = json.loads(rest)
    for index, item in enumerate(items):
        if kind == "v" and item == wanted:
            return index
        if kind == "k" and isinstance(item, dict) and all(item.get(key) == value for key, value in wanted.items()):
            return index
    return None


def _remove(obj: Any, path: Path) -> None:
    """Remove the value at `path`; a map or an item that has other fields stays."""
    if path[-1] == ".":
        parent, last = path[:-2], path[-2]
    else:
        parent, last = path[:-1], path[-1]
    holder = _value(obj, parent)
    kind, _, rest = last.partition(":")
    if kind == "f" and isinstance(holder, dict):
        if path[-1] != "." or not holder.get(rest):
            holder.pop(rest, None)
    elif (place := _place(holder, kind, rest)) is not None:
        keys = set(json.loads(rest)) if kind == "k" else set()
        if kind == "v" or path[-1] != "." or set(holder[place]) <= keys:
            del holder[place]


def _merge(resource: Resource, field: str, live: Any, config: Any) -> Any:
    if isinstance(config, dict):
        result = dict(live) if isinstance(live, dict) else {}
        for key, value in config.items():
            if value is not None:
                result[key] = _merge(resource, key, result.get(key), value)
        return result
    if isinstance(config, list) and isinstance(live, list):
        if field == "finalizers":
            return [*live, *(item for item in config if item not in live)]
        keys = item_keys(resource, field)
        if keys:
            return _merge_items(resource, keys, live, config)
    return copy_of(config)


def _merge_items(resource: Resource, keys: tuple[str, ...], live: list[Any], config: list[Any]) -> list[Any]:
    wanted = {item_path(item, keys): item for item in config}
    result = []
    for item in live:
        name = item_path(item, keys)
        result.append(_merge(resource, "", item, wanted.pop(name)) if name in wanted else item)
    return result + [copy_of(item) for item in wanted.values()]
