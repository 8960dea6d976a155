"""The scenarios of this page. They do what a user does and assert nothing: that is left to the tests."""

from collections.abc import Callable, Iterator

import pytest

from conformance.scenarios import Requested, Restoring
from conformance.snapshot.scenarios import Chain, SnapshotSteps, Taken
from fixtures.catalogue.clauses import Version
from fixtures.kubernetes.history import Recorder
from fixtures.longhorn.in_cluster_snapshots import InClusterSnapshots
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.longhorn.volumes import FIRST_AND_LAST_UNIT, OVERWRITES, SPARSE_WRITES, Volumes
from fixtures.workloads.pods import Workloads

TYPE = {"type": "snap"}
"""The parameter of the class that the page prints."""

ANY_STATE = Version(1, 5)
"""The first version whose page does not ask for an attached source, for a snapshot and for a restore."""


@pytest.fixture(scope="session")
def in_cluster(recorder: Recorder, longhorn: Longhorn) -> InClusterSnapshots:
    """Longhorn's Snapshot objects."""
    return InClusterSnapshots(recorder, longhorn)


@pytest.fixture(scope="session")
def steps(
    volumes_in: Callable[[str], Volumes],
    snapshots: Snapshots,
    in_cluster: InClusterSnapshots,
    workloads: Workloads,
    profile: Version,
) -> SnapshotSteps:
    """What users do with in-cluster snapshots, step by step, in a namespace for what tests share."""
    attached = workloads.attached if profile < ANY_STATE else None
    class_name = snapshots.create_class("Delete", TYPE)
    return SnapshotSteps(volumes_in("in-cluster"), snapshots, in_cluster, class_name, attached)


@pytest.fixture(scope="session")
def retaining_class(snapshots: Snapshots) -> str:
    """A VolumeSnapshotClass for in-cluster snapshots with deletionPolicy Retain."""
    return snapshots.create_class("Retain", TYPE)


@pytest.fixture(scope="session")
def requested(steps: SnapshotSteps) -> Requested:
    """A VolumeSnapshot of a Block volume with known data, of which nothing else is ever made."""
    return steps.request(steps.volumes.volume_with("only", *SPARSE_WRITES))


@pytest.fixture(scope="session")
def taken(requested: Requested, steps: SnapshotSteps) -> Taken:
    """`requested` once it is ready, with its content and its Longhorn snapshot."""
    return steps.finish(requested)


@pytest.fixture(scope="session")
def restoring(taken: Taken, steps: SnapshotSteps) -> Restoring[Taken]:
    """A claim that restores `taken`; not waited for."""
    return steps.restore(taken)


@pytest.fixture(scope="session")
def chain(steps: SnapshotSteps, retaining_class: str, workloads: Workloads) -> Iterator[Chain]:
    """Three snapshots of an attached volume; deletion of the last two VolumeSnapshots is requested, not waited for."""
    kept = steps.take_or_block(steps.volumes.volume_with("first", *SPARSE_WRITES))
    deleted = steps.take_or_block(steps.volumes.write(kept.source, "second", *OVERWRITES))
    written = steps.volumes.write(deleted.source, "third", *FIRST_AND_LAST_UNIT)
    retained = steps.take_or_block(written, retaining_class)
    steps.volumes.write(written, "fourth", *SPARSE_WRITES)
    with workloads.attached(written.pvc):
        steps.snapshots.delete(retained.snapshot)
        steps.snapshots.delete(deleted.snapshot)
        yield Chain(kept, deleted, retained)


@pytest.fixture(scope="session")
def witness(chain: Chain, steps: SnapshotSteps) -> Chain:
    """`chain` once VolumeSnapshot, content and Longhorn snapshot of the second are gone."""
    steps.snapshots.wait_gone(chain.deleted.snapshot)
    steps.snapshots.wait_content_gone(chain.deleted.content)
    steps.in_cluster.wait_gone(chain.deleted.taken)
    return chain
