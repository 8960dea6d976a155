"""VolumeSnapshots of pre-provisioned contents."""

from simulator.csi import names
from simulator.kubernetes import objects
from tests.simulator.csi.cluster import Cluster


async def test_pair_is_ready_whatever_its_handle_says(cluster: Cluster) -> None:
    cluster.content("c", "just-a-name", "s", volumeSnapshotClassName="delete")
    snapshot = cluster.snapshot("s", content="c")
    ready = await cluster.until_status(names.SNAPSHOTS, "s", "readyToUse", True)
    await cluster.until(lambda: names.CONTENT_BOUND in objects.finalizers(cluster.get(names.CONTENTS, "c")))
    content = cluster.get(names.CONTENTS, "c")

    assert ready["status"].keys() == {"boundVolumeSnapshotContentName", "creationTime", "readyToUse"}
    assert content["spec"]["volumeSnapshotRef"]["uid"] == snapshot["metadata"]["uid"]
    assert content["metadata"]["generation"] == 2
    assert content["status"]["snapshotHandle"] == "just-a-name"
    assert "restoreSize" not in content["status"]
    assert cluster.driver.snapshot_requests == []


async def test_snapshot_overwrites_the_class_of_its_content(cluster: Cluster) -> None:
    cluster.snapshot_class("other")
    cluster.content("c", "h", "s", volumeSnapshotClassName="other")
    cluster.snapshot("s", content="c")
    await cluster.until_status(names.SNAPSHOTS, "s", "readyToUse", True)

    assert cluster.get(names.CONTENTS, "c")["spec"]["volumeSnapshotClassName"] == "delete"


async def test_content_without_a_snapshot_is_ready_and_deleted_at_once(cluster: Cluster) -> None:
    cluster.content("c", "h", "s", policy="Delete")
    content = await cluster.until_status(names.CONTENTS, "c", "readyToUse", True)
    assert "finalizers" not in content["metadata"]
    cluster.delete(names.CONTENTS, "c")

    assert cluster.find(names.CONTENTS, "c") is None
    assert cluster.driver.calls == []


async def test_content_for_another_snapshot_is_misbound(cluster: Cluster) -> None:
    cluster.content("c", "h", "other")
    cluster.snapshot("s", content="c")
    snapshot = await cluster.until_status(names.SNAPSHOTS, "s", "readyToUse", False)

    text = "VolumeSnapshotContent [c] is bound to a different snapshot"
    assert snapshot["status"]["error"]["message"] == text
    assert ("Warning", "SnapshotContentMisbound", text) in cluster.events("s")


async def test_later_content_is_found_by_the_back_off(cluster: Cluster) -> None:
    cluster.snapshot("s", content="c")
    snapshot = await cluster.until_status(names.SNAPSHOTS, "s", "readyToUse", False)
    assert snapshot["status"]["error"]["message"] == "VolumeSnapshotContent is missing"
    cluster.content("c", "h", "s")
    ready = await cluster.until_status(names.SNAPSHOTS, "s", "readyToUse", True)

    assert "error" not in ready["status"]


async def test_unknown_class_is_reported_on_both(cluster: Cluster) -> None:
    cluster.content("c", "h", "s", volumeSnapshotClassName="none")
    cluster.snapshot("s", content="c", snapshot_class="none")
    content = await cluster.until_status(names.CONTENTS, "c", "readyToUse", False)
    await cluster.until_event("s", "GetSnapshotClassFailed")

    assert content["status"]["error"]["message"] == (
        "Failed to check and update snapshot content: failed to get snapshot class none for snapshot content c: "
        'volumesnapshotclass.snapshot.storage.k8s.io "none" not found'
    )
    assert "readyToUse" not in cluster.get(names.SNAPSHOTS, "s")["status"]
