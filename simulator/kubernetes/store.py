"""Objects and their revisions: one counter for all, one log per resource, subscribers called at each commit."""

import marshal
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from simulator.kubernetes.managedfields import Managers, rendered
from simulator.kubernetes.resources import Obj, Resource

FIRST_REVISION = 1000
"""The first revision; earlier ones count as compacted, as in a cluster that has run for a while."""

LOG_LENGTH = 5000
"""Changes kept per resource, for watches from an earlier revision."""

ObjectKey = tuple[str, str]


def encode(value: Any, *, ordered: bool = False) -> bytes:
    """JSON as Go writes it: compact, with <, > and & escaped; the keys of custom resources are `ordered`."""
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS if ordered else None)
    return text.replace(b"<", rb"\u003c").replace(b">", rb"\u003e").replace(b"&", rb"\u0026")


class Stored:
    """One revision of an object. Immutable; its bytes are made once, on first use."""

    __slots__ = ("_packed", "_tail", "managers", "object", "resource", "revision")

    def __init__(self, resource: Resource, obj: Obj, revision: int, managers: Managers) -> None:
        self.resource = resource
        self.object = obj
        self.revision = revision
        self.managers = managers
        self._tail: bytes | None = None
        self._packed: bytes | None = None

    def copied(self) -> Obj:
        """The object without its managedFields, free to change; unpacking is quicker than copying part by part."""
        if self._packed is None:
            self._packed = marshal.dumps(self.object)
        unpacked: Obj = marshal.loads(self._packed)
        return unpacked

    def complete(self) -> Obj:
        """The object with its managedFields. Shares parts with the stored object: do not change it."""
        if not self.managers:
            return self.object
        metadata = {**self.object["metadata"], "managedFields": rendered(self.managers)}
        return {**self.object, "metadata": metadata}

    def encoded(self, served: Resource) -> bytes:
        """The object as JSON, in the version in which it is served."""
        kind, version = ("kind", served.kind), ("apiVersion", served.api_version)
        head = encode(dict((kind, version) if served.builtin else (version, kind)))
        return head[:-1] + b"," + self._rest()

    def encoded_item(self, served: Resource) -> bytes:
        """The object as an item of a list: the items of built-in kinds do not repeat kind and apiVersion."""
        return b"{" + self._rest() if served.builtin else self.encoded(served)

    def _rest(self) -> bytes:
        if self._tail is None:
            rest = {key: value for key, value in self.complete().items() if key not in {"kind", "apiVersion"}}
            self._tail = encode(rest, ordered=not self.resource.builtin)[1:]
        return self._tail


def _labels(stored: Stored | None) -> dict[str, str]:
    return (stored.object["metadata"].get("labels") or {}) if stored is not None else {}


@dataclass(frozen=True)
class Change:
    """A committed revision. `object` and `old` are shared with the store: do not mutate them."""

    type: str
    object: Obj
    old: Obj | None
    resource: Resource
    stored: Stored
    before: Stored | None

    @property
    def key(self) -> ObjectKey:
        """(namespace, name); the namespace of cluster-scoped objects is empty."""
        metadata = self.object["metadata"]
        return metadata.get("namespace", ""), metadata["name"]


Subscriber = Callable[[Change], None]


