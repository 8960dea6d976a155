# ruff: noqa: ARG001  (a replacement takes the arguments of the decision that it replaces)
"""Faults in what a claim gets that restores from a VolumeSnapshot."""

from collections.abc import Callable, Sequence

from simulator.kubernetes.resources import Obj
from simulator.overrides.faults.suite_messages import BOUND, NOT_BOUND, OTHER_DATA, ZEROS
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


@fault(
    "restore-without-data",
    breaks=(
        "backup.restore",
        "backup.pre-provisioned",
        "backup.pre-provisioned.restore",
        "backup.example.legacy-handle",
    ),
    decision="longhorn.restores_data",
    says=ZEROS,
)
def no_data(original: Callable[[Obj], bool], volume: Obj) -> bool:
    """The restored volume is empty."""
    return False


@fault(
    "restore-ignores-the-data-source",
    breaks=("backup.restore", "backing-image.restore"),
    decision="csi.volume_source",
    says=ZEROS,
)
def ignores_source(original: Callable[[Obj], Obj | None], claim: Obj) -> Obj | None:
    """A claim with a dataSource is provisioned like one without."""
    return None


@fault(
    "restored-volume-of-another-provisioner",
    breaks=("backup.restore.provisioner", "backing-image.restore.provisioner"),
    decision="csi.provisioner_of",
    says=r"provisioned by static\.driver\.longhorn\.io",
)
def unknown_provisioner(original: Callable[[str], str], driver: str) -> str:
    """The restored PersistentVolume names another provisioner."""
    return f"static.{original(driver)}"


@fault(
    "restored-volume-too-large",
    breaks="backup.restore.size",
    decision="longhorn.restored_size",
    says=r"'size of the Longhorn volume': 18874368",
)
def too_large(original: Callable[[int, int], int], requested: int, recorded: int) -> int:
    """The restored volume is 2 MiB larger than requested."""
    return original(requested, recorded) + 2 * 1024 * 1024


@fault(
    "restored-capacity-misreported",
    breaks=("backup.restore.size", "backing-image.restore.size", "backing-image.restore.size.larger"),
    decision="longhorn.reported_capacity",
    says=r"'capacity of the claim': 18874368|the capacity of claim \S+ is 35651584",
)
def misreported(original: Callable[[int], int], requested: int) -> int:
    """The claim's capacity is 2 MiB more than the volume has."""
    return original(requested) + 2 * 1024 * 1024


@fault(
    "smaller-claim-accepted",
    breaks=("backup.restore.size", "backing-image.restore.size.smaller"),
    decision="csi.refuses_size",
    says=rf"{BOUND}|could not report why the claim is not provisioned",
)
def smaller_accepted(original: Callable[[int, int], bool], requested: int, restore_size: int) -> bool:
    """A claim that is smaller than its snapshot is bound: the provisioner does not compare the sizes."""
    return False


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


@fault(
    "restore-size-unknown",
    breaks=("backup.restore.size", "backing-image.restore.size", "backing-image.restore.size.smaller"),
    decision="csi.recorded_size",
    says=r"'restoreSize of the VolumeSnapshot': None|could not report why the claim is not provisioned",
)
def no_size(original: Callable[..., int | None], content: Obj, answer: object) -> int | None:
    """The content and the VolumeSnapshot do not report the snapshot's size."""
    return None


@fault(
    "storage-class-of-the-example-missing",
    breaks=("backup.restore.example", "backing-image.restore.example"),
    decision="longhorn.storage_class_name",
    says=NOT_BOUND,
)
def other_storage_class(original: Callable[[], str]) -> str:
    """The StorageClass `longhorn` does not exist after the installation."""
    return original() + "-static"


@fault(
    "refusals-not-reported",
    breaks=("backup.restore.size", "backup.restore.size.larger", "backing-image.restore.size.smaller"),
    decision="csi.reports_refusal",
    says=r"could not report why the claim is not provisioned",
)
def refusal_not_told(original: Callable[[Obj], bool], claim: Obj) -> bool:
    """The provisioner says nothing when it does not provision a claim."""
    return False


@fault(
    "early-claim-not-retried",
    breaks="backup.restore",
    decision="csi.retries_provisioning",
    says=NOT_BOUND,
)
def given_up(original: Callable[[Obj, str], bool], claim: Obj, refusal: str) -> bool:
    """A claim whose VolumeSnapshot does not exist yet is tried once and never again."""
    return not refusal.endswith(" not found") and original(claim, refusal)
