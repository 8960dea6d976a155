"""Deleting a VolumeSnapshot under the two deletion policies, in the middle of a volume's chain of snapshots.

What must stay is checked once what must be deleted is gone (the fixture `witness`).
"""

import pytest

from conformance.requirements import must_keep_the_content
from conformance.snapshot.scenarios import Chain, SnapshotSteps
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.object_view import is_being_deleted
from fixtures.longhorn.in_cluster_snapshots import InClusterSnapshots
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.workloads.pods import Workloads


@clause("snapshot.delete")
@pytest.mark.delete
def test_delete_removes_the_snapshot(chain: Chain, snapshots: Snapshots, in_cluster: InClusterSnapshots) -> None:
    """Under Delete the VolumeSnapshot is removed, and its content and its Longhorn snapshot with it."""
    snapshots.wait_gone(chain.deleted.snapshot)
    snapshots.wait_content_gone(chain.deleted.content)
    in_cluster.wait_gone(chain.deleted.taken)


@clause("snapshot.delete")
@pytest.mark.delete
def test_newest_snapshot_can_be_deleted(steps: SnapshotSteps) -> None:
    """Under Delete a snapshot with nothing between it and the live data is given up: its deletion is requested."""
    newest = steps.take_or_block(steps.volumes.new())

    steps.snapshots.delete(newest.snapshot)

    steps.snapshots.wait_gone(newest.snapshot)
    steps.snapshots.wait_content_gone(newest.content)
    steps.in_cluster.wait_deletion_requested(newest.taken)


@clause("snapshot.retain")
@pytest.mark.retain
def test_retain_keeps_content_and_snapshot(
    witness: Chain, snapshots: Snapshots, in_cluster: InClusterSnapshots
) -> None:
    """Under Retain the content stays with its handle, and the Longhorn snapshot stays usable."""
    kept = in_cluster.find(witness.retained.taken.name)

    assert kept is not None, f"the retained {witness.retained.taken} is gone"
    assert not is_being_deleted(kept.object), f"the retained {kept} is being deleted"
    assert kept.ready, f"the retained {kept} is not usable: {kept.status}"
    must_keep_the_content(witness.retained.snapshot, witness.retained.content, snapshots)


@clause("snapshot.delete.others")
@pytest.mark.delete
@pytest.mark.block
def test_others_hold_what_they_held(witness: Chain, steps: SnapshotSteps, workloads: Workloads) -> None:
    """With the middle one of three snapshots gone, the older and the newer one hold what they held."""
    claims = steps.restore(witness.kept).claim, steps.restore_handle(witness.retained)

    for claim, taken in zip(claims, (witness.kept, witness.retained), strict=True):
        workloads.verify(workloads.wait_bound(claim), taken.source.image)
