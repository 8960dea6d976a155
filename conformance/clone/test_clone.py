"""Clone a Volume Using YAML, and Clone CSI Snapshot."""

import pytest

from conformance.clone.scenarios import Cloning
from conformance.requirements import naming
from fixtures.catalogue.clauses import clause
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.longhorn.volumes import OVERWRITES, SIZE, SPARSE_WRITES, Source, Volumes
from fixtures.outcomes import precondition
from fixtures.workloads.pods import Workloads

pytestmark = pytest.mark.restore


@clause("clone.volume")
@pytest.mark.block
def test_clone_has_the_data(cloning: Cloning, workloads: Workloads) -> None:
    """A claim with another claim as its dataSource gets a new volume, which holds what the other's holds."""
    clone = workloads.wait_bound(cloning.claim)

    workloads.verify(clone, cloning.source.image)

    assert clone.volume != cloning.source.pvc.volume


@clause("clone.independent")
@pytest.mark.block
def test_clone_is_independent(volumes: Volumes, workloads: Workloads) -> None:
    """A clone and the claim that it was cloned from are written to, each for itself; then that one is deleted."""
    source = volumes.volume_with("original", *SPARSE_WRITES)
    with precondition("the clone has not got the data"):
        clone = Source(workloads.wait_bound(volumes.clone(source)), source.image)
        workloads.verify(clone.pvc, clone.image)

    written = volumes.write(clone, "written", *OVERWRITES)
    workloads.verify(source.pvc, source.image)

    volumes.write(source, "later", *SPARSE_WRITES)
    with precondition("the cloned claim is not deleted"):
        volumes.delete(source)
    workloads.verify(written.pvc, written.image)


@clause("clone.size")
@pytest.mark.size
@pytest.mark.parametrize("size", [SIZE // 2, 2 * SIZE], ids=["smaller", "larger"])
def test_clone_of_another_size_is_refused(cloning: Cloning, size: int, volumes: Volumes) -> None:
    """A clone that is smaller or larger than what it clones is refused because of that; one of equal size is bound."""
    volumes.wait_bound(cloning.claim)

    claim = volumes.clone(cloning.source, size=size)

    volumes.wait_refused(claim, naming(size))


@clause("clone.snapshot")
@pytest.mark.block
def test_snapshot_is_cloned(volumes: Volumes, snapshots: Snapshots, workloads: Workloads) -> None:
    """A claim from a VolumeSnapshot of type snap gets what the volume held then, whatever was written since."""
    source = volumes.volume_with("snapshotted", *SPARSE_WRITES)
    with precondition("the snapshot that the test needs was not taken"):
        snapshot = snapshots.create(source.pvc, snapshots.create_class("Delete", {"type": "snap"}))
        snapshots.wait_ready(snapshot)
    volumes.write(source, "since", *OVERWRITES)

    clone = workloads.wait_bound(volumes.restore(snapshot, source))

    workloads.verify(clone, source.image)
