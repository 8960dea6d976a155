"""Waiting for objects without polling."""

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeVar

from simulator.kubernetes.api import Api

TICK = 2.0
"""Seconds of the cluster between two polls of an object by the driver."""

WAIT = 90.0
"""Seconds after which the driver times out; never scaled, since the work behind it is not."""

T = TypeVar("T")


async def until(api: Api, resources: Iterable[str], look: Callable[[], T | None], seconds: float) -> T | None:
    """What `look` finds, at once or after a change of one of `resources`; None when `seconds` are over.

    What `look` raises is raised.
    """
    changed = asyncio.Event()
    ends = [api.subscribe(resource, lambda _: changed.set()) for resource in resources]
    try:
        async with asyncio.timeout(seconds):
            while (found := look()) is None:
                changed.clear()
                await changed.wait()
            return found
    except TimeoutError:
        return None
    finally:
        for end in ends:
            end()
