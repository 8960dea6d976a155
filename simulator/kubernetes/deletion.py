"""How an object is deleted: preconditions, grace, finalizers, and when it is gone."""

from dataclasses import dataclass
from datetime import timedelta

from simulator.clock import Clock
from simulator.kubernetes import errors
from simulator.kubernetes.resources import Obj, Resource, at, copy_of
from simulator.kubernetes.store import Store, Stored

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
DEFAULT_GRACE = 30
"""Seconds for a pod to end."""

IMMORTAL = frozenset({"default", "kube-system", "kube-public"})
"""Namespaces that cannot be deleted."""

PROPAGATIONS = ("Foreground", "Background", "Orphan")


@dataclass(frozen=True)
class Deletion:
    """The options of a deletion. `propagation` is empty, Background, Foreground or Orphan; grace is in seconds."""

    uid: str = ""
    resource_version: str = ""
    propagation: str = ""
    grace_seconds: int | None = None
    dry_run: bool = False

    def check(self, resource: Resource, obj: Obj) -> None:
        """Raises ApiError if a precondition fails, an option is unknown, or the object cannot be deleted."""
        metadata = obj["metadata"]
        if resource.key == "namespaces" and metadata["name"] in IMMORTAL:
            raise errors.forbidden(resource, metadata["name"], "this namespace may not be deleted")
        if self.uid and self.uid != metadata["uid"]:
            why = (
                f"the UID in the precondition ({self.uid}) does not match the UID in record ({metadata['uid']}). "
                "The object might have been deleted and then recreated"
            )
            raise errors.conflict(resource, metadata["name"], why)
        if self.resource_version and self.resource_version != metadata["resourceVersion"]:
            why = (
                f"the ResourceVersion in the precondition ({self.resource_version}) does not match the "
                f"ResourceVersion in record ({metadata['resourceVersion']}). The object might have been modified"
            )
            raise errors.conflict(resource, metadata["name"], why)
        if self.propagation and self.propagation not in PROPAGATIONS:
            wrong = errors.not_supported("propagationPolicy", self.propagation, (*PROPAGATIONS, "nil"))
            raise errors.invalid("DeleteOptions", "meta.k8s.io", "", [wrong])

    def add_finalizer(self, metadata: Obj) -> None:
        """Add the finalizer of the propagation, unless the object is being deleted already."""
        wanted = {"Foreground": FOREGROUND, "Orphan": ORPHAN}.get(self.propagation)
        if wanted and wanted not in metadata.get("finalizers", []) and "deletionTimestamp" not in metadata:
            metadata["finalizers"] = [*metadata.get("finalizers", []), wanted]

    def grace(self, obj: Obj) -> int:
        """Seconds for a graceful object (a pod) to end."""
        if not at(obj, "spec.nodeName") or at(obj, "status.phase") in {"Succeeded", "Failed"}:
            return 0
        if self.grace_seconds is not None:
            return max(self.grace_seconds, 0)
        asked = at(obj, "spec.terminationGracePeriodSeconds")
        return DEFAULT_GRACE if asked is None else int(asked)


class Deleter:
    """Deletes objects from a store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def delete(self, stored: Stored, options: Deletion, *, graceful: bool) -> tuple[Stored, bool]:
        """Delete, or mark as being deleted; returns the last revision and whether the object is gone."""
        resource, old = stored.resource, stored.object
        if resource.key == "namespaces":
            return self._terminate(stored, options), False
        new = copy_of(old)
        metadata = new["metadata"]
        options.add_finalizer(metadata)
        grace = options.grace(old) if graceful else 0
        held = bool(metadata.get("finalizers"))
        if not held and not graceful:
            return self._commit(stored, options, "DELETED", copy_of(old)), True
        already = "deletionTimestamp" in metadata
        if not already or grace < metadata.get("deletionGracePeriodSeconds", 0):
            when = self._clock.now() + timedelta(seconds=grace)
            metadata["deletionTimestamp"] = when.strftime("%Y-%m-%dT%H:%M:%SZ")
            metadata["deletionGracePeriodSeconds"] = grace
            if not already and "generation" in metadata:
                metadata["generation"] += 1
        with self._store.together():
            if new != old:
                stored = self._commit(stored, options, "MODIFIED", new)
            if held or metadata["deletionGracePeriodSeconds"] > 0:
                return stored, False
            return self._commit(stored, options, "DELETED", copy_of(new)), True

    def _terminate(self, stored: Stored, options: Deletion) -> Stored:
        """Namespaces first become Terminating; the namespace controller empties them."""
        if stored.object["metadata"].get("deletionTimestamp"):
            return stored
        new = copy_of(stored.object)
        new["metadata"]["deletionTimestamp"] = self._clock.timestamp()
        new["status"] = {**new.get("status", {}), "phase": "Terminating"}
        return self._commit(stored, options, "MODIFIED", new)

    def _commit(self, stored: Stored, options: Deletion, kind: str, obj: Obj) -> Stored:
        if options.dry_run:
            return Stored(stored.resource, obj, stored.revision, stored.managers)
        return self._store.commit(stored.resource, kind, obj, stored.managers)

    @staticmethod
    def is_over(resource: Resource, obj: Obj) -> bool:
        """Whether nothing blocks the deletion of an object any longer."""
        if obj["metadata"].get("finalizers"):
            return False
        if resource.key == "namespaces":
            return not at(obj, "spec.finalizers")
        return int(obj["metadata"].get("deletionGracePeriodSeconds") or 0) == 0
