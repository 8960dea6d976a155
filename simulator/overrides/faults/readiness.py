# ruff: noqa: ARG001  (a replacement takes the arguments of the decision that it replaces)
"""Faults in when a backup is reported, and when as ready."""

import hashlib
import time
from collections.abc import Callable

from simulator.kubernetes.resources import Obj
from simulator.overrides.faults.suite_messages import NOT_READY
from simulator.overrides.registry import fault, override

SLOW_BLOCK = 0.3
"""Seconds, not of the simulated clock: long enough to be seen."""


@fault(
    "backup-ready-at-once",
    breaks="backup.ready",
    decision="longhorn.backup_is_ready",
    says=r"was ready at revision \d+, before backup \S+ of volume \S+ was complete",
)
def ready_at_once(original: Callable[[Obj], bool], backup: Obj) -> bool:
    """Longhorn reports a backup ready as soon as it is started."""
    return True


@fault(
    "content-ready-at-once",
    breaks="backup.ready",
    decision="csi.recorded_ready",
    says=r"was ready at revision \d+, before backup \S+ of volume \S+ was complete",
)
def content_ready(original: Callable[..., bool], content: Obj, answer: object) -> bool:
    """The content is marked ready with the driver's first answer, whatever that says."""
    return True


@fault(
    "completed-before-the-copy",
    breaks="backup.ready",
    decision="longhorn.reports_completion_after_copy",
    says=r"was ready before backup \S+ of volume \S+ was complete in the bucket",
)
def completed_early(original: Callable[[Obj], bool], backup: Obj) -> bool:
    """The Backup gets the state Completed while its data are still being copied to the store."""
    return False


@override("completed-before-the-copy", decision="backupstore.compress_block")
def slow_store(original: Callable[[bytes, str], bytes], data: bytes, method: str) -> bytes:
    """Each block is slow on its way to the store."""
    time.sleep(SLOW_BLOCK)
    return original(data, method)


@fault(
    "backup-never-ready",
    breaks="backup.ready",
    decision="longhorn.backup_is_ready",
    says=NOT_READY,
)
def never_ready(original: Callable[[Obj], bool], backup: Obj) -> bool:
    """A complete backup is never reported as ready."""
    return False


@fault(
    "backup-not-asked-about-again",
    breaks="backup.status.asked-again",
    decision="csi.polls_until_ready",
    says=r"could not poll the backup again",
)
def not_asked(original: Callable[[Obj], bool], content: Obj) -> bool:
    """The sidecar asks for the state of a backup once and never again."""
    return False


@fault(
    "request-waits-for-completion",
    breaks="backup.request.returns",
    decision="longhorn.answers_before_completion",
    says=r"got its handle only when backup \S+ of volume \S+ was complete already",
)
def waits(original: Callable[[], bool]) -> bool:
    """CreateSnapshot returns only when the backup is complete."""
    return False


@fault(
    "backup-volume-not-listed",
    breaks="backup.listed",
    decision="longhorn.creates_backup_volume",
    says=r"could not list the backup volume",
)
def not_listed(original: Callable[[str], bool], volume: str) -> bool:
    """A finished backup is not listed under any backup volume."""
    return False


@fault(
    "volumesnapshot-never-ready-although-its-content-is",
    breaks=("backup.ready", "backing-image.ready"),
    decision="csi.snapshot_is_ready",
    says=NOT_READY,
)
def not_followed(original: Callable[[Obj], bool], content: Obj) -> bool:
    """A VolumeSnapshot does not become ready with its content."""
    return False


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


@override("handle-before-the-backup", decision="longhorn.backup_name")
def foreseen(original: Callable[[str, str], str], volume: str, snapshot: str) -> str:
    """The backup gets the name that was promised."""
    return f"backup-{hashlib.sha256(snapshot.encode()).hexdigest()[:16]}"
