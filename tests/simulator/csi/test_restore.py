"""Claims: provisioning, restore from a VolumeSnapshot, binding, expansion and reclaiming."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from simulator.csi import names
from simulator.csi.protocol import Code
from simulator.kubernetes import names as kubernetes
from simulator.kubernetes import objects
from simulator.kubernetes.names import CLAIMS, NODE, PODS, VOLUMES
from tests.simulator.csi.cluster import NAMESPACE, Cluster

PREFIX = (
    'failed to provision volume with StorageClass "fast": error getting handle for DataSource Type VolumeSnapshot by '
    "Name s: "
)


async def test_volume_carries_what_a_real_one_does(cluster: Cluster) -> None:
    claim = await cluster.bound_claim(mode="Filesystem")
    uid = claim["metadata"]["uid"]
    volume = cluster.get(VOLUMES, f"pvc-{uid}")

    attributes = volume["spec"]["csi"].pop("volumeAttributes")
    assert attributes.pop(names.PROVISIONER_IDENTITY).endswith(f"-{cluster.driver.name}")
    assert attributes == {"kind": "fake"}
    assert volume["spec"]["csi"] == {"driver": cluster.driver.name, "volumeHandle": f"pvc-{uid}", "fsType": "ext4"}
    assert volume["metadata"]["finalizers"] == [names.PROVISIONER_FINALIZER, kubernetes.VOLUME_PROTECTION]
    assert volume["metadata"]["annotations"] == {
        names.PROVISIONED_BY: cluster.driver.name,
        names.DELETION_SECRET_OF_VOLUME: "",
        names.DELETION_SECRET_NAMESPACE_OF_VOLUME: "",
    }
    assert claim["status"]["capacity"] == {"storage": "32Mi"}
    assert objects.annotations(claim)[kubernetes.BIND_COMPLETED] == "yes"
    assert set(cluster.reasons("src")) == {"ExternalProvisioning", "Provisioning", "ProvisioningSucceeded"}


async def test_restore_hands_the_handle_to_the_driver(cluster: Cluster) -> None:
    await cluster.ready_snapshot()
    claim = await cluster.bound_claim("big", source="s", size="48Mi")

    request = cluster.driver.volume_requests[-1]
    assert request.source_snapshot_id == cluster.content_of("s")["status"]["snapshotHandle"]
    assert (request.required_bytes, claim["status"]["capacity"]["storage"]) == (48 << 20, "48Mi")


async def _unready(cluster: Cluster) -> None:
    cluster.driver.looks_until_ready = 10_000
    await cluster.bound_claim()
    cluster.snapshot("s", "src")
    await cluster.until_status(names.SNAPSHOTS, "s", "restoreSize", "32Mi")


async def _unbound(cluster: Cluster) -> None:
    await cluster.bound_claim()
    cluster.snapshot("s", content="nothing")
    await cluster.until_status(names.SNAPSHOTS, "s", "readyToUse", False)


async def _deleting(cluster: Cluster) -> None:
    snapshot = await cluster.ready_snapshot()
    objects.add_finalizers(cluster.api, names.SNAPSHOTS, snapshot, ["example.com/hold"], manager="admin")
    cluster.delete(names.SNAPSHOTS, "s")


async def _content_changed(cluster: Cluster, **changes: Any) -> None:
    await cluster.ready_snapshot()
    cluster.patch(names.CONTENTS, cluster.content_of("s")["metadata"]["name"], {"spec": changes})


MISSING = 'error getting snapshot s from api server: volumesnapshots.snapshot.storage.k8s.io "s" not found'
TOO_SMALL = "requested volume size 16777216 is less than the size 33554432 for the source snapshot s"
MISBOUND = partial(_content_changed, volumeSnapshotRef={"uid": "another"})
FOREIGN = partial(_content_changed, driver="other.example.com")


@pytest.mark.parametrize(
    ("arrange", "size", "text"),
    [
        pytest.param(Cluster.bound_claim, "32Mi", MISSING, id="missing"),
        pytest.param(_unbound, "32Mi", "snapshot s not bound", id="not bound"),
        pytest.param(_unready, "32Mi", "snapshot s is not Ready", id="not ready"),
        pytest.param(_deleting, "32Mi", "snapshot s is currently being deleted", id="being deleted"),
        pytest.param(MISBOUND, "32Mi", "snapshot s not bound", id="misbound"),
        pytest.param(FOREIGN, "32Mi", "snapshot s not bound", id="content of another driver"),
        pytest.param(Cluster.ready_snapshot, "16Mi", TOO_SMALL, id="too small"),
    ],
)
async def test_restore_is_refused(
    cluster: Cluster, arrange: Callable[[Cluster], Awaitable[Any]], size: str, text: str
) -> None:
    await arrange(cluster)
    cluster.claim("dst", source="s", size=size)
    await cluster.until_event("dst", "ProvisioningFailed")

    assert ("Warning", "ProvisioningFailed", PREFIX + text) in cluster.events("dst")
    assert cluster.get(CLAIMS, "dst")["status"] == {"phase": "Pending"}
    assert len(cluster.driver.volume_requests) == 1


async def test_change_of_mode_needs_permission(cluster: Cluster) -> None:
    await cluster.ready_snapshot()
    content = cluster.content_of("s")
    cluster.claim("dst", source="s", mode="Filesystem")
    await cluster.until_event("dst", "ProvisioningFailed")
    text = (
        f"{PREFIX}requested volume {NAMESPACE}/dst modifies the mode of the source volume but does not have "
        f"permission to do so. {names.ALLOW_MODE_CHANGE} annotation is not present on snapshotcontent "
        f"{content['metadata']['name']}"
    )
    assert ("Warning", "ProvisioningFailed", text) in cluster.events("dst")
    objects.annotate(cluster.api, names.CONTENTS, content, {names.ALLOW_MODE_CHANGE: "true"}, manager="admin")

    await cluster.until_status(CLAIMS, "dst", "phase", "Bound")


async def test_source_without_group_gives_an_empty_volume(cluster: Cluster) -> None:
    await cluster.ready_snapshot()
    await cluster.bound_claim("dst", dataSource={"kind": "VolumeSnapshot", "name": "s"})

    assert cluster.driver.volume_requests[-1].source_snapshot_id is None


async def test_failed_creation_is_retried(cluster: Cluster) -> None:
    cluster.driver.fail("create_volume", Code.NOT_FOUND, "no backup", times=3)
    await cluster.bound_claim()

    text = 'failed to provision volume with StorageClass "fast": rpc error: code = NotFound desc = no backup'
    assert ("Warning", "ProvisioningFailed", text) in cluster.events("src")
    assert len(cluster.driver.volume_requests) == 4


async def test_volume_created_in_the_background_is_completed_and_deleted(cluster: Cluster) -> None:
    cluster.driver.fail("create_volume", Code.ABORTED, "still at it", times=3)
    cluster.claim("src")
    await cluster.until_event("src", "ProvisioningFailed")
    cluster.delete(CLAIMS, "src")
    while not cluster.calls("delete_volume"):
        await cluster.next_call()

    assert cluster.find(CLAIMS, "src") is None


async def test_released_volume_follows_its_reclaim_policy(cluster: Cluster) -> None:
    cluster.storage_class("keeping", reclaimPolicy="Retain")
    gone = (await cluster.bound_claim("gone"))["spec"]["volumeName"]
    kept = (await cluster.bound_claim("kept", storage_class="keeping"))["spec"]["volumeName"]
    for name in ("kept", "gone"):
        cluster.delete(CLAIMS, name)
    await cluster.until_gone(VOLUMES, gone)

    assert cluster.get(VOLUMES, kept)["status"]["phase"] == "Released"
    assert [what for call, what in cluster.driver.calls if call == "delete_volume"] == [gone]


@pytest.fixture
async def used_volume(cluster: Cluster, volume: str) -> str:
    """The volume of the claim src, which the running pod p uses."""
    cluster.pod("p", "sleep 60", claim="src")
    await cluster.until_status(PODS, "p", "phase", "Running")
    return volume


async def test_volume_of_a_running_pod_is_not_deleted(cluster: Cluster, used_volume: str) -> None:
    cluster.delete(CLAIMS, "src")
    await cluster.bound_claim("witness")
    assert objects.finalizers(cluster.get(CLAIMS, "src")) == [kubernetes.CLAIM_PROTECTION]
    await cluster.deleted(PODS, "p")
    await cluster.until_gone(VOLUMES, used_volume)

    assert cluster.calls()[-3:] == ["node_unstage_volume", "controller_unpublish_volume", "delete_volume"]


async def test_attached_volume_is_not_deleted_before_it_is_detached(cluster: Cluster, used_volume: str) -> None:
    cluster.driver.fail("controller_unpublish_volume", Code.INTERNAL, "busy", times=10_000)
    cluster.delete(CLAIMS, "src")
    await cluster.deleted(PODS, "p")
    await cluster.until_event(used_volume, "VolumeFailedDelete")
    assert cluster.calls("delete_volume") == []
    cluster.driver.errors.clear()
    await cluster.until_gone(VOLUMES, used_volume)

    text = f"persistentvolume {used_volume} is still attached to node {NODE}"
    assert cluster.events(used_volume)[0] == ("Warning", "VolumeFailedDelete", text)


async def test_claim_waits_for_its_first_consumer(cluster: Cluster) -> None:
    cluster.storage_class("late", volumeBindingMode="WaitForFirstConsumer")
    cluster.claim("src", storage_class="late")
    await cluster.until_event("src", "WaitForFirstConsumer")
    assert cluster.driver.volume_requests == []
    phase, _ = await cluster.finished_pod("p", "true", claim="src")

    assert phase == "Succeeded"
    assert objects.annotations(cluster.get(CLAIMS, "src"))[kubernetes.SELECTED_NODE] == NODE


async def test_claim_of_an_unknown_class_waits_for_the_class(cluster: Cluster) -> None:
    cluster.claim("src", storage_class="none")
    await cluster.until_event("src", "ProvisioningFailed")
    assert cluster.events("src")[0][2] == 'storageclass.storage.k8s.io "none" not found'
    cluster.storage_class("none")

    await cluster.until_status(CLAIMS, "src", "phase", "Bound")


async def test_static_volume_is_bound_without_the_driver(cluster: Cluster) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "64Mi"}, "storageClassName": "fast"}
    csi = {"driver": cluster.driver.name, "volumeHandle": "by-hand"}
    cluster.create(VOLUMES, "pv", spec={**spec, "volumeMode": "Block", "csi": csi})
    await cluster.until_status(VOLUMES, "pv", "phase", "Available")
    claim = await cluster.bound_claim()

    assert claim["spec"]["volumeName"] == "pv"
    assert claim["status"]["capacity"] == {"storage": "64Mi"}
    assert cluster.driver.volume_requests == []


async def test_bound_claim_is_expanded(cluster: Cluster, volume: str) -> None:
    cluster.patch(CLAIMS, "src", {"spec": {"resources": {"requests": {"storage": "64Mi"}}}})
    await cluster.until_event("src", "VolumeResizeSuccessful")

    assert cluster.get(CLAIMS, "src")["status"]["capacity"] == {"storage": "64Mi"}
    assert cluster.get(VOLUMES, volume)["spec"]["capacity"] == {"storage": "64Mi"}


async def test_source_of_a_clone_stays_until_the_clone_exists(cluster: Cluster) -> None:
    cluster.driver.controller_capabilities |= {"CLONE_VOLUME"}
    source = await cluster.bound_claim()
    cluster.driver.fail("create_volume", Code.INTERNAL, "not yet", times=2)
    cluster.claim("dst", clone="src")
    await cluster.until_event("dst", "ProvisioningFailed")
    assert names.CLONE_PROTECTION in objects.finalizers(cluster.get(CLAIMS, "src"))
    await cluster.until_status(CLAIMS, "dst", "phase", "Bound")
    await cluster.until(lambda: names.CLONE_PROTECTION not in str(cluster.get(CLAIMS, "src")))

    assert cluster.driver.volume_requests[-1].source_volume_id == source["spec"]["volumeName"]


async def test_claim_that_lost_its_volume_reports_it(cluster: Cluster, volume: str) -> None:
    cluster.patch(VOLUMES, volume, {"metadata": {"finalizers": None}})
    cluster.delete(VOLUMES, volume)
    await cluster.until_status(CLAIMS, "src", "phase", "Lost")

    assert "ClaimLost" in cluster.reasons("src")
