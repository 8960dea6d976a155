"""The next revision of an object after a write, before defaults, admission and validation."""

import uuid

from simulator.kubernetes import errors, metadata
from simulator.kubernetes.errors import FieldError
from simulator.kubernetes.resources import Obj, Resource, copy_of

SUBRESOURCE_PARTS = {"status": ("status",), "finalize": ("spec",), "binding": ("spec", "status")}
"""What a write to a subresource changes; the scheduler sets a pod's node by `binding`."""


def created(served: Resource, obj: Obj, now: str) -> Obj:
    """The first revision of an object, yet without a generated name. Raises ApiError 500 for a resourceVersion."""
    new: Obj = copy_of(obj)
    new["apiVersion"], new["kind"] = served.api_version, served.kind
    given, _ = metadata.tidy(new.get("metadata") or {})
    if given.get("resourceVersion"):
        raise errors.internal("resourceVersion should not be set on objects to be created")
    for field in metadata.SERVER_SET:
        given.pop(field, None)
    if served.status_subresource:
        new.pop("status", None)
    new["metadata"] = {**given, "uid": str(uuid.uuid4()), "creationTimestamp": now}
    if served.counts_generations:
        new["metadata"]["generation"] = 1
    return new


def check_preconditions(served: Resource, old: Obj, given: Obj) -> None:
    """Raises ApiError 409 if the uid or the resourceVersion that a write sends is not that of `old`."""
    current = old["metadata"]
    if given.get("uid") and given["uid"] != current["uid"]:
        why = f"Precondition failed: UID in precondition: {given['uid']}, UID in object meta: {current['uid']}"
        raise errors.conflict(served, current["name"], why)
    sent = given.get("resourceVersion")
    if sent and sent != current["resourceVersion"]:
        raise errors.conflict(served, current["name"])


def replaced(served: Resource, old: Obj, new: Obj) -> list[FieldError]:
    """Complete `new`, which replaces `old`, with what a write cannot change. Returns the errors in its metadata."""
    given = new["metadata"]
    new["apiVersion"], new["kind"] = served.api_version, served.kind
    wrong = metadata.carry(old["metadata"], given) + metadata.content_errors(given)
    if served.key == "namespaces":
        new["spec"] = old["spec"]
    if served.status_subresource:
        new.pop("status", None)
        if "status" in old:
            new["status"] = old["status"]
    return wrong


def with_subresource(served: Resource, old: Obj, new: Obj, subresource: str) -> Obj:
    """`old` with the parts of `new` that a write to the subresource changes."""
    parts = {part: new.get(part) for part in SUBRESOURCE_PARTS[subresource]}
    kept = {key: value for key, value in old.items() if key not in parts}
    # Nothing prepares a custom resource, so unchanged parts can be shared.
    kept = copy_of(kept) if served.builtin else {**kept, "metadata": {**kept["metadata"]}}
    return {**kept, **{part: value for part, value in parts.items() if value is not None}}


def spec_changed(served: Resource, new: Obj, old: Obj) -> bool:
    """Whether anything differs that counts as a new generation."""
    ignored = {"metadata", "status"} if served.status_subresource else {"metadata"}
    return any(new.get(key) != old.get(key) for key in (new.keys() | old.keys()) - ignored)
