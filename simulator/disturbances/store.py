"""S3 over a slow network, and overloaded."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

from simulator.disturbances.catalogue import S3_BUSY, SLOW_S3
from simulator.disturbances.chance import Chance
from simulator.disturbances.faulty_cluster import slow_down
from simulator.s3.connection import S3Connection, S3Connections


class SlowConnections:
    """Other connections, sometimes slow."""

    def __init__(self, connections: S3Connections, chance: Chance) -> None:
        self._connections = connections
        self._chance = chance

    def connect(self, endpoint: str, access_key: str, secret_key: str, bucket: str) -> S3Connection:
        """Raises S3UnreachableError for an endpoint that does not exist."""
        connection = self._connections.connect(endpoint, access_key, secret_key, bucket)
        return cast("S3Connection", _SlowConnection(connection, self._chance))


class _SlowConnection:
    """Another connection, whose requests sometimes travel slowly."""

    def __init__(self, connection: S3Connection, chance: Chance) -> None:
        self._connection = connection
        self._chance = chance

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._connection, name)
        return partial(self._request, attribute) if callable(attribute) else attribute

    async def _request(self, request: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        await asyncio.sleep(self._chance.seconds(SLOW_S3))
        if self._chance.happens(S3_BUSY):
            raise slow_down()
        return await request(*arguments)
