"""Processes of a session, identified by a file of the session in their command lines."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

INTERVAL = 0.02


def mentioning(file: Path) -> list[int]:
    """The running processes whose command line mentions the file."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if os.fsencode(file) in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
    return found


def wait_until(reached: Callable[[], bool], seconds: float) -> bool:
    """Wait until something is reached; False if the time is up before."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            return False
        time.sleep(INTERVAL)
    return True


def kill(file: Path) -> None:
    """Kill the processes that mention the file, if there are any."""
    for process in mentioning(file):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
