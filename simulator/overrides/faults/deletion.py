"""Faults in what goes and what stays when a VolumeSnapshot is deleted."""

from simulator.overrides.faults.suite_messages import BACKUP_STAYS
from simulator.overrides.registry import always, fault, override

IMAGES = ("backing-image.delete", "backing-image.delete.others", "backing-image.delete.in-use")
GIVEN = ("backing-image.delete.existing.download", "backing-image.delete.existing.export")
"""Clauses about images that a VolumeSnapshot created, and about others, which go as backups do."""

leaves_backup = fault(
    "delete-leaves-the-backup",
    breaks="backup.delete",
    decision="longhorn.deletes_backup",
    says=BACKUP_STAYS,
    summary="Under policy Delete the content goes, and the backup stays in Longhorn and in the bucket.",
)(always(False))
leaves_keys = fault(
    "delete-leaves-the-keys",
    breaks="backup.delete",
    decision="longhorn.deletes_stored_backup",
    says=r"the bucket still has, of the deleted .*\.cfg",
    summary="The Backup object goes, and its data stay in the bucket.",
)(always(False))
leaves_finalizer = fault(
    "delete-leaves-a-finalizer",
    breaks="backup.delete",
    decision="longhorn.removes_deleted_backup",
    says=BACKUP_STAYS,
    summary="The bucket is cleaned, and the Backup object keeps its finalizer and stays.",
)(always(False))
leaves_content = fault(
    "delete-leaves-the-content",
    breaks=("backup.delete", *IMAGES, *GIVEN),
    decision="csi.deletes_content",
    says=r"could not (remove the (VolumeSnapshotContent|backing image)|report that the content)",
    summary="Under policy Delete the VolumeSnapshot goes alone; its content stays and so does the backup.",
)(always(False))
asks_nobody = fault(
    "delete-skips-the-driver",
    breaks=("backup.delete", *IMAGES, *GIVEN),
    decision="csi.handle_to_delete",
    says=r"could not remove the back(up|ing image)|it was deleted during the wait",
    summary="The content goes without its snapshot being deleted in Longhorn.",
)(always(None))
takes_snapshot = fault(
    "delete-removes-the-snapshot-too",
    breaks="backup.delete.keeps-snapshot",
    decision="longhorn.deletes_snapshot_with_backup",
    says=r"the Longhorn Snapshot \S+ is being deleted|there is no Longhorn Snapshot",
    summary="The Longhorn snapshot goes with its backup.",
)(always(True))
retain_deletes = fault(
    "retain-treated-as-delete",
    breaks=("backup.retain", "backup.class.named", "backing-image.retain"),
    decision="csi.content_policy",
    says=r"the (retained backup|kept image) \S+ is (gone|Deleting|being deleted)|is of class and policy",
    summary="A class with policy Retain gives contents with policy Delete.",
)(always("Delete"))
confused = fault(
    "policies-swapped",
    breaks=("backup.delete", "backup.class.named", *IMAGES),
    decision="csi.content_policy",
    says=r"could not (remove the VolumeSnapshotContent|report that the content)|is of class and policy",
    summary="Delete is taken for Retain, and Retain for Delete.",
)(lambda original, snapshot_class: "Retain" if original(snapshot_class) == "Delete" else "Delete")
dies_later = fault(
    "retained-backup-deleted-a-second-later",
    breaks="backup.retain",
    decision="longhorn.backup_lifetime_after_snapshot",
    says=r"the retained backup \S+ is (gone from Longhorn|Deleting)",
    summary="A retained backup goes one second after its VolumeSnapshot.",
)(always(1.0))
dies_much_later = fault(
    "retained-backup-deleted-ten-seconds-later",
    breaks="backup.retain",
    decision="longhorn.backup_lifetime_after_snapshot",
    says=r"the retained backup \S+ is (gone from Longhorn|Deleting)",
    summary="A retained backup goes ten seconds after its VolumeSnapshot.",
)(always(10.0))
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
given_content_goes = fault(
    "pre-provisioned-backup-deleted-under-retain",
    breaks=("backup.retain", "backing-image.retain.existing.download", "backing-image.retain.existing.export"),
    decision="csi.deletes_content",
    says=r"the (retained backup|kept image) \S+ is (gone|Deleting|being deleted)",
    summary="Under Retain a pre-provisioned content goes with its VolumeSnapshot.",
)(lambda original, content: original(content) or "snapshotHandle" in content["spec"]["source"])
given_backup_goes = override(
    "pre-provisioned-backup-deleted-under-retain", decision="csi.deletes_snapshot", summary="The backup goes with it."
)(lambda original, content: original(content) or "snapshotHandle" in content["spec"]["source"])
orphan_stays = fault(
    "backup-of-a-deleted-volume-stays",
    breaks="backup.delete",
    decision="longhorn.deletes_backup_without_source",
    says=BACKUP_STAYS,
    summary="A backup whose volume is gone is not deleted with its VolumeSnapshot.",
)(always(False))
snapshot_stays = fault(
    "deleted-volumesnapshot-keeps-a-finalizer",
    breaks=("backup.delete", *IMAGES),
    decision="csi.finalizers_to_remove",
    says=r"could not remove the VolumeSnapshot:",
    summary="The content of a deleted VolumeSnapshot goes, and the VolumeSnapshot keeps a finalizer.",
)(lambda original, snapshot, finalizers: original(snapshot, finalizers)[:1])
