"""The kinds of `snapshot.storage.k8s.io/v1` as external-snapshotter 8.6.0 installs them.

Before 6.0.0 it installed them in `v1beta1` as well; the two versions differ only in name.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from simulator.csi.decisions import CsiDecisions
from simulator.csi.names import SNAPSHOT_GROUP
from simulator.kubernetes.api import Api
from simulator.kubernetes.builtin.schemas import FLAG, TEXT, each, mapping, struct
from simulator.kubernetes.resources import Column, Obj, Resource, Rule

SNAPSHOT_VERSIONS = ("v1", "v1beta1")
"""All versions of the kinds so far, the stored one first."""

_TIME: Obj = {"type": "string", "format": "date-time"}
_ERROR = struct(message=TEXT, time=_TIME)
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


def _whole(required: str, **properties: Obj) -> Obj:
    """The schema of a whole object with these fields beside apiVersion, kind and metadata."""
    named = struct(apiVersion=TEXT, kind=TEXT, metadata={"type": "object"}, **properties)
    return {**named, "required": required.split()}


def _kind(kind: str, *short_names: str, plural: str, **more: Any) -> Resource:
    singular = kind.lower()
    return Resource(SNAPSHOT_GROUP, "v1", plural, singular, kind, short_names=short_names, **more)


def _immutable(path: str) -> Rule:
    name = path.rsplit(".", 1)[-1]
    return Rule(path, f"{name} is immutable", lambda new, old: bool(new == old), transition=True)


def _kept(path: str, field: str) -> Rule:
    def check(new: Any, old: Any) -> bool:
        return field not in old or field in new

    return Rule(path, f"{field} is required once set", check, transition=True)


def _volume_snapshot(decisions: CsiDecisions) -> Resource:
    claim, content = "persistentVolumeClaimName", "volumeSnapshotContentName"
    source = struct(**each(TEXT, f"{claim} {content}"))
    spec = {**struct(source=source, volumeSnapshotClassName=TEXT), "required": ["source"]}
    status = struct(
        boundVolumeSnapshotContentName=TEXT,
        creationTime=_TIME,
        error=_ERROR,
        readyToUse=FLAG,
        restoreSize=_QUANTITY,
        volumeGroupSnapshotName=TEXT,
    )
    return _kind(
        "VolumeSnapshot",
        "vs",
        plural="volumesnapshots",
        namespaced=True,
        status_subresource=True,
        schema=_whole("spec", spec=spec, status=status),
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
    reference = struct(**each(TEXT, "apiVersion fieldPath kind name namespace resourceVersion uid"))
    spec = struct(
        deletionPolicy=_POLICY,
        driver=TEXT,
        source=struct(snapshotHandle=TEXT, volumeHandle=TEXT),
        sourceVolumeMode=TEXT,
        volumeSnapshotClassName=TEXT,
        volumeSnapshotRef={**reference, "x-kubernetes-map-type": "atomic"},
    )
    status = struct(
        creationTime={"type": "integer", "format": "int64"},
        error=_ERROR,
        readyToUse=FLAG,
        restoreSize={"type": "integer", "format": "int64", "minimum": 0},
        snapshotHandle=TEXT,
        volumeGroupSnapshotHandle=TEXT,
    )
    required = ["deletionPolicy", "driver", "source", "volumeSnapshotRef"]
    return _kind(
        "VolumeSnapshotContent",
        "vsc",
        "vscs",
        plural="volumesnapshotcontents",
        namespaced=False,
        status_subresource=True,
        schema=_whole("spec", spec={**spec, "required": required}, status=status),
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
    schema = _whole("deletionPolicy driver", deletionPolicy=_POLICY, driver=TEXT, parameters=mapping(TEXT))
    return _kind(
        "VolumeSnapshotClass",
        "vsclass",
        "vsclasses",
        plural="volumesnapshotclasses",
        namespaced=False,
        schema=schema,
        columns=(Column("Driver", ".driver"), Column("DeletionPolicy", ".deletionPolicy"), _AGE),
    )
