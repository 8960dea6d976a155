# ruff: noqa: ARG001  (a replacement takes the arguments of the decision that it replaces)
"""Faults in what goes and what stays when a VolumeSnapshot is deleted."""

from collections.abc import Callable, Sequence

from simulator.kubernetes.resources import Obj
from simulator.overrides.faults.suite_messages import BACKUP_STAYS
from simulator.overrides.registry import fault, override


@fault(
    "delete-leaves-the-backup",
    breaks="backup.delete",
    decision="longhorn.deletes_backup",
    says=BACKUP_STAYS,
)
def leaves_backup(original: Callable[[Obj], bool], backup: Obj) -> bool:
    """Under policy Delete the content goes, and the backup stays in Longhorn and in the bucket."""
    return False


@fault(
    "delete-leaves-the-keys",
    breaks="backup.delete",
    decision="longhorn.deletes_stored_backup",
    says=r"the bucket still has, of the deleted .*\.cfg",
)
def leaves_keys(original: Callable[[Obj], bool], backup: Obj) -> bool:
    """The Backup object goes, and its data stay in the bucket."""
    return False


@fault(
    "delete-leaves-a-finalizer",
    breaks="backup.delete",
    decision="longhorn.removes_deleted_backup",
    says=BACKUP_STAYS,
)
def leaves_finalizer(original: Callable[[Obj], bool], backup: Obj) -> bool:
    """The bucket is cleaned, and the Backup object keeps its finalizer and stays."""
    return False


@fault(
    "delete-leaves-the-content",
    breaks=(
        "backup.delete",
        "backing-image.delete",
        "backing-image.delete.existing.download",
        "backing-image.delete.existing.export",
        "backing-image.delete.others",
        "backing-image.delete.in-use",
    ),
    decision="csi.deletes_content",
    says=r"could not (remove the (VolumeSnapshotContent|backing image)|report that the content)",
)
def leaves_content(original: Callable[[Obj], bool], content: Obj) -> bool:
    """Under policy Delete the VolumeSnapshot goes alone; its content stays and so does the backup."""
    return False


@fault(
    "delete-skips-the-driver",
    breaks=(
        "backup.delete",
        "backing-image.delete",
        "backing-image.delete.existing.download",
        "backing-image.delete.existing.export",
        "backing-image.delete.others",
        "backing-image.delete.in-use",
    ),
    decision="csi.handle_to_delete",
    says=r"could not remove the back(up|ing image)|it was deleted during the wait",
)
def asks_nobody(original: Callable[[Obj], str | None], content: Obj) -> str | None:
    """The content goes without its snapshot being deleted in Longhorn."""
    return None


@fault(
    "delete-removes-the-snapshot-too",
    breaks="backup.delete.keeps-snapshot",
    decision="longhorn.deletes_snapshot_with_backup",
    says=r"the Longhorn Snapshot \S+ is being deleted|there is no Longhorn Snapshot",
)
def takes_snapshot(original: Callable[[Obj], bool], backup: Obj) -> bool:
    """The Longhorn snapshot goes with its backup."""
    return True


@fault(
    "retain-treated-as-delete",
    breaks=("backup.retain", "backup.class.named", "backing-image.retain"),
    decision="csi.content_policy",
    says=r"the (retained backup|kept image) \S+ is (gone|Deleting|being deleted)|is of class and policy",
)
def retain_deletes(original: Callable[[Obj], str], snapshot_class: Obj) -> str:
    """A class with policy Retain gives contents with policy Delete."""
    return "Delete"


@fault(
    "policies-swapped",
    breaks=(
        "backup.delete",
        "backup.class.named",
        "backing-image.delete",
        "backing-image.delete.others",
        "backing-image.delete.in-use",
    ),
    decision="csi.content_policy",
    says=r"could not (remove the VolumeSnapshotContent|report that the content)|is of class and policy",
)
def confused(original: Callable[[Obj], str], snapshot_class: Obj) -> str:
    """Delete is taken for Retain, and Retain for Delete."""
    return "Retain" if original(snapshot_class) == "Delete" else "Delete"


@fault(
    "retained-backup-deleted-a-second-later",
    breaks="backup.retain",
    decision="longhorn.backup_lifetime_after_snapshot",
    says=r"the retained backup \S+ is (gone from Longhorn|Deleting)",
)
def dies_later(original: Callable[[Obj], float | None], backup: Obj) -> float | None:
    """A retained backup goes one second after its VolumeSnapshot."""
    return 1.0


@fault(
    "retained-backup-deleted-ten-seconds-later",
    breaks="backup.retain",
    decision="longhorn.backup_lifetime_after_snapshot",
    says=r"the retained backup \S+ is (gone from Longhorn|Deleting)",
)
def dies_much_later(original: Callable[[Obj], float | None], backup: Obj) -> float | None:
    """A retained backup goes ten seconds after its VolumeSnapshot."""
    return 10.0


@fault(
    "unfinished-backup-not-deleted",
    breaks="backup.delete",
    decision="longhorn.deletes_backup",
    says=BACKUP_STAYS,
)
def unfinished_stays(original: Callable[[Obj], bool], backup: Obj) -> bool:
    """A backup that is not complete when its VolumeSnapshot is deleted stays."""
    return backup["status"].get("state") == "Completed" and original(backup)


@fault(
    "pre-provisioned-backup-not-deleted",
    breaks=("backup.delete", "backing-image.delete.existing.download", "backing-image.delete.existing.export"),
    decision="csi.deletes_snapshot",
    says=r"could not remove the back(up|ing image)",
)
def given_stays(original: Callable[[Obj], bool], content: Obj) -> bool:
    """Under Delete the backup of a pre-provisioned content stays."""
    return original(content) and "snapshotHandle" not in content["spec"]["source"]


@fault(
    "pre-provisioned-backup-deleted-under-retain",
    breaks=("backup.retain", "backing-image.retain.existing.download", "backing-image.retain.existing.export"),
    decision="csi.deletes_content",
    says=r"the (retained backup|kept image) \S+ is (gone|Deleting|being deleted)",
)
def given_content_goes(original: Callable[[Obj], bool], content: Obj) -> bool:
    """Under Retain a pre-provisioned content goes with its VolumeSnapshot."""
    return original(content) or "snapshotHandle" in content["spec"]["source"]


@override("pre-provisioned-backup-deleted-under-retain", decision="csi.deletes_snapshot")
def given_backup_goes(original: Callable[[Obj], bool], content: Obj) -> bool:
    """The backup goes with it."""
    return original(content) or "snapshotHandle" in content["spec"]["source"]


@fault(
    "backup-of-a-deleted-volume-stays",
    breaks="backup.delete",
    decision="longhorn.deletes_backup_without_source",
    says=BACKUP_STAYS,
)
def orphan_stays(original: Callable[[], bool]) -> bool:
    """A backup whose volume is gone is not deleted with its VolumeSnapshot."""
    return False


@fault(
    "deleted-volumesnapshot-keeps-a-finalizer",
    breaks=("backup.delete", "backing-image.delete", "backing-image.delete.others", "backing-image.delete.in-use"),
    decision="csi.finalizers_to_remove",
    says=r"could not remove the VolumeSnapshot:",
)
def snapshot_stays(original: Callable[..., Sequence[str]], snapshot: Obj, finalizers: Sequence[str]) -> Sequence[str]:
    """The content of a deleted VolumeSnapshot goes, and the VolumeSnapshot keeps a finalizer."""
    return original(snapshot, finalizers)[:1]
