"""The arrangements of these pages. They do what a user does and judge nothing: that is left to the tests."""

from collections.abc import Callable, Iterator

import pytest

from conformance.backup.arrangements import (
    Arranger,
    BackedUp,
    ByHand,
    Completed,
    Crowd,
    Generations,
    GivenUp,
    LostTarget,
    Made,
    Namesakes,
    Orphans,
    Policies,
    Requested,
    Restoring,
)
from fixtures.kubernetes.budgets import PRE_PROVISIONED_READY
from fixtures.kubernetes.run import Run
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.longhorn.volumes import BRIEF, OVERWRITTEN, SPECKLES, Source, Volumes
from fixtures.s3.object_store import ObjectStore
from fixtures.workloads.pods import Workloads

LONGEST_NAME = 253
"""Characters that the name of an object may have in Kubernetes."""


@pytest.fixture(scope="session")
def arranger_in(
    volumes_in: Callable[[str], Volumes], snapshots: Snapshots, longhorn: Longhorn
) -> Callable[[str], Arranger]:
    """Gives the steps in a new namespace whose name contains a word."""
    return lambda word: Arranger(volumes_in(word), snapshots, longhorn)


@pytest.fixture(scope="session")
def arranger(arranger_in: Callable[[str], Arranger]) -> Arranger:
    """The steps, in a namespace for what tests share."""
    return arranger_in("shared")


@pytest.fixture(scope="session")
def deleting_class(snapshots: Snapshots) -> str:
    """A VolumeSnapshotClass for backups with deletionPolicy Delete, as the pages write it."""
    return snapshots.create_class("Delete")


@pytest.fixture(scope="session")
def retaining_class(snapshots: Snapshots) -> str:
    """The same with deletionPolicy Retain."""
    return snapshots.create_class("Retain")


@pytest.fixture(scope="session")
def requested(arranger: Arranger, deleting_class: str) -> Requested:
    """A VolumeSnapshot of a Block volume with known data, of which nothing else is ever made."""
    return arranger.request(arranger.volumes.write(arranger.volumes.new(), "only", *SPECKLES), deleting_class)


@pytest.fixture(scope="session")
def at_once(arranger: Arranger, deleting_class: str) -> tuple[Requested, ...]:
    """Three VolumeSnapshots of one volume, asked for at once."""
    source = arranger.volumes.write(arranger.volumes.new(), "at-once", *BRIEF)
    return tuple(arranger.request(source, deleting_class) for _ in range(3))


@pytest.fixture(scope="session")
def completed(requested: Requested, snapshots: Snapshots, longhorn: Longhorn) -> Completed:
    """The same when it is bound and its backup is complete, whether it is ready or not."""
    snapshot = snapshots.wait_bound(requested.snapshot)
    content = snapshots.content(snapshot.content_name)
    backup = longhorn.wait_backup_completed(longhorn.wait_backup_started(snapshot).name)
    return Completed(snapshot, content, backup)


@pytest.fixture(scope="session")
def backed_up(requested: Requested, arranger: Arranger) -> BackedUp:
    """That VolumeSnapshot when it is ready."""
    return arranger.finish(requested)


@pytest.fixture(scope="session")
def restoring(backed_up: BackedUp, arranger: Arranger) -> Restoring:
    """A claim that restores it."""
    return arranger.restore(backed_up)


@pytest.fixture(scope="session")
def spare(arranger: Arranger) -> Source:
    """A volume that holds nothing, for VolumeSnapshots about which only their acceptance is of interest."""
    return arranger.volumes.new()


@pytest.fixture(scope="session")
def spare_request(spare: Source, arranger: Arranger, deleting_class: str) -> Requested:
    """A VolumeSnapshot of it, asked for."""
    return arranger.request(spare, deleting_class)


@pytest.fixture(scope="session")
def crowd(arranger: Arranger, deleting_class: str) -> Crowd:
    """Ten VolumeSnapshots of each of two volumes, all asked for at once; not waited for."""
    sources = arranger.volumes.write_ends(arranger.volumes.new(), "ends"), arranger.volumes.new()
    turns = [[arranger.request(source, deleting_class) for source in sources] for _ in range(10)]
    of_ends, of_blank = zip(*turns, strict=True)
    return Crowd(of_ends, of_blank)


@pytest.fixture(scope="session")
def orphans(arranger: Arranger, deleting_class: str) -> Orphans:
    """Two VolumeSnapshots of a volume that is deleted when they are ready."""
    source = arranger.volumes.write(arranger.volumes.new(), "orphaned", *SPECKLES)
    asked = [arranger.request(source, deleting_class) for _ in range(2)]
    first, second = [arranger.finish(each) for each in asked]
    arranger.volumes.delete(source)
    return Orphans(first, second)


@pytest.fixture(scope="session")
def namesakes(arranger: Arranger, arranger_in: Callable[[str], Arranger], deleting_class: str) -> Namesakes:
    """Two VolumeSnapshots of the same name in two namespaces, asked for; not waited for."""
    name = "namesake-".ljust(LONGEST_NAME, "x")
    places = {"here": arranger, "there": arranger_in("elsewhere")}
    sources = [steps.volumes.write(steps.volumes.new(), seed, *SPECKLES) for seed, steps in places.items()]
    one, other = [arranger.request(source, deleting_class, name=name) for source in sources]
    return Namesakes(one, other)


