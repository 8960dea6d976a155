"""Claims: provisioning, restore from a VolumeSnapshot, binding, expansion and reclaiming."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.csi import names
from simulator.csi.protocol import Code
from simulator.kubernetes import objects
from simulator.kubernetes.names import (
    BIND_COMPLETED,
    CLAIM_PROTECTION,
    CLAIMS,
    NODE,
    PODS,
    SELECTED_NODE,
    VOLUME_PROTECTION,
    VOLUMES,
)
from tests.simulator.csi.cluster import NAMESPACE, Cluster, cluster

PREFIX = (
    'failed to provision volume with StorageClass "fast": error getting handle for DataSource Type VolumeSnapshot by '
    "Name s: "
)


def test_volume_carries_what_a_real_one_does(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            claim = await made.bound_claim("src", mode="Filesystem")
            uid = claim["metadata"]["uid"]
            volume = made.api.get(VOLUMES, f"pvc-{uid}")

            attributes = volume["spec"]["csi"].pop("volumeAttributes")
            assert attributes.pop(names.PROVISIONER_IDENTITY).endswith(f"-{made.driver.name}")
            assert attributes == {"kind": "fake"}
            assert volume["spec"]["csi"] == {
                "driver": made.driver.name,
                "volumeHandle": f"pvc-{uid}",
                "fsType": "ext4",
            }
            assert volume["metadata"]["finalizers"] == [names.PROVISIONER_FINALIZER, VOLUME_PROTECTION]
            assert volume["metadata"]["annotations"] == {
                names.PROVISIONED_BY: made.driver.name,
                names.DELETION_SECRET_OF_VOLUME: "",
                names.DELETION_SECRET_NAMESPACE_OF_VOLUME: "",
            }
            assert claim["status"]["capacity"] == {"storage": "32Mi"}
            assert objects.annotations(claim)[BIND_COMPLETED] == "yes"
            assert set(made.reasons("src")) == {"ExternalProvisioning", "Provisioning", "ProvisioningSucceeded"}

    asyncio.run(run())


def test_restore_hands_the_handle_to_the_driver(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            await made.bound_claim("src")
            await made.ready_snapshot("s", "src")
            claim = await made.bound_claim("big", source="s", size="48Mi")

            request = made.driver.volume_requests[-1]
            assert request.source_snapshot_id == made.content_of("s")["status"]["snapshotHandle"]
            assert (request.required_bytes, claim["status"]["capacity"]["storage"]) == (48 << 20, "48Mi")

    asyncio.run(run())


async def _nothing(made: Cluster) -> None:
    del made


async def _unready(made: Cluster) -> None:
    made.driver.looks_until_ready = 10_000
    made.snapshot("s", "src")
    await made.until_status(names.SNAPSHOTS, "s", "restoreSize", "32Mi")


async def _ready(made: Cluster) -> None:
    await made.ready_snapshot("s", "src")


async def _unbound(made: Cluster) -> None:
    made.snapshot("s", content="nothing")
    await made.until_status(names.SNAPSHOTS, "s", "readyToUse", False)


async def _deleting(made: Cluster) -> None:
    snapshot = await made.ready_snapshot("s", "src")
    objects.add_finalizers(made.api, names.SNAPSHOTS, snapshot, ["example.com/hold"], manager="admin")
    made.api.delete(names.SNAPSHOTS, "s", NAMESPACE)


async def _content_changed(made: Cluster, **changes: Any) -> None:
    await made.ready_snapshot("s", "src")
    made.api.patch(names.CONTENTS, made.content_of("s")["metadata"]["name"], "", {"spec": changes})


async def _misbound(made: Cluster) -> None:
    await _content_changed(made, volumeSnapshotRef={"uid": "another"})


async def _foreign(made: Cluster) -> None:
    await _content_changed(made, driver="other.example.com")


@pytest.mark.parametrize(
    ("arrange", "claim", "text"),
    [
        pytest.param(
            _nothing,
            {},
            'error getting snapshot s from api server: volumesnapshots.snapshot.storage.k8s.io "s" not found',
            id="missing",
        ),
        pytest.param(_unbound, {}, "snapshot s not bound", id="not bound"),
        pytest.param(_unready, {}, "snapshot s is not Ready", id="not ready"),
        pytest.param(_deleting, {}, "snapshot s is currently being deleted", id="being deleted"),
        pytest.param(_misbound, {}, "snapshot s not bound", id="misbound"),
        pytest.param(_foreign, {}, "snapshot s not bound", id="content of another driver"),
        pytest.param(
            _ready,
            {"size": "16Mi"},
            "requested volume size 16777216 is less than the size 33554432 for the source snapshot s",
            id="too small",
        ),
    ],
)
def test_restore_is_refused(
    tmp_path: Path, arrange: Callable[[Cluster], Awaitable[None]], claim: dict[str, Any], text: str
) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            await made.bound_claim("src")
            await arrange(made)
            made.claim("dst", source="s", **claim)
            await made.until(lambda: "ProvisioningFailed" in made.reasons("dst"))

            assert ("Warning", "ProvisioningFailed", PREFIX + text) in made.events("dst")
            assert made.api.get(CLAIMS, "dst", NAMESPACE)["status"] == {"phase": "Pending"}
            assert len(made.driver.volume_requests) == 1

    asyncio.run(run())


def test_change_of_mode_needs_permission(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            await made.bound_claim("src")
            await made.ready_snapshot("s", "src")
            content = made.content_of("s")
            made.claim("dst", source="s", mode="Filesystem")
            await made.until(lambda: "ProvisioningFailed" in made.reasons("dst"))
            text = (
                f"{PREFIX}requested volume {NAMESPACE}/dst modifies the mode of the source volume but does not have "
                f"permission to do so. {names.ALLOW_MODE_CHANGE} annotation is not present on snapshotcontent "
                f"{content['metadata']['name']}"
            )
            assert ("Warning", "ProvisioningFailed", text) in made.events("dst")
            objects.annotate(made.api, names.CONTENTS, content, {names.ALLOW_MODE_CHANGE: "true"}, manager="admin")

            await made.until_status(CLAIMS, "dst", "phase", "Bound")

    asyncio.run(run())


def test_source_without_group_gives_an_empty_volume(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            await made.bound_claim("src")
            await made.ready_snapshot("s", "src")
            spec = {
                "storageClassName": "fast",
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "32Mi"}},
                "dataSource": {"kind": "VolumeSnapshot", "name": "s"},
            }
            made.api.create(CLAIMS, {"metadata": {"name": "dst", "namespace": NAMESPACE}, "spec": spec})
            await made.until_status(CLAIMS, "dst", "phase", "Bound")

            assert made.driver.volume_requests[-1].source_snapshot_id is None

    asyncio.run(run())


def test_failed_creation_is_retried(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            made.driver.fail("create_volume", Code.NOT_FOUND, "no backup", times=3)
            await made.bound_claim("src")

            text = 'failed to provision volume with StorageClass "fast": rpc error: code = NotFound desc = no backup'
            assert ("Warning", "ProvisioningFailed", text) in made.events("src")
            assert len(made.driver.volume_requests) == 4

    asyncio.run(run())


def test_volume_created_in_the_background_is_completed_and_deleted(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            made.driver.fail("create_volume", Code.ABORTED, "still at it", times=3)
            made.claim("src")
            await made.until(lambda: "ProvisioningFailed" in made.reasons("src"))
            made.api.delete(CLAIMS, "src", NAMESPACE)
            while "delete_volume" not in {call for call, _ in made.driver.calls}:
                await made.next_call()

            assert made.api.find(CLAIMS, "src", NAMESPACE) is None

    asyncio.run(run())


def test_released_volume_follows_its_reclaim_policy(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            made.storage_class("keeping", reclaimPolicy="Retain")
            gone = (await made.bound_claim("gone"))["spec"]["volumeName"]
            kept = (await made.bound_claim("kept", storage_class="keeping"))["spec"]["volumeName"]
            for name in ("kept", "gone"):
                made.api.delete(CLAIMS, name, NAMESPACE)
            await made.until_gone(VOLUMES, gone, namespace="")

            assert made.api.get(VOLUMES, kept)["status"]["phase"] == "Released"
            assert [what for call, what in made.driver.calls if call == "delete_volume"] == [gone]

    asyncio.run(run())


def test_volume_of_a_running_pod_is_not_deleted(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            volume = (await made.bound_claim("src"))["spec"]["volumeName"]
            made.pod("p", "sleep 60", claim="src")
            await made.until_status(PODS, "p", "phase", "Running")
            made.api.delete(CLAIMS, "src", NAMESPACE)
            await made.bound_claim("witness")
            assert objects.finalizers(made.api.get(CLAIMS, "src", NAMESPACE)) == [CLAIM_PROTECTION]
            made.api.delete(PODS, "p", NAMESPACE)
            await made.until_gone(PODS, "p")
            await made.until_gone(VOLUMES, volume, namespace="")

            calls = [call for call, _ in made.driver.calls]
            assert calls[-3:] == ["node_unstage_volume", "controller_unpublish_volume", "delete_volume"]

    asyncio.run(run())


def test_claim_waits_for_its_first_consumer(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            made.storage_class("late", volumeBindingMode="WaitForFirstConsumer")
            made.claim("src", storage_class="late")
            await made.until(lambda: "WaitForFirstConsumer" in made.reasons("src"))
            assert made.driver.volume_requests == []
            phase, _ = await made.finished_pod("p", "true", claim="src")

            assert phase == "Succeeded"
            assert objects.annotations(made.api.get(CLAIMS, "src", NAMESPACE))[SELECTED_NODE] == NODE

    asyncio.run(run())


def test_claim_of_an_unknown_class_waits_for_the_class(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            made.claim("src", storage_class="none")
            await made.until(lambda: "ProvisioningFailed" in made.reasons("src"))
            assert made.events("src")[0][2] == 'storageclass.storage.k8s.io "none" not found'
            made.storage_class("none")

            await made.until_status(CLAIMS, "src", "phase", "Bound")

    asyncio.run(run())


def test_static_volume_is_bound_without_the_driver(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            spec = {
                "accessModes": ["ReadWriteOnce"],
                "capacity": {"storage": "64Mi"},
                "storageClassName": "fast",
                "volumeMode": "Block",
                "csi": {"driver": made.driver.name, "volumeHandle": "by-hand"},
            }
            made.api.create(VOLUMES, {"metadata": {"name": "pv"}, "spec": spec})
            await made.until_status(VOLUMES, "pv", "phase", "Available", namespace="")
            claim = await made.bound_claim("src")

            assert claim["spec"]["volumeName"] == "pv"
            assert claim["status"]["capacity"] == {"storage": "64Mi"}
            assert made.driver.volume_requests == []

    asyncio.run(run())


def test_bound_claim_is_expanded(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            volume = (await made.bound_claim("src"))["spec"]["volumeName"]
            patch = {"spec": {"resources": {"requests": {"storage": "64Mi"}}}}
            made.api.patch(CLAIMS, "src", NAMESPACE, patch)
            await made.until(lambda: "VolumeResizeSuccessful" in made.reasons("src"))

            claim = made.api.get(CLAIMS, "src", NAMESPACE)
            assert claim["status"]["capacity"] == {"storage": "64Mi"}
            assert made.api.get(VOLUMES, volume)["spec"]["capacity"] == {"storage": "64Mi"}

    asyncio.run(run())


def test_source_of_a_clone_stays_until_the_clone_exists(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            made.driver.controller_capabilities |= {"CLONE_VOLUME"}
            source = await made.bound_claim("src")
            made.driver.fail("create_volume", Code.INTERNAL, "not yet", times=2)
            made.claim("dst", clone="src")
            await made.until(lambda: "ProvisioningFailed" in made.reasons("dst"))
            assert names.CLONE_PROTECTION in objects.finalizers(made.api.get(CLAIMS, "src", NAMESPACE))
            await made.until_status(CLAIMS, "dst", "phase", "Bound")
            await made.until(lambda: names.CLONE_PROTECTION not in str(made.api.get(CLAIMS, "src", NAMESPACE)))

            assert made.driver.volume_requests[-1].source_volume_id == source["spec"]["volumeName"]

    asyncio.run(run())


def test_claim_that_lost_its_volume_reports_it(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            volume = (await made.bound_claim("src"))["spec"]["volumeName"]
            made.api.patch(VOLUMES, volume, "", {"metadata": {"finalizers": None}})
            made.api.delete(VOLUMES, volume)
            await made.until_status(CLAIMS, "src", "phase", "Lost")

            assert "ClaimLost" in made.reasons("src")

    asyncio.run(run())
