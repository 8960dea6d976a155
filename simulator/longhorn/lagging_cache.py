"""What a part of longhorn-manager knows of the objects: an informer's cache, which may be behind the API server."""

import time
from dataclasses import dataclass, field

from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj, copy_of
from simulator.kubernetes.store import Change

_Key = tuple[str, str, str]


@dataclass(eq=False)
class LaggingCache:
    """Reads as the API does, of a moment ago if `Timing.cache_lag` says so for the part `whose` cache it is."""

    _api: Api
    whose: str
    _late: dict[_Key, list[tuple[float, Obj | None]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._api.subscribe("", self._hear)

    def find(self, resource: str, name: str, namespace: str = "") -> Obj | None:
        """A copy of an object, or None, as the cache has it."""
        states = self._late.get((resource, namespace, name))
        if states is None:
            return self._api.find(resource, name, namespace)
        now = time.monotonic()
        while len(states) > 1 and states[1][0] <= now:
            states.pop(0)
        if len(states) == 1:
            del self._late[(resource, namespace, name)]
        known = states[0][1]
        return None if known is None else copy_of(known)

    def all(self, resource: str, namespace: str) -> list[Obj]:
        """All objects of a kind in a namespace, as the cache has them; those of the API are not copied."""
        late = {name for kind, place, name in self._late if (kind, place) == (resource, namespace)}
        known = [each for each in self._api.view(resource, namespace) if each["metadata"]["name"] not in late]
        return known + [each for name in sorted(late) if (each := self.find(resource, name, namespace))]

    def _hear(self, change: Change) -> None:
        """Changes of one object arrive in their order."""
        lag = self._api.timing.cache_lag(self.whose)
        key = (change.resource.key, *change.key)
        if not lag and key not in self._late:
            return
        states = self._late.setdefault(key, [(0.0, change.old)])
        arrives = max(time.monotonic() + lag, states[-1][0])
        states.append((arrives, None if change.type == "DELETED" else change.object))
