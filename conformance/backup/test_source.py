"""What a VolumeSnapshot may be made of."""

import pytest

from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.budgets import SNAPSHOT_READY_LATE
from fixtures.kubernetes.client import Cluster, Obj
from fixtures.longhorn.volume_snapshots import Snapshots, VolumeSnapshot
from fixtures.longhorn.volumes import SIZE, Source
from fixtures.workloads.pods import Workloads

pytestmark = pytest.mark.source

CLAIM = {"persistentVolumeClaimName": "some-claim"}
CONTENT = {"volumeSnapshotContentName": "some-content"}


def snapshot_of(source: Obj, namespace: str) -> Obj:
    """A VolumeSnapshot with nothing but a source."""
    return {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshot",
        "metadata": {"generateName": "source-", "namespace": namespace},
        "spec": {"source": source},
    }


@clause("backup.source.exactly-one")
@pytest.mark.parametrize("source", [pytest.param(CLAIM | CONTENT, id="both"), pytest.param({}, id="none")])
def test_only_one_source_may_be_named(source: Obj, cluster: Cluster, namespace: str) -> None:
    """A VolumeSnapshot with a claim and a content, or with neither, is refused; with either it is accepted."""
    for accepted in (CLAIM, CONTENT):
        cluster.create(snapshot_of(accepted, namespace), dry_run=True)

    refused = cluster.refusal(snapshot_of(source, namespace))

    assert (refused.status, refused.reason) == (422, "Invalid"), refused.message
    assert "spec.source" in refused.message


@clause("backup.source")
def test_claim_must_exist(namespace: str, snapshots: Snapshots, workloads: Workloads) -> None:
    """A VolumeSnapshot of a claim that does not exist gets an error, and is made when the claim is there."""
    claim = "comes-later"
    source = {"persistentVolumeClaimName": claim}
    snapshot = snapshots.create_from(source, namespace, snapshots.create_class("Delete"))

    snapshots.wait_error(snapshot, "cannot get claim from snapshot")

    assert not snapshots.read(snapshot).content_name
    workloads.wait_bound(workloads.claim(namespace, size=SIZE, name=claim))
    snapshots.wait_ready(snapshot, SNAPSHOT_READY_LATE)


@clause("backup.example.beta")
def test_example_is_accepted_as_beta(empty_volume: Source, snapshots: Snapshots, cluster: Cluster) -> None:
    """The example, sent to the API in version v1beta1 as it is printed, is accepted and becomes ready."""
    manifest = snapshot_of({"persistentVolumeClaimName": empty_volume.pvc.name}, empty_volume.pvc.namespace)
    manifest["spec"]["volumeSnapshotClassName"] = "longhorn"

    made = cluster.create(manifest | {"apiVersion": "snapshot.storage.k8s.io/v1beta1"})

    assert snapshots.wait_ready(VolumeSnapshot(made)).ready
