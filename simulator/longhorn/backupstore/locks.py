"""Locks in the bucket: backups and restores of a volume keep deletions away, and the other way round.

A lock is a document that its owner puts down, then waits, then looks at all locks; there is one attempt. Its age is the
bucket's time of its last writing, so the limit of 150 seconds and the refresh that it needs are never scaled.
"""

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from enum import Enum

from simulator.clock import Clock
from simulator.longhorn.backupstore.bucket import Bucket
from simulator.longhorn.backupstore.documents import dump
from simulator.longhorn.backupstore.layout import VolumeLayout
from simulator.longhorn.backupstore.models import BackupMissingError, LockConflictError

SETTLE_SECONDS = 2.0
"""From putting a lock down to looking at the others."""

REFRESH_SECONDS = 60.0
EXPIRY = timedelta(seconds=150)


class LockType(Enum):
    """What a lock is for: its number in the document, and how Longhorn names it in errors."""

    COPY = (1, "create/restore")
    DELETE = (2, "delete")


@contextlib.asynccontextmanager
async def held(
    bucket: Bucket, layout: VolumeLayout, clock: Clock, kind: LockType, *, released_on_failure: bool = True
) -> AsyncIterator[None]:
    """Hold a lock of `kind` on the volume. Raises LockConflictError when another kind of work holds it.

    The body is the work; unless the lock is `released_on_failure`, it stays when that fails.
    """
    number, purpose = kind.value
    name = f"lock-{secrets.token_hex(8)}"
    key = layout.lock(name)
    own = await bucket.put(key, _document(name, number, acquired=False))
    stays = False
    try:
        await clock.sleep(SETTLE_SECONDS)
        if await _outranked(bucket, layout, key, number, own.last_modified, clock):
            raise LockConflictError(
                f"failed to acquire lock {key} when performing backup {purpose}, please try again later"
            )
        await bucket.put(key, _document(name, number, acquired=True))
        refresh = asyncio.create_task(_refresh(bucket, key, name, number))
        try:
            yield
        except Exception:
            stays = not released_on_failure
            raise
        finally:
            refresh.cancel()
            await asyncio.gather(refresh, return_exceptions=True)
    finally:
        if not stays:
            await bucket.delete(key)


def _document(name: str, number: int, *, acquired: bool) -> bytes:
    return dump({"Name": name, "Type": number, "Acquired": acquired})


async def _refresh(bucket: Bucket, key: str, name: str, number: int) -> None:
    while True:
        await asyncio.sleep(REFRESH_SECONDS)
        await bucket.put(key, _document(name, number, acquired=True))


async def _outranked(
    bucket: Bucket, layout: VolumeLayout, key: str, number: int, written: datetime, clock: Clock
) -> bool:
    for other in (await bucket.list(layout.locks)).objects:
        if other.key == key or clock.now() - other.last_modified > EXPIRY:
            continue
        try:
            document = json.loads(await bucket.get(other.key))
        except BackupMissingError:
            continue
        if document["Type"] == number:
            continue
        if document["Acquired"] or (other.last_modified, other.key) < (written, key):
            return True
    return False
