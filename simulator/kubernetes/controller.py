"""The work queue that every controller of the simulated cluster runs on."""

import asyncio
import contextlib
import sys
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from simulator.clock import Clock
from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.store import Change
from simulator.kubernetes.timing import AT_ONCE, WORKING

Key = tuple[str, str]
"""(namespace, name)"""

QUIET = frozenset({404, 409})
"""Refusals in normal operation: the object is gone, or another writer was faster."""


@dataclass(frozen=True)
class Result:
    """When a key is worked on again: `after` seconds of the cluster, or `again` with back-off."""

    after: float | None = None
    again: bool = False


Reconcile = Callable[[Key], Awaitable[Result | None]]


class Controller:
    """A work queue as client-go has it.

    Each key has one worker at a time; a key that is queued during its work is worked on once more afterwards.
    A key waits for one time only, the earlier of two.
    A failed key is retried after `backoff[0]` seconds, then after twice as long each time up to `backoff[1]`; success
    resets that. After a restart all existing objects are worked on, and the keys that were left undone.
    Exceptions in `expected`, and an ApiError 404 or 409, are failures; any other exception is printed as well.
    """

    def __init__(
        self,
        api: Api,
        clock: Clock,
        name: str,
        reconcile: Reconcile,
        *,
        workers: int = 10,
        backoff: tuple[float, float] = (1.0, 300.0),
        expected: tuple[type[Exception], ...] = (),
    ) -> None:
        self.name = name
        self._api = api
        self._clock = clock
        self._reconcile = reconcile
        self._workers = workers
        self._backoff = backoff
        self._expected = expected
        self._watched: list[tuple[str, Callable[[Change], Iterable[Key]]]] = []
        self._ready: deque[Key] = deque()
        self._dirty: set[Key] = set()
        self._working: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._wake = asyncio.Semaphore(0)
        self._waiting: dict[Key, asyncio.TimerHandle] = {}
        self._tried: dict[Key, int] = {}
        """At which revision a waiting key was last worked on."""
        api.activity.watch(self._has_work)

    def watch(self, resource: str, keys: Callable[[Change], Iterable[Key]] | None = None) -> None:
        """Queue `keys(change)` for each change of `resource`, by default the object's own key. Call before run()."""
        self._watched.append((resource, keys or (lambda change: (change.key,))))

    def enqueue(self, key: Key, *, after: float = 0.0) -> None:
        """Work on `key`, now or `after` seconds of the cluster."""
        if after > 0:
            self._later(key, after)
        elif key not in self._dirty:
            self._dirty.add(key)
            if key not in self._working:
                self._offer(key)

    async def run(self) -> None:
        """Work until cancelled, starting with all existing objects, also after each end of its process."""
        timing = self._api.timing
        while (lifetime := timing.lifetime(self.name)) is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(lifetime):
                    await self._serve()
            self._failures.clear()
            self._wake = asyncio.Semaphore(len(self._ready))
            await asyncio.sleep(timing.absence(self.name))
        await self._serve()

    async def _serve(self) -> None:
        ends: list[Callable[[], None]] = []
        try:
            for resource, keys in self._watched:
                ends.append(self._api.subscribe(resource, self._follow(keys)))
                for stored in self._api.select(resource):
                    change = Change("ADDED", stored.object, None, stored.resource, stored, None)
                    for key in keys(change):
                        self.enqueue(key)
            async with asyncio.TaskGroup() as workers:
                for number in range(self._workers):
                    workers.create_task(self._work(), name=f"{self.name}-{number}")
        finally:
            for end in ends:
                end()
            for key, timer in tuple(self._waiting.items()):
                timer.cancel()
                self._fire(key)

    def _follow(self, keys: Callable[[Change], Iterable[Key]]) -> Callable[[Change], None]:
        def follow(change: Change) -> None:
            deliveries = self._api.timing.deliveries(self.name)
            for key in keys(change):
                if deliveries is AT_ONCE:
                    self.enqueue(key)
                    continue
                for delay in deliveries:
                    asyncio.get_running_loop().call_later(delay, self.enqueue, key)

        return follow

    def _has_work(self) -> bool:
        """Whether a key is ready, or waits that was not tried since the last change."""
        last = self._api.activity.last_change
        return bool(self._ready) or any(self._tried.get(key, 0) < last for key in self._waiting)

    def _offer(self, key: Key) -> None:
        self._ready.append(key)
        self._wake.release()

    def _later(self, key: Key, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds * self._clock.pace
        waiting = self._waiting.get(key)
        if waiting is not None:
            if waiting.when() <= due:
                return
            waiting.cancel()
        self._waiting[key] = loop.call_at(due, self._fire, key)

    def _fire(self, key: Key) -> None:
        del self._waiting[key]
        self.enqueue(key)

    def _fail(self, key: Key) -> None:
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        first, longest = self._backoff
        self._later(key, min(first * 2 ** min(failures, 30), longest))

    async def _work(self) -> None:
        WORKING.set(self.name)
        while True:
            await self._wake.acquire()
            key = self._take()
            self._dirty.discard(key)
            self._working.add(key)
            self._tried[key] = self._api.revision
            try:
                await self._attempt(key)
            except asyncio.CancelledError:
                self._dirty.add(key)
                raise
            finally:
                self._working.discard(key)
                if key not in self._waiting:
                    del self._tried[key]
                if key in self._dirty:
                    self._offer(key)

    def _take(self) -> Key:
        if len(self._ready) > 1:
            chosen = self._api.timing.next_in(self.name, len(self._ready))
            self._ready.rotate(-chosen)
            key = self._ready.popleft()
            self._ready.rotate(chosen)
            return key
        return self._ready.popleft()

    async def _attempt(self, key: Key) -> None:
        try:
            result = await self._reconcile(key)
        except Exception as error:  # noqa: BLE001 - an error with one key must not end the controller
            expected = isinstance(error, self._expected)
            if not expected and not (isinstance(error, ApiError) and error.status in QUIET):
                with contextlib.suppress(OSError):
                    print(f"{self.name}: {'/'.join(filter(None, key))} failed, will be tried again", file=sys.stderr)
                    traceback.print_exception(error)
            self._fail(key)
            return
        if result is not None and result.again:
            self._fail(key)
            return
        self._failures.pop(key, None)
        if result is not None and result.after is not None:
            self._later(key, result.after)
