"""Wrong and missing references: each is refused for its own reason, while the right one works.

The handles are a table, one thing wrong in each. Of claims, classes and contents that are missing the test sees the
error first, then makes what was missing: that things go on is the proof that it was the reason.
"""

import pytest

from conformance.backup.scenarios import BackupOutsideCsi, BackupSteps, PreProvisionedBackup
from conformance.requirements import REFUSED, must_wait_for_its_class, must_wait_for_its_content, naming
from conformance.scenarios import Requested
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.budgets import PRE_PROVISIONED_READY, SNAPSHOT_READY_LATE
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.resource_kinds import PV, PVC, Obj
from fixtures.kubernetes.waiting import StepFailed
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.longhorn.volumes import SIZE
from fixtures.outcomes import Violation, precondition
from fixtures.workloads.pods import Workloads

UNKNOWN = {
    "backup-unknown": "{scheme}://{volume}/no-such-backup",
    "volume-unknown": "{scheme}://no-such-volume/{backup}",
    "names-exchanged": "{scheme}://{backup}/{volume}",
}
"""Handles of the documented form that name nothing that is listed."""

MALFORMED = {
    "backup-only": "{backup}",
    "scheme-missing": "{volume}/{backup}",
    "scheme-unknown": "foo://{volume}/{backup}",
    "slash-missing": "bak:/{volume}/{backup}",
    "backup-missing": "bak://{volume}",
    "backup-empty": "bak://{volume}/",
    "volume-empty": "bak:///{backup}",
}
"""Texts that are no handle of the documented form."""


def must_be_refused(template: str, pre_provisioned: PreProvisionedBackup, steps: BackupSteps) -> None:
    """A claim through a handle with one thing wrong is refused for what it says; one through the right handle is bound.

    The handle is a template for the right names. A failure begins with the handle.
    """
    made = pre_provisioned.existing
    handle = template.format(scheme=made.documented_scheme, volume=made.volume, backup=made.backup.name)

    _, snapshot = steps.snapshots.preprovision(handle, made.namespace, policy="Retain")

    claim = steps.volumes.request_restore(*snapshot.place)

    try:
        steps.volumes.wait_refused(claim, REFUSED)
    except StepFailed as failure:
        raise Violation(f"{handle}: {failure.seen}", look=failure.look) from failure
    with precondition("the right handle does not work either"):
        steps.volumes.wait_bound(pre_provisioned.claim)


