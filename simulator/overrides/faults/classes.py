"""Faults in the choice of a VolumeSnapshotClass, and in what is made of its parameters."""

from collections.abc import Callable, Sequence

from simulator.kubernetes.resources import Obj
from simulator.overrides.faults.suite_messages import READY
from simulator.overrides.registry import changed, fault


@fault(
    "content-of-another-class",
    breaks="backup.class.named",
    decision="csi.content_class",
    says=r"is of class and policy .*, expected",
)
def other_class(original: Callable[..., str], snapshot_class: Obj, classes: Sequence[Obj]) -> str:
    """A content names another class with the same parameters, if there is one."""
    own = original(snapshot_class, classes)
    alike = [each for each in classes if each.get("parameters") == snapshot_class.get("parameters")]
    return next((str(each["metadata"]["name"]) for each in alike if each["metadata"]["name"] != own), own)


unknown_type = fault(
    "unknown-type-makes-a-backup",
    breaks=("backup.class.type.unknown", "backing-image.class.type.unknown"),
    decision="longhorn.snapshot_type",
    says=READY,
    summary="A class with a `type` that does not exist makes backups.",
)(changed(lambda kind: kind if kind in {"snap", "bak", "bi"} else "bak"))
unknown_mode = fault(
    "unknown-mode-ignored",
    breaks="backup.mode.unknown",
    decision="longhorn.backup_mode",
    says=READY,
    summary="A `backupMode` that does not exist is treated as if there were none.",
)(changed(lambda mode: mode if mode in {"full", "incremental"} else ""))
stable_only = fault(
    "beta-not-served",
    breaks=("backup.example.beta", "backup.pre-provisioned.beta"),
    decision="csi.snapshot_versions",
    says=r"404",
    summary="The API serves the snapshot kinds in v1 only.",
)(lambda original, documented: original(documented)[:1])


_POLICIES: dict[str, str] = {}
"""The deletion policy that each class had when it was first used."""


@fault(
    "class-made-again-keeps-its-policy",
    breaks="backup.class.named",
    decision="csi.content_policy",
    says=r"has the policy Retain of an earlier class",
)
def stale_policy(original: Callable[[Obj], str], snapshot_class: Obj) -> str:
    """A class that was deleted, and made again under its name, counts with the policy that it had first."""
    return _POLICIES.setdefault(snapshot_class["metadata"]["name"], original(snapshot_class))
