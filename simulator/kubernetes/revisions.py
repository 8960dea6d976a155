"""The next revision of an object after a write, before defaults, admission and validation."""

from simulator.kubernetes import metadata
from simulator.kubernetes.errors import FieldError
from simulator.kubernetes.resources import Obj, Resource, copy_of

SUBRESOURCE_PARTS = {"status": ("status",), "finalize": ("spec",), "binding": ("spec", "status")}
"""What a write to a subresource changes; the scheduler sets a pod's node by `binding`."""


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
