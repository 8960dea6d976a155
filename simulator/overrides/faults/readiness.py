# ruff: noqa: ARG001, ARG005  (a replacement takes the arguments of the decision that it replaces)
"""Faults in when a backup is reported, and when as ready."""

import hashlib
import time
from collections.abc import Callable

from simulator.overrides.faults.suite_messages import NOT_READY
from simulator.overrides.registry import always, fault, override

SLOW_BLOCK = 0.3
"""Seconds, not of the simulated clock: long enough to be seen."""

ready_at_once = fault(
    "backup-ready-at-once",
    breaks="backup.ready",
    decision="longhorn.backup_is_ready",
    says=r"was ready at revision \d+, before backup \S+ of volume \S+ was complete",
    summary="Longhorn reports a backup ready as soon as it is started.",
)(always(True))
content_ready = fault(
    "content-ready-at-once",
    breaks="backup.ready",
    decision="csi.recorded_ready",
    says=r"was ready at revision \d+, before backup \S+ of volume \S+ was complete",
    summary="The content is marked ready with the driver's first answer, whatever that says.",
)(always(True))
completed_early = fault(
    "completed-before-the-copy",
    breaks="backup.ready",
    decision="longhorn.reports_completion_after_copy",
    says=r"was ready before backup \S+ of volume \S+ was complete in the bucket",
    summary="The Backup gets the state Completed while its data are still being copied to the store.",
)(always(False))


@override("completed-before-the-copy", decision="backupstore.compress_block")
def slow_store(original: Callable[[bytes, str], bytes], data: bytes, method: str) -> bytes:
    """Each block is slow on its way to the store."""
    time.sleep(SLOW_BLOCK)
    return original(data, method)


never_ready = fault(
    "backup-never-ready",
    breaks="backup.ready",
    decision="longhorn.backup_is_ready",
    says=NOT_READY,
    summary="A complete backup is never reported as ready.",
)(always(False))
not_asked = fault(
    "backup-not-asked-about-again",
    breaks="backup.status.asked-again",
    decision="csi.polls_until_ready",
    says=r"could not poll the backup again",
    summary="The sidecar asks for the state of a backup once and never again.",
)(always(False))
waits = fault(
    "request-waits-for-completion",
    breaks="backup.request.returns",
    decision="longhorn.answers_before_completion",
    says=r"got its handle only when backup \S+ of volume \S+ was complete already",
    summary="CreateSnapshot returns only when the backup is complete.",
)(always(False))
not_listed = fault(
    "backup-volume-not-listed",
    breaks="backup.listed",
    decision="longhorn.creates_backup_volume",
    says=r"could not list the backup volume",
    summary="A finished backup is not listed under any backup volume.",
)(always(False))
not_followed = fault(
    "volumesnapshot-never-ready-although-its-content-is",
    breaks=("backup.ready", "backing-image.ready"),
    decision="csi.snapshot_is_ready",
    says=NOT_READY,
    summary="A VolumeSnapshot does not become ready with its content.",
)(always(False))


_PROMISED: set[str] = set()
"""Snapshots for which the faulty driver has given a handle; each simulator is a separate process."""


@fault(
    "handle-before-the-backup",
    breaks="backup.name.content",
    decision="longhorn.answers_before_starting",
    says=r"the handle was there before the Longhorn snapshot",
)
def promised(original: Callable[[str], bool], snapshot: str) -> bool:
    """The first request is answered with a handle before anything is begun; the next one begins."""
    first = snapshot not in _PROMISED
    _PROMISED.add(snapshot)
    return first


foreseen = override(
    "handle-before-the-backup", decision="longhorn.backup_name", summary="The backup gets the name that was promised."
)(lambda original, volume, snapshot: f"backup-{hashlib.sha256(snapshot.encode()).hexdigest()[:16]}")
