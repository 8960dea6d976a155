"""What the controller manager does for every kind: emptying deleted namespaces, collecting dependents."""

from collections import Counter
from typing import Protocol

from simulator.clock import Clock
from simulator.kubernetes.api import Api
from simulator.kubernetes.controller import Controller, Key, Result
from simulator.kubernetes.deletion import FOREGROUND, ORPHAN
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.resources import Obj, Resource
from simulator.kubernetes.store import Change, Stored

NAMESPACE_MANAGER = "kube-controller-manager"


class Runnable(Protocol):
    """Something that works until it is cancelled."""

    async def run(self) -> None:
        """Work until cancelled."""


def lifecycle_controllers(api: Api, clock: Clock) -> list[Runnable]:
    """The controllers that every cluster has."""
    return [NamespaceLifecycle(api, clock), GarbageCollector(api, clock)]


class NamespaceLifecycle:
    """Deletes the content of a terminating namespace, the pods first, and then the namespace."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._queue = Controller(api, clock, "namespace", self._reconcile)
        self._queue.watch("namespaces")

    async def run(self) -> None:
        """Empty terminating namespaces until cancelled."""
        end = self._api.subscribe("", self._follow)
        try:
            await self._queue.run()
        finally:
            end()

    def _follow(self, change: Change) -> None:
        """After a deletion the namespace may be empty."""
        namespace, _ = change.key
        if change.type == "DELETED" and namespace:
            self._queue.enqueue(("", namespace))

    async def _reconcile(self, key: Key) -> Result | None:
        _, name = key
        namespace = self._api.find("namespaces", name)
        if namespace is None or not namespace["metadata"].get("deletionTimestamp"):
            return None
        pods = self._remaining(name, pods_only=True)
        for stored in pods or self._remaining(name):
            self._delete(stored)
        remaining = self._remaining(name)
        self._report(name, remaining)
        if not remaining:
            namespace = self._api.get("namespaces", name)
            namespace["spec"] = {"finalizers": []}
            self._api.replace("namespaces", namespace, subresource="finalize", manager=NAMESPACE_MANAGER)
        return None

    def _remaining(self, namespace: str, *, pods_only: bool = False) -> list[Stored]:
        return [
            stored
            for resource in self._api.resources()
            if resource.namespaced and (resource.key == "pods" or not pods_only)
            for stored in self._api.store.all(resource, namespace)
        ]

    def _delete(self, stored: Stored) -> None:
        metadata = stored.object["metadata"]
        if metadata.get("deletionTimestamp"):
            return
        try:
            self._api.delete(stored.resource.key, metadata["name"], metadata["namespace"], uid=metadata["uid"])
        except ApiError as error:
            if error.status not in {404, 409}:
                raise

    def _report(self, name: str, remaining: list[Stored]) -> None:
        namespace = self._api.get("namespaces", name)
        before = {each["type"]: each for each in namespace["status"].get("conditions", [])}
        now = self._clock.timestamp()
        conditions = []
        for kind, status, reason, message in _conditions(remaining):
            changed = before.get(kind, {}).get("status") != status
            since = now if changed else before[kind]["lastTransitionTime"]
            conditions.append(
                {"type": kind, "status": status, "lastTransitionTime": since, "reason": reason, "message": message}
            )
        namespace["status"]["conditions"] = conditions
        self._api.update_status("namespaces", namespace, manager=NAMESPACE_MANAGER)


def _conditions(remaining: list[Stored]) -> list[tuple[str, str, str, str]]:
    kinds = Counter(f"{stored.resource.plural}.{stored.resource.group}" for stored in remaining)
    finalizers = Counter(each for stored in remaining for each in stored.object["metadata"].get("finalizers", []))
    content = ("False", "ContentRemoved", "All content successfully removed")
    if kinds:
        listed = ", ".join(f"{kind} has {count} resource instances" for kind, count in sorted(kinds.items()))
        content = ("True", "SomeResourcesRemain", f"Some resources are remaining: {listed}")
    held = ("False", "ContentHasNoFinalizers", "All content-preserving finalizers finished")
    if finalizers:
        listed = ", ".join(f"{each} in {count} resource instances" for each, count in sorted(finalizers.items()))
        held = ("True", "SomeFinalizersRemain", f"Some content in the namespace has finalizers remaining: {listed}")
    discovered = ("False", "ResourcesDiscovered", "All resources successfully discovered")
    parsed = ("False", "ParsedGroupVersions", "All legacy kube types successfully parsed")
    deleted = ("False", "ContentDeleted", "All content successfully deleted, may be waiting on finalization")
    return [
        ("NamespaceDeletionDiscoveryFailure", *discovered),
        ("NamespaceDeletionGroupVersionParsingFailure", *parsed),
        ("NamespaceDeletionContentFailure", *deleted),
        ("NamespaceContentRemaining", *content),
        ("NamespaceFinalizersRemaining", *held),
    ]


Place = tuple[Resource, str, str]
"""Resource, namespace and name of an object."""


class GarbageCollector:
    """Deletes objects whose owners are gone, and executes foreground and orphaning deletions.

    The keys of its queue are ("", uid) of owners.
    """

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._queue = Controller(api, clock, "garbage-collector", self._reconcile)
        self._places: dict[str, Place] = {}
        self._dependents: dict[str, dict[str, Place]] = {}

    async def run(self) -> None:
        """Collect until cancelled, starting with the existing objects."""
        end = self._api.subscribe("", self._follow)
        try:
            for resource in self._api.resources():
                for stored in self._api.store.all(resource):
                    self._follow(Change("ADDED", stored.object, None, resource, stored, None))
            await self._queue.run()
        finally:
            end()

    def _follow(self, change: Change) -> None:
        metadata = change.object["metadata"]
        uid = metadata["uid"]
        place = (change.resource, *change.key)
        owners = {each["uid"] for each in metadata.get("ownerReferences", [])}
        before = {each["uid"] for each in ((change.old or {}).get("metadata") or {}).get("ownerReferences", [])}
        if change.type == "DELETED":
            self._places.pop(uid, None)
            for owner in owners | before:
                self._dependents.get(owner, {}).pop(uid, None)
                self._queue.enqueue(("", owner))
            if self._dependents.get(uid):
                self._queue.enqueue(("", uid))
            return
        self._places[uid] = place
        for owner in before - owners:
            self._dependents.get(owner, {}).pop(uid, None)
        for owner in owners:
            self._dependents.setdefault(owner, {})[uid] = place
            if owner not in self._places:
                self._queue.enqueue(("", owner))
        if {FOREGROUND, ORPHAN} & set(metadata.get("finalizers", [])) and "deletionTimestamp" in metadata:
            self._queue.enqueue(("", uid))

    async def _reconcile(self, key: Key) -> Result | None:
        _, uid = key
        dependents = dict(self._dependents.get(uid, {}))
        place = self._places.get(uid)
        if place is None:
            for dependent_uid, dependent in dependents.items():
                self._collect(uid, dependent_uid, dependent)
            self._dependents.pop(uid, None)
            return None
        owner = self._object(place)
        metadata = owner["metadata"] if owner else {}
        if "deletionTimestamp" not in metadata:
            return None
        finalizers = metadata.get("finalizers", [])
        if ORPHAN in finalizers:
            for dependent in dependents.values():
                self._disown(uid, dependent)
            self._drop_finalizer(place, ORPHAN)
        elif FOREGROUND in finalizers:
            blocking = [each for each in dependents.values() if self._blocks(uid, each)]
            for dependent_uid, dependent in dependents.items():
                self._delete(dependent_uid, dependent, "Foreground" if self._dependents.get(dependent_uid) else "")
            if not [each for each in blocking if self._object(each)]:
                self._drop_finalizer(place, FOREGROUND)
        return None

    def _object(self, place: Place) -> Obj | None:
        resource, namespace, name = place
        return self._api.find(resource.key, name, namespace)

    def _collect(self, owner_uid: str, uid: str, place: Place) -> None:
        dependent = self._object(place)
        if dependent is None:
            return
        others = [each["uid"] for each in dependent["metadata"].get("ownerReferences", []) if each["uid"] != owner_uid]
        if any(each in self._places for each in others):
            self._disown(owner_uid, place)
        else:
            self._delete(uid, place, "Background")

    def _delete(self, uid: str, place: Place, propagation: str) -> None:
        dependent = self._object(place)
        if dependent is None or dependent["metadata"].get("deletionTimestamp"):
            return
        resource, namespace, name = place
        self._api.delete(resource.key, name, namespace, uid=uid, propagation=propagation)

    def _disown(self, owner_uid: str, place: Place) -> None:
        dependent = self._object(place)
        if dependent is None:
            return
        metadata = dependent["metadata"]
        metadata["ownerReferences"] = [each for each in metadata["ownerReferences"] if each["uid"] != owner_uid]
        self._api.update(place[0].key, dependent, manager=NAMESPACE_MANAGER)

    def _blocks(self, owner_uid: str, place: Place) -> bool:
        dependent = self._object(place)
        references = dependent["metadata"].get("ownerReferences", []) if dependent else []
        return any(each["uid"] == owner_uid and each.get("blockOwnerDeletion") for each in references)

    def _drop_finalizer(self, place: Place, finalizer: str) -> None:
        owner = self._object(place)
        if owner is None:
            return
        metadata = owner["metadata"]
        metadata["finalizers"] = [each for each in metadata["finalizers"] if each != finalizer]
        self._api.update(place[0].key, owner, manager=NAMESPACE_MANAGER)
