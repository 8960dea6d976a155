"""How the CSI Mechanism Works in this Scenario: the order of events, from the recorded history."""

import pytest

from conformance.backup.scenarios import BackedUp, BackupSteps
from conformance.requirements import has_handle, must_be_ready_after
from conformance.scenarios import Requested
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.history import before
from fixtures.kubernetes.object_view import status_of
from fixtures.kubernetes.resource_kinds import Obj
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.volume_snapshots import Snapshots, is_ready
from fixtures.longhorn.volumes import SPARSE_WRITES
from fixtures.outcomes import Blocked
from fixtures.s3.backupstore import Backupstore
from fixtures.workloads.data import first_difference

pytestmark = pytest.mark.mechanism


def is_complete(backup: Obj) -> bool:
    """Whether a Backup is called complete."""
    return status_of(backup).get("state") == "Completed"


@clause("backup.name.content")
def test_handle_follows_the_start_of_the_backup(backed_up: BackedUp, snapshots: Snapshots, longhorn: Longhorn) -> None:
    """The content gets its handle after the Longhorn snapshot and the backup of it exist."""
    taken = longhorn.snapshot_history(backed_up.backup.snapshot).created
    started = longhorn.backup_history(backed_up.backup.name).created

    reported = snapshots.content_history(backed_up.content).first(has_handle)

    assert reported is not None
    assert before(taken, reported), f"the handle was there before the Longhorn snapshot {taken.name}"
    assert before(started, reported), f"the handle was there before the backup {started.name}"


@clause("backup.request.returns")
def test_request_returns_before_the_backup_is_complete(
    three_snapshots: tuple[Requested, ...], snapshots: Snapshots, longhorn: Longhorn
) -> None:
    """A content has its handle before the backup is complete, or with it the answer that the backup is not.

    An answer may be long on its way, but it says what was so when it was given. One of several will do: an answer can
    get lost, and the handle then comes with a later one.
    """
    late = []
    for requested in three_snapshots:
        content = snapshots.wait_handle(requested.snapshot)
        backup = longhorn.wait_backup_completed(longhorn.wait_backup_started(requested.snapshot).name)
        reported = snapshots.content_history(content).first(has_handle)
        done = longhorn.backup_history(backup.name).first(is_complete)
        assert reported is not None
        assert done is not None
        if not before(reported, done) and is_ready(reported.object):
            late.append(f"{content} got its handle only when {backup} was complete already")

    assert len(late) < len(three_snapshots), "; ".join(late)


@clause("backup.status.asked-again")
def test_unfinished_backup_is_asked_about_again(three_snapshots: tuple[Requested, ...], snapshots: Snapshots) -> None:
    """After an answer that the backup is not complete the sidecar asks again."""
    contents = [snapshots.wait_handle(requested.snapshot) for requested in three_snapshots]
    answers = [(content, snapshots.content_history(content).first(has_handle)) for content in contents]
    unfinished = [
        (content, reported) for content, reported in answers if reported is not None and not is_ready(reported.object)
    ]
    if not unfinished:
        raise Blocked("all backups were complete at the first answer already, so that there was nothing to ask again")

    snapshots.wait_polled_again(*unfinished[0])


@clause("backup.ready")
def test_ready_when_the_backup_is_complete(completed: BackedUp, snapshots: Snapshots, longhorn: Longhorn) -> None:
    """The content, and with it the VolumeSnapshot, becomes ready, and not before the backup is complete."""
    complete = longhorn.backup_history(completed.backup.name).first(is_complete)

    snapshot = snapshots.wait_ready(completed.snapshot)

    must_be_ready_after(complete, snapshot, completed.content, snapshots, f"{completed.backup} was complete")


@clause("backup.ready")
def test_ready_backup_can_be_read(steps: BackupSteps, backupstore: Backupstore) -> None:
    """At the moment at which the VolumeSnapshot is ready the backup lies in the backupstore, complete."""
    source = steps.volumes.volume_with("fresh", *SPARSE_WRITES)

    backed_up = steps.back_up(source)

    stored = backupstore.backup(backed_up.backup.volume, backed_up.backup.name)
    assert stored.complete, f"{backed_up.snapshot} was ready before {backed_up.backup} was complete in the bucket"


@clause("backup.source.detached")
@pytest.mark.source
def test_detached_volume_is_backed_up(steps: BackupSteps, backupstore: Backupstore) -> None:
    """A VolumeSnapshot of a volume that is attached nowhere becomes a backup with the volume's data."""
    source = steps.volumes.detached(steps.volumes.volume_with("detached", *SPARSE_WRITES))

    backed_up = steps.back_up(source)

    image = backupstore.image(backed_up.backup.volume, backed_up.backup.name)
    assert first_difference(image, source.image) is None
