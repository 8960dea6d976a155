# ruff: noqa: ARG001, ARG005  (a replacement takes the arguments of the decision that it replaces)
"""Faults in when a backup is reported, and when as ready."""

import hashlib
from collections.abc import Callable

from simulator.kubernetes.resources import Obj
from simulator.overrides.faults.backup_data import slow_store
from simulator.overrides.registry import always, fault

completed_early = fault(
    "completed-before-the-copy",
    breaks="backup.ready",
    decision="longhorn.reports_completion_after_copy",
    says=r"was ready before backup \S+ of volume \S+ was complete in the bucket",
    summary="The Backup gets the state Completed while its data are still being copied to the store.",
    also={"backupstore.compress_block": slow_store(0.3)},
)(always(False))

_PROMISED: set[str] = set()
"""Snapshots for which the faulty driver has given a handle; each simulator is a separate process."""


@fault(
    "handle-before-the-backup",
    breaks=("backup.name.content", "backup.point-in-time"),
    decision="longhorn.answers_before_starting",
    says=r"the handle was there before the Longhorn snapshot|creationTime of \S+ \S+ is 0 s",
    # The backup gets the name that was promised.
    also={
        "longhorn.backup_name": lambda original, volume, snapshot: (
            f"backup-{hashlib.sha256(snapshot.encode()).hexdigest()[:16]}"
        )
    },
)
def promised(original: Callable[[str], bool], snapshot: str) -> bool:
    """The first request is answered with a handle before anything is begun; the next one begins."""
    first = snapshot not in _PROMISED
    _PROMISED.add(snapshot)
    return first


_COMPLETE: set[str] = set()
"""Volumes of which a backup was complete."""


@fault(
    "all-but-the-first-backup-ready-at-once",
    breaks="backup.ready",
    decision="longhorn.backup_is_ready",
    says=r"was ready at revision \d+, and Longhorn Backup \S+ was complete only at revision|was ready before backup",
)
def ready_since_the_first(original: Callable[..., bool], backup: Obj) -> bool:
    """Once one backup of a volume is complete the later ones are ready to use as soon as they are asked for."""
    volume = str(backup["metadata"]["labels"]["backup-volume"])
    if original(backup):
        _COMPLETE.add(volume)
    return volume in _COMPLETE
