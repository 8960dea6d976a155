# ruff: noqa: ARG001  (a replacement takes the arguments of the decision that it replaces)
"""Faults in the file that an export makes: its moment, its bytes, its format, and what Longhorn reports about it."""

import hashlib
import time
from collections.abc import Callable

from simulator.kubernetes.resources import Obj
from simulator.overrides.faults.suite_messages import ZEROS
from simulator.overrides.registry import always, fault

MIB = 1 << 20
BLOCK = 2 * MIB

PATIENCE = 1.2
"""Seconds of real time for which the late export waits for a write, for most volumes get none."""

FILES = (
    "backing-image.create.content",
    "backing-image.create.point-in-time",
    "backing-image.source.detached",
    "backing-image.source.base",
    "backing-image.restore.unchanged",
)
"""Clauses about the bytes in an image's file."""

_ASKED: dict[str, float] = {}
_WRITTEN: set[str] = set()
"""When the late export of a volume was first asked to begin, and the volumes that were written since."""


def without_ends_of_blocks(offset: int, data: bytes) -> bytes:
    """Bytes at an offset of a disk, with zeros in the last sector of each block of 2 MiB."""
    changed = bytearray(data)
    for end in range((offset // BLOCK + 1) * BLOCK, offset + len(data) + 1, BLOCK):
        start = max(end - 512 - offset, 0)
        changed[start : end - offset] = bytes(end - offset - start)
    return bytes(changed)


def begins_later(original: Callable[[str], bool], volume: str) -> bool:
    """An export begins after the next write."""
    first = _ASKED.setdefault(volume, time.monotonic())
    return volume in _WRITTEN or time.monotonic() - first > PATIENCE


def notices_writes(original: Callable[[Obj], bool], volume: Obj) -> bool:
    """A volume that a pod has unmounted was written."""
    name = volume["metadata"]["name"]
    if name in _ASKED:
        _WRITTEN.add(name)
    return original(volume)


taken_late = fault(
    "image-taken-late",
    breaks="backing-image.create.point-in-time",
    decision="backing_images.captures_data_at_request",
    says=r"expected (zeros|block \d+ of stream one), found block \d+ of stream two",
    summary="The data are taken when the work on the file begins.",
    also={"backing_images.begins_export": begins_later, "backing_images.writes_reach_image": notices_writes},
)(always(False))
lost_ends = fault(
    "image-loses-block-ends",
    breaks=(*FILES, "backing-image.restore", "backing-image.restore.size.larger"),
    decision="backing_images.exported_bytes",
    says=ZEROS,
    summary="The last sector of each block of 2 MiB is left out.",
)(lambda original, offset, data: without_ends_of_blocks(offset, original(offset, data)))
ones = fault(
    "image-with-ones-instead-of-zeros",
    breaks=(*FILES, "backing-image.checksum"),
    decision="backing_images.served_bytes",
    says=r"expected zeros, found unknown bytes|its file has",
    summary="What was never written is not served as zeros.",
)(lambda original, image, data: original(image, data).replace(bytes(4096), b"\xff" * 4096))
other_checksum = fault(
    "image-checksum-wrong",
    breaks=("backing-image.checksum", "backing-image.pre-provisioned.shown"),
    decision="backing_images.stored_checksum",
    says=r"Longhorn reports [0-9a-f]{128}, its file has|the checksum of backing image \S+ is \S+, of its file",
    summary="The checksum is no SHA-512 of the file.",
)(lambda original, actual: hashlib.sha512(original(actual).encode()).hexdigest())
