"""A VolumeSnapshot of a claim: the writes, their order, and errors of the driver."""

import asyncio
from pathlib import Path

from simulator.csi import names
from simulator.csi.decisions import CsiDecisions
from simulator.csi.protocol import Code
from simulator.kubernetes import objects
from simulator.kubernetes.names import CLAIMS
from tests.simulator.csi.cluster import NAMESPACE, Cluster, cluster


def test_writes_come_in_the_order_of_a_real_cluster(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            made.driver.looks_until_ready = 1
            await made.bound_claim("src")
            begin = len(made.revisions)
            await made.ready_snapshot("s", "src")
            await made.until(lambda: not _claim_is_protected(made))

            kinds = {names.SNAPSHOTS: "vs", names.CONTENTS: "content", CLAIMS: "claim"}
            written = [kinds[each.resource.key] for each in made.revisions[begin:] if each.resource.key in kinds]
            uid = made.api.get(names.SNAPSHOTS, "s", NAMESPACE)["metadata"]["uid"]
            assert written == [
                *("vs", "vs", "claim", "content", "content", "vs", "content", "vs"),
                *("content", "content", "vs"),
                *("content", "content", "content", "vs", "claim"),
            ]
            assert made.of(names.CONTENTS, f"snapcontent-{uid}")[0]["metadata"].get("finalizers") is None
            assert [request.name for request in made.driver.snapshot_requests] == [f"snapshot-{uid}"] * 2

    asyncio.run(run())


def _claim_is_protected(made: Cluster) -> bool:
    return names.CLAIM_AS_SOURCE in objects.finalizers(made.api.get(CLAIMS, "src", NAMESPACE))


def test_snapshot_and_content_say_the_same(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            claim = await made.bound_claim("src")
            snapshot = await made.ready_snapshot("s", "src")
            content = made.content_of("s")

            uid = snapshot["metadata"]["uid"]
            assert snapshot["metadata"]["finalizers"] == [names.SNAPSHOT_AS_SOURCE, names.SNAPSHOT_BOUND]
            assert snapshot["status"] == {
                "boundVolumeSnapshotContentName": f"snapcontent-{uid}",
                "creationTime": "2026-11-21T10:12:41Z",
                "readyToUse": True,
                "restoreSize": "32Mi",
            }
            assert content["spec"] == {
                "deletionPolicy": "Delete",
                "driver": made.driver.name,
                "source": {"volumeHandle": claim["spec"]["volumeName"]},
                "sourceVolumeMode": "Block",
                "volumeSnapshotClassName": "delete",
                "volumeSnapshotRef": {
                    "apiVersion": "snapshot.storage.k8s.io/v1",
                    "kind": "VolumeSnapshot",
                    "name": "s",
                    "namespace": NAMESPACE,
                    "resourceVersion": made.of(names.SNAPSHOTS, "s")[0]["metadata"]["resourceVersion"],
                    "uid": uid,
                },
            }
            assert content["status"] == {
                "creationTime": 1795255961000000000,
                "readyToUse": True,
                "restoreSize": 33554432,
                "snapshotHandle": f"fake://snapshot-{uid}",
            }
            assert made.reasons("s") == ["CreatingSnapshot", "SnapshotCreated", "SnapshotReady"]

    asyncio.run(run())


def test_create_snapshot_is_repeated_until_ready(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            made.driver.looks_until_ready = 3
            await made.bound_claim("src")
            await made.ready_snapshot("s", "src")

            assert len(made.driver.snapshot_requests) == 4
            name = made.content_of("s")["metadata"]["name"]
            states = [(each.get("status") or {}).get("readyToUse") for each in made.of(names.CONTENTS, name)]
            assert states.index(False) < states.index(True)

    asyncio.run(run())


def test_error_is_reported_first_as_creation_then_as_check(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            claim = await made.bound_claim("src")
            made.driver.fail("create_snapshot", Code.INTERNAL, 'no "luck"', times=4)
            made.snapshot("s", "src")
            await made.until_status(names.SNAPSHOTS, "s", "readyToUse", True)
            content = made.content_of("s")

            rest = f'failed to take snapshot of the volume {claim["spec"]["volumeName"]}: "rpc error: code = Internal '
            first = f'Failed to create snapshot: {rest}desc = no \\"luck\\""'
            later = f'Failed to check and update snapshot content: {rest}desc = no \\"luck\\""'
            shown = [
                each["status"]["error"]["message"]
                for each in made.of(names.SNAPSHOTS, "s")
                if "error" in each.get("status", {})
            ]
            assert list(dict.fromkeys(shown)) == [first, later]
            assert "error" not in content["status"]
            assert made.events(content["metadata"]["name"]) == [
                ("Warning", "SnapshotCreationFailed", first),
                ("Warning", "SnapshotContentCheckandUpdateFailed", later),
            ]

    asyncio.run(run())


def test_content_with_a_final_error_is_deleted_without_the_driver(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            content = await _failing_snapshot(made, Code.INTERNAL)
            made.api.delete(names.SNAPSHOTS, "s", NAMESPACE)
            await made.until_gone(names.CONTENTS, content, namespace="")

            assert "delete_snapshot" not in {call for call, _ in made.driver.calls}

    asyncio.run(run())


def test_unfinished_request_keeps_the_content(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            content = await _failing_snapshot(made, Code.ABORTED)
            made.api.delete(names.SNAPSHOTS, "s", NAMESPACE)
            asked = len(made.driver.snapshot_requests)
            while len(made.driver.snapshot_requests) < asked + 3:
                await made.next_call()
            held = made.api.get(names.CONTENTS, content)
            assert objects.annotations(held).keys() == {names.BEING_CREATED, names.BEING_DELETED}
            made.driver.errors.clear()
            await made.until_gone(names.CONTENTS, content, namespace="")

            assert "delete_snapshot" in {call for call, _ in made.driver.calls}

    asyncio.run(run())


async def _failing_snapshot(made: Cluster, code: Code) -> str:
    """The content of a snapshot that the driver refused at least twice."""
    await made.bound_claim("src")
    made.driver.fail("create_snapshot", code, "not now", times=10_000)
    made.snapshot("s", "src")
    await made.until(lambda: "SnapshotContentCheckandUpdateFailed" in _all_reasons(made))
    return str(made.content_of("s")["metadata"]["name"])


def _all_reasons(made: Cluster) -> set[str]:
    return {event["reason"] for event in made.api.list("events")}


def test_missing_claim_is_an_error_with_the_first_finalizer(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            made.snapshot("s", "nothing")
            snapshot = await made.until_status(names.SNAPSHOTS, "s", "readyToUse", False)

            text = (
                "Failed to create snapshot content with error snapshot controller failed to update s on API server: "
                "cannot get claim from snapshot"
            )
            assert snapshot["status"]["error"]["message"] == text
            assert snapshot["metadata"]["finalizers"] == [names.SNAPSHOT_AS_SOURCE]
            assert made.events("s") == [("Warning", "SnapshotContentCreationFailed", text)]
            await made.bound_claim("nothing")
            await made.until_status(names.SNAPSHOTS, "s", "readyToUse", True)

    asyncio.run(run())


def test_source_claim_stays_until_the_snapshot_is_ready(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            made.driver.looks_until_ready = 4
            await made.bound_claim("src")
            made.snapshot("s", "src")
            await made.until(lambda: _claim_is_protected(made))
            made.api.delete(CLAIMS, "src", NAMESPACE)
            await made.until_status(names.SNAPSHOTS, "s", "readyToUse", False)
            assert made.api.find(CLAIMS, "src", NAMESPACE) is not None
            await made.until_gone(CLAIMS, "src")

            assert made.api.get(names.SNAPSHOTS, "s", NAMESPACE)["status"]["readyToUse"] is True

    asyncio.run(run())


def test_secret_of_the_class_reaches_the_driver(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            secret = {"metadata": {"name": "key-s", "namespace": "default"}, "stringData": {"token": "abc"}}
            made.api.create("secrets", secret)
            prefix = "csi.storage.k8s.io/snapshotter-secret"
            parameters = {
                f"{prefix}-name": "key-${volumesnapshot.name}",
                f"{prefix}-namespace": "default",
                "type": "bak",
            }
            made.snapshot_class("secret", parameters=parameters)
            await made.bound_claim("src")
            await made.ready_snapshot("s", "src", snapshot_class="secret")

            request = made.driver.snapshot_requests[0]
            assert (request.secrets, request.parameters) == ({"token": "abc"}, {"type": "bak"})
            annotations = objects.annotations(made.content_of("s"))
            assert annotations[names.DELETION_SECRET_NAME] == "key-s"

    asyncio.run(run())


def test_a_decision_can_be_replaced(tmp_path: Path) -> None:
    async def run() -> None:
        decisions = CsiDecisions()
        setattr(decisions, "content_name", lambda snapshot: f"other-{snapshot['metadata']['name']}")  # noqa: B010
        async with cluster(tmp_path, decisions) as made:
            await made.bound_claim("src")
            snapshot = await made.ready_snapshot("s", "src")

            assert snapshot["status"]["boundVolumeSnapshotContentName"] == "other-s"

    asyncio.run(run())


def test_every_decision_is_used() -> None:
    sources = "".join(path.read_text() for path in Path("simulator/csi").rglob("*.py"))
    decisions = [name for name in vars(CsiDecisions) if not name.startswith("_")]

    assert [name for name in decisions if f"ecisions.{name}(" not in sources] == []
