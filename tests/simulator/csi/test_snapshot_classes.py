"""Which class a VolumeSnapshot gets, and the errors without one."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from simulator.csi import names
from tests.simulator.csi.cluster import NAMESPACE, cluster

DEFAULT = {"annotations": {names.DEFAULT_SNAPSHOT_CLASS: "true"}}


def test_missing_class_leaves_only_the_error(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            await made.bound_claim("src")
            made.snapshot("s", "src", snapshot_class="no-such")
            snapshot = await made.until(lambda: made.api.get(names.SNAPSHOTS, "s", NAMESPACE).get("status"))

            text = (
                "Failed to get snapshot class with error volumesnapshotclass.snapshot.storage.k8s.io "
                '"no-such" not found'
            )
            assert snapshot.keys() == {"error"}
            assert snapshot["error"]["message"] == text
            assert made.events("s") == [("Warning", "GetSnapshotClassFailed", text)]
            made.api.delete(names.SNAPSHOTS, "s", NAMESPACE)
            assert made.api.find(names.SNAPSHOTS, "s", NAMESPACE) is None

    asyncio.run(run())


@pytest.mark.parametrize(
    ("count", "why"),
    [(0, "cannot find default snapshot class"), (2, "2 default snapshot classes were found")],
)
def test_default_class_must_be_one(tmp_path: Path, count: int, why: str) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            await made.bound_claim("src")
            for number in range(count):
                _default_class(made.api, f"d{number}", made.driver.name)
            _default_class(made.api, "foreign", "other.example.com")
            made.snapshot("s", "src", snapshot_class="")
            status = await made.until(lambda: made.api.get(names.SNAPSHOTS, "s", NAMESPACE).get("status"))

            assert status["error"]["message"] == f"Failed to set default snapshot class with error {why}"

    asyncio.run(run())


def _default_class(api: Any, name: str, driver: str) -> None:
    obj = {"metadata": {"name": name, **DEFAULT}, "driver": driver, "deletionPolicy": "Delete"}
    api.create(names.CLASSES, obj)


def test_default_class_is_filled_in(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            await made.bound_claim("src")
            _default_class(made.api, "standard", made.driver.name)
            snapshot = await made.ready_snapshot("s", "src", snapshot_class="")

            assert snapshot["spec"]["volumeSnapshotClassName"] == "standard"
            assert snapshot["metadata"]["generation"] == 2

    asyncio.run(run())


def test_class_of_a_foreign_driver_is_silently_never_ready(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            await made.bound_claim("src")
            foreign = {"metadata": {"name": "foreign"}, "driver": "other.example.com", "deletionPolicy": "Delete"}
            made.api.create(names.CLASSES, foreign)
            made.snapshot("f", "src", snapshot_class="foreign")
            await made.until_status(names.SNAPSHOTS, "f", "readyToUse", False)
            await made.ready_snapshot("s", "src")

            status = made.api.get(names.SNAPSHOTS, "f", NAMESPACE)["status"]
            assert (status["readyToUse"], "error" in status) == (False, False)
            assert "status" not in made.content_of("f")

    asyncio.run(run())
