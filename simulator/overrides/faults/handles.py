# ruff: noqa: ARG005  (a replacement takes the arguments of the decision that it replaces)
"""Faults in the handle that a content carries for its backup."""

from collections.abc import Callable

from simulator.kubernetes.resources import Obj
from simulator.overrides.registry import fault

other_scheme = fault(
    "handle-scheme-of-other-versions",
    breaks=("backup.handle", "backup.handle.legacy"),
    decision="longhorn.backup_scheme",
    says=r"the handle is (bs|bak)://\S+, documented is (?!\1)",
    summary="A handle is written with bs where the pages say bak, and with bak where they say bs.",
)(lambda original: "bs" if original() == "bak" else "bak")
no_scheme = fault(
    "handle-without-scheme",
    breaks=("backup.handle", "backup.handle.legacy", "backup.listed"),
    decision="longhorn.backup_handle",
    says=r"not a documented snapshot handle: .*there is no `://`",
    summary="The handle is only <backup volume>/<backup name>.",
)(lambda original, volume, backup: original(volume, backup).partition("://")[2])
other_volume = fault(
    "handle-names-the-claim-of-its-volume",
    breaks=("backup.handle", "backup.handle.legacy", "backup.listed"),
    decision="longhorn.backup_handle",
    says=r"-claim/backup-|for volume \S+-claim",
    summary="The handle names a backup volume that does not exist.",
)(lambda original, volume, backup: original(f"{volume}-claim", backup))


@fault(
    "handle-names-the-snapshot",
    breaks=("backup.handle", "backup.handle.legacy", "backup.handle.field", "backup.listed"),
    decision="longhorn.backup_handle",
    says=r"/snapshot-[0-9a-f]{8}-|does not list backup snapshot-",
)
def names_snapshot(original: Callable[[str, Obj], str], volume: str, backup: Obj) -> str:
    """The handle names the Longhorn snapshot in the place of the backup."""
    return original(volume, {**backup, "metadata": {**backup["metadata"], "name": backup["spec"]["snapshotName"]}})


other_backup = fault(
    "handle-of-another-backup",
    breaks=("backup.handle", "backup.handle.legacy"),
    decision="longhorn.backup_in_answer",
    says=r"the handle of VolumeSnapshot \S+ is \S+, documented is",
    summary="The handle names the backup of the volume whose name comes first, whichever was made.",
)(lambda original, backups, made: min(backups, key=lambda each: str(each["metadata"]["name"])))
