"""The arrangements of these pages. They do what a user does and judge nothing: that is left to the tests."""

from collections.abc import Callable

import pytest

from conformance.backup.arrangements import (
    BRIEF,
    OVERWRITTEN,
    SPECKLES,
    Arranger,
    BackedUp,
    ByHand,
    Generations,
    Made,
    Policies,
    Requested,
    Restoring,
)
from fixtures.longhorn import Longhorn
from fixtures.snapshots import Snapshots
from fixtures.workloads import Workloads


@pytest.fixture(scope="session")
def arranger(
    make_namespace: Callable[[str], str], snapshots: Snapshots, workloads: Workloads, longhorn: Longhorn
) -> Arranger:
    """The steps, in a namespace for what tests share."""
    return Arranger(make_namespace("shared"), snapshots, workloads, longhorn)


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
    return arranger.request(arranger.write(arranger.volume(), "only", *SPECKLES), deleting_class)


@pytest.fixture(scope="session")
def backed_up(requested: Requested, arranger: Arranger) -> BackedUp:
    """That VolumeSnapshot when it is ready."""
    return arranger.finish(requested)


@pytest.fixture(scope="session")
def restoring(backed_up: BackedUp, arranger: Arranger) -> Restoring:
    """A claim that restores it."""
    return arranger.restore(backed_up)


@pytest.fixture(scope="session")
def generations(arranger: Arranger, deleting_class: str) -> Generations:
    """Two backups of one volume, each overtaken by a write as soon as its snapshot was taken."""
    one = arranger.write(arranger.volume(), "one", *SPECKLES)
    first = arranger.take(one, deleting_class)
    two = arranger.write(one, "two", *OVERWRITTEN)
    first_done = arranger.finish(first)
    second = arranger.take(two, deleting_class)
    now = arranger.write(two, "three", *BRIEF)
    return Generations(first_done, arranger.finish(second), now)


@pytest.fixture(scope="session")
def full(generations: Generations, arranger: Arranger, snapshots: Snapshots) -> BackedUp:
    """One more backup of that volume, of a class with `backupMode: full`."""
    full_class = snapshots.create_class("Delete", {"type": "bak", "backupMode": "full"})
    return arranger.finish(arranger.request(generations.now, full_class))


@pytest.fixture(scope="session")
def policies(arranger: Arranger, retaining_class: str, deleting_class: str) -> Policies:
    """Two backups of one volume under the two policies. Their VolumeSnapshots are there."""
    kept = arranger.write(arranger.volume(), "kept", *SPECKLES)
    retained = arranger.finish(arranger.request(kept, retaining_class))
    dropped = arranger.write(kept, "dropped", *OVERWRITTEN)
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


@pytest.fixture(scope="session")
def made(arranger: Arranger, longhorn: Longhorn) -> Made:
    """A backup that was made with Longhorn's own means and not by a VolumeSnapshot."""
    source = arranger.write(arranger.volume(), "made", *SPECKLES)
    volume = longhorn.volume_of(source.pvc)
    return Made(source, volume, longhorn.make_backup(volume), longhorn.documented_backup_scheme)


@pytest.fixture(scope="session")
def by_hand(made: Made, snapshots: Snapshots, workloads: Workloads) -> ByHand:
    """That backup with a content and a VolumeSnapshot made by hand, and a claim that restores it; not waited for.

    The policy is Retain: deleting the VolumeSnapshot leaves the backup, which others use too.
    """
    handle = made.documented_handle
    content, snapshot = snapshots.preprovision(str(handle), made.namespace, policy="Retain")
    claim = workloads.restore_claim(snapshot.name, snapshot.namespace, size=made.source.pvc.size)
    return ByHand(made, handle, content, snapshot, claim)
