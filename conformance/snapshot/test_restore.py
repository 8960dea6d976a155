"""Restore PVC from CSI VolumeSnapshot Associated With Longhorn Snapshot."""

import pytest

from conformance.requirements import (
    must_be_provisioned_by_longhorn,
    must_have_the_size_of_its_source,
    must_refuse_a_smaller_claim,
    naming,
)
from conformance.scenarios import Restoring
from conformance.snapshot.scenarios import SnapshotSteps, Taken
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.history import Recorder
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.volumes import OVERWRITES, SIZE, SPARSE_WRITES
from fixtures.workloads.pods import Workloads

pytestmark = pytest.mark.restore


@clause("snapshot.restore")
@pytest.mark.block
def test_claim_gets_the_data(restoring: Restoring[Taken], workloads: Workloads) -> None:
    """A claim with the VolumeSnapshot as its dataSource gets a new volume, which holds what was there."""
    claim = workloads.wait_bound(restoring.claim)

    workloads.verify(claim, restoring.original.source.image)

    assert claim.volume != restoring.original.source.pvc.volume


@clause("snapshot.point-in-time")
@pytest.mark.block
@pytest.mark.data
def test_later_writes_are_not_in_the_snapshot(steps: SnapshotSteps, workloads: Workloads) -> None:
    """What is written after a snapshot is not in it, nor in a claim that restores it."""
    earlier = steps.take_or_block(steps.volumes.volume_with("earlier", *SPARSE_WRITES))
    steps.volumes.write(earlier.source, "later", *OVERWRITES)

    claim = workloads.wait_bound(steps.restore(earlier).claim)

    workloads.verify(claim, earlier.source.image)


@clause("snapshot.restore.provisioner")
def test_provisioner_restores(restoring: Restoring[Taken], recorder: Recorder, workloads: Workloads) -> None:
    """The claim's volume was made by the CSI provisioner, with Longhorn's driver."""
    must_be_provisioned_by_longhorn(workloads.wait_bound(restoring.claim), recorder)


@clause("snapshot.restore.size")
@pytest.mark.size
def test_claim_of_equal_size_is_bound(restoring: Restoring[Taken], workloads: Workloads, longhorn: Longhorn) -> None:
    """VolumeSnapshot, claim and restored volume have the size of the source."""
    claim = workloads.wait_bound(restoring.claim)

    must_have_the_size_of_its_source(claim, restoring.original.snapshot, longhorn)


@clause("snapshot.restore.size")
@pytest.mark.size
def test_smaller_claim_is_refused(restoring: Restoring[Taken], workloads: Workloads, recorder: Recorder) -> None:
    """A claim smaller than the VolumeSnapshot is refused, which names both sizes; one of equal size is bound."""
    workloads.wait_bound(restoring.claim)

    must_refuse_a_smaller_claim(restoring.original.snapshot, workloads, recorder)


@clause("snapshot.restore.size")
@pytest.mark.size
def test_larger_claim_is_refused(restoring: Restoring[Taken], steps: SnapshotSteps, workloads: Workloads) -> None:
    """A claim larger than the VolumeSnapshot is refused because of its size; one of equal size is bound."""
    workloads.wait_bound(restoring.claim)

    with steps.in_use(restoring.original.source):
        claim = workloads.restore_claim(*restoring.original.snapshot.place, size=2 * SIZE)

        steps.volumes.wait_refused(claim, naming(2 * SIZE))
