"""Waiting until something changes in the API, instead of polling."""

import asyncio
from collections.abc import Callable, Iterable
from types import TracebackType

from simulator.kubernetes.api import Api, Change


class ChangeSignal:
    """While entered, remembers whether any of some resources changed.

    To use it: check; while the check fails, `await change.wait()` and check again. A change between the check and the
    wait is not lost.
    """

    def __init__(self, api: Api, resources: Iterable[str]) -> None:
        self._api = api
        self._resources = tuple(resources)
        self._changed = asyncio.Event()
        self._ends: list[Callable[[], None]] = []

    def __enter__(self) -> "ChangeSignal":
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

    def set(self) -> None:
        """Count as a change."""
        self._changed.set()

    async def wait(self) -> None:
        """Return when something changed since this was last awaited."""
        await self._changed.wait()
        self._changed.clear()
