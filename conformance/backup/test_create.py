"""Create A CSI VolumeSnapshot Associated With Longhorn Backup: what a new VolumeSnapshot leads to."""

import pytest

from conformance.requirements import must_be_bound_both_ways
from conformance.scenarios import Requested
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.resource_kinds import VOLUME_SNAPSHOT_CLASS
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.outcomes import precondition

pytestmark = pytest.mark.create


@clause("backup.content")
def test_snapshot_is_bound_to_a_content(requested: Requested, snapshots: Snapshots) -> None:
    """A VolumeSnapshot is bound to a VolumeSnapshotContent, and this refers back to it."""
    must_be_bound_both_ways(requested, snapshots)


@clause("backup.create")
def test_snapshot_makes_one_backup(requested: Requested, snapshots: Snapshots, longhorn: Longhorn) -> None:
    """A VolumeSnapshot of a claim makes a backup of the claim's volume: one, which gets complete."""
    volume = longhorn.volume_of(requested.source.pvc)

    started = longhorn.wait_backup_started(requested.snapshot)
    longhorn.wait_backup_completed(started.name)
    with precondition("the VolumeSnapshot does not become ready, so there may be more to come"):
        snapshots.wait_ready(requested.snapshot)

    made = [backup.name for backup in longhorn.backups_of(volume)]
    assert made == [started.name], f"one VolumeSnapshot led to {len(made)} backups of volume {volume}: {made}"


@clause("backup.class.type")
@pytest.mark.classes
def test_class_with_type_bak_makes_backups(requested: Requested, cluster: Cluster, longhorn: Longhorn) -> None:
    """A VolumeSnapshot of a class whose one parameter is `type: bak` makes a backup."""
    name = requested.snapshot.object["spec"]["volumeSnapshotClassName"]

    backup = longhorn.wait_backup_started(requested.snapshot)

    assert cluster.get(VOLUME_SNAPSHOT_CLASS, name)["parameters"] == {"type": "bak"}
    assert backup.volume == longhorn.volume_of(requested.source.pvc)
