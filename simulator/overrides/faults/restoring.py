# ruff: noqa: ARG001  (a replacement takes the arguments of the decision that it replaces)
"""Faults in what a claim gets that restores from a VolumeSnapshot."""

from collections.abc import Callable, Sequence

from simulator.kubernetes.resources import Obj
from simulator.overrides.faults.suite_messages import BOUND, NOT_BOUND, OTHER_DATA
from simulator.overrides.registry import fault, override


@fault(
    "restore-of-the-newest-backup",
    breaks="backup.restore",
    decision="longhorn.backup_to_restore",
    says=OTHER_DATA,
)
def newest(original: Callable[..., str], backups: Sequence[Obj], wanted: str) -> str:
    """A restore takes the newest backup of the volume, whichever the handle names."""
    made = [each for each in backups if each["status"].get("backupCreatedAt")]
    return str(max(made, key=lambda each: each["status"]["snapshotCreatedAt"])["metadata"]["name"])


unknown_provisioner = fault(
    "restored-volume-of-another-provisioner",
    breaks=("backup.restore.provisioner", "backing-image.restore.provisioner"),
    decision="csi.provisioner_of",
    says=r"provisioned by static\.driver\.longhorn\.io",
    summary="The restored PersistentVolume names another provisioner.",
)(lambda original, driver: f"static.{original(driver)}")
too_large = fault(
    "restored-volume-too-large",
    breaks="backup.restore.size",
    decision="longhorn.restored_size",
    says=r"'size of the Longhorn volume': 18874368",
    summary="The restored volume is 2 MiB larger than requested.",
)(lambda original, requested, recorded: original(requested, recorded) + 2 * 1024 * 1024)
misreported = fault(
    "restored-capacity-misreported",
    breaks=("backup.restore.size", "backing-image.restore.size", "backing-image.restore.size.larger"),
    decision="longhorn.reported_capacity",
    says=r"'capacity of the claim': 18874368|the capacity of claim \S+ is 35651584",
    summary="The claim's capacity is 2 MiB more than the volume has.",
)(lambda original, requested: original(requested) + 2 * 1024 * 1024)


@override("smaller-claim-accepted", decision="longhorn.refuse_restore_size")
def smaller_restored(original: Callable[..., object], snapshot: str, requested: int, recorded: int) -> object:
    """Nor does the driver."""
    return original(snapshot, requested, recorded) if requested > recorded else None


@fault(
    "larger-claim-accepted",
    breaks="backup.restore.size.larger",
    decision="longhorn.refuse_restore_size",
    says=BOUND,
)
def larger_accepted(original: Callable[..., object], snapshot: str, requested: int, recorded: int) -> object:
    """A claim that is larger than its snapshot is bound."""
    return original(snapshot, requested, recorded) if requested < recorded else None


other_storage_class = fault(
    "storage-class-of-the-example-missing",
    breaks=("backup.restore.example", "backing-image.restore.example"),
    decision="longhorn.storage_class_name",
    says=NOT_BOUND,
    summary="The StorageClass `longhorn` does not exist after the installation.",
)(lambda original: original() + "-static")
given_up = fault(
    "early-claim-not-retried",
    breaks="backup.restore",
    decision="csi.retries_provisioning",
    says=NOT_BOUND,
    summary="A claim whose VolumeSnapshot does not exist yet is tried once and never again.",
)(lambda original, claim, refusal: not refusal.endswith(" not found") and original(claim, refusal))
