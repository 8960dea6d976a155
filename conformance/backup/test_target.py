"""Introduction: backups need a backup target. Here a dedicated one is unavailable, and then available again."""

import pytest

from conformance.backup.scenarios import BackupSteps, UnavailableTarget
from conformance.requirements import naming
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.budgets import SNAPSHOT_READY_LATE
from fixtures.kubernetes.history import before
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.volume_snapshots import Snapshots, is_ready

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