class Store:
    """Objects by resource, namespace and name. All operations are synchronous, so each is atomic."""

    def __init__(self, following: Callable[[int], int] = lambda revision: revision + 1) -> None:
        """`following` is the revision after another one."""
        self._following = following
        self.revision = FIRST_REVISION
        self.compacted = FIRST_REVISION
        self._tables: dict[str, dict[ObjectKey, Stored]] = {}
        self._keys: dict[str, list[ObjectKey]] = {}
        self._labelled: dict[str, dict[tuple[str, str], set[ObjectKey]]] = {}
        self._logs: dict[str, deque[Change]] = {}
        self._dropped: dict[str, int] = {}
        self._subscribers: dict[str, list[Subscriber]] = {}
        self._undelivered: deque[Change] = deque()
        self.delivering = False
        """Whether subscribers are being called."""

    def find(self, resource: Resource, key: ObjectKey) -> Stored | None:
        """The newest revision of an object, None when there is none."""
        return self._tables.get(resource.key, {}).get(key)

    def all(self, resource: Resource, namespace: str = "", label: tuple[str, str] | None = None) -> list[Stored]:
        """All objects, of one namespace if given, in the order of their keys; if given, only those with this label."""
        table = self._tables.get(resource.key, {})
        if label is not None:
            labelled = self._labelled.get(resource.key, {}).get(label, ())
            return [table[key] for key in sorted(labelled) if not namespace or key[0] == namespace]
        keys = self._keys.get(resource.key, [])
        if namespace:
            keys = keys[bisect_left(keys, (namespace, "")) : bisect_left(keys, (namespace + "\0", ""))]
        return [table[key] for key in keys]

    def commit(self, resource: Resource, kind: str, obj: Obj, managers: Managers) -> Stored:
        """Make `obj` the next revision: an ADDED, MODIFIED or DELETED one. Sets its resourceVersion."""
        self.revision = self._following(self.revision)
        metadata = obj["metadata"]
        metadata["resourceVersion"] = str(self.revision)
        key = (metadata.get("namespace", ""), metadata["name"])
        table = self._tables.setdefault(resource.key, {})
        before = table.get(key)
        stored = Stored(resource, obj, self.revision, managers)
        self._place(resource.key, key, before, None if kind == "DELETED" else stored)
        if kind == "DELETED":
            del table[key]
        else:
            table[key] = stored
        change = Change(kind, obj, before.object if before else None, resource, stored, before)
        log = self._logs.setdefault(resource.key, deque())
        log.append(change)
        if len(log) > LOG_LENGTH:
            self._dropped[resource.key] = log.popleft().stored.revision
        self._undelivered.append(change)
        self._deliver()
        return stored

    def _place(self, resource: str, key: ObjectKey, before: Stored | None, after: Stored | None) -> None:
        """Update the order of the keys and the index of labels."""
        keys = self._keys.setdefault(resource, [])
        if before is None:
            insort(keys, key)
        elif after is None:
            del keys[bisect_left(keys, key)]
        was, now = _labels(before), _labels(after)
        if was == now:
            return
        labelled = self._labelled.setdefault(resource, {})
        for label in was.items() - now.items():
            labelled[label].discard(key)
        for label in now.items() - was.items():
            labelled.setdefault(label, set()).add(key)

    def oldest(self, resource: Resource) -> int:
        """The oldest revision from which a watch can continue."""
        return max(self.compacted, self._dropped.get(resource.key, 0))

    def compact(self) -> None:
        """Drop the past: a watch from any earlier revision gets 410."""
        self.compacted = self.revision
        self._logs.clear()

    def since(self, resource: Resource, revision: int) -> Iterator[Change]:
        """The changes after `revision`, oldest first."""
        return (change for change in self._logs.get(resource.key, ()) if change.stored.revision > revision)

    def at(self, resource: Resource, revision: int, namespace: str = "") -> list[Stored] | None:
        """The objects as they were at an earlier revision; None if it is compacted."""
        if revision < self.oldest(resource):
            return None
        table = dict(self._tables.get(resource.key, {}))
        for change in reversed(self._logs.get(resource.key, ())):
            if change.stored.revision <= revision:
                break
            if change.before is None:
                del table[change.key]
            else:
                table[change.key] = change.before
        return [table[key] for key in sorted(table) if not namespace or key[0] == namespace]

    def subscribe(self, resource: str, callback: Subscriber) -> Callable[[], None]:
        """Call back at each commit, of all resources if `resource` is empty. Returns a function that ends that."""
        callbacks = self._subscribers.setdefault(resource, [])
        callbacks.append(callback)
        return lambda: callbacks.remove(callback)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Commit several revisions before subscribers hear of the first."""
        held, self.delivering = self.delivering, True
        try:
            yield
        finally:
            self.delivering = held
            self._deliver()

    def _deliver(self) -> None:
        """Call the subscribers in the order of revisions, even if one of them commits as well."""
        if self.delivering:
            return
        self.delivering = True
        try:
            while self._undelivered:
                change = self._undelivered.popleft()
                for name in (change.resource.key, ""):
                    for callback in tuple(self._subscribers.get(name, ())):
                        callback(change)
        finally:
            self.delivering = False
