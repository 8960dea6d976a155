"""Whether anything can still happen in the cluster by itself, told by work and not by spent time.

A second counts as quiet only if the simulator had the processor in it: on a busy machine nothing happens for a while
although everything is about to.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

TICK = 0.05
"""Seconds between two looks; one that comes much later than that shows that the processor was elsewhere."""

RUNNABLE = frozenset({"R", "D"})
"""States of processes that would go on if the machine let them."""


class Activity:
    """Counts quiet seconds: nothing was committed but repeated events, and nobody has work to do."""

    def __init__(self) -> None:
        self.quiet = 0.0
        self.last_change = 0
        """The revision of the last change."""
        self._busy: list[Callable[[], bool]] = []

    def watch(self, is_busy: Callable[[], bool]) -> None:
        """Count no second as quiet in which `is_busy` says so."""
        self._busy.append(is_busy)

    def changed(self, revision: int) -> None:
        """Something was committed."""
        self.quiet, self.last_change = 0.0, revision

    async def run(self) -> None:
        """Count until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            began, revision = loop.time(), self.last_change
            await asyncio.sleep(TICK)
            punctual = loop.time() - began < 2 * TICK
            if punctual and revision == self.last_change and not any(is_busy() for is_busy in self._busy):
                self.quiet += TICK


class CountingExecutor(ThreadPoolExecutor):
    """Threads for bulk work, which may be without a processor while the event loop has one."""

    def __init__(self) -> None:
        super().__init__(thread_name_prefix="work")
        self._unfinished: set[Future[Any]] = set()

    def submit(self, function: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        """As that of the base class."""
        work = super().submit(function, *args, **named)
        self._unfinished.add(work)
        work.add_done_callback(self._unfinished.discard)
        return work

    def is_busy(self) -> bool:
        """Whether work is unfinished."""
        return bool(self._unfinished)


def children_are_busy() -> bool:
    """Whether a process that this one started, or one of its own, would go on if the machine let it."""
    return any(map(_is_busy, _children(Path("/proc/self"))))


def _is_busy(process: Path) -> bool:
    try:
        state = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state in RUNNABLE or any(map(_is_busy, _children(process)))


def _children(process: Path) -> list[Path]:
    try:
        found = [each.read_text(encoding="ascii").split() for each in process.glob("task/*/children")]
    except OSError:
        return []
    return [Path("/proc", number) for numbers in found for number in numbers]
