"""Waiting for something to change in the API, without looking twice for nothing."""

import asyncio
from collections.abc import Callable, Iterable
from types import TracebackType

from simulator.kubernetes.api import Api, Change


class Changes:
    """While entered, remembers whether any of some resources changed.

    The pattern is: look; when it is not yet as wanted, `await changes.next()` and look again. A change between the
    look and the wait is not lost.
    """

    def __init__(self, api: Api, resources: Iterable[str]) -> None:
        self._api = api
        self._resources = tuple(resources)
        self._changed = asyncio.Event()
        self._ends: list[Callable[[], None]] = []

    def __enter__(self) -> "Changes":
        self._ends = [self._api.subscribe(resource, self._note) for resource in self._resources]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for end in self._ends:
            end()

    def _note(self, change: Change) -> None:
        del change
        self._changed.set()

    def poke(self) -> None:
        """Count as a change."""
        self._changed.set()

    async def next(self) -> None:
        """Return when something changed since this was last awaited."""
        await self._changed.wait()
        self._changed.clear()
