"""Introduction: backups need a backup target. Here a dedicated one is unavailable, and then available again."""

import pytest

from conformance.backup.scenarios import BackupSteps, UnavailableTarget
from conformance.requirements import naming
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.budgets import SNAPSHOT_READY_LATE
from fixtures.kubernetes.history import before
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.volume_snapshots import Snapshots, is_ready
from fixtures.longhorn.volumes import FIRST_AND_LAST_UNIT
from fixtures.workloads.data import first_difference
from fixtures.workloads.pods import Workloads

pytestmark = pytest.mark.target


@clause("backup.target.required")
def test_snapshot_waits_for_the_target(
    unavailable_target: UnavailableTarget, steps: BackupSteps, snapshots: Snapshots
) -> None:
    """The VolumeSnapshot's error names an unusable target; it becomes ready once the target is available again."""
    requested = steps.request(steps.volumes.new(unavailable_target.storage_class))

    snapshots.wait_error(requested.snapshot, naming(unavailable_target.name))

    back = unavailable_target.make_available()
    snapshots.wait_ready(requested.snapshot, SNAPSHOT_READY_LATE)
    ready = snapshots.history(requested.snapshot).first(is_ready)
    assert ready is not None
    assert before(back, ready), f"{requested.snapshot} was ready before its backup target could be used"


@clause("backup.target.given-up")
def test_waiting_snapshot_can_be_deleted(
    unavailable_target: UnavailableTarget, steps: BackupSteps, longhorn: Longhorn
) -> None:
    """A VolumeSnapshot deleted while it waits is removed, and makes no backup once the target is available again.

    That it could be made is seen from another VolumeSnapshot of the same volume, which is made then.
    """
    source = steps.volumes.new(unavailable_target.storage_class)
    steps.delete_waiting(steps.request(source), naming(unavailable_target.name))

    unavailable_target.make_available()
    control = steps.back_up(source)

    made = [backup.name for backup in longhorn.backups_of(control.backup.volume)]
    assert made == [control.backup.name], f"the VolumeSnapshot that was deleted while waiting led to a backup: {made}"


@clause("backup.target.other")
@pytest.mark.data
def test_backup_lies_in_its_own_target(
    unavailable_target: UnavailableTarget, steps: BackupSteps, workloads: Workloads
) -> None:
    """What a volume of another target than the default one held is in that target's bucket, and is restored from it."""
    unavailable_target.make_available()
    source = steps.volumes.new(unavailable_target.storage_class)
    written = steps.volumes.write(source, "other", *FIRST_AND_LAST_UNIT)

    backed_up = steps.back_up_or_block(written)
    claim = steps.restore(backed_up).claim

    backup = backed_up.backup
    difference = first_difference(unavailable_target.backupstore.image(backup.volume, backup.name), written.image)
    assert difference is None, f"{backup}: {difference}"
    workloads.verify(workloads.wait_bound(claim), written.image)


@clause("backup.failed")
@pytest.mark.mechanism
def test_failed_backup_is_reported(
    unavailable_target: UnavailableTarget, steps: BackupSteps, snapshots: Snapshots
) -> None:
    """A VolumeSnapshot whose backup the store does not take gets an error; once the store is back another is ready.

    Whether the failed backup is then tried again is not said, but if its VolumeSnapshot is ready it must be complete.
    """
    unavailable_target.make_available()
    source = steps.volumes.new(unavailable_target.storage_class)
    unavailable_target.lose_bucket()
    requested = steps.request(source)

    snapshots.wait_error(requested.snapshot, ".")

    unavailable_target.make_available()
    steps.back_up_or_block(source)
    if snapshots.read(requested.snapshot).ready:
        backup = steps.longhorn.backup_of(requested.snapshot)
        stored = unavailable_target.backupstore.backup(backup.volume, backup.name)
        assert stored.complete, f"{requested.snapshot} is ready, and {backup} is not complete in the bucket"
