"""The kinds of `snapshot.storage.k8s.io/v1` as external-snapshotter 8.6.0 installs them.

Before 6.0.0 it installed them in `v1beta1` as well; the two versions differ only in name.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from simulator.csi.decisions import CsiDecisions
from simulator.kubernetes import definitions
from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Rule

SNAPSHOT_VERSIONS = ("v1", "v1beta1")
"""All versions of the kinds so far, the stored one first."""


def register(api: Api, decisions: CsiDecisions | None = None, versions: Sequence[str] = SNAPSHOT_VERSIONS[:1]) -> None:
    """Make the API serve VolumeSnapshot, VolumeSnapshotContent and VolumeSnapshotClass in some of SNAPSHOT_VERSIONS."""
    decisions = decisions or CsiDecisions()
    older = tuple(decisions.snapshot_versions(versions))[1:]
    rules = _rules(decisions)
    for resource in definitions.resources(Path(__file__).with_suffix(".yaml")):
        api.register(replace(resource, rules=rules.get(resource.kind, ()), older_versions=older))


def _immutable(path: str) -> Rule:
    name = path.rsplit(".", 1)[-1]
    return Rule(path, f"{name} is immutable", lambda new, old: bool(new == old), transition=True)


def _kept(path: str, field: str) -> Rule:
    def check(new: Any, old: Any) -> bool:
        return field not in old or field in new

    return Rule(path, f"{field} is required once set", check, transition=True)


def _rules(decisions: CsiDecisions) -> dict[str, tuple[Rule, ...]]:
    claim, content = "persistentVolumeClaimName", "volumeSnapshotContentName"
    return {
        "VolumeSnapshot": (
            _immutable(f"spec.source.{claim}"),
            _immutable(f"spec.source.{content}"),
            _kept("spec.source", claim),
            _kept("spec.source", content),
            Rule(
                "spec.source",
                f"exactly one of {content} and {claim} must be set",
                lambda new, _: decisions.snapshot_source_is_exclusive(new),
            ),
            Rule(
                "spec.volumeSnapshotClassName",
                "volumeSnapshotClassName must not be the empty string when set",
                lambda new, _: bool(new),
            ),
        ),
        "VolumeSnapshotContent": (
            _kept("spec", "sourceVolumeMode"),
            _immutable("spec.source.snapshotHandle"),
            _immutable("spec.source.volumeHandle"),
            _kept("spec.source", "volumeHandle"),
            _kept("spec.source", "snapshotHandle"),
            Rule(
                "spec.source",
                "exactly one of volumeHandle and snapshotHandle must be set",
                lambda new, _: ("volumeHandle" in new) != ("snapshotHandle" in new),
            ),
            _immutable("spec.sourceVolumeMode"),
            Rule(
                "spec.volumeSnapshotRef",
                "both spec.volumeSnapshotRef.name and spec.volumeSnapshotRef.namespace must be set",
                lambda new, _: decisions.reference_is_complete(new),
            ),
        ),
    }
