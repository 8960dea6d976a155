"""A namespace is deleted with two VolumeSnapshots in it: what goes along, what stays, and a recovery from that.

What must stay is checked once what must be deleted is gone (the fixture `deleted_namespace_witness`).
"""

import pytest

from conformance.backup.requirements import must_keep_the_backup
from conformance.backup.scenarios import BackedUp, BackupSteps
from conformance.requirements import must_keep_the_content
from conformance.scenarios import Policies
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.budgets import PRE_PROVISIONED_READY
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.volume_snapshots import DRIVER, Snapshots
from fixtures.workloads.pods import Workloads


@clause("backup.delete")
@pytest.mark.delete
def test_delete_is_honoured(deleted_namespace: Policies[BackedUp], snapshots: Snapshots, longhorn: Longhorn) -> None:
    """Under Delete, content and backup of a VolumeSnapshot go when its namespace is deleted."""
    snapshots.wait_gone(deleted_namespace.deleted.snapshot)
    snapshots.wait_content_gone(deleted_namespace.deleted.content)
    longhorn.wait_backup_gone(deleted_namespace.deleted.backup.name)


@clause("backup.retain")
@pytest.mark.retain
def test_retain_is_honoured(
    deleted_namespace_witness: Policies[BackedUp], snapshots: Snapshots, longhorn: Longhorn
) -> None:
    """Under Retain, content and backup of a VolumeSnapshot stay when its namespace is deleted."""
    retained = deleted_namespace_witness.retained

    must_keep_the_content(retained.snapshot, retained.content, snapshots)
    must_keep_the_backup(retained.backup.name, longhorn)


@clause("backup.pre-provisioned.retained")
@pytest.mark.pre_provisioned
@pytest.mark.restore
def test_retained_backup_is_restored_elsewhere(
    deleted_namespace_witness: Policies[BackedUp], steps: BackupSteps, workloads: Workloads
) -> None:
    """In another namespace a claim gets the data through a new content with the handle, as a backup tool makes it."""
    retained, snapshots, name = deleted_namespace_witness.retained, steps.snapshots, "restored-elsewhere"
    place = steps.volumes.namespace, name
    manifest = snapshots.content_manifest(retained.content.handle, place, policy="Retain", name=f"velero-{name}-x7k2p")
    manifest["metadata"]["annotations"] = {
        "velero.io/csi-driver-name": DRIVER,
        "velero.io/csi-volumesnapshot-handle": retained.content.handle,
        "velero.io/csi-vsc-deletion-policy": "Retain",
        "velero.io/vsi-volumesnapshot-restore-size": str(retained.snapshot.restore_size),
    }
    content = snapshots.create_content(manifest)
    source = {"volumeSnapshotContentName": content.name}
    snapshot = snapshots.create_from(source, place[0], None, name=name)
    snapshots.wait_ready(snapshot, PRE_PROVISIONED_READY)

    claim = workloads.wait_bound(steps.volumes.restore(snapshot, retained.source))

    workloads.verify(claim, retained.source.image)
