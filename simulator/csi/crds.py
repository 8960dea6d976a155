"""The kinds of `snapshot.storage.k8s.io` as a release of external-snapshotter installs them.

`crds.yaml` has the fields of 8.6. What an older release does not have is taken away here: before 8.0 there are no
rules but that a source is exactly one, as `oneOf` in the schema; before 6.0 the kinds are served in `v1beta1` as well,
which differs only in name.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from simulator.csi.decisions import CsiDecisions
from simulator.kubernetes import definitions
from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj, Resource, Rule, at, copy_of

RELEASES = ("4.0", "6.3", "7.0", "8.0", "8.6")
"""Releases whose CRDs can be installed."""

_ADDED = {
    "6.0": ("spec.sourceVolumeMode",),
    "7.0": ("status.volumeGroupSnapshotName", "status.volumeGroupSnapshotHandle"),
}
"""Fields by the release that added them."""


def register(api: Api, decisions: CsiDecisions | None = None, release: str = RELEASES[-1]) -> None:
    """Make the API serve VolumeSnapshot, VolumeSnapshotContent and VolumeSnapshotClass as one of RELEASES does."""
    decisions = decisions or CsiDecisions()
    older = tuple(decisions.snapshot_versions(served_versions(release)))[1:]
    rules = _rules(decisions) if release >= "8.0" else {}
    for resource in definitions.resources(Path(__file__).with_suffix(".yaml")):
        installed = _as_of(release, resource)
        api.register(replace(installed, rules=rules.get(resource.kind, ()), older_versions=older))


def served_versions(release: str) -> Sequence[str]:
    """The versions in which a release serves the kinds, the stored one first."""
    return ("v1",) if release >= "6.0" else ("v1", "v1beta1")


def _as_of(release: str, resource: Resource) -> Resource:
    schema: Obj = copy_of(resource.schema)
    absent = [field for since, fields in _ADDED.items() if release < since for field in fields]
    for part, _, name in (field.partition(".") for field in absent):
        (at(schema, f"properties.{part}.properties") or {}).pop(name, None)
    source = at(schema, "properties.spec.properties.source")
    if source is not None and release < "8.0":
        source["oneOf"] = [{"required": [name]} for name in source["properties"]]
    return replace(resource, schema=schema, short_names=resource.short_names if release >= "5.0" else ())


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
