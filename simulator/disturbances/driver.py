"""A CSI driver behind a socket on which calls are slow, fail, or lose their answer."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from simulator.csi.protocol import Code, CsiError, Driver
from simulator.disturbances.catalogue import RPC_ANSWER_LOST, RPC_UNAVAILABLE, SLOW_RPC
from simulator.disturbances.chance import Chance
from simulator.kubernetes.timing import WORKING

UNAVAILABLE = (
    'connection error: desc = "transport: Error while dialing: dial unix /csi/csi.sock: connect: connection refused"'
)
DEADLINE = "context deadline exceeded"


class RemoteDriver:
    """Another driver, reached over such a socket. Every call may raise CsiError, and may be repeated."""

    def __init__(self, driver: Driver, chance: Chance) -> None:
        self._driver = driver
        self._chance = chance
        self._served: set[asyncio.Task[Any]] = set()

    def __getattr__(self, name: str) -> Any:
        """A property of the driver as it is, a call of it over the socket."""
        attribute = getattr(self._driver, name)
        return partial(self._call, attribute) if callable(attribute) else attribute

    async def _call(self, call: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        """Make a call as from another process: it continues even if the caller ends."""
        if self._chance.happens(RPC_UNAVAILABLE):
            raise CsiError(Code.UNAVAILABLE, UNAVAILABLE)
        await asyncio.sleep(self._chance.seconds(SLOW_RPC))
        serving = asyncio.create_task(_served(call, *arguments))
        self._served.add(serving)
        serving.add_done_callback(self._forget)
        answer = await asyncio.shield(serving)
        if self._chance.happens(RPC_ANSWER_LOST):
            raise CsiError(Code.DEADLINE_EXCEEDED, DEADLINE)
        return answer

    def _forget(self, serving: asyncio.Task[Any]) -> None:
        """Errors were raised to the caller, if it still exists."""
        self._served.discard(serving)
        if not serving.cancelled():
            serving.exception()


async def _served(call: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
    """In the driver's process there is no controller of the caller's."""
    WORKING.set("")
    return await call(*arguments)
