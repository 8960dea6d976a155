"""Reading and writing Longhorn's objects. The API is synchronous, so each function here is atomic."""

from collections.abc import Callable, Iterable
from typing import Any

from simulator.kubernetes.api import Api
from simulator.kubernetes.controller import Key
from simulator.kubernetes.resources import Obj
from simulator.longhorn import names

MANAGER = "longhorn-manager"


def find(api: Api, resource: str, name: str) -> Obj | None:
    """The object, with an empty status at least; None when there is none."""
    found = api.find(resource, name, names.NAMESPACE)
    if found is not None and found.get("status") is None:
        found["status"] = {}
    return found


def all_of(api: Api, resource: str, labels: str = "") -> list[Obj]:
    """All objects of a kind, with an empty status at least, sorted by name."""
    found = api.list(resource, names.NAMESPACE, labels=labels)
    for each in found:
        if each.get("status") is None:
            each["status"] = {}
    return found


def of_volume(api: Api, resource: str, volume: str) -> list[Obj]:
    """All objects of a kind that carry the volume's label."""
    return all_of(api, resource, f"{names.VOLUME_LABEL}={volume}")


def has_any(api: Api, resource: str, volume: str) -> bool:
    """Whether an object of a kind carries the volume's label."""
    return bool(api.select(resource, names.NAMESPACE, labels=f"{names.VOLUME_LABEL}={volume}"))


def status_of(stored: Obj) -> Obj:
    """The status of a stored object, which may have none yet."""
    return stored.get("status") or {}


def keys(api: Api, resource: str, wanted: Callable[[Obj], bool], labels: str = "") -> list[Key]:
    """The keys of the objects of a kind that fulfil a predicate; it sees the stored ones, with no status perhaps."""
    found = api.view(resource, names.NAMESPACE, labels=labels)
    return [(names.NAMESPACE, each["metadata"]["name"]) for each in found if wanted(each)]


def create(api: Api, resource: str, name: str, spec: Obj, **metadata: Any) -> Obj:
    """Create an object in Longhorn's namespace; `metadata` are further fields of its metadata."""
    given = {key: value for key, value in metadata.items() if value}
    return api.create(
        resource, {"metadata": {"name": name, "namespace": names.NAMESPACE, **given}, "spec": spec}, manager=MANAGER
    )


def set_status(api: Api, resource: str, name: str, **fields: Any) -> Obj | None:
    """Set top-level fields of the status; None when the object is gone."""
    found = find(api, resource, name)
    if found is None:
        return None
    found["status"].update(fields)
    return api.update_status(resource, found, manager=MANAGER)


def set_spec(api: Api, resource: str, name: str, **fields: Any) -> Obj | None:
    """Set top-level fields of the spec; None when the object is gone."""
    found = find(api, resource, name)
    if found is None:
        return None
    found["spec"].update(fields)
    return api.update(resource, found, manager=MANAGER)


def release(api: Api, resource: str, name: str) -> None:
    """Take Longhorn's finalizer off, so that a deleted object goes."""
    found = api.find(resource, name, names.NAMESPACE)
    if found is None:
        return
    finalizers = [each for each in found["metadata"].get("finalizers", []) if each != names.FINALIZER]
    found["metadata"]["finalizers"] = finalizers
    api.update(resource, found, manager=MANAGER)


def delete(api: Api, resource: str, name: str) -> None:
    """Ask for an object's deletion; one that is gone or going already is left as it is."""
    found = api.find(resource, name, names.NAMESPACE)
    if found is not None and not is_deleted(found):
        api.delete(resource, name, names.NAMESPACE)


def is_deleted(obj: Obj) -> bool:
    """Whether its deletion was requested."""
    return bool(obj["metadata"].get("deletionTimestamp"))


def serves(volume: Obj) -> bool:
    """Whether a volume is attached, and known to have its data."""
    status = volume["status"]
    return bool(status.get("state") == "attached" and status.get("robustness") in {"healthy", "degraded"})


def setting(api: Api, name: str) -> str:
    """The value of a Setting, "" when this version has no such setting."""
    found = api.find(names.SETTINGS, name, names.NAMESPACE)
    return str(found["value"]) if found else ""


def owner(obj: Obj) -> Obj:
    """The reference by which a dependent names `obj` as its owner."""
    metadata = obj["metadata"]
    return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "name": metadata["name"], "uid": metadata["uid"]}


def owned(by: Obj, labels: Obj) -> Obj:
    """The metadata of an object that goes with its owner, and not before Longhorn lets it."""
    return {"finalizers": [names.FINALIZER], "labels": labels, "ownerReferences": [owner(by)]}


def condition(kind: str, status: bool, now: str, reason: str = "", message: str = "") -> Obj:
    """A condition as Longhorn writes them; `now` is when it became so."""
    return {
        "lastProbeTime": "",
        "lastTransitionTime": now,
        "message": message,
        "reason": reason,
        "status": str(status),
        "type": kind,
    }


def with_condition(conditions: Iterable[Obj] | None, new: Obj) -> list[Obj]:
    """The conditions with `new` in the place of the one of its type, or at the end; unchanged when it says the same."""
    merged = list(conditions or [])
    for index, known in enumerate(merged):
        if known["type"] == new["type"]:
            if any(known[key] != new[key] for key in ("status", "reason", "message")):
                merged[index] = new
            return merged
    return [*merged, new]
