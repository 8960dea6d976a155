"""The bucket behind a backupstore, with refusals worded as Longhorn reports them."""

from collections.abc import Iterable

from simulator.longhorn.backupstore.models import BackupMissingError, BackupstoreError
from simulator.s3.connection import Listing, ObjectInfo, S3Connection, S3Error


class Bucket:
    """An S3 connection whose calls raise BackupstoreError, BackupMissingError for a key that is not there."""

    def __init__(self, connection: S3Connection) -> None:
        self._connection = connection

    async def put(self, key: str, data: bytes) -> ObjectInfo:
        """Write an object."""
        try:
            return await self._connection.put(key, data)
        except S3Error as error:
            raise BackupstoreError(_words("put object", self._object(key), error)) from error

    async def get(self, key: str) -> bytes:
        """An object's content."""
        try:
            return await self._connection.get(key)
        except S3Error as error:
            if error.code == "NoSuchKey":
                raise BackupMissingError(f"cannot find {key} in backupstore") from error
            raise BackupstoreError(_words("get object", self._object(key), error)) from error

    async def head(self, key: str) -> ObjectInfo | None:
        """An object's size and time, None when there is none."""
        try:
            return await self._connection.head(key)
        except S3Error as error:
            raise BackupstoreError(_words("get object", self._object(key), error)) from error

    async def list(self, prefix: str, delimiter: str = "") -> Listing:
        """Everything under `prefix`, which is no error when it is empty."""
        try:
            return await self._connection.list(prefix, delimiter)
        except S3Error as error:
            fields = [f'Bucket: "{self._connection.bucket}"']
            if delimiter:
                fields.append(f'Delimiter: "{delimiter}"')
            fields.append(f'Prefix: "{prefix}"')
            raise BackupstoreError(_words("list objects", fields, error)) from error

    async def delete(self, key: str) -> None:
        """Remove an object; none is no error."""
        try:
            await self._connection.delete(key)
        except S3Error as error:
            raise BackupstoreError(_words("delete object", self._object(key), error)) from error

    def _object(self, key: str) -> tuple[str, ...]:
        return f'Bucket: "{self._connection.bucket}"', f'Key: "{key}"'


def _words(action: str, fields: Iterable[str], error: S3Error) -> str:
    parameters = ",\n".join(f"  {field}" for field in fields)
    return (
        f"failed to {action} with param: {{\n{parameters}\n}} "
        f"error: AWS Error:  {error.code} {error.message} <nil>\n{error.status} {error.request_id}\n"
    )
