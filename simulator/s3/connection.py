"""What a client of S3 inside the cluster sees: one bucket, through one endpoint, with one key."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class S3Error(Exception):
    """An error answer of S3, by default with an id of its own."""

    def __init__(self, status: int, code: str, message: str, request_id: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id or new_request_id()


def new_request_id() -> str:
    """As S3 gives one to every request."""
    return secrets.token_hex(8).upper()


def access_denied() -> S3Error:
    """The refusal of what the policies do not allow."""
    return S3Error(403, "AccessDenied", "Access Denied.")


def wrong_signature() -> S3Error:
    """The refusal of a request that is signed with another secret."""
    text = (
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method."
    )
    return S3Error(403, "SignatureDoesNotMatch", text)


class S3UnreachableError(Exception):
    """Nothing answers at the endpoint."""


@dataclass(frozen=True)
class ObjectInfo:
    """A key with its size in bytes."""

    key: str
    size: int
    last_modified: datetime


@dataclass(frozen=True)
class Listing:
    """All pages of ListObjectsV2: keys, and common prefixes if a delimiter was given."""

    objects: tuple[ObjectInfo, ...]
    prefixes: tuple[str, ...]


class S3Connection(Protocol):
    """Every call raises S3Error when credentials, permission or bucket are missing, as over the wire."""

    @property
    def bucket(self) -> str: ...

    async def put(self, key: str, data: bytes) -> ObjectInfo: ...

    async def get(self, key: str) -> bytes:
        """Raises S3Error NoSuchKey."""

    async def head(self, key: str) -> ObjectInfo | None:
        """None if there is no such key."""

    async def list(self, prefix: str, delimiter: str = "") -> Listing: ...

    async def delete(self, key: str) -> None:
        """A missing key is no error."""


class S3Connections(Protocol):
    """The S3 services that can be reached from inside the cluster."""

    def connect(self, endpoint: str, access_key: str, secret_key: str, bucket: str) -> S3Connection:
        """Sends nothing yet. Raises S3UnreachableError for an endpoint that does not exist."""
