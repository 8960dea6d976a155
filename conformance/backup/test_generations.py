"""Many backups of one volume, each of a write upon the one before: what the last one holds, and what stays of them."""

import pytest

from conformance.backup.scenarios import BackedUp, BackupSteps
from fixtures.catalogue.clauses import clause
from fixtures.longhorn.volumes import OVERWRITES, Source
from fixtures.outcomes import precondition
from fixtures.s3.backupstore import Backupstore
from fixtures.workloads.data import first_difference
from fixtures.workloads.pods import Workloads


@clause("backup.point-in-time")
@pytest.mark.data
def test_last_one_is_whole(five_generations: tuple[BackedUp, ...], backupstore: Backupstore) -> None:
    """A fifth backup holds what is left of all writes before it, zeros among them, and blocks that are equal.

    That one of the same data was deleted just before makes no difference.
    """
    last = five_generations[-1]

    difference = first_difference(backupstore.image(last.backup.volume, last.backup.name), last.source.image)

    assert difference is None, f"{last.backup}: {difference}"


@clause("backup.delete.others")
@pytest.mark.delete
def test_others_stay(five_generations: tuple[BackedUp, ...], steps: BackupSteps, backupstore: Backupstore) -> None:
    """Of five backups the last but one is deleted: those before it and the one based on it stay, byte for byte.

    Their documents name each block by the checksum of its bytes, so what is unchanged and can be read is the same.
    """
    *older, deleted, newer = five_generations
    volume, names = newer.backup.volume, [each.backup.name for each in (*older, newer)]
    before = {name: backupstore.backup(volume, name) for name in names}

    steps.delete(deleted)

    assert {name: backupstore.backup(volume, name) for name in names} == before
    needed = {block.checksum for stored in before.values() for block in stored.blocks}
    lost = sorted(needed - backupstore.block_names(volume))
    assert not lost, f"the backupstore has no {lost[0]}.blk since {deleted.backup} was deleted"
    backupstore.image(volume, newer.backup.name)


@clause("backup.point-in-time")
@pytest.mark.data
def test_restored_volume_is_backed_up_again(
    backed_up: BackedUp, steps: BackupSteps, workloads: Workloads, backupstore: Backupstore
) -> None:
    """The backup of a volume that restored one holds what it restored, and what was written to it then."""
    with precondition("nothing was restored that could be backed up again"):
        claim = workloads.wait_bound(steps.restore(backed_up).claim)
    restored = steps.volumes.write(Source(claim, backed_up.source.image), "again", *OVERWRITES)

    again = steps.back_up(restored)

    difference = first_difference(backupstore.image(again.backup.volume, again.backup.name), restored.image)
    assert difference is None, f"{again.backup}: {difference}"
