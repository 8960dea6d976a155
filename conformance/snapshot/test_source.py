"""Snapshots and restores in any state of the source: attached or detached, expanded, restored itself, or deleted."""

import pytest

from conformance.requirements import naming
from conformance.snapshot.scenarios import SnapshotSteps, Taken
from fixtures.catalogue.clauses import clause
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.volumes import FIRST_AND_LAST_UNIT, OVERWRITES, SIZE, SPARSE_WRITES, Source
from fixtures.outcomes import precondition
from fixtures.workloads.pods import Workloads

pytestmark = pytest.mark.source


@clause("snapshot.source.detached")
def test_snapshot_of_a_detached_volume_is_taken(steps: SnapshotSteps) -> None:
    """A VolumeSnapshot of a volume that is attached nowhere becomes ready, and a claim can restore it."""
    source = steps.volumes.detached(steps.volumes.volume_with("detached", *SPARSE_WRITES))

    taken = steps.finish(steps.request(source))

    assert taken.taken.ready, f"{taken.snapshot} is ready and {taken.taken} is not: {taken.taken.status}"


@clause("snapshot.delete.detached")
@pytest.mark.delete
def test_snapshot_of_a_detached_volume_is_deleted(steps: SnapshotSteps) -> None:
    """Under Delete the older snapshot of a volume that is attached nowhere is removed with its VolumeSnapshot."""
    source = steps.volumes.volume_with("let-go", *FIRST_AND_LAST_UNIT)
    older, newer = steps.take_or_block(source), steps.take_or_block(source)
    steps.volumes.detached(newer.source)

    steps.snapshots.delete(older.snapshot)

    steps.snapshots.wait_gone(older.snapshot)
    steps.snapshots.wait_content_gone(older.content)
    steps.in_cluster.wait_gone(older.taken)


@clause("snapshot.restore")
@pytest.mark.restore
@pytest.mark.block
def test_restored_while_the_source_is_attached(taken: Taken, steps: SnapshotSteps, workloads: Workloads) -> None:
    """A claim gets the data while a pod uses the volume that the snapshot was taken of."""
    with workloads.attached(taken.source.pvc):
        claim = workloads.wait_bound(steps.restore(taken).claim)

        workloads.verify(claim, taken.source.image)


@clause("snapshot.restore.detached")
@pytest.mark.restore
@pytest.mark.block
def test_restored_while_the_source_is_detached(taken: Taken, steps: SnapshotSteps, workloads: Workloads) -> None:
    """A claim gets the data while the volume that the snapshot was taken of is attached nowhere."""
    steps.volumes.detached(taken.source)

    claim = workloads.wait_bound(steps.restore(taken).claim)

    workloads.verify(claim, taken.source.image)


@clause("snapshot.restore")
@pytest.mark.restore
@pytest.mark.block
def test_restored_volume_is_independent(steps: SnapshotSteps, workloads: Workloads) -> None:
    """A restored volume keeps the data when the VolumeSnapshot and the volume that it was taken of are gone."""
    taken = steps.take_or_block(steps.volumes.volume_with("dropped", *SPARSE_WRITES))
    claim = workloads.wait_bound(steps.restore(taken).claim)
    workloads.verify(claim, taken.source.image)

    with precondition("the source is not deleted"):
        steps.snapshots.delete(taken.snapshot)
        steps.snapshots.wait_gone(taken.snapshot)
        steps.volumes.delete(taken.source)

    workloads.verify(claim, taken.source.image)


@clause("snapshot.restore")
@pytest.mark.restore
@pytest.mark.block
def test_restored_volume_has_snapshots_of_its_own(taken: Taken, steps: SnapshotSteps, workloads: Workloads) -> None:
    """A snapshot of a restored volume that was written to since holds what that volume held, and is restored."""
    claim = workloads.wait_bound(steps.restore(taken).claim)
    changed = steps.volumes.write(Source(claim, taken.source.image), "changed", *OVERWRITES)
    again = steps.take_or_block(changed)

    restored = workloads.wait_bound(steps.restore(again).claim)

    workloads.verify(restored, changed.image)


@clause("snapshot.restore.size.expanded")
@pytest.mark.size
@pytest.mark.restore
@pytest.mark.block
def test_snapshot_before_the_expansion_is_restored(steps: SnapshotSteps, workloads: Workloads) -> None:
    """A VolumeSnapshot from before the expansion is restored as it was: with the size and the data of then."""

    def take() -> Taken:
        return steps.take_or_block(steps.volumes.volume_with("small", *SPARSE_WRITES))

    small, _ = steps.volumes.made_and_expanded(take, lambda made: made.source, 2 * SIZE)

    claim = workloads.wait_bound(steps.restore(small).claim)

    workloads.verify(claim, small.source.image)


@clause("snapshot.restore.source-deleted")
@pytest.mark.restore
def test_snapshot_of_a_deleted_volume_is_not_restored(steps: SnapshotSteps, longhorn: Longhorn) -> None:
    """A claim is not bound when the volume of its snapshot is gone; the reason names that volume."""
    gone = steps.take_of_deleted_volume()

    claim = steps.volumes.restore(gone.snapshot, gone.source)

    steps.volumes.wait_refused(claim, naming(longhorn.volume_of(gone.source.pvc)))


@clause("snapshot.delete.source-deleted")
@pytest.mark.delete
def test_snapshot_of_a_deleted_volume_is_deleted(steps: SnapshotSteps) -> None:
    """Under Delete VolumeSnapshot and content go also when the volume with its snapshot is gone already."""
    gone = steps.take_of_deleted_volume()

    steps.snapshots.delete(gone.snapshot)

    steps.snapshots.wait_gone(gone.snapshot)
    steps.snapshots.wait_content_gone(gone.content)
