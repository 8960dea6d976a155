# ruff: noqa: ARG002  (a replacement may need an argument that the documented answer does not)
"""The decisions of the simulated Kubernetes that a fault or a release quirk may replace."""

from collections.abc import Sequence

from simulator.kubernetes.errors import FieldError
from simulator.kubernetes.resources import Obj, Resource


class KubernetesDecisions:
    """Kubernetes as documented; every method is one decision."""

    def admit_invalid(self, resource: Resource, obj: Obj, errors: Sequence[FieldError]) -> Sequence[FieldError]:
        """Which of the errors found in an object lead to its refusal: all of them."""
        return errors
