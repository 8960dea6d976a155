"""The objects themselves: moto's S3, in memory, loaded after the cluster has started.

Importing moto takes about a second, which must not delay the start. Until then writers and all requests over HTTP wait
in `ready()`; readers inside the cluster need not, because nothing can have been written yet.
"""

import asyncio
import contextlib
import importlib
import threading
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from simulator.s3.connection import Listing, ObjectInfo, S3Error
from simulator.s3.policy import Statement, parse_public

_ACCOUNT = "123456789012"
_PARTITION = "aws"


class Storage:
    """All buckets of one server, initially `buckets`. moto separates servers by `account`."""

    def __init__(self, region: str, buckets: tuple[str, ...], account: str = _ACCOUNT) -> None:
        self._region = region
        self._first_buckets = buckets
        self._account = account
        self._loading: asyncio.Task[None] | None = None
        self._backend: Any = None
        self._responses: Any = None
        self._requests: Any = None

    def load(self) -> "asyncio.Task[None]":
        """Start loading in a thread, unless started already."""
        if self._loading is None:
            self._loading = asyncio.create_task(self._load())
        return self._loading

    async def ready(self) -> None:
        """Wait until requests can be served."""
        if self._backend is None:
            await asyncio.shield(self.load())

    def has_bucket(self, bucket: str) -> bool:
        """Whether there is such a bucket."""
        if self._backend is None:
            return bucket in self._first_buckets
        return bucket in self._backend.buckets

    def public_statements(self, bucket: str) -> tuple[Statement, ...]:
        """The statements of a bucket's policy about everybody, after `ready()`; none if there is no bucket."""
        found = self._backend.buckets.get(bucket)
        return parse_public(found.policy) if found is not None and found.policy else ()

    def put(self, bucket: str, key: str, data: bytes) -> ObjectInfo:
        """Write an object, after `ready()`."""
        return _info(self._backend.put_object(bucket, key, data))

    def get(self, bucket: str, key: str) -> bytes:
        """Read an object. Raises S3Error NoSuchKey."""
        found = self._backend.get_object(bucket, key) if self._backend else None
        if found is None:
            raise S3Error(404, "NoSuchKey", "The specified key does not exist.")
        content: bytes = found.value
        return content

    def head(self, bucket: str, key: str) -> ObjectInfo | None:
        """An object's size and time, None if there is no such key."""
        found = self._backend.get_object(bucket, key) if self._backend else None
        return None if found is None else _info(found)

    def list(self, bucket: str, prefix: str, delimiter: str) -> Listing:
        """Everything under `prefix`, in the order of the keys."""
        if self._backend is None:
            return Listing((), ())
        found, prefixes, _, _ = self._backend.list_objects(
            self._backend.get_bucket(bucket), prefix, delimiter or None, None, None
        )
        objects = sorted((_info(key) for key in found), key=lambda info: info.key)
        return Listing(tuple(objects), tuple(sorted(prefixes or ())))

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; a missing one is no error."""
        if self._backend is not None:
            self._backend.delete_object(bucket, key)

    def respond(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Answer a request as S3 does, without checking its signature; after `ready()`."""
        owned = {**headers, "x-moto-account-id": self._account}
        request = self._requests.Request.from_primitives(method, url, owned, body)
        _, _, key = url.partition("://")[2].partition("/")[2].partition("?")[0].partition("/")
        service = self._responses.S3Response
        dispatch = service.key_dispatch if key else service.bucket_dispatch
        status, answer_headers, answer = dispatch(request, url, request.headers)
        content = answer.encode() if isinstance(answer, str) else bytes(answer or b"")
        return status, {name: str(value) for name, value in answer_headers.items()}, content

    def forget(self) -> None:
        """Delete all buckets and objects."""
        for name in tuple(self._backend.buckets) if self._backend is not None else ():
            bucket = self._backend.buckets[name]
            for key in tuple(bucket.keys):
                self._backend.delete_object(name, key)
            self._backend.delete_bucket(name)

    async def _load(self) -> None:
        await _imported("moto.s3.responses", "moto.iam.access_control")
        self._responses = importlib.import_module("moto.s3.responses")
        self._requests = importlib.import_module("moto.core.request")
        models = importlib.import_module("moto.s3.models")
        backend = models.s3_backends[self._account][_PARTITION]
        for bucket in self._first_buckets:
            backend.create_bucket(bucket, self._region)
        self._backend = backend


async def _imported(*modules: str) -> None:
    """Import modules in a thread that does not delay the end of the process."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: Exception | None) -> None:
        if not done.done():
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)

    def work() -> None:
        error: Exception | None = None
        try:
            for module in modules:
                importlib.import_module(module)
        except Exception as raised:  # noqa: BLE001 - raised again where it is awaited
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop is closed: the process is ending
            loop.call_soon_threadsafe(settle, error)

    threading.Thread(target=work, name="import", daemon=True).start()
    await done


def _info(key: Any) -> ObjectInfo:
    return ObjectInfo(key.name, key.size, key.last_modified.replace(tzinfo=UTC))
