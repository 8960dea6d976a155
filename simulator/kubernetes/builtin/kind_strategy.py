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


def _nothing(api: Cluster, new: Obj, old: Obj | None) -> None:
    del api, new, old


def _no_errors(api: Cluster, new: Obj, old: Obj | None) -> list[FieldError]:
    del api, new, old
    return []


@dataclass(frozen=True)
class Strategy:
    """`prepare` fills defaults in place, `validate` finds errors; `old` is None on create.

    `graceful` kinds (pods) get time to end. With `answers_object` the answer to a completed deletion is the object
    instead of a Status.
    """

    prepare: Callable[[Cluster, Obj, Obj | None], None] = _nothing
    validate: Callable[[Cluster, Obj, Obj | None], list[FieldError]] = _no_errors
    graceful: bool = False
    answers_object: bool = False


PLAIN = Strategy()