@pytest.fixture(scope="session")
def generations(arranger: Arranger, deleting_class: str) -> Generations:
    """Two backups of one volume, each overtaken by a write as soon as its snapshot was taken."""
    one = arranger.volumes.write(arranger.volumes.new(), "one", *SPECKLES)
    first = arranger.take(one, deleting_class)
    two = arranger.volumes.write(one, "two", *OVERWRITTEN)
    first_done = arranger.finish(first)
    second = arranger.take(two, deleting_class)
    now = arranger.volumes.write(two, "three", *BRIEF)
    return Generations(first_done, arranger.finish(second), now)


@pytest.fixture(scope="session")
def full(generations: Generations, arranger: Arranger, snapshots: Snapshots) -> BackedUp:
    """One more backup of that volume, of a class with `backupMode: full`."""
    full_class = snapshots.create_class("Delete", {"type": "bak", "backupMode": "full"})
    return arranger.finish(arranger.request(generations.now, full_class))


@pytest.fixture(scope="session")
def policies(arranger: Arranger, retaining_class: str, deleting_class: str) -> Policies:
    """Two backups of one volume under the two policies. Their VolumeSnapshots are there."""
    kept = arranger.volumes.write(arranger.volumes.new(), "kept", *SPECKLES)
    retained = arranger.finish(arranger.request(kept, retaining_class))
    dropped = arranger.volumes.write(kept, "dropped", *OVERWRITTEN)
    return Policies(retained, arranger.finish(arranger.request(dropped, deleting_class)))


@pytest.fixture(scope="session")
def both_deleted(policies: Policies, snapshots: Snapshots) -> Policies:
    """The same after the deletion of both VolumeSnapshots was asked for; it is not waited for."""
    snapshots.delete(policies.retained.snapshot)
    snapshots.delete(policies.deleted.snapshot)
    return policies


@pytest.fixture(scope="session")
def witness(both_deleted: Policies, snapshots: Snapshots, longhorn: Longhorn) -> Policies:
    """The same when deletion has done what it does: under Delete, VolumeSnapshot, content and backup are gone."""
    snapshots.wait_gone(both_deleted.deleted.snapshot)
    snapshots.wait_content_gone(both_deleted.deleted.content)
    longhorn.wait_backup_gone(both_deleted.deleted.backup.name)
    return both_deleted


@pytest.fixture
def lost_target(run: Run, longhorn: Longhorn, object_store: ObjectStore, workloads: Workloads) -> Iterator[LostTarget]:
    """A backup target of the test's own that cannot be used, because its bucket is missing; nobody else's is touched.

    At the end it can be used, whatever happened: what waits for it could not be removed otherwise.
    """
    bucket = run.name("bucket")
    name = longhorn.make_target(bucket)
    storage = workloads.create_storage_class({"numberOfReplicas": "1", "backupTargetName": name})
    target = LostTarget(name, storage, bucket, object_store, longhorn)
    yield target
    target.come_back()


@pytest.fixture(scope="session")
def made(arranger: Arranger, longhorn: Longhorn) -> Made:
    """A backup that was made with Longhorn's own means and not by a VolumeSnapshot."""
    source = arranger.volumes.write(arranger.volumes.new(), "made", *SPECKLES)
    volume = longhorn.volume_of(source.pvc)
    return Made(source, volume, longhorn.make_backup(volume), longhorn.documented_backup_scheme)


@pytest.fixture(scope="session")
def given_up(made: Made, snapshots: Snapshots, longhorn: Longhorn) -> GivenUp:
    """Two VolumeSnapshots made by hand under the two policies, each for a backup of its own, their deletion asked."""
    dropped, kept = longhorn.make_backup(made.volume), longhorn.make_backup(made.volume)
    pairs = [
        snapshots.preprovision(str(made.handle_of(backup)), made.namespace, policy=policy)
        for backup, policy in ((dropped, "Delete"), (kept, "Retain"))
    ]
    for _, snapshot in pairs:
        snapshots.wait_ready(snapshot, PRE_PROVISIONED_READY)
        snapshots.delete(snapshot)
    return GivenUp(dropped, kept, pairs[1][1])


@pytest.fixture(scope="session")
def given_witness(given_up: GivenUp, longhorn: Longhorn) -> GivenUp:
    """The same when deletion has done what it does: under Delete the backup is gone."""
    longhorn.wait_backup_gone(given_up.dropped.name)
    return given_up


@pytest.fixture(scope="session")
def by_hand(made: Made, snapshots: Snapshots, workloads: Workloads) -> ByHand:
    """That backup with a content and a VolumeSnapshot made by hand, and a claim that restores it; not waited for.

    The policy is Retain: deleting the VolumeSnapshot leaves the backup, which others use too.
    """
    handle = made.documented_handle
    content, snapshot = snapshots.preprovision(str(handle), made.namespace, policy="Retain")
    claim = workloads.restore_claim(snapshot.name, snapshot.namespace, size=made.source.pvc.size)
    return ByHand(made, handle, content, snapshot, claim)
