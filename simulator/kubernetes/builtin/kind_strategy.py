"""How the API server defaults, validates and deletes one built-in kind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from simulator.clock import Clock
from simulator.kubernetes.errors import FieldError
from simulator.kubernetes.resources import Obj, Resource


class Cluster(Protocol):
    """What defaults and validation may ask of the API."""

    @property
    def clock(self) -> Clock: ...

    def resource(self, key: str) -> Resource: ...

    def find(self, resource: str, name: str, namespace: str = "") -> Obj | None: ...

    def view(self, resource: str, namespace: str = "") -> list[Obj]: ...


@dataclass(frozen=True)
class Strategy:
    """`prepare` fills defaults in place, `validate` finds errors; `old` is None on create.

    `graceful` kinds (pods) get time to end. With `answers_object` the answer to a completed deletion is the object
    instead of a Status.
    """

    prepare: Callable[[Cluster, Obj, Obj | None], None] = lambda _api, _new, _old: None
    validate: Callable[[Cluster, Obj, Obj | None], list[FieldError]] = lambda _api, _new, _old: []
    graceful: bool = False
    answers_object: bool = False


PLAIN = Strategy()
