"""The bucket behind a backupstore, with refusals worded as Longhorn reports them."""

from collections.abc import Iterator
from contextlib import contextmanager

from simulator.longhorn.backupstore.models import BackupMissingError, BackupstoreError
from simulator.s3.connection import Listing, ObjectInfo, S3Connection, S3Error


class Bucket:
    """An S3 connection whose calls raise BackupstoreError, BackupMissingError for a key that is not there."""

    def __init__(self, connection: S3Connection) -> None:
        self._connection = connection

    async def put(self, key: str, data: bytes) -> ObjectInfo:
        """Write an object."""
        with self._worded("put object", Key=key):
            return await self._connection.put(key, data)

    async def get(self, key: str) -> bytes:
        """An object's content."""
        with self._worded("get object", Key=key):
            try:
                return await self._connection.get(key)
            except S3Error as error:
                if error.code == "NoSuchKey":
                    raise BackupMissingError(f"cannot find {key} in backupstore") from error
                raise

    async def head(self, key: str) -> ObjectInfo | None:
        """An object's size and time, None when there is none."""
        with self._worded("get object", Key=key):
            return await self._connection.head(key)

    async def list(self, prefix: str, delimiter: str = "") -> Listing:
        """Everything under `prefix`, which is no error when it is empty."""
        more = {"Delimiter": delimiter} if delimiter else {}
        with self._worded("list objects", **more, Prefix=prefix):
            return await self._connection.list(prefix, delimiter)

    async def delete(self, key: str) -> None:
        """Remove an object; none is no error."""
        with self._worded("delete object", Key=key):
            await self._connection.delete(key)

    @contextmanager
    def _worded(self, action: str, **fields: str) -> Iterator[None]:
        """Report what the store refuses with the parameters of the call."""
        try:
            yield
        except S3Error as error:
            named = {"Bucket": self._connection.bucket, **fields}
            parameters = ",\n".join(f'  {name}: "{value}"' for name, value in named.items())
            raise BackupstoreError(
                f"failed to {action} with param: {{\n{parameters}\n}} "
                f"error: AWS Error:  {error.code} {error.message} <nil>\n{error.status} {error.request_id}\n"
            ) from error
