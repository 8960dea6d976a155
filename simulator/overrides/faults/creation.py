# ruff: noqa: ARG001  (a replacement takes the arguments of the decision that it replaces)
"""Faults in what a new VolumeSnapshot leads to."""

from collections.abc import Callable, Mapping, Sequence

from simulator.kubernetes.resources import Obj
from simulator.overrides.registry import fault


@fault(
    "backup-not-made",
    breaks=("backup.create", "backup.class.type"),
    decision="longhorn.makes_backup",
    says=r"could not start a backup",
)
def no_backup(original: Callable[[str, str], bool], volume: str, snapshot: str) -> bool:
    """The Longhorn snapshot is taken, and no backup of it is made."""
    return False


@fault(
    "backup-made-twice",
    breaks="backup.create",
    decision="longhorn.existing_backup",
    says=r"led to 2 backups",
)
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


@fault(
    "backup-of-another-volume",
    breaks=("backup.create", "backup.class.type"),
    decision="longhorn.source_volume",
    says=r"could not start a backup",
)
def other_volume(original: Callable[[str], str], requested: str) -> str:
    """The request goes to a volume that is not the claim's."""
    return original(requested) + "-x"


@fault(
    "content-not-made",
    breaks=("backup.content", "backup.create", "backup.class.type"),
    decision="csi.makes_content",
    says=r"could not bind the VolumeSnapshot to its content|could not start a backup",
)
def no_content(original: Callable[[Obj], bool], snapshot: Obj) -> bool:
    """A VolumeSnapshot of a claim leads to no VolumeSnapshotContent."""
    return False


@fault(
    "content-bound-to-another-snapshot",
    breaks=("backup.content", "backup.ready", "backing-image.content", "backing-image.ready"),
    decision="csi.content_reference",
    says=r"volumeSnapshotRef of VolumeSnapshotContent \S+ is|could not make the VolumeSnapshot ready",
)
def other_reference(original: Callable[[Obj], Obj], snapshot: Obj) -> Obj:
    """The content refers back to a VolumeSnapshot of another name."""
    reference = original(snapshot)
    return {**reference, "name": f"{reference['name']}-x"}


@fault(
    "snapshot-bound-to-another-content",
    breaks=("backup.content", "backing-image.content"),
    decision="csi.bound_content_name",
    says=r"there is no VolumeSnapshotContent \S+-x",
)
def other_content(original: Callable[[Obj], str], content: Obj) -> str:
    """The VolumeSnapshot says it is bound to a content that does not exist."""
    return original(content) + "-x"


@fault(
    "class-type-bak-makes-only-a-snapshot",
    breaks=("backup.class.type", "backup.create"),
    decision="longhorn.snapshot_type",
    says=r"could not start a backup",
)
def only_snapshot(original: Callable[[Mapping[str, str]], str], parameters: Mapping[str, str]) -> str:
    """A class with `type: bak` makes in-cluster snapshots."""
    return "snap" if parameters.get("type") == "bak" else original(parameters)


@fault(
    "class-longhorn-not-installed",
    breaks=("backup.class.default", "backup.example.beta"),
    decision="longhorn.snapshot_classes",
    says=r"there is no VolumeSnapshotClass longhorn|could not make the VolumeSnapshot ready",
)
def no_class(original: Callable[[], list[Obj]]) -> list[Obj]:
    """No VolumeSnapshotClass exists after the installation."""
    return []


@fault(
    "class-longhorn-retains",
    breaks="backup.class.default",
    decision="longhorn.snapshot_classes",
    says=r"'Retain' == 'Delete'",
)
def retaining_class(original: Callable[[], list[Obj]]) -> list[Obj]:
    """The class `longhorn` comes with deletionPolicy Retain."""
    return [{**each, "deletionPolicy": "Retain"} for each in original()]


@fault(
    "mode-full-ignored",
    breaks="backup.mode.full",
    decision="longhorn.backup_mode",
    says=r"is incremental, not full",
)
def mode_ignored(original: Callable[[Mapping[str, str]], str], parameters: Mapping[str, str]) -> str:
    """`backupMode: full` in the class has no effect."""
    return ""


@fault(
    "mode-full-by-default",
    breaks="backup.mode.incremental",
    decision="longhorn.default_backup_mode",
    says=r"is full, not incremental",
)
def full_by_default(original: Callable[[], str]) -> str:
    """A backup without a mode in its class is full."""
    return "full"


@fault(
    "detached-volume-refused",
    breaks="backup.source.detached",
    decision="longhorn.needs_attached_volume",
    says=r"make the VolumeSnapshot ready",
)
def needs_attachment(original: Callable[[], bool]) -> bool:
    """A volume that is not attached is not backed up."""
    return True
