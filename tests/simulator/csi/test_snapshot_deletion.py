"""What happens to the content and the driver's snapshot when a VolumeSnapshot is deleted."""

import asyncio
from pathlib import Path

from simulator.csi import names
from simulator.csi.protocol import Code
from simulator.kubernetes import objects
from simulator.kubernetes.names import CLAIMS
from tests.simulator.csi.cluster import NAMESPACE, Cluster, cluster


def _deleted(made: Cluster) -> list[str]:
    return [what for call, what in made.driver.calls if call == "delete_snapshot"]


def test_delete_and_retain_side_by_side(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            made.snapshot_class("retain", "Retain")
            await made.bound_claim("src")
            await made.ready_snapshot("keep", "src", snapshot_class="retain")
            await made.ready_snapshot("drop", "src")
            keep, drop = made.content_of("keep"), made.content_of("drop")
            for name in ("keep", "drop"):
                made.api.delete(names.SNAPSHOTS, name, NAMESPACE)
            await made.until_gone(names.SNAPSHOTS, "drop")

            assert made.api.find(names.CONTENTS, drop["metadata"]["name"]) is None
            assert _deleted(made) == [drop["status"]["snapshotHandle"]]
            kept = made.api.get(names.CONTENTS, keep["metadata"]["name"])
            assert made.api.find(names.SNAPSHOTS, "keep", NAMESPACE) is None
            assert objects.annotations(kept) == {names.BEING_DELETED: "yes"}
            assert (kept["status"], kept["spec"]) == (keep["status"], keep["spec"])

    asyncio.run(run())


def test_policy_of_the_content_decides_not_of_the_class(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            await made.bound_claim("src")
            await made.ready_snapshot("s", "src")
            content = made.content_of("s")["metadata"]["name"]
            made.api.patch(names.CONTENTS, content, "", {"spec": {"deletionPolicy": "Retain"}})
            made.api.delete(names.SNAPSHOTS, "s", NAMESPACE)
            await made.until_gone(names.SNAPSHOTS, "s")

            assert made.api.find(names.CONTENTS, content) is not None
            assert _deleted(made) == []

    asyncio.run(run())


def test_steps_of_a_deletion(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            await made.bound_claim("src")
            await made.ready_snapshot("s", "src")
            content = made.content_of("s")["metadata"]["name"]
            await made.until(lambda: names.CLAIM_AS_SOURCE not in str(made.api.get(CLAIMS, "src", NAMESPACE)))
            begin = len(made.revisions)
            made.api.delete(names.SNAPSHOTS, "s", NAMESPACE)
            await made.until_gone(names.SNAPSHOTS, "s")

            snapshot_steps = [("s", step) for step in ("MODIFIED", "DELETED")]
            steps = [
                (each.object["metadata"]["name"], each.type)
                for each in made.revisions[begin:]
                if each.resource.key in {names.SNAPSHOTS, names.CONTENTS}
            ]
            assert steps == [
                snapshot_steps[0],
                (content, "MODIFIED"),
                (content, "MODIFIED"),
                snapshot_steps[0],
                (content, "MODIFIED"),
                (content, "DELETED"),
                snapshot_steps[1],
            ]
            assert made.of(names.CONTENTS, content)[-1]["status"] == {}

    asyncio.run(run())


def test_content_deleted_first_waits_for_its_snapshot(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            await made.bound_claim("src")
            await made.ready_snapshot("s", "src")
            content = made.content_of("s")["metadata"]["name"]
            made.api.delete(names.CONTENTS, content)
            await made.ready_snapshot("witness", "src")
            assert made.api.find(names.CONTENTS, content) is not None
            assert made.api.get(names.SNAPSHOTS, "s", NAMESPACE)["status"]["readyToUse"] is True
            made.api.delete(names.SNAPSHOTS, "s", NAMESPACE)
            await made.until_gone(names.CONTENTS, content, namespace="")

    asyncio.run(run())


def test_pending_claim_holds_up_the_deletion(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            await made.bound_claim("src")
            await made.ready_snapshot("s", "src")
            made.claim("small", size="16Mi", source="s")
            await made.until(lambda: "ProvisioningFailed" in made.reasons("small"))
            made.api.delete(names.SNAPSHOTS, "s", NAMESPACE)
            await made.until(lambda: "SnapshotDeletePending" in made.reasons("s"))
            assert _deleted(made) == []
            made.api.delete(CLAIMS, "small", NAMESPACE)
            await made.until_gone(names.SNAPSHOTS, "s")

            assert len(_deleted(made)) == 1

    asyncio.run(run())


def test_failed_deletion_is_reported_and_retried(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            await made.bound_claim("src")
            await made.ready_snapshot("s", "src")
            content = made.content_of("s")["metadata"]["name"]
            made.driver.fail("delete_snapshot", Code.INTERNAL, "busy", times=2)
            made.api.delete(names.SNAPSHOTS, "s", NAMESPACE)
            await made.until_gone(names.SNAPSHOTS, "s")

            assert len(_deleted(made)) == 3
            assert made.events(content) == [("Warning", "SnapshotDeleteError", "Failed to delete snapshot")]
            events = [event for event in made.api.list("events") if event["reason"] == "SnapshotDeleteError"]
            assert [(event["metadata"]["namespace"], event["count"]) for event in events] == [("default", 2)]

    asyncio.run(run())
