"""S3 over a slow network, and overloaded."""

import asyncio

from simulator.disturbances.catalogue import S3_BUSY, SLOW_S3
from simulator.disturbances.chance import Chance
from simulator.disturbances.faulty_cluster import slow_down
from simulator.s3.connection import Listing, ObjectInfo, S3Connection, S3Connections


class SlowConnections:
    """Other connections, sometimes slow."""

    def __init__(self, connections: S3Connections, chance: Chance) -> None:
        self._connections = connections
        self._chance = chance

    def connect(self, endpoint: str, access_key: str, secret_key: str, bucket: str) -> S3Connection:
        """Raises S3UnreachableError for an endpoint that does not exist."""
        return SlowConnection(self._connections.connect(endpoint, access_key, secret_key, bucket), self._chance)


class SlowConnection:
    """Another connection, sometimes slow."""

    def __init__(self, connection: S3Connection, chance: Chance) -> None:
        self._connection = connection
        self._chance = chance

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self._connection.bucket

    async def put(self, key: str, data: bytes) -> ObjectInfo:
        """Write an object."""
        await self._travel()
        return await self._connection.put(key, data)

    async def get(self, key: str) -> bytes:
        """Read an object. Raises S3Error NoSuchKey."""
        await self._travel()
        return await self._connection.get(key)

    async def head(self, key: str) -> ObjectInfo | None:
        """None if there is no such key."""
        await self._travel()
        return await self._connection.head(key)

    async def list(self, prefix: str, delimiter: str = "") -> Listing:
        """All keys with a prefix."""
        await self._travel()
        return await self._connection.list(prefix, delimiter)

    async def delete(self, key: str) -> None:
        """A missing key is no error."""
        await self._travel()
        await self._connection.delete(key)

    async def _travel(self) -> None:
        await asyncio.sleep(self._chance.seconds(SLOW_S3))
        if self._chance.happens(S3_BUSY):
            raise slow_down()
