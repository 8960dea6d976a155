"""Waiting until something changes in the API, instead of polling."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from simulator.kubernetes.api import Api


class ChangeSignal:
    """Remembers that something changed until that is awaited."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def set(self, *_: object) -> None:
        """Count as a change, whatever a subscription or a listener passes."""
        self._changed.set()

    async def wait(self) -> None:
        """Return when something changed since this was last awaited."""
        await self._changed.wait()
        self._changed.clear()


@contextmanager
def wait_for_change(api: Api, *resources: str) -> Iterator[ChangeSignal]:
    """A signal of changes of `resources`.

    To use it: check; while the check fails, `await change.wait()` and check again. A change between the check and the
    wait is not lost.
    """
    change = ChangeSignal()
    ends = [api.subscribe(resource, change.set) for resource in resources]
    try:
        yield change
    finally:
        for end in ends:
            end()
