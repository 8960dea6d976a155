# ruff: noqa: ARG001, ARG005  (a replacement takes the arguments of the decision that it replaces)
"""Faults in the file that an export makes: its moment, its bytes, its format, and what Longhorn reports about it."""

import hashlib
import time
from collections.abc import Callable, Sequence

from simulator.kubernetes.resources import Obj
from simulator.overrides.faults.suite_messages import ZEROS
from simulator.overrides.registry import always, fault

MIB = 1 << 20
BLOCK = 2 * MIB
PAGE, SECTOR = 4096, 512

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

_SEEN: set[bytes] = set()
"""What the export under way has written."""


def without_ends_of_blocks(offset: int, data: bytes) -> bytes:
    """Bytes at an offset of a disk, with zeros in the last sector of each block of 2 MiB."""
    changed = bytearray(data)
    for end in range((offset // BLOCK + 1) * BLOCK, offset + len(data) + 1, BLOCK):
        start = max(end - 512 - offset, 0)
        changed[start : end - offset] = bytes(end - offset - start)
    return bytes(changed)


def without_the_end(offset: int, data: bytes) -> bytes:
    """Bytes at an offset of a disk, with zeros in the last sector of 16 MiB."""
    return data[:-SECTOR] + bytes(SECTOR) if offset + len(data) == 16 * MIB else data


def is_export_of(image: Obj, volume: Obj) -> bool:
    """Whether an image was exported from a volume."""
    return bool((image["spec"].get("sourceParameters") or {}).get("volume-name") == volume["metadata"]["name"])


def begins_later(original: Callable[[str], bool], volume: str) -> bool:
    """An export begins after the next write."""
    first = _ASKED.setdefault(volume, time.monotonic())
    return volume in _WRITTEN or time.monotonic() - first > PATIENCE


def notices_writes(original: Callable[..., Sequence[str]], volume: Obj, images: Sequence[Obj]) -> Sequence[str]:
    """A volume that a pod has unmounted was written."""
    name = volume["metadata"]["name"]
    if name in _ASKED:
        _WRITTEN.add(name)
    return original(volume, images)


taken_late = fault(
    "image-taken-late",
    breaks="backing-image.create.point-in-time",
    decision="backing_images.captures_data_at_request",
    says=r"expected (zeros|block \d+ of stream one), found block \d+ of stream two",
    summary="The data are taken when the work on the file begins.",
    also={"backing_images.begins_export": begins_later, "backing_images.images_written_to": notices_writes},
)(always(False))
lost_ends = fault(
    "image-loses-block-ends",
    breaks=(*FILES, "backing-image.restore", "backing-image.restore.size.larger"),
    decision="backing_images.exported_bytes",
    says=ZEROS,
    summary="The last sector of each block of 2 MiB is left out.",
)(lambda original, offset, data, before: without_ends_of_blocks(offset, original(offset, data, before)))
lost_start = fault(
    "image-loses-the-first-sector",
    breaks=FILES,
    decision="backing_images.exported_bytes",
    says=ZEROS,
    summary="The first sector of the volume is left out.",
)(lambda original, offset, data, before: data if offset else bytes(SECTOR) + original(offset, data, before)[SECTOR:])
lost_end = fault(
    "image-loses-the-last-sector",
    breaks=FILES,
    decision="backing_images.exported_bytes",
    says=ZEROS,
    summary="The last sector of a volume of 16 MiB is left out.",
)(lambda original, offset, data, before: without_the_end(offset, original(offset, data, before)))


@fault(
    "later-zeros-not-exported",
    breaks="backing-image.create.content",
    decision="backing_images.exported_bytes",
    says=r"offset \d+: expected zeros, found block \d+ of stream",
)
def older_behind_zeros(original: Callable[..., bytes], offset: int, data: bytes, before: Callable[[], bytes]) -> bytes:
    """Where a volume was overwritten with zeros its image holds what was there before."""
    exported, older = original(offset, data, before), before()
    pages = range(0, len(exported), PAGE)
    held = [exported[at : at + PAGE] for at in pages]
    return b"".join(page if page.strip(b"\0") else older[at : at + PAGE] for at, page in zip(pages, held, strict=True))


@fault(
    "equal-blocks-exported-once",
    breaks="backing-image.create.content",
    decision="backing_images.exported_bytes",
    says=ZEROS,
)
def equal_once(original: Callable[..., bytes], offset: int, data: bytes, before: Callable[[], bytes]) -> bytes:
    """Of several MiB of a volume that are equal the first is exported, and zeros for the others."""
    if offset == 0:
        _SEEN.clear()
    exported = original(offset, data, before)
    if exported in _SEEN:
        return bytes(len(exported))
    _SEEN.add(exported)
    return exported


first_again = fault(
    "second-export-holds-the-first",
    breaks=("backing-image.create.content", "backing-image.create.point-in-time"),
    decision="backing_images.exported_snapshot",
    says=r"offset \d+: expected (zeros|block \d+ of stream \S+), found (zeros|block \d+ of stream)",
    summary="A later image of a volume holds what the first one holds.",
)(lambda original, taken, snapshots: next(each for each in snapshots if each.startswith("snapshot-")))
follows_volume = fault(
    "image-follows-its-volume",
    breaks="backing-image.create.point-in-time",
    decision="backing_images.images_written_to",
    says=r"the file of image \S+: offset \d+: expected .*, found (zeros|block \d+ of stream later)",
    summary="What is written to a volume later changes the images that were exported from it.",
)(lambda original, volume, images: [each["metadata"]["name"] for each in images if is_export_of(each, volume)])
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
