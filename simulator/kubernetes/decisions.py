# ruff: noqa: ARG002  (a replacement may need an argument that the documented answer does not)
"""The decisions of the simulated Kubernetes that a fault, a release quirk or a variation may replace."""

from collections.abc import Mapping, Sequence

from simulator.kubernetes.errors import FieldError
from simulator.kubernetes.resources import Obj, Resource
from simulator.kubernetes.store import Stored

Event = tuple[str, str, str]
"""Type, reason and message."""


class KubernetesDecisions:
    """Kubernetes as documented; every method is one decision."""

    def admit_invalid(self, resource: Resource, obj: Obj, errors: Sequence[FieldError]) -> Sequence[FieldError]:
        """Which of the errors found in an object lead to its refusal: all of them."""
        return errors

    # What a cluster may choose

    def admitted(self, resource: Resource, obj: Obj, old: Obj | None) -> Obj:
        """An object as it is stored, after webhooks and controllers of others: as it was sent."""
        return obj

    def echoes(self, resource: Resource, obj: Obj) -> int:
        """How many more revisions follow a write that say the same once more."""
        return 0

    def next_revision(self, current: int) -> int:
        """The revision after `current`: any larger one."""
        return current + 1

    def listed(self, resource: Resource, found: Sequence[Stored]) -> Sequence[Stored]:
        """The items of a list, in whatever order: that of their keys."""
        return found

    def field_manager(self, manager: str) -> str:
        """Under which name managedFields show what a component wrote."""
        return manager

    def events(self, event: Event) -> Sequence[Event]:
        """What becomes of an event that a component reports: it is written, as best effort."""
        return (event,)

    def git_version(self, version: str) -> str:
        """The API server's version."""
        return version

    def answer_headers(self) -> Mapping[str, str]:
        """Further headers of the API server's answers."""
        return {}
