"""When Longhorn looks at an engine: every few seconds from the moment that the volume is attached."""

import asyncio

from simulator.clock import Clock

POLL = 5.0
"""Seconds between two looks. What an engine did meanwhile, and how well it is, is not known before the next."""


class EnginePolls:
    """The looks at the engines of all volumes that are attached."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}

    def begin(self, volume: str) -> None:
        """The volume was attached just now."""
        self._since[volume] = asyncio.get_running_loop().time()

    def forget(self, volume: str) -> None:
        """The volume is gone."""
        self._since.pop(volume, None)

    def age(self, volume: str) -> float:
        """Seconds of the cluster since the volume was attached."""
        now = asyncio.get_running_loop().time()
        return (now - self._since.get(volume, now)) / self._clock.pace

    def left(self, volume: str) -> float:
        """Seconds of the cluster until the next look."""
        return POLL - self.age(volume) % POLL

    async def next(self, volume: str) -> None:
        """Let the time pass until the next look."""
        await self._clock.sleep(self.left(volume))
