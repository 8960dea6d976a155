"""The kinds of `snapshot.storage.k8s.io/v1` as external-snapshotter 8.6.0 installs them.

Before 6.0.0 it installed them in `v1beta1` as well; the two versions differ only in name.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from simulator.csi.decisions import CsiDecisions
from simulator.csi.names import SNAPSHOT_GROUP
from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Column, Obj, Resource, Rule

SNAPSHOT_VERSIONS = ("v1", "v1beta1")
"""All versions of the kinds so far, the stored one first."""

_STRING: Obj = {"type": "string"}
_BOOLEAN: Obj = {"type": "boolean"}
_TIME: Obj = {"type": "string", "format": "date-time"}
_ERROR: Obj = {"type": "object", "properties": {"message": _STRING, "time": _TIME}}
_POLICY: Obj = {"type": "string", "enum": ["Delete", "Retain"]}
_QUANTITY: Obj = {
    "anyOf": [{"type": "integer"}, {"type": "string"}],
    "pattern": r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$",  # noqa: E501
    "x-kubernetes-int-or-string": True,
}
_AGE = Column("Age", ".metadata.creationTimestamp", "date")


def register(api: Api, decisions: CsiDecisions | None = None, versions: Sequence[str] = SNAPSHOT_VERSIONS[:1]) -> None:
    """Make the API serve VolumeSnapshot, VolumeSnapshotContent and VolumeSnapshotClass in some of SNAPSHOT_VERSIONS."""
    decisions = decisions or CsiDecisions()
    older = tuple(decisions.snapshot_versions(versions))[1:]
    for resource in (_volume_snapshot(decisions), _volume_snapshot_content(decisions), _volume_snapshot_class()):
        api.register(replace(resource, older_versions=older))


def _whole(properties: Obj, *required: str) -> Obj:
    """The schema of a whole object with these fields beside apiVersion, kind and metadata."""
    named = {"apiVersion": _STRING, "kind": _STRING, "metadata": {"type": "object"}}
    return {"type": "object", "properties": {**named, **properties}, "required": list(required)}


def _immutable(path: str) -> Rule:
    name = path.rsplit(".", 1)[-1]
    return Rule(path, f"{name} is immutable", lambda new, old: bool(new == old), transition=True)


def _kept(path: str, field: str) -> Rule:
    def check(new: Any, old: Any) -> bool:
        return field not in old or field in new

    return Rule(path, f"{field} is required once set", check, transition=True)


def _volume_snapshot(decisions: CsiDecisions) -> Resource:
    claim, content = "persistentVolumeClaimName", "volumeSnapshotContentName"
    source = {"type": "object", "properties": {claim: _STRING, content: _STRING}}
    spec = {
        "type": "object",
        "required": ["source"],
        "properties": {"source": source, "volumeSnapshotClassName": _STRING},
    }
    status = {
        "type": "object",
        "properties": {
            "boundVolumeSnapshotContentName": _STRING,
            "creationTime": _TIME,
            "error": _ERROR,
            "readyToUse": _BOOLEAN,
            "restoreSize": _QUANTITY,
            "volumeGroupSnapshotName": _STRING,
        },
    }
    return Resource(
        group=SNAPSHOT_GROUP,
        version="v1",
        plural="volumesnapshots",
        singular="volumesnapshot",
        kind="VolumeSnapshot",
        namespaced=True,
        short_names=("vs",),
        status_subresource=True,
        schema=_whole({"spec": spec, "status": status}, "spec"),
        rules=(
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
        columns=(
            Column("ReadyToUse", ".status.readyToUse", "boolean"),
            Column("SourcePVC", f".spec.source.{claim}"),
            Column("SourceSnapshotContent", f".spec.source.{content}"),
            Column("RestoreSize", ".status.restoreSize"),
            Column("SnapshotClass", ".spec.volumeSnapshotClassName"),
            Column("SnapshotContent", ".status.boundVolumeSnapshotContentName"),
            Column("CreationTime", ".status.creationTime", "date"),
            _AGE,
        ),
    )


def _volume_snapshot_content(decisions: CsiDecisions) -> Resource:
    reference_fields = ("apiVersion", "fieldPath", "kind", "name", "namespace", "resourceVersion", "uid")
    spec = {
        "type": "object",
        "required": ["deletionPolicy", "driver", "source", "volumeSnapshotRef"],
        "properties": {
            "deletionPolicy": _POLICY,
            "driver": _STRING,
            "source": {"type": "object", "properties": {"snapshotHandle": _STRING, "volumeHandle": _STRING}},
            "sourceVolumeMode": _STRING,
            "volumeSnapshotClassName": _STRING,
            "volumeSnapshotRef": {
                "type": "object",
                "properties": dict.fromkeys(reference_fields, _STRING),
                "x-kubernetes-map-type": "atomic",
            },
        },
    }
    status = {
        "type": "object",
        "properties": {
            "creationTime": {"type": "integer", "format": "int64"},
            "error": _ERROR,
            "readyToUse": _BOOLEAN,
            "restoreSize": {"type": "integer", "format": "int64", "minimum": 0},
            "snapshotHandle": _STRING,
            "volumeGroupSnapshotHandle": _STRING,
        },
    }
    return Resource(
        group=SNAPSHOT_GROUP,
        version="v1",
        plural="volumesnapshotcontents",
        singular="volumesnapshotcontent",
        kind="VolumeSnapshotContent",
        namespaced=False,
        short_names=("vsc", "vscs"),
        status_subresource=True,
        schema=_whole({"spec": spec, "status": status}, "spec"),
        rules=(
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
        columns=(
            Column("ReadyToUse", ".status.readyToUse", "boolean"),
            Column("RestoreSize", ".status.restoreSize", "integer"),
            Column("DeletionPolicy", ".spec.deletionPolicy"),
            Column("Driver", ".spec.driver"),
            Column("VolumeSnapshotClass", ".spec.volumeSnapshotClassName"),
            Column("VolumeSnapshot", ".spec.volumeSnapshotRef.name"),
            Column("VolumeSnapshotNamespace", ".spec.volumeSnapshotRef.namespace"),
            _AGE,
        ),
    )


def _volume_snapshot_class() -> Resource:
    properties = {
        "deletionPolicy": _POLICY,
        "driver": _STRING,
        "parameters": {"type": "object", "additionalProperties": _STRING},
    }
    return Resource(
        group=SNAPSHOT_GROUP,
        version="v1",
        plural="volumesnapshotclasses",
        singular="volumesnapshotclass",
        kind="VolumeSnapshotClass",
        namespaced=False,
        short_names=("vsclass", "vsclasses"),
        schema=_whole(properties, "deletionPolicy", "driver"),
        columns=(Column("Driver", ".driver"), Column("DeletionPolicy", ".deletionPolicy"), _AGE),
    )
