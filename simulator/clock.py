"""How long the simulated cluster's steps take."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

FAST = 0.002
"""The default pace: a step of one second in a real cluster takes two milliseconds."""

REAL = 1.0
"""Pace of a real cluster."""


@dataclass(frozen=True)
class Clock:
    """Durations are the seconds that a real cluster takes; `pace` scales what is slept.

    Only delays are scaled. A deadline never is: the work behind it (hashing, compressing, copying) does not become
    faster with the pace, and a deadline that expires on a busy machine would be a wrong answer.
    `step_delay` gives extra seconds of wall-clock time for a step.
    """

    pace: float = FAST
    step_delay: Callable[[], float] | None = None

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` of the cluster's time pass."""
        longer = self.step_delay() if self.step_delay is not None else 0.0
        await asyncio.sleep(seconds * self.pace + longer)

    def now(self) -> datetime:
        """The time of day (UTC); the wall clock is never scaled."""
        return datetime.now(UTC)

    def timestamp(self) -> str:
        """Now as Kubernetes writes it: RFC 3339 in UTC, whole seconds."""
        return _written(int(time.time()))


@lru_cache(maxsize=4)
def _written(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
