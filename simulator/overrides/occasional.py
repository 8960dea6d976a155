# ruff: noqa: ARG001  (a replacement takes the arguments of the decision that it replaces)
"""What real components do now and then, mostly leave behind, each with where it was seen: for `--quirk NAME`.

Real ones do it now and then; with the option it happens each time it can.
"""

from collections.abc import Callable, Mapping
from itertools import count

from simulator.csi import names
from simulator.kubernetes import objects
from simulator.kubernetes.resources import Obj
from simulator.overrides.registry import Override, OverrideError, override
from simulator.overrides.releases import leave_unlisted_backup, need_class_again, refuse_nameless_image


@override("claim-keeps-its-finalizer", decision="csi.releases_claim")
def _keep_claim(original: Callable[[Obj], bool], claim: Obj) -> bool:
    """The snapshot-controller leaves its finalizer on a claim that is being deleted.

    Seen in the recording `finalizer_early`, 3 of 6, when VolumeSnapshots that were not ready were deleted together:
    each sees the other in the controller's cache.
    """
    return not objects.is_deleting(claim)


@override("deletion-gets-lost", decision="csi.notices_deletion")
def _lose_deletion(original: Callable[[Obj], bool], content: Obj) -> bool:
    """The sidecar does not see the deletion of a content before something else changes the content.

    Seen in the recording `crowd_detached`, 1 of 70: it had just set the annotation volumesnapshot-being-created again.
    Here only an annotation that is nobody's of external-snapshotter makes it look again.
    """
    return any(not key.startswith(names.ANNOTATION_PREFIX) for key in objects.annotations(content))


@override("failed-backup-keeps-its-lock", decision="backupstore.releases_lock_of_failed")
def _keep_lock(original: Callable[[], bool]) -> bool:
    """The lock of a backup that fails stays in the store, and stops every deletion of that volume's backups.

    Seen in the recording `fail_rights`: the user's rights went in the middle of a backup, and were back when it was
    deleted; the next attempt went through once the lock was 150 s old.
    """
    return False


RETAINED = 5
"""Finished backups of which an engine keeps the status."""


@override("crowd-loses-status", decision="longhorn.lost_status")
def _lose_status(original: Callable[..., str], backup: Obj, at_once: int, in_use: bool) -> str:
    """Of more than five backups of one attached volume at once, those that are finished first end in Error.

    Seen in the recording `crowd`: 8 of 20 with 1.10.2, 3 of 70 with 1.12.1. The engine keeps the status of five.
    """
    if at_once <= RETAINED or not in_use:
        return original(backup, at_once, in_use)
    snapshot, name = backup["spec"]["snapshotName"], backup["metadata"]["name"]
    return f"cannot find matched snapshot /{snapshot} of backup {name} status in longhorn engine"


_EXPANSIONS = count()
_FILES = count()


@override("export-stalls", decision="backing_images.stalls")
def _stall(original: Callable[[str], bool], image: str) -> bool:
    """The file of the first image of all fails, because the program that makes it does not begin in time.

    Seen with 1.12.1 on a busy machine.
    """
    first = next(_FILES) == 0
    return first or original(image)


@override("expansion-gets-lost", decision="longhorn.loses_expansion")
def _lose_expansion(original: Callable[[str], bool], volume: str) -> bool:
    """The first new size of all is taken into the Volume's spec, and the volume does not grow: not later either.

    Seen with 1.10.2, 2 of 4, when the claim was expanded 20 ms after it was bound.
    """
    first = next(_EXPANSIONS) == 0
    return first or original(volume)


QUIRKS: Mapping[str, Override] = {
    each.name: each
    for each in (
        *(_keep_claim, _lose_deletion, _keep_lock, _lose_expansion, _lose_status, _stall),
        *(leave_unlisted_backup, need_class_again, refuse_nameless_image),
    )
}


def quirk(name: str) -> Override:
    """A quirk by name. Raises OverrideError for an unknown one."""
    if name not in QUIRKS:
        raise OverrideError(f"--quirk {name[:60]}: no such quirk (known: {', '.join(sorted(QUIRKS))})")
    return QUIRKS[name]
