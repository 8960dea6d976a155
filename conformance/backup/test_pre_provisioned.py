"""Restore a Backup that Has No Associated VolumeSnapshot: contents and VolumeSnapshots that are made by hand.

They have the policy Retain, so that their deletion leaves the backup to the test that shares it.
"""

import pytest

from conformance.backup.arrangements import Made
from fixtures.budgets import PRE_PROVISIONED_READY
from fixtures.catalogue import clause
from fixtures.cluster import Cluster
from fixtures.errors import Refused
from fixtures.handles import BackupHandle
from fixtures.snapshots import Snapshots
from fixtures.workloads import Workloads

pytestmark = pytest.mark.pre_provisioned


@clause(
    "backup.pre-provisioned",
    "backup.pre-provisioned.handle",
    "backup.pre-provisioned.handle.legacy",
    "backup.pre-provisioned.names",
    "backup.pre-provisioned.restore",
)
def test_backup_not_made_through_csi_is_restored(made: Made, snapshots: Snapshots, workloads: Workloads) -> None:
    """A claim gets the data of a backup that was not made through CSI, by the names under which Longhorn lists it."""
    handle = str(BackupHandle(made.documented_scheme, made.volume, made.backup.name))
    _, snapshot = snapshots.preprovision(handle, made.namespace, policy="Retain")
    snapshots.wait_ready(snapshot, PRE_PROVISIONED_READY)

    claim = workloads.restore_claim(snapshot.name, snapshot.namespace, size=made.source.pvc.size)

    workloads.verify(workloads.wait_bound(claim), made.source.image)


@clause("backup.example.legacy-handle")
def test_older_scheme_is_accepted(made: Made, snapshots: Snapshots, workloads: Workloads) -> None:
    """A claim gets the data of a backup through a handle with the older scheme, `bs://`."""
    handle = str(BackupHandle("bs", made.volume, made.backup.name))
    _, snapshot = snapshots.preprovision(handle, made.namespace, policy="Retain")
    snapshots.wait_ready(snapshot, PRE_PROVISIONED_READY)

    claim = workloads.restore_claim(snapshot.name, snapshot.namespace, size=made.source.pvc.size)

    workloads.verify(workloads.wait_bound(claim), made.source.image)


@clause("backup.pre-provisioned.content-name", "backup.handle.field")
def test_snapshot_is_bound_to_the_content_that_it_names(made: Made, snapshots: Snapshots) -> None:
    """The VolumeSnapshot is bound to the content that it names, and this carries the handle that it was given."""
    handle = str(BackupHandle(made.documented_scheme, made.volume, made.backup.name))
    content, snapshot = snapshots.preprovision(handle, made.namespace, policy="Retain")

    ready = snapshots.wait_ready(snapshot, PRE_PROVISIONED_READY)

    assert ready.content_name == content.name
    assert snapshots.content(content.name).handle == handle


@clause("backup.pre-provisioned.reference")
def test_snapshot_that_the_content_does_not_name_is_not_bound(made: Made, snapshots: Snapshots) -> None:
    """A VolumeSnapshot that names the content of another one gets an error; the one that the content names is bound."""
    handle = str(BackupHandle(made.documented_scheme, made.volume, made.backup.name))
    content, named = snapshots.preprovision(handle, made.namespace, policy="Retain")
    snapshots.wait_ready(named, PRE_PROVISIONED_READY)

    other = snapshots.create_from({"volumeSnapshotContentName": content.name}, made.namespace, None)

    snapshots.wait_error(other, rf"VolumeSnapshotContent \[{content.name}\] is bound to a different snapshot")
    assert not snapshots.read(other).ready


@clause("backup.pre-provisioned.reference")
@pytest.mark.parametrize("missing", ["name", "namespace"])
def test_reference_must_be_complete(missing: str, cluster: Cluster, snapshots: Snapshots) -> None:
    """A content whose volumeSnapshotRef lacks the name or the namespace is refused; with both it is accepted."""
    content = snapshots.content_manifest("bak://some-volume/some-backup", ("some-namespace", "some-snapshot"))
    cluster.create(content, dry_run=True)
    del content["spec"]["volumeSnapshotRef"][missing]

    with pytest.raises(Refused) as refused:
        cluster.create(content, dry_run=True)

    assert (refused.value.status, refused.value.reason) == (422, "Invalid"), refused.value.message
    assert "spec.volumeSnapshotRef" in refused.value.message


@clause("backup.pre-provisioned.class")
def test_class_of_the_content_must_exist(made: Made, snapshots: Snapshots, retaining_class: str) -> None:
    """With a missing class the VolumeSnapshot gets an error that names it; with one that exists it gets ready."""
    handle = str(BackupHandle(made.documented_scheme, made.volume, made.backup.name))
    _, control = snapshots.preprovision(handle, made.namespace, policy="Retain", class_name=retaining_class)
    _, snapshot = snapshots.preprovision(handle, made.namespace, policy="Retain", class_name="no-such-class")

    snapshots.wait_error(snapshot, r'volumesnapshotclass\S* "no-such-class" not found')

    snapshots.wait_ready(control, PRE_PROVISIONED_READY)
    assert not snapshots.read(snapshot).ready
