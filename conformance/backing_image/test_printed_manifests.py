"""The manifests of the section on on-demand provision: refused as printed, accepted once corrected."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from conformance.backing_image.on_demand import OnDemand, OnDemandImages
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.resource_kinds import VOLUME_SNAPSHOT, Obj
from fixtures.longhorn.volume_snapshots import Snapshots

pytestmark = pytest.mark.on_demand

BETA = "snapshot.storage.k8s.io/v1beta1"
"""The version in which the page prints VolumeSnapshots."""


def printed_for_download(content: Obj) -> Obj:
    """A content as the example for a download is indented: the reference stands beside the spec, not in it."""
    spec = {key: value for key, value in content["spec"].items() if key != "volumeSnapshotRef"}
    return {**content, "spec": spec, "volumeSnapshotRef": content["spec"]["volumeSnapshotRef"]}


def printed_for_export(content: Obj) -> Obj:
    """A content as the example for an export is indented: what belongs in the spec stands beside it, and there is none.

    The name, which the example has outside of the metadata, is left where it is: no client sends an object without one.
    """
    head = {key: value for key, value in content.items() if key != "spec"}
    return {**head, **content["spec"]}


def must_be_refused(printed: Callable[[Obj], Obj], on_demand: OnDemand, steps: OnDemandImages, cluster: Cluster) -> str:
    """A content is refused as printed, while corrected it is accepted and serves a claim; what the refusal says."""
    steps.control(on_demand)
    content = steps.content_manifest(on_demand)
    cluster.create(content, dry_run=True)

    refused = cluster.rejection(printed(content))

    assert (refused.status, refused.reason) == (422, "Invalid"), refused.message
    return refused.message


@clause("backing-image.example.on-demand.download")
def test_content_for_a_download(fetched: OnDemand, cluster: Cluster, on_demand_images: OnDemandImages) -> None:
    """As printed the content lacks spec.volumeSnapshotRef and is refused; with it there it is accepted and serves."""
    refusal = must_be_refused(printed_for_download, fetched, on_demand_images, cluster)

    assert "spec.volumeSnapshotRef: Required value" in refusal


@clause("backing-image.example.on-demand.export")
def test_content_for_an_export(on_demand: OnDemand, cluster: Cluster, on_demand_images: OnDemandImages) -> None:
    """As printed the content lacks its spec and is refused; with all keys in their places it is accepted and serves."""
    refusal = must_be_refused(printed_for_export, on_demand, on_demand_images, cluster)

    assert "spec: Required value" in refusal


@clause("backing-image.example.version")
def test_version_of_a_snapshot(cluster: Cluster, snapshots: Snapshots) -> None:
    """As v1 the VolumeSnapshot is accepted; as printed, in v1beta1, only by an API server that still serves it."""
    source = {"volumeSnapshotContentName": "test-on-demand-backing"}
    manifest = snapshots.manifest(source, "default", "longhorn-snapshot-vsc")

    cluster.create(manifest, dry_run=True)

    printed = manifest | {"apiVersion": BETA}
    if cluster.serves(replace(VOLUME_SNAPSHOT, api_version=BETA)):
        cluster.create(printed, dry_run=True)
    else:
        assert cluster.rejection(printed).status == 404
