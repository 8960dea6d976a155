"""VolumeSnapshots of pre-provisioned contents."""

import asyncio
from pathlib import Path

from simulator.csi import names
from tests.simulator.csi.cluster import NAMESPACE, cluster


def test_pair_is_ready_whatever_its_handle_says(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            made.content("c", "just-a-name", "s", volumeSnapshotClassName="delete")
            snapshot = made.snapshot("s", content="c")
            ready = await made.until_status(names.SNAPSHOTS, "s", "readyToUse", True)
            content = await made.until(lambda: _bound(made.api.get(names.CONTENTS, "c")))

            assert ready["status"].keys() == {"boundVolumeSnapshotContentName", "creationTime", "readyToUse"}
            assert content["spec"]["volumeSnapshotRef"]["uid"] == snapshot["metadata"]["uid"]
            assert content["metadata"]["generation"] == 2
            assert content["status"]["snapshotHandle"] == "just-a-name"
            assert "restoreSize" not in content["status"]
            assert made.driver.snapshot_requests == []

    asyncio.run(run())


def _bound(content: dict[str, object]) -> dict[str, object] | None:
    metadata = content["metadata"]
    assert isinstance(metadata, dict)
    return content if names.CONTENT_BOUND in metadata.get("finalizers", []) else None


def test_snapshot_overwrites_the_class_of_its_content(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            made.snapshot_class("other")
            made.content("c", "h", "s", volumeSnapshotClassName="other")
            made.snapshot("s", content="c")
            await made.until_status(names.SNAPSHOTS, "s", "readyToUse", True)

            assert made.api.get(names.CONTENTS, "c")["spec"]["volumeSnapshotClassName"] == "delete"

    asyncio.run(run())


def test_content_without_a_snapshot_is_ready_and_deleted_at_once(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            made.content("c", "h", "s", policy="Delete")
            content = await made.until_status(names.CONTENTS, "c", "readyToUse", True, namespace="")
            assert "finalizers" not in content["metadata"]
            made.api.delete(names.CONTENTS, "c")

            assert made.api.find(names.CONTENTS, "c") is None
            assert made.driver.calls == []

    asyncio.run(run())


def test_content_for_another_snapshot_is_misbound(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            made.content("c", "h", "other")
            made.snapshot("s", content="c")
            snapshot = await made.until_status(names.SNAPSHOTS, "s", "readyToUse", False)

            text = "VolumeSnapshotContent [c] is bound to a different snapshot"
            assert snapshot["status"]["error"]["message"] == text
            assert ("Warning", "SnapshotContentMisbound", text) in made.events("s")

    asyncio.run(run())


def test_later_content_is_found_by_the_back_off(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            made.snapshot("s", content="c")
            snapshot = await made.until_status(names.SNAPSHOTS, "s", "readyToUse", False)
            assert snapshot["status"]["error"]["message"] == "VolumeSnapshotContent is missing"
            made.content("c", "h", "s")
            ready = await made.until_status(names.SNAPSHOTS, "s", "readyToUse", True)

            assert "error" not in ready["status"]

    asyncio.run(run())


def test_unknown_class_is_reported_on_both(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            made.content("c", "h", "s", volumeSnapshotClassName="none")
            made.snapshot("s", content="c", snapshot_class="none")
            content = await made.until_status(names.CONTENTS, "c", "readyToUse", False, namespace="")
            await made.until(lambda: "GetSnapshotClassFailed" in made.reasons("s"))

            missing = 'volumesnapshotclass.snapshot.storage.k8s.io "none" not found'
            assert content["status"]["error"]["message"] == (
                f"Failed to check and update snapshot content: failed to get snapshot class none for snapshot content "
                f"c: {missing}"
            )
            assert "readyToUse" not in made.api.get(names.SNAPSHOTS, "s", NAMESPACE)["status"]

    asyncio.run(run())
