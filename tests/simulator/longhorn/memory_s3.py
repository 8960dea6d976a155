"""A bucket in memory, for tests of Longhorn and of its backupstore."""

import asyncio
import json
from datetime import UTC, datetime

from simulator.kubernetes.resources import Obj
from simulator.s3.connection import Listing, ObjectInfo, S3Connection, S3Error


class MemoryS3:
    """Keeps objects and remembers calls; `refusal` makes all fail, `slowness` is how long a deletion takes (s)."""

    bucket = "backups"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.modified: dict[str, datetime] = {}
        """When objects were written; those that are not in it, just now."""
        self.calls: list[tuple[str, str]] = []
        self.refusal: S3Error | None = None
        self.slowness = 0.0

    def connect(self, endpoint: str, access_key: str, secret_key: str, bucket: str) -> S3Connection:
        del endpoint, access_key, secret_key, bucket
        return self

    def document(self, key: str) -> Obj:
        document: Obj = json.loads(self.objects[key])
        return document

    def _called(self, call: str, key: str) -> None:
        self.calls.append((call, key))
        if self.refusal:
            raise self.refusal

    def _info(self, key: str) -> ObjectInfo:
        return ObjectInfo(key, len(self.objects[key]), self.modified.get(key, datetime.now(UTC)))

    async def put(self, key: str, data: bytes) -> ObjectInfo:
        self._called("put", key)
        self.objects[key], self.modified[key] = data, datetime.now(UTC)
        return self._info(key)

    async def get(self, key: str) -> bytes:
        self._called("get", key)
        if key not in self.objects:
            raise S3Error(404, "NoSuchKey", "The specified key does not exist.", "1")
        return self.objects[key]

    async def head(self, key: str) -> ObjectInfo | None:
        self._called("head", key)
        return self._info(key) if key in self.objects else None

    async def list(self, prefix: str, delimiter: str = "") -> Listing:
        self._called("list", prefix)
        keys = sorted(key for key in self.objects if key.startswith(prefix))
        if not delimiter:
            return Listing(tuple(map(self._info, keys)), ())
        below = {key for key in keys if delimiter in key[len(prefix) :]}
        prefixes = {prefix + key[len(prefix) :].split(delimiter)[0] + delimiter for key in below}
        return Listing(tuple(self._info(key) for key in keys if key not in below), tuple(sorted(prefixes)))

    async def delete(self, key: str) -> None:
        self._called("delete", key)
        await asyncio.sleep(self.slowness)
        self.objects.pop(key, None)
