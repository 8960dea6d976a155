# ruff: noqa: ARG001, ARG005  (a replacement takes the arguments of the decision that it replaces)
"""Faults in when a backup is reported, and when as ready."""

import hashlib
import time
from collections.abc import Callable

from simulator.overrides.registry import fault, override

SLOW_BLOCK = 0.3
"""Seconds, not of the simulated clock: long enough to be seen."""


@override("completed-before-the-copy", decision="backupstore.compress_block")
def slow_store(original: Callable[[bytes, str], bytes], data: bytes, method: str) -> bytes:
    """Each block is slow on its way to the store."""
    time.sleep(SLOW_BLOCK)
    return original(data, method)


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
