"""Faults in what a new VolumeSnapshot leads to."""

from collections.abc import Callable, Sequence

from simulator.kubernetes.resources import Obj
from simulator.overrides.registry import changed, fault


@fault("backup-made-twice", breaks="backup.create", decision="longhorn.existing_backup", says=r"led to 2 backups")
def second_backup(original: Callable[..., Obj | None], backups: Sequence[Obj], snapshot: str) -> Obj | None:
    """A repeated request does not recognise the backup while it is running, and makes a second one."""
    found = original(backups, snapshot)
    return found if found and (found["status"].get("state") == "Completed" or len(backups) > 1) else None


@fault(
    "backup-made-again-when-complete",
    breaks="backup.create",
    decision="longhorn.existing_backup",
    says=r"led to 2 backups",
)
def backup_after_the_first(original: Callable[..., Obj | None], backups: Sequence[Obj], snapshot: str) -> Obj | None:
    """A request that comes when the backup is complete does not recognise it, and makes a second one."""
    found = original(backups, snapshot)
    complete = found is not None and found["status"].get("state") == "Completed"
    return None if complete and len(backups) == 1 else found


other_reference = fault(
    "content-bound-to-another-snapshot",
    breaks=(
        "backup.content",
        "backup.ready",
        "backing-image.content",
        "backing-image.ready",
        "snapshot.content",
        "snapshot.ready",
    ),
    decision="csi.content_reference",
    says=r"volumeSnapshotRef of VolumeSnapshotContent \S+ is|could not make the VolumeSnapshot ready",
    summary="The content refers back to a VolumeSnapshot of another name.",
)(changed(lambda reference: {**reference, "name": f"{reference['name']}-x"}))
only_snapshot = fault(
    "class-type-bak-makes-only-a-snapshot",
    breaks=("backup.class.type", "backup.create"),
    decision="longhorn.snapshot_type",
    says=r"could not start a backup",
    summary="A class with `type: bak` makes in-cluster snapshots.",
)(lambda original, parameters: "snap" if parameters.get("type") == "bak" else original(parameters))
retaining_class = fault(
    "class-longhorn-retains",
    breaks="backup.class.default",
    decision="longhorn.snapshot_classes",
    says=r"'Retain' == 'Delete'",
    summary="The class `longhorn` comes with deletionPolicy Retain.",
)(lambda original: [{**each, "deletionPolicy": "Retain"} for each in original()])
