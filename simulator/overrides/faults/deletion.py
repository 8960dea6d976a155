"""Faults in what goes and what stays when a VolumeSnapshot is deleted."""

from collections.abc import Callable

from simulator.kubernetes.resources import Obj
from simulator.overrides.faults.suite_messages import BACKUP_STAYS
from simulator.overrides.registry import fault

IMAGES = ("backing-image.delete", "backing-image.delete.others", "backing-image.delete.in-use")
GIVEN = ("backing-image.delete.existing.download", "backing-image.delete.existing.export")
"""Clauses about images that a VolumeSnapshot created, and about others, which go as backups do."""

confused = fault(
    "policies-swapped",
    breaks=("backup.delete", "backup.class.named", "snapshot.delete"),
    decision="csi.content_policy",
    says=r"could not (remove the VolumeSnapshotContent|report that the content)|is of class and policy",
    summary="Delete is taken for Retain, and Retain for Delete.",
)(lambda original, snapshot_class: "Retain" if original(snapshot_class) == "Delete" else "Delete")
unfinished_stays = fault(
    "unfinished-backup-not-deleted",
    breaks="backup.delete",
    decision="longhorn.deletes_backup",
    says=BACKUP_STAYS,
    summary="A backup that is not complete when its VolumeSnapshot is deleted stays.",
)(lambda original, backup: backup["status"].get("state") == "Completed" and original(backup))
given_stays = fault(
    "pre-provisioned-backup-not-deleted",
    breaks=("backup.delete", *GIVEN),
    decision="csi.deletes_snapshot",
    says=r"could not remove the back(up|ing image)",
    summary="Under Delete the backup of a pre-provisioned content stays.",
)(lambda original, content: original(content) and "snapshotHandle" not in content["spec"]["source"])


def is_given(original: Callable[[Obj], bool], content: Obj) -> bool:
    """Also for a pre-provisioned content."""
    return original(content) or "snapshotHandle" in content["spec"]["source"]


given_content_goes = fault(
    "pre-provisioned-backup-deleted-under-retain",
    breaks=("backup.retain", "backing-image.retain.existing.download", "backing-image.retain.existing.export"),
    decision="csi.deletes_content",
    says=r"the (retained backup|kept image) \S+ is (gone|Deleting|being deleted)",
    summary="Under Retain a pre-provisioned content goes with its VolumeSnapshot.",
    also={"csi.deletes_snapshot": is_given},
)(is_given)
snapshot_stays = fault(
    "deleted-volumesnapshot-keeps-a-finalizer",
    breaks=("backup.delete", "snapshot.delete"),
    decision="csi.finalizers_to_remove",
    says=r"could not remove the VolumeSnapshot:",
    summary="The content of a deleted VolumeSnapshot goes, and the VolumeSnapshot keeps a finalizer.",
)(lambda original, snapshot, finalizers: original(snapshot, finalizers)[:1])


_DELETED: dict[str, str] = {}
"""By volume its first backup that was deleted."""


@fault(
    "second-deletion-takes-the-longhorn-snapshot",
    breaks="backup.delete.keeps-snapshot",
    decision="longhorn.deletes_snapshot_with_backup",
    says=r"the Longhorn Snapshot \S+ is being deleted",
)
def later_take_the_snapshot(original: Callable[[Obj], bool], backup: Obj) -> bool:
    """From the second deleted backup of a volume on its Longhorn snapshot goes with it."""
    name, volume = backup["metadata"]["name"], backup["status"].get("volumeName") or ""
    return original(backup) or _DELETED.setdefault(volume, name) != name
