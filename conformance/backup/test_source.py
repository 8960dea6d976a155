"""What a VolumeSnapshot may be made of."""

import pytest

from conformance.requirements import CLAIM, CONTENT, must_name_one_source, must_wait_for_its_claim
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.budgets import SNAPSHOT_READY_LATE
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.resource_kinds import Obj
from fixtures.longhorn.volume_snapshots import Snapshots, VolumeSnapshot
from fixtures.longhorn.volumes import Source
from fixtures.workloads.pods import Workloads

pytestmark = pytest.mark.source


@clause("backup.source.exactly-one")
@pytest.mark.parametrize("source", [pytest.param(CLAIM | CONTENT, id="both"), pytest.param({}, id="none")])
def test_only_one_source_may_be_named(source: Obj, cluster: Cluster, namespace: str, snapshots: Snapshots) -> None:
    """A VolumeSnapshot with a claim and a content, or with neither, is refused; with either it is accepted."""
    must_name_one_source(source, namespace, cluster, snapshots)


@clause("backup.source")
def test_claim_must_exist(namespace: str, snapshots: Snapshots, workloads: Workloads) -> None:
    """A VolumeSnapshot of a claim that does not exist gets an error, and is taken once the claim exists."""
    snapshot = must_wait_for_its_claim(namespace, snapshots.create_class("Delete"), snapshots, workloads)

    snapshots.wait_ready(snapshot, SNAPSHOT_READY_LATE)


@clause("backup.example.beta")
def test_example_is_accepted_as_beta(empty_volume: Source, snapshots: Snapshots, cluster: Cluster) -> None:
    """The example, sent to the API in version v1beta1 as it is printed, is accepted and becomes ready."""
    source = {"persistentVolumeClaimName": empty_volume.pvc.name}
    manifest = snapshots.manifest(source, empty_volume.pvc.namespace, "longhorn")

    made = cluster.create(manifest | {"apiVersion": "snapshot.storage.k8s.io/v1beta1"})

    assert snapshots.wait_ready(VolumeSnapshot(made)).ready
