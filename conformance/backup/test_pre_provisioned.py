"""Restore a Longhorn Backup that Has No Associated VolumeSnapshot: pre-provisioned objects.

They have the policy Retain, so that their deletion leaves the backup to the test that shares it.
"""

import pytest

from conformance.backup.scenarios import BackupOutsideCsi, PreProvisionedBackup
from conformance.requirements import (
    must_bind_the_named_content,
    must_need_a_complete_reference,
    must_not_bind_another,
    must_show_the_handle,
    naming,
)
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.budgets import PRE_PROVISIONED_READY
from fixtures.kubernetes.client import Cluster
from fixtures.longhorn.handles import BackupHandle
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.volume_snapshots import Snapshots, VolumeSnapshot, is_ready
from fixtures.workloads.pods import Workloads

pytestmark = pytest.mark.pre_provisioned


@clause("backup.pre-provisioned", "backup.pre-provisioned.restore")
def test_backup_not_made_through_csi_is_restored(pre_provisioned: PreProvisionedBackup, workloads: Workloads) -> None:
    """A claim from a pre-provisioned VolumeSnapshot gets the data of a backup that was not made through CSI."""
    claim = workloads.wait_bound(pre_provisioned.claim)

    workloads.verify(claim, pre_provisioned.existing.source.image)


@clause("backup.pre-provisioned.handle", "backup.pre-provisioned.handle.legacy")
def test_documented_handle_is_accepted(pre_provisioned: PreProvisionedBackup, workloads: Workloads) -> None:
    """A claim is bound through a pre-provisioned content whose handle has the documented scheme."""
    claim = workloads.wait_bound(pre_provisioned.claim)

    assert pre_provisioned.handle.scheme == pre_provisioned.existing.documented_scheme
    assert claim.volume != pre_provisioned.existing.source.pvc.volume


@clause("backup.pre-provisioned.names")
def test_names_are_those_listed(
    pre_provisioned: PreProvisionedBackup, workloads: Workloads, longhorn: Longhorn
) -> None:
    """The volume is restored from the backup that Longhorn lists under the two names in the handle."""
    listed = longhorn.backup(pre_provisioned.handle.backup)
    assert listed.volume == pre_provisioned.handle.volume

    restored = longhorn.volume(longhorn.volume_of(workloads.wait_bound(pre_provisioned.claim)))

    assert restored["spec"]["fromBackup"] == listed.url


@clause("backup.example.legacy-handle")
def test_older_scheme_is_accepted(existing: BackupOutsideCsi, snapshots: Snapshots, workloads: Workloads) -> None:
    """A claim gets the data of a backup through a handle with the older scheme, `bs://`."""
    handle = str(BackupHandle("bs", existing.volume, existing.backup.name))
    _, snapshot = snapshots.preprovision(handle, existing.namespace, policy="Retain")
    snapshots.wait_ready(snapshot, PRE_PROVISIONED_READY)

    claim = workloads.restore_claim(*snapshot.place, size=existing.source.pvc.size)

    workloads.verify(workloads.wait_bound(claim), existing.source.image)


@clause("backup.pre-provisioned.content-name")
def test_snapshot_is_bound_to_the_named_content(pre_provisioned: PreProvisionedBackup, snapshots: Snapshots) -> None:
    """The VolumeSnapshot is bound to the content that it names in its source."""
    must_bind_the_named_content(pre_provisioned.snapshot, pre_provisioned.content, snapshots)


@clause("backup.handle.field")
def test_content_made_by_hand_carries_its_handle(pre_provisioned: PreProvisionedBackup, snapshots: Snapshots) -> None:
    """The snapshotHandle of a pre-provisioned content is the one it was created with."""
    handle = str(pre_provisioned.handle)

    must_show_the_handle(handle, pre_provisioned.snapshot, pre_provisioned.content, snapshots)


@clause("backup.pre-provisioned.reference")
def test_unnamed_snapshot_is_not_bound(existing: BackupOutsideCsi, snapshots: Snapshots) -> None:
    """A VolumeSnapshot that names the content of another one gets an error; the one that the content names is bound."""
    content, named = snapshots.preprovision(str(existing.documented_handle), existing.namespace, policy="Retain")
    snapshots.wait_ready(named, PRE_PROVISIONED_READY)

    must_not_bind_another(content, existing.namespace, snapshots)


@clause("backup.pre-provisioned.reference")
@pytest.mark.parametrize("missing", ["name", "namespace"])
def test_reference_must_be_complete(missing: str, namespace: str, cluster: Cluster, snapshots: Snapshots) -> None:
    """Through a content whose volumeSnapshotRef lacks the name or the namespace no VolumeSnapshot is bound."""
    must_need_a_complete_reference("bak://some-volume/some-backup", missing, namespace, cluster, snapshots)


@clause("backup.pre-provisioned.class")
def test_class_of_the_content_must_exist(
    existing: BackupOutsideCsi, snapshots: Snapshots, retaining_class: str
) -> None:
    """With a missing class the VolumeSnapshot gets an error that names it; with one that exists it becomes ready."""
    handle = str(existing.documented_handle)
    _, control = snapshots.preprovision(handle, existing.namespace, policy="Retain", class_name=retaining_class)
    _, snapshot = snapshots.preprovision(handle, existing.namespace, policy="Retain", class_name="no-such-class")

    snapshots.wait_error(snapshot, naming("no-such-class"))

    snapshots.wait_ready(control, PRE_PROVISIONED_READY)
    assert snapshots.history(snapshot).never(is_ready)


@clause("backup.pre-provisioned.beta")
def test_manifests_are_accepted_as_beta(existing: BackupOutsideCsi, snapshots: Snapshots, cluster: Cluster) -> None:
    """Content and VolumeSnapshot, sent in version v1beta1 as they are printed, are accepted, and become ready."""
    beta, place = {"apiVersion": "snapshot.storage.k8s.io/v1beta1"}, (existing.namespace, "printed-as-beta")
    content = snapshots.content_manifest(str(existing.documented_handle), place, policy="Retain")
    source = {"volumeSnapshotContentName": content["metadata"]["name"]}

    snapshots.create_content(content | beta)
    made = cluster.create(snapshots.manifest(source, existing.namespace, None, name=place[1]) | beta)

    assert snapshots.wait_ready(VolumeSnapshot(made), PRE_PROVISIONED_READY).ready
