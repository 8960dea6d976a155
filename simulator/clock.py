"""How long the simulated cluster's steps take."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

FAST = 0.002
"""The default pace: a step of one second in a real cluster takes two milliseconds."""

REAL = 1.0
"""Pace of a real cluster."""

LONG = 0.05
"""Seconds from which on a sleep is known to be under way; controllers that poll sleep for shorter ones all the time."""


@dataclass(frozen=True)
class Clock:
    """Durations are the seconds that a real cluster takes; `pace` scales what is slept.

    Only delays are scaled. A deadline never is: the work behind it (hashing, compressing, copying) does not become
    faster with the pace, and a deadline that expires on a busy machine would be a wrong answer.
    `step_delay` gives extra seconds of wall-clock time for a step.
    """

    pace: float = FAST
    step_delay: Callable[[], float] | None = None
    _sleeping: set[object] = field(default_factory=set, compare=False, repr=False)

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` of the cluster's time pass."""
        longer = self.step_delay() if self.step_delay is not None else 0.0
        await self.sleep_unscaled(seconds * self.pace + longer)

    async def sleep_unscaled(self, seconds: float) -> None:
        """Let `seconds` of the clock on the wall pass."""
        if seconds < LONG:
            await asyncio.sleep(seconds)
            return
        sleeper = object()
        self._sleeping.add(sleeper)
        try:
            await asyncio.sleep(seconds)
        finally:
            self._sleeping.discard(sleeper)

    def is_slept_on(self) -> bool:
        """Whether something goes on after a long sleep."""
        return bool(self._sleeping)

    def now(self) -> datetime:
        """The time of day (UTC); the wall clock is never scaled."""
        return datetime.now(UTC)

    def timestamp(self) -> str:
        """Now as Kubernetes writes it: RFC 3339 in UTC, whole seconds."""
        return _written(int(time.time()))


@lru_cache(maxsize=4)
def _written(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