@clause("backup.pre-provisioned.names")
@pytest.mark.pre_provisioned
@pytest.mark.parametrize("template", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_names_must_be_listed(template: str, pre_provisioned: PreProvisionedBackup, steps: BackupSteps) -> None:
    """A claim through a handle that names nothing that Longhorn lists is refused; the right one works."""
    must_be_refused(template, pre_provisioned, steps)


@clause("backup.pre-provisioned.names")
@pytest.mark.pre_provisioned
def test_backup_must_be_of_the_named_volume(
    empty_volume_snapshot: Requested, pre_provisioned: PreProvisionedBackup, steps: BackupSteps
) -> None:
    """A claim through the name of another volume that Longhorn lists is refused; the right one works."""
    other = steps.finish_or_block(empty_volume_snapshot).backup.volume
    with precondition("the other volume is not listed"):
        steps.longhorn.wait_backup_volume(other)

    must_be_refused(f"{{scheme}}://{other}/{{backup}}", pre_provisioned, steps)


@clause("backup.pre-provisioned.handle.malformed")
@pytest.mark.pre_provisioned
@pytest.mark.parametrize("template", MALFORMED.values(), ids=MALFORMED.keys())
def test_handle_must_have_its_form(template: str, pre_provisioned: PreProvisionedBackup, steps: BackupSteps) -> None:
    """A claim through a handle of another form is refused; the right one works."""
    must_be_refused(template, pre_provisioned, steps)


@clause("backup.pre-provisioned.content-name")
@pytest.mark.pre_provisioned
def test_content_must_exist(existing: BackupOutsideCsi, snapshots: Snapshots) -> None:
    """A VolumeSnapshot of a content that does not exist gets an error, and is bound once the content exists."""
    name = "comes-later-" + existing.backup.name

    must_wait_for_its_content(str(existing.documented_handle), existing.namespace, name, snapshots)


@clause("backup.pre-provisioned.reference")
@pytest.mark.pre_provisioned
def test_namespace_of_the_reference_counts(existing: BackupOutsideCsi, namespace: str, snapshots: Snapshots) -> None:
    """A VolumeSnapshot of the right name in another namespace is not bound; the one in the right namespace is."""
    content, named = snapshots.preprovision(str(existing.documented_handle), existing.namespace, policy="Retain")
    source = {"volumeSnapshotContentName": content.name}

    other = snapshots.create_from(source, namespace, None, name=named.name)

    snapshots.wait_error(other, naming(content.name))
    with precondition("the VolumeSnapshot that the content names is not ready either"):
        snapshots.wait_ready(named, PRE_PROVISIONED_READY)


@clause("backup.class.named")
@pytest.mark.classes
def test_class_must_exist(empty_volume_snapshot: Requested, snapshots: Snapshots) -> None:
    """A VolumeSnapshot of a missing class gets an error that names it, and is bound once the class exists."""
    must_wait_for_its_class(empty_volume_snapshot.source, empty_volume_snapshot.snapshot, snapshots)


@clause("backup.source")
@pytest.mark.source
def test_claim_must_be_bound(namespace: str, snapshots: Snapshots, workloads: Workloads) -> None:
    """A VolumeSnapshot of a claim that has no volume gets an error, and is taken once the claim has one."""
    late = f"storage-{namespace}"
    claim = workloads.claim(namespace, size=SIZE, storage_class=late)
    snapshot = snapshots.create(claim, snapshots.create_class("Delete"))

    snapshots.wait_error(snapshot, naming(claim.name))

    workloads.create_storage_class({"numberOfReplicas": "1"}, name=late)
    with precondition("the VolumeSnapshot is not made of a bound claim either"):
        workloads.wait_bound(claim)
        snapshots.wait_ready(snapshot, SNAPSHOT_READY_LATE)


def foreign_volume(claim: str, namespace: str) -> tuple[Obj, Obj]:
    """A PersistentVolume that is not Longhorn's, and the claim that is bound to it."""
    shared = {"accessModes": ["ReadWriteOnce"], "storageClassName": ""}
    capacity = {"storage": "16Mi"}
    spec = {
        "capacity": capacity,
        "claimRef": {"apiVersion": PVC.api_version, "kind": PVC.kind, "name": claim, "namespace": namespace},
        "hostPath": {"path": "/nowhere"},
        "persistentVolumeReclaimPolicy": "Retain",
    }
    volume = PV.manifest(f"foreign-{namespace}", spec=shared | spec)
    return volume, PVC.manifest(claim, namespace, spec=shared | {"resources": {"requests": capacity}})


@clause("backup.source")
@pytest.mark.source
def test_claim_must_be_of_longhorn(empty_volume_snapshot: Requested, cluster: Cluster, snapshots: Snapshots) -> None:
    """A VolumeSnapshot of a claim whose volume is not Longhorn's gets an error; one of Longhorn's is made."""
    namespace = empty_volume_snapshot.snapshot.namespace
    for manifest in foreign_volume("foreign", namespace):
        cluster.create(manifest)
    class_name = empty_volume_snapshot.snapshot.object["spec"]["volumeSnapshotClassName"]

    snapshot = snapshots.create_from({"persistentVolumeClaimName": "foreign"}, namespace, class_name)

    snapshots.wait_error(snapshot, naming(f"foreign-{namespace}"))
    with precondition("the VolumeSnapshot of Longhorn's claim is not made either"):
        snapshots.wait_ready(empty_volume_snapshot.snapshot)
