"""When Longhorn polls an engine: every few seconds from the moment that the volume is attached."""

import asyncio

from simulator.clock import Clock

POLL = 5.0
"""Seconds between two polls. What an engine did, and its health, is not known before the next one."""


class EnginePolls:
    """The polls of the engines of all attached volumes."""

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
        """Seconds of the cluster until the next poll."""
        return POLL - self.age(volume) % POLL

    async def next(self, volume: str) -> None:
        """Wait until the next poll."""
        await self._clock.sleep(self.left(volume))
