"""The choices of the simulated Kubernetes that a fault or a release may replace."""

import random
from collections.abc import Sequence

from simulator.kubernetes.errors import FieldError
from simulator.kubernetes.resources import Obj, Resource

NAME_CHARACTERS = "bcdfghjklmnpqrstvwxz2456789"


class KubernetesDecisions:
    """Kubernetes as documented; every method is one decision."""

    def admit_invalid(self, resource: Resource, obj: Obj, errors: Sequence[FieldError]) -> Sequence[FieldError]:
        """Which of the errors found in an object lead to its refusal: all of them."""
        del resource, obj
        return errors

    def is_stale(self, sent: str, stored: str) -> bool:
        """Whether a write that carries resourceVersion `sent` comes too late."""
        return sent != stored

    def holds_deletion(self, resource: Resource, obj: Obj) -> bool:
        """Whether a deleted object stays until its finalizers are gone."""
        del resource
        return bool(obj["metadata"].get("finalizers"))

    def name_suffix(self) -> str:
        """The five characters that complete a generateName."""
        return "".join(random.choices(NAME_CHARACTERS, k=5))

    def keeps_data_source(self, source: Obj) -> bool:
        """Whether a claim's `dataSource` is of a kind that survives when there is no `dataSourceRef`."""
        kind, group = source.get("kind"), source.get("apiGroup") or ""
        return (kind, group) in {("PersistentVolumeClaim", ""), ("VolumeSnapshot", "snapshot.storage.k8s.io")}

    def keeps_data_source_ref(self, reference: Obj) -> bool:
        """Whether a claim's `dataSourceRef` survives: one into another namespace does not."""
        return not reference.get("namespace")

    def mirrors_data_source(self, spec: Obj) -> bool:
        """Whether `dataSource` and `dataSourceRef` are filled from each other."""
        del spec
        return True

    def collects_dependents(self, dependent: Obj) -> bool:
        """Whether an object whose last owner is gone is deleted."""
        del dependent
        return True

    def namespace_deletes(self, resource: Resource) -> bool:
        """Whether objects of this kind are deleted with their namespace."""
        del resource
        return True
