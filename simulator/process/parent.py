"""Watching for the end of the parent process, without polling."""

import asyncio
import contextlib
import os
import select
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def watched(pid: int, ended: Callable[[], None]) -> Iterator[None]:
    """Call `ended` once the process `pid` ends, or immediately if it is gone. Must run in an event loop.

    Uses a pidfd on Linux and kqueue on macOS and the BSDs.
    """
    loop = asyncio.get_running_loop()
    try:
        fd = _watcher(pid)
    except ProcessLookupError:
        loop.call_soon(ended)
        yield
        return

    def notice() -> None:
        loop.remove_reader(fd)
        ended()

    loop.add_reader(fd, notice)
    try:
        yield
    finally:
        loop.remove_reader(fd)
        os.close(fd)


def _watcher(pid: int) -> int:
    """A file descriptor that becomes readable when the process ends."""
    if sys.platform == "linux":
        return os.pidfd_open(pid)
    queue = select.kqueue()
    event = select.kevent(pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD | select.KQ_EV_ONESHOT, select.KQ_NOTE_EXIT)
    queue.control([event], 0)
    return os.dup(queue.fileno())
