"""Faults that need more than two backups of a volume, or other data than the usual, to be seen."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from simulator.kubernetes.resources import Obj
from simulator.longhorn.backupstore.layout import digest
from simulator.longhorn.backupstore.models import FULL, BackupRequest, Block
from simulator.longhorn.names import BLOCK
from simulator.overrides.faults.suite_messages import ZEROS
from simulator.overrides.registry import fault

Merge = Callable[[Iterable[Block], Iterable[Block]], list[Block]]

NOTHING = digest(bytes(BLOCK))

_COPIED: dict[str, list[frozenset[int]]] = defaultdict(list)
"""The offsets that each backup of a volume has copied; each simulator is a separate process."""


@fault(
    "zeros-over-data-not-backed-up",
    breaks="backup.point-in-time",
    decision="backupstore.merged_blocks",
    says=r"offset \d+: expected zeros, found block \d+ of stream",
)
def zeros_skipped(original: Merge, base: Iterable[Block], delta: Iterable[Block]) -> list[Block]:
    """A block in which nothing but zeros was written over data counts as not written."""
    return original(base, [block for block in delta if block.checksum != NOTHING])


@fault(
    "third-backup-keeps-the-changes-of-the-second",
    breaks="backup.point-in-time",
    decision="backupstore.blocks_to_copy",
    says=r"offset \d+: expected .*, found",
)
def copied_once(
    original: Callable[..., Sequence[int]], offsets: Sequence[int], request: BackupRequest
) -> Sequence[int]:
    """A block that an incremental backup has copied is not copied again by the next one."""
    if request.mode == FULL:
        return original(offsets, request)
    copied = _COPIED[request.volume]
    skipped = copied[-1] if len(copied) > 1 else frozenset()
    wanted = [offset for offset in original(offsets, request) if offset not in skipped]
    copied.append(frozenset(wanted))
    return wanted


@fault(
    "equal-blocks-recorded-once",
    breaks="backup.point-in-time",
    decision="backupstore.merged_blocks",
    says=r"offset \d+: expected block \d+ of stream equal, found",
)
def recorded_once(original: Merge, base: Iterable[Block], delta: Iterable[Block]) -> list[Block]:
    """Of blocks with the same data only the first is recorded, unless they hold nothing."""
    blocks = original(base, delta)
    first = {block.checksum: block.offset for block in reversed(blocks)}
    return [block for block in blocks if block.checksum == NOTHING or first[block.checksum] == block.offset]


@fault(
    "equal-blocks-restored-once",
    breaks="backup.restore",
    decision="backupstore.blocks_to_restore",
    says=r"offset \d+: expected block \d+ of stream orphaned, found",
)
def restored_once(original: Callable[[Sequence[Block]], Sequence[Block]], blocks: Sequence[Block]) -> Sequence[Block]:
    """Of blocks with the same data only the first is restored."""
    return original(list({block.checksum: block for block in reversed(blocks)}.values())[::-1])


oldest_counted = fault(
    "delete-counts-only-the-two-oldest-backups",
    breaks=("backup.delete.others", "backup.point-in-time"),
    decision="backupstore.counted_backups",
    says=r"the backupstore has no \S+\.blk",
    summary="Deleting a backup takes the blocks along that none of the two oldest backups needs.",
)(lambda original, remaining: sorted(original(remaining), key=lambda each: each.created)[:2])


@fault(
    "full-backup-lacks-a-block",
    breaks="backup.point-in-time",
    decision="backupstore.blocks_to_copy",
    says=r"offset \d+: expected block \d+ of stream",
)
def full_in_part(original: Callable[..., Sequence[int]], offsets: Sequence[int], request: BackupRequest) -> list[int]:
    """A full backup leaves out the last block but one, though it has not changed since an earlier backup."""
    wanted = list(original(offsets, request))
    return [*wanted[:-2], *wanted[-1:]] if request.mode == FULL else wanted


_UPLOADED: set[tuple[str, str]] = set()
"""The volume and the checksum of every block that was ever uploaded."""


@fault(
    "block-taken-for-stored-after-its-deletion",
    breaks=("backup.off-cluster", "backup.point-in-time"),
    decision="backupstore.uploads_block",
    says=r"the backupstore has no \S+\.blk|the bucket lacks 1 of 4 blocks",
)
def remembered(original: Callable[..., bool], request: BackupRequest, checksum: str, present: bool) -> bool:
    """A block that was uploaded once is not uploaded again, even when it was deleted since."""
    known = (request.volume, checksum) in _UPLOADED
    _UPLOADED.add((request.volume, checksum))
    return original(request, checksum, present or known)


_RESTORED: set[str] = set()
"""The volumes that were restored from a backup."""


def notes_restored(original: Callable[[Obj], bool], volume: Obj) -> bool:
    """Remembers a volume that is restored."""
    _RESTORED.add(volume["metadata"]["name"])
    return original(volume)


@fault(
    "backup-of-a-restored-volume-lacks-a-block",
    breaks="backup.point-in-time",
    decision="backupstore.blocks_to_copy",
    says=ZEROS,
    also={"longhorn.restores_data": notes_restored},
)
def restored_in_part(
    original: Callable[..., Sequence[int]], offsets: Sequence[int], request: BackupRequest
) -> Sequence[int]:
    """The backup of a volume that was itself restored from a backup lacks its first block."""
    wanted = original(offsets, request)
    return wanted[1:] if request.volume in _RESTORED else wanted


_FIRST_FULL: dict[str, str] = {}
"""By volume the first full backup that found blocks in the store."""


@fault(
    "only-first-full-backup-uploads-everything",
    breaks="backup.mode.full",
    decision="backupstore.uploads_block",
    says=r"did not upload again any block that was there already",
)
def first_full_only(original: Callable[..., bool], request: BackupRequest, checksum: str, present: bool) -> bool:
    """Of a volume's full backups only the first uploads what is already there."""
    if not present or request.mode != FULL:
        return original(request, checksum, present)
    return _FIRST_FULL.setdefault(request.volume, request.backup) == request.backup
