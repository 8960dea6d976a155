"""Create A CSI VolumeSnapshot Associated With Longhorn Snapshot, and the names that are derived from its uid."""

import pytest

from conformance.requirements import must_be_bound_both_ways, must_be_ready_after
from conformance.scenarios import Requested
from conformance.snapshot.scenarios import Taken
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.resource_kinds import VOLUME_SNAPSHOT_CLASS
from fixtures.longhorn.handles import SnapshotHandle, parse_handle
from fixtures.longhorn.in_cluster_snapshots import InClusterSnapshot, InClusterSnapshots
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.outcomes import Blocked, precondition
from fixtures.s3.backupstore import Backupstore


@clause("snapshot.class.type")
@pytest.mark.classes
def test_class_with_type_snap_takes_snapshots(
    requested: Requested, cluster: Cluster, in_cluster: InClusterSnapshots
) -> None:
    """A VolumeSnapshot of a class whose one parameter is `type: snap` takes a snapshot, and makes no backup of it."""
    name = requested.snapshot.object["spec"]["volumeSnapshotClassName"]

    taken = in_cluster.wait_taken(requested.snapshot)

    assert cluster.get(VOLUME_SNAPSHOT_CLASS, name)["parameters"] == {"type": "snap"}
    made = in_cluster.longhorn.backups_of(taken.volume)
    assert not made, f"a class with `type: snap` made backups of volume {taken.volume}: {[each.name for each in made]}"


@clause("snapshot.create")
@pytest.mark.create
def test_one_snapshot_is_taken(requested: Requested, in_cluster: InClusterSnapshots, snapshots: Snapshots) -> None:
    """A VolumeSnapshot of a claim takes one snapshot of the claim's volume."""
    in_cluster.wait_taken(requested.snapshot)

    with precondition("the VolumeSnapshot does not become ready, so there may be more to come"):
        snapshots.wait_ready(requested.snapshot)
    made = [each.name for each in in_cluster.made_after(requested.snapshot)]
    assert len(made) == 1, f"one VolumeSnapshot led to {len(made)} snapshots: {made}"


@clause("snapshot.content")
@pytest.mark.create
def test_snapshot_leads_to_a_content(requested: Requested, snapshots: Snapshots) -> None:
    """A VolumeSnapshot is bound to a content, and this refers back to it."""
    must_be_bound_both_ways(requested, snapshots)


@clause("snapshot.in-cluster")
@pytest.mark.create
def test_nothing_is_in_the_backupstore(taken: Taken, longhorn: Longhorn, backupstore: Backupstore) -> None:
    """Longhorn has no backup of the volume, and the bucket has no key of it."""
    volume = taken.taken.volume

    assert not longhorn.backups_of(volume), f"{taken.snapshot} of type snap led to a backup of volume {volume}"
    keys = list(backupstore.keys(volume))
    assert not keys, f"{taken.snapshot} of type snap led to keys in the bucket: {keys}"


@clause("snapshot.handle")
@pytest.mark.handle
def test_handle_names_volume_and_snapshot(taken: Taken, longhorn: Longhorn) -> None:
    """The handle is snap://<volume>/<snapshot>."""
    documented = SnapshotHandle(longhorn.volume_of(taken.source.pvc), taken.taken.name)

    handle = parse_handle(taken.content.handle)

    assert handle == documented, f"the handle is {handle}, documented is {documented}"


@clause("snapshot.listed")
@pytest.mark.listing
def test_snapshot_is_listed_with_its_volume(taken: Taken, in_cluster: InClusterSnapshots) -> None:
    """Longhorn lists the snapshot of the handle among those of the handle's volume."""
    handle = parse_handle(taken.content.handle)
    if not isinstance(handle, SnapshotHandle):
        raise Blocked(f"the handle names no snapshot: {handle}")

    listed = [each.name for each in in_cluster.of_volume(handle.volume)]

    assert handle.snapshot in listed, f"volume {handle.volume} has no snapshot {handle.snapshot} but {listed}"


@clause("snapshot.name.snapshot")
@pytest.mark.names
def test_longhorn_snapshot_is_named_by_uid(taken: Taken) -> None:
    """The Longhorn snapshot's name is `snapshot-<uid>`."""
    assert taken.taken.name == f"snapshot-{taken.snapshot.uid}"


@clause("snapshot.name.content")
@pytest.mark.names
def test_content_is_named_by_uid(taken: Taken) -> None:
    """The content's name is `snapcontent-<uid>`."""
    assert taken.content.name == f"snapcontent-{taken.snapshot.uid}"


@clause("snapshot.ready")
@pytest.mark.mechanism
def test_ready_once_the_snapshot_is_taken(
    requested: Requested, in_cluster: InClusterSnapshots, snapshots: Snapshots
) -> None:
    """Content and VolumeSnapshot become ready, and not before the Longhorn snapshot is."""
    with precondition("no Longhorn snapshot was taken"):
        taken = in_cluster.wait_taken(requested.snapshot)

    snapshot = snapshots.wait_ready(requested.snapshot)

    first = in_cluster.longhorn.snapshot_history(taken.name).first(lambda item: InClusterSnapshot(item).ready)
    must_be_ready_after(first, snapshot, snapshots.content_of(snapshot), snapshots, "the Longhorn snapshot was taken")
