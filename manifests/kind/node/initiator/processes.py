"""Processes that serve a session, known by a file of the session in their command lines."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

INTERVAL = 0.02


def naming(file: Path) -> list[int]:
    """The processes whose command line names the file; one that has ended is none of them."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if os.fsencode(file) in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
    return found


def wait_until_gone(file: Path, seconds: float) -> bool:
    """Whether no process names the file any longer before the time is up."""
    deadline = time.monotonic() + seconds
    while naming(file):
        if time.monotonic() > deadline:
            return False
        time.sleep(INTERVAL)
    return True


def kill(file: Path) -> None:
    """Tell the processes that name the file to end at once; it is fine if there are none."""
    for process in naming(file):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
