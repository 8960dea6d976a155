"""What real releases do otherwise than their documentation says: each quirk with where it was seen.

A quirk is an override of one decision, like a fault; the difference is that a real release has it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from simulator.csi.protocol import Code
from simulator.overrides.registry import Override, override

Obj = dict[str, Any]


@override("larger-claim-is-accepted", decision="longhorn.refuse_restore_size")
def _accept_larger_claim(original: Callable[..., Any], snapshot: str, requested: int, recorded: int) -> Any:
    """A claim larger than the backed-up volume is accepted (BAK-24).

    Seen in the recording `bak`: a 48 MiB claim from a backup of 32 MiB gets its volume.
    """
    return None if requested > recorded else original(snapshot, requested, recorded)


@override("larger-claim-gets-the-recorded-size", decision="longhorn.restored_size")
def _restore_to_recorded_size(original: Callable[..., int], requested: int, recorded: int) -> int:
    """A larger claim gets a device of the size that was backed up, while the claim tells its own (BAK-24).

    Seen in the recording `bak`: `wc -c` of the device says 33554432, the claim 48Mi.
    """
    del original, requested
    return recorded


@override("snapshot-of-detached-volume-stays", decision="longhorn.attaches_for_snapshot_deletion")
def _leave_snapshot_of_detached_volume(original: Callable[..., bool]) -> bool:
    """The Longhorn snapshot of a detached volume is not deleted before something attaches the volume (SNAP-13).

    Seen in the recording `snap_delete`: over 120 s with a deletionTimestamp and no attachment ticket.
    """
    del original
    return False


@override("unlisted-backup-is-not-deleted", decision="longhorn.deletes_unlisted_backup")
def _leave_unlisted_backup(original: Callable[[], bool]) -> bool:
    """The first backup of a volume is left behind when it is deleted before the volume is listed (BAK-16).

    Read in the driver's source, from 1.8 on: without a BackupVolume its DeleteSnapshot answers OK and does nothing.
    """
    del original
    return False


@override("unavailable-target-is-not-final", decision="longhorn.refuse_target")
def _abort_without_target(original: Callable[..., Any], target: str, available: bool | None) -> Any:
    """Without a usable target CreateSnapshot answers Aborted, which leaves the sidecar at work on it (PRE-07).

    Seen in the recording `no_target`: the VolumeSnapshot cannot be deleted, and its backup is made after all.
    """
    refusal = original(target, available)
    return (Code.ABORTED, refusal[1]) if refusal and available is False else refusal


RELEASES: Mapping[str, tuple[Override, ...]] = {
    "1.12.1": (
        _accept_larger_claim,
        _restore_to_recorded_size,
        _leave_snapshot_of_detached_volume,
        _leave_unlisted_backup,
        _abort_without_target,
    ),
}
