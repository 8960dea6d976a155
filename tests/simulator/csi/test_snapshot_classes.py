"""Which class a VolumeSnapshot gets, and the errors without one."""

import pytest

from simulator.csi import names
from tests.simulator.csi.cluster import Cluster

DEFAULT = {"annotations": {names.DEFAULT_SNAPSHOT_CLASS: "true"}}


async def test_missing_class_leaves_only_the_error(cluster: Cluster) -> None:
    await cluster.bound_claim()
    cluster.snapshot("s", "src", snapshot_class="no-such")
    snapshot = await cluster.until(lambda: cluster.get(names.SNAPSHOTS, "s").get("status"))

    text = 'Failed to get snapshot class with error volumesnapshotclass.snapshot.storage.k8s.io "no-such" not found'
    assert snapshot.keys() == {"error"}
    assert snapshot["error"]["message"] == text
    assert cluster.events("s") == [("Warning", "GetSnapshotClassFailed", text)]
    cluster.delete(names.SNAPSHOTS, "s")
    assert cluster.find(names.SNAPSHOTS, "s") is None


@pytest.mark.parametrize(
    ("count", "why"), [(0, "cannot find default snapshot class"), (2, "2 default snapshot classes were found")]
)
async def test_default_class_must_be_one(cluster: Cluster, count: int, why: str) -> None:
    await cluster.bound_claim()
    for number in range(count):
        cluster.snapshot_class(f"d{number}", metadata=DEFAULT)
    cluster.snapshot_class("foreign", metadata=DEFAULT, driver="other.example.com")
    cluster.snapshot("s", "src", snapshot_class="")
    status = await cluster.until(lambda: cluster.get(names.SNAPSHOTS, "s").get("status"))

    assert status["error"]["message"] == f"Failed to set default snapshot class with error {why}"


async def test_default_class_is_filled_in(cluster: Cluster) -> None:
    cluster.snapshot_class("standard", metadata=DEFAULT)
    snapshot = await cluster.ready_snapshot(snapshot_class="")

    assert snapshot["spec"]["volumeSnapshotClassName"] == "standard"
    assert snapshot["metadata"]["generation"] == 2


async def test_class_of_a_foreign_driver_is_silently_never_ready(cluster: Cluster) -> None:
    await cluster.bound_claim()
    cluster.snapshot_class("foreign", driver="other.example.com")
    cluster.snapshot("f", "src", snapshot_class="foreign")
    await cluster.until_status(names.SNAPSHOTS, "f", "readyToUse", False)
    await cluster.ready_snapshot()

    status = cluster.get(names.SNAPSHOTS, "f")["status"]
    assert (status["readyToUse"], "error" in status) == (False, False)
    assert "status" not in cluster.content_of("f")
