"""VolumeSnapshotClasses: the installed one, the named one, the default, and invalid parameters."""

import pytest

from conformance.backup.scenarios import BackedUp, BackupSteps
from conformance.requirements import naming
from conformance.scenarios import Policies, Requested
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.budgets import SNAPSHOT_READY_LATE
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.resource_kinds import VOLUME_SNAPSHOT_CLASS
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.longhorn.volumes import Source
from fixtures.outcomes import precondition

pytestmark = pytest.mark.classes


@clause("backup.class.default")
def test_class_longhorn_is_there(cluster: Cluster) -> None:
    """After installation there is a VolumeSnapshotClass `longhorn` whose deletionPolicy is Delete."""
    found = cluster.get(VOLUME_SNAPSHOT_CLASS, "longhorn")

    assert found["driver"] == "driver.longhorn.io"
    assert found["deletionPolicy"] == "Delete"


@clause("backup.class.default")
def test_class_longhorn_makes_backups(empty_volume: Source, snapshots: Snapshots, longhorn: Longhorn) -> None:
    """A VolumeSnapshot of the class `longhorn` makes a backup, which is deleted with it."""
    snapshot = snapshots.wait_ready(snapshots.create(empty_volume.pvc, "longhorn"))
    backup = longhorn.backup_of(snapshot)

    snapshots.delete(snapshot)

    longhorn.wait_backup_gone(backup.name)


@clause("backup.class.named")
def test_content_has_class_and_policy(policies: Policies[BackedUp]) -> None:
    """Of two VolumeSnapshots each is made by the class that it names: its content has that class and its policy."""
    for backed_up, policy in (policies.retained, "Retain"), (policies.deleted, "Delete"):
        named = backed_up.snapshot.object["spec"]["volumeSnapshotClassName"]
        spec = backed_up.content.object["spec"]

        made = spec["volumeSnapshotClassName"], spec["deletionPolicy"]

        assert made == (named, policy), f"{backed_up.content} is of class and policy {made}, expected {named}, {policy}"


@clause("backup.class.named")
def test_class_that_was_made_again_counts_as_it_is(empty_volume: Source, steps: BackupSteps) -> None:
    """The policy of a class that was deleted, and made again with another one, is that of a new content."""
    snapshots = steps.snapshots
    class_name = snapshots.create_class("Retain")
    earlier = steps.finish_or_block(steps.request(empty_volume, class_name))
    assert earlier.content.object["spec"]["deletionPolicy"] == "Retain"
    snapshots.delete_class(class_name)
    snapshots.create_class("Delete", name=class_name)

    bound = snapshots.wait_bound(steps.request(empty_volume, class_name).snapshot)

    policy = snapshots.content_of(bound).object["spec"]["deletionPolicy"]
    assert policy == "Delete", f"the content of {bound} has the policy {policy} of an earlier class {class_name}"


@clause("backup.delete")
@pytest.mark.delete
def test_snapshot_without_its_class_can_be_deleted(
    classless_snapshots: tuple[BackedUp, BackedUp], steps: BackupSteps
) -> None:
    """A VolumeSnapshot whose class is gone is removed, and its backup with it."""
    deleted = classless_snapshots[0]
    with precondition("the backup volume is not listed"):
        steps.longhorn.wait_backup_volume(deleted.backup.volume)

    steps.delete(deleted)


@clause("backup.restore")
@pytest.mark.restore
def test_snapshot_without_its_class_can_be_restored(
    classless_snapshots: tuple[BackedUp, BackedUp], steps: BackupSteps
) -> None:
    """A claim that restores a VolumeSnapshot whose class is gone is bound."""
    claim = steps.restore(classless_snapshots[1]).claim

    assert steps.volumes.wait_bound(claim).volume


@clause("backup.class.deleted")
def test_snapshot_gets_ready_without_its_class(full_backup: BackedUp, steps: BackupSteps) -> None:
    """A VolumeSnapshot whose class is deleted when its backup has begun becomes ready when that is complete.

    The backup is a full one, which takes longer than the class's deletion.
    """
    class_name = steps.snapshots.create_class("Delete", {"type": "bak", "backupMode": "full"})
    requested = steps.request(full_backup.source, class_name)
    steps.longhorn.wait_backup_started(requested.snapshot)

    steps.snapshots.delete_class(class_name)

    steps.snapshots.wait_ready(requested.snapshot)


@clause("backup.class.unnamed")
def test_default_class_serves_who_names_none(empty_volume_snapshot: Requested, snapshots: Snapshots) -> None:
    """A VolumeSnapshot without a class gets an error while no class is the default, and is made by it once one is.

    The default class is removed again: it is the cluster's, not the test's.
    """
    with precondition("a VolumeSnapshot that names a class does not become ready either"):
        snapshots.wait_ready(empty_volume_snapshot.snapshot)
    snapshots.create_class("Delete")
    with snapshots.no_other_default():
        snapshot = snapshots.create(empty_volume_snapshot.source.pvc, None)
        snapshots.wait_error(snapshot, "(?i)default")

        default = snapshots.create_class("Delete", default=True)
        try:
            ready = snapshots.wait_ready(snapshot, SNAPSHOT_READY_LATE)
        finally:
            snapshots.delete_class(default)

    assert ready.object["spec"]["volumeSnapshotClassName"] == default


@clause("backup.class.type.unknown")
@pytest.mark.parametrize("value", ["no-such-type", "backup", "BAK"])
def test_unknown_type_is_refused(value: str, empty_volume: Source, snapshots: Snapshots) -> None:
    """A class with a `type` that does not exist makes nothing: its VolumeSnapshot gets an error that names it."""
    class_name = snapshots.create_class("Delete", {"type": value})

    snapshot = snapshots.create(empty_volume.pvc, class_name)

    snapshots.wait_error(snapshot, naming(value))


@clause("backup.mode.unknown")
@pytest.mark.parametrize("value", ["odd", "FULL"])
def test_unknown_mode_is_refused(value: str, empty_volume: Source, snapshots: Snapshots) -> None:
    """A class with a `backupMode` that does not exist makes no backup: its VolumeSnapshot gets an error about it."""
    class_name = snapshots.create_class("Delete", {"type": "bak", "backupMode": value})

    snapshot = snapshots.create(empty_volume.pvc, class_name)

    snapshots.wait_error(snapshot, naming(value))
