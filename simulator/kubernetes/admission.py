"""Admission: hooks that may change or refuse what is written."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from simulator.kubernetes.errors import Denied, denied
from simulator.kubernetes.resources import Obj, Resource


@dataclass(frozen=True)
class Admission:
    """A request under admission: `operation` is CREATE, UPDATE or DELETE.

    A mutating hook changes `object` in place. On DELETE `object` is the object to be deleted.
    """

    operation: str
    object: Obj
    old: Obj | None
    namespace: str
    name: str


Hook = Callable[[Admission], None]


@dataclass(frozen=True)
class _Registered:
    operations: frozenset[str]
    hook: Hook
    mutating: bool


class AdmissionHooks:
    """The registered hooks; they run in the order of their registration, the mutating ones first."""

    def __init__(self) -> None:
        self._hooks: dict[str, list[_Registered]] = {}

    def add(self, resource: str, operations: Collection[str], hook: Hook, *, mutating: bool) -> None:
        """Register a hook. Raises ValueError for an operation that does not exist."""
        unknown = set(operations) - {"CREATE", "UPDATE", "DELETE"}
        if unknown:
            raise ValueError(f"no such admission operations: {', '.join(sorted(unknown))}")
        self._hooks.setdefault(resource, []).append(_Registered(frozenset(operations), hook, mutating))

    def run(self, resource: Resource, request: Admission, *, mutating: bool) -> bool:
        """Run the hooks of one phase on `request`; returns whether there were any. Raises ApiError if one refuses."""
        ran = False
        for registered in self._hooks.get(resource.key, ()):
            if registered.mutating is mutating and request.operation in registered.operations:
                ran = True
                try:
                    registered.hook(request)
                except Denied as refusal:
                    raise denied(resource, request.name, refusal) from refusal
        return ran
