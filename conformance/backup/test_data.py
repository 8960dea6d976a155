"""The bytes of a backup, read back from the bucket alone."""

from urllib.parse import parse_qs

import pytest

from conformance.backup.scenarios import BackedUp, BackupSteps, SuccessiveBackups
from fixtures.catalogue.clauses import clause
from fixtures.longhorn.objects import Longhorn
from fixtures.s3.backupstore import Backupstore
from fixtures.workloads.data import first_difference

pytestmark = pytest.mark.data


@clause("backup.off-cluster")
def test_backup_lies_in_the_backupstore(backed_up: BackedUp, backupstore: Backupstore) -> None:
    """The bucket alone gives back what the volume held, byte for byte."""
    backup = backed_up.backup

    image = backupstore.image(backup.volume, backup.name)

    assert first_difference(image, backed_up.source.image) is None


@clause("backup.off-cluster")
def test_backup_is_where_the_target_points(backed_up: BackedUp, longhorn: Longhorn) -> None:
    """The backup's URL is that of the backup target, with its own and its volume's name as parameters."""
    target = longhorn.backup_target()["spec"]["backupTargetURL"].rstrip("/")
    backup = longhorn.wait_backup_completed(backed_up.backup.name)

    place, _, query = backup.url.partition("?")
    assert place.rstrip("/") == target, f"{backup} is at {place}, the backup target at {target}"
    assert parse_qs(query) == {"backup": [backup.name], "volume": [backup.volume]}


@clause("backup.point-in-time")
def test_later_writes_are_not_in_the_backup(successive_backups: SuccessiveBackups, backupstore: Backupstore) -> None:
    """Each of two backups holds what the volume held when its snapshot was taken, and nothing of the next write."""
    for backed_up in successive_backups.first, successive_backups.second:
        backup = backed_up.backup

        difference = first_difference(backupstore.image(backup.volume, backup.name), backed_up.source.image)

        assert difference is None, f"{backup}: {difference}"


@clause("backup.point-in-time")
def test_full_backup_is_whole(full_backup: BackedUp, backupstore: Backupstore) -> None:
    """A full backup, made after others, holds all that the volume held, also what had not changed."""
    backup = full_backup.backup

    difference = first_difference(backupstore.image(backup.volume, backup.name), full_backup.source.image)

    assert difference is None, f"{backup}: {difference}"


@clause("backup.mode.incremental")
@pytest.mark.classes
def test_second_backup_is_incremental(
    successive_backups: SuccessiveBackups, backupstore: Backupstore, longhorn: Longhorn
) -> None:
    """Without `backupMode` the second backup continues the first, and uploads nothing again that is already there."""
    longhorn.must_keep_snapshots()
    backup = successive_backups.second.backup

    stored = backupstore.backup(backup.volume, backup.name)

    assert stored.incremental, f"{backup} is full, not incremental: {stored.object}"
    assert stored.uploaded_again == 0, f"{backup} is incremental and uploaded {stored.uploaded_again} bytes again"


def must_be_full(backed_up: BackedUp, backupstore: Backupstore) -> None:
    """A backup does not continue an earlier one, and uploaded again what was already there."""
    stored = backupstore.backup(backed_up.backup.volume, backed_up.backup.name)

    assert not stored.incremental, f"{backed_up.backup} is incremental, not full: {stored.object}"
    assert stored.uploaded_again > 0, f"{backed_up.backup} did not upload again any block that was there already"


@clause("backup.mode.full")
@pytest.mark.classes
def test_full_backup_uploads_everything_again(full_backup: BackedUp, backupstore: Backupstore) -> None:
    """With `backupMode: full` a second backup does not continue the first, and uploads again what is already there."""
    must_be_full(full_backup, backupstore)


@clause("backup.mode.full")
@pytest.mark.classes
def test_next_full_backup_does_so_too(full_backup: BackedUp, steps: BackupSteps, backupstore: Backupstore) -> None:
    """So does the next backup of the same class."""
    class_name = full_backup.snapshot.object["spec"]["volumeSnapshotClassName"]

    must_be_full(steps.back_up_or_block(full_backup.source, class_name), backupstore)
