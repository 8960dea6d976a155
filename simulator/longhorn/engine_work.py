"""Work of engines: it goes on when the manager that requested it ends; its outcome is kept for the next request."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, ParamSpec, TypeVar

from simulator.kubernetes.timing import WORKING

T = TypeVar("T")
P = ParamSpec("P")


class EngineWork:
    """Pieces of work by a key. A piece is begun once, until its outcome is forgotten."""

    def __init__(self) -> None:
        self._pieces: dict[Hashable, asyncio.Task[Any]] = {}
        self._running: dict[asyncio.Task[Any], Hashable] = {}

    async def outcome(self, key: Hashable, begin: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What the work returns or raises; it is begun now unless it was. Call `forget` once the outcome is used."""
        piece: asyncio.Task[T] | None = self._pieces.get(key)
        if piece is None:
            piece = self._pieces[key] = asyncio.create_task(_worked(begin))
            self._running[piece] = key
            piece.add_done_callback(self._running.pop)
            piece.add_done_callback(_may_fail_unheard)
        return await asyncio.shield(piece)

    async def once(self, key: Hashable, begin: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """As `outcome`, and forgets the work when it is done."""
        try:
            return await self.outcome(key, begin)
        finally:
            piece = self._pieces.get(key)
            if piece is not None and piece.done():
                self.forget(key)

    async def settled(self, key: Hashable) -> None:
        """Return when no work of that key is running, forgotten or not."""
        running = {piece for piece, its in self._running.items() if its == key}
        if running:
            await asyncio.wait(running)

    def is_busy(self) -> bool:
        """Whether a piece of work is under way."""
        return bool(self._running)

    def forget(self, key: Hashable) -> None:
        """Make the next request begin anew."""
        self._pieces.pop(key, None)


async def to_end(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run bulk work in a thread. A cancelled caller waits for its end, so that no work is left half done."""
    work = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    work.add_done_callback(_may_fail_unheard)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait({work})
        raise


def _may_fail_unheard(work: asyncio.Task[Any]) -> None:
    """Look at a failure, so that asyncio does not report it when whoever asked for the work was cancelled."""
    if not work.cancelled():
        work.exception()


async def _worked(begin: Callable[[], Coroutine[Any, Any, T]]) -> T:
    WORKING.set("")
    return await begin()
