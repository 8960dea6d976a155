"""Four backups of one volume, each of a write upon the one before: what each holds, and what stays when others go."""

import pytest

from conformance.backup.scenarios import BackedUp, BackupSteps
from fixtures.catalogue.clauses import clause
from fixtures.longhorn.volumes import SPARSE_WRITES
from fixtures.outcomes import precondition
from fixtures.s3.backupstore import Backupstore
from fixtures.workloads.data import first_difference
from fixtures.workloads.pods import Workloads


@clause("backup.point-in-time")
@pytest.mark.data
def test_each_holds_its_own_state(four_generations: tuple[BackedUp, ...], backupstore: Backupstore) -> None:
    """A third backup of a volume holds zeros that were written over data, and a fourth holds blocks that are equal."""
    for backed_up in four_generations[2:]:
        backup = backed_up.backup

        difference = first_difference(backupstore.image(backup.volume, backup.name), backed_up.source.image)

        assert difference is None, f"{backup}: {difference}"


@clause("backup.restore")
@pytest.mark.restore
@pytest.mark.block
def test_zeros_and_equal_blocks_are_restored(
    four_generations: tuple[BackedUp, ...], steps: BackupSteps, workloads: Workloads
) -> None:
    """A claim gets the data of the fourth backup: its own, what is left of those before, and zeros."""
    fourth = four_generations[3]

    claim = workloads.wait_bound(steps.restore(fourth).claim)

    workloads.verify(claim, fourth.source.image)


@clause("backup.delete.others")
@pytest.mark.delete
def test_others_stay(four_generations: tuple[BackedUp, ...], steps: BackupSteps, backupstore: Backupstore) -> None:
    """Of four backups first one in the middle is deleted, then the oldest: the others stay, byte for byte.

    Their documents name each block by the checksum of its bytes, so what is unchanged and can be read is the same.
    """
    volume, names = four_generations[0].backup.volume, [each.backup.name for each in four_generations]
    before = {name: backupstore.backup(volume, name) for name in names}

    for deleted in four_generations[1], four_generations[0]:
        steps.delete(deleted)
        names.remove(deleted.backup.name)

        assert {name: backupstore.backup(volume, name) for name in names} == {name: before[name] for name in names}
        needed = {block.checksum for name in names for block in before[name].blocks}
        lost = sorted(needed - backupstore.block_names(volume))
        assert not lost, f"the backupstore has no {lost[0]}.blk since {deleted.backup} was deleted"

    for name in names:
        backupstore.image(volume, name)


@clause("backup.point-in-time")
@pytest.mark.data
def test_next_one_is_whole(steps: BackupSteps, backupstore: Backupstore) -> None:
    """A backup made when the one before it was deleted, with all that it had stored, holds what the volume held."""
    deleted = steps.back_up_or_block(steps.volumes.volume_with("again", *SPARSE_WRITES))
    with precondition("the backup is not deleted"):
        steps.longhorn.wait_backup_volume(deleted.backup.volume)
        steps.delete(deleted)

    backup = steps.back_up_or_block(deleted.source).backup

    difference = first_difference(backupstore.image(backup.volume, backup.name), deleted.source.image)
    assert difference is None, f"{backup}: {difference}"
