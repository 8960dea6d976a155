"""A VolumeSnapshot of a claim: the writes, their order, and errors of the driver."""

from pathlib import Path

from simulator.csi import names
from simulator.csi.decisions import CsiDecisions
from simulator.csi.protocol import Code
from simulator.kubernetes import objects
from simulator.kubernetes.names import CLAIMS
from tests.simulator.csi.cluster import NAMESPACE, Cluster


async def test_writes_come_in_the_order_of_a_real_cluster(cluster: Cluster) -> None:
    cluster.driver.looks_until_ready = 1
    await cluster.bound_claim()
    begin = len(cluster.revisions)
    await cluster.ready_snapshot()
    await cluster.until(lambda: not _claim_is_protected(cluster))

    kinds = {names.SNAPSHOTS: "vs", names.CONTENTS: "content", CLAIMS: "claim"}
    written = [kinds[each.resource.key] for each in cluster.revisions[begin:] if each.resource.key in kinds]
    uid = cluster.get(names.SNAPSHOTS, "s")["metadata"]["uid"]
    assert written == [
        *("vs", "vs", "claim", "content", "content", "vs", "content", "vs"),
        *("content", "content", "vs"),
        *("content", "content", "content", "vs", "claim"),
    ]
    assert cluster.of(names.CONTENTS, f"snapcontent-{uid}")[0]["metadata"].get("finalizers") is None
    assert [request.name for request in cluster.driver.snapshot_requests] == [f"snapshot-{uid}"] * 2


def _claim_is_protected(cluster: Cluster) -> bool:
    return names.CLAIM_AS_SOURCE in objects.finalizers(cluster.get(CLAIMS, "src"))


async def test_snapshot_and_content_say_the_same(cluster: Cluster, volume: str) -> None:
    snapshot = await cluster.ready_snapshot()
    content = cluster.content_of("s")

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
        "driver": cluster.driver.name,
        "source": {"volumeHandle": volume},
        "sourceVolumeMode": "Block",
        "volumeSnapshotClassName": "delete",
        "volumeSnapshotRef": {
            "apiVersion": "snapshot.storage.k8s.io/v1",
            "kind": "VolumeSnapshot",
            "name": "s",
            "namespace": NAMESPACE,
            "resourceVersion": cluster.of(names.SNAPSHOTS, "s")[0]["metadata"]["resourceVersion"],
            "uid": uid,
        },
    }
    assert content["status"] == {
        "creationTime": 1795255961000000000,
        "readyToUse": True,
        "restoreSize": 33554432,
        "snapshotHandle": f"fake://snapshot-{uid}",
    }
    assert cluster.reasons("s") == ["CreatingSnapshot", "SnapshotCreated", "SnapshotReady"]


async def test_create_snapshot_is_repeated_until_ready(cluster: Cluster) -> None:
    cluster.driver.looks_until_ready = 3
    await cluster.ready_snapshot()

    assert len(cluster.driver.snapshot_requests) == 4
    name = cluster.content_of("s")["metadata"]["name"]
    states = [(each.get("status") or {}).get("readyToUse") for each in cluster.of(names.CONTENTS, name)]
    assert states.index(False) < states.index(True)


async def test_error_is_reported_first_as_creation_then_as_check(cluster: Cluster, volume: str) -> None:
    cluster.driver.fail("create_snapshot", Code.INTERNAL, 'no "luck"', times=4)
    cluster.snapshot("s", "src")
    await cluster.until_status(names.SNAPSHOTS, "s", "readyToUse", True)
    content = cluster.content_of("s")

    rest = f'failed to take snapshot of the volume {volume}: "rpc error: code = Internal '
    first = f'Failed to create snapshot: {rest}desc = no \\"luck\\""'
    later = f'Failed to check and update snapshot content: {rest}desc = no \\"luck\\""'
    statuses = [each.get("status", {}) for each in cluster.of(names.SNAPSHOTS, "s")]
    assert list(dict.fromkeys(each["error"]["message"] for each in statuses if "error" in each)) == [first, later]
    assert "error" not in content["status"]
    assert cluster.events(content["metadata"]["name"]) == [
        ("Warning", "SnapshotCreationFailed", first),
        ("Warning", "SnapshotContentCheckandUpdateFailed", later),
    ]


async def test_content_with_a_final_error_is_deleted_without_the_driver(cluster: Cluster) -> None:
    content = await _failing_snapshot(cluster, Code.INTERNAL)
    cluster.delete(names.SNAPSHOTS, "s")
    await cluster.until_gone(names.CONTENTS, content)

    assert cluster.calls("delete_snapshot") == []


async def test_unfinished_request_keeps_the_content(cluster: Cluster) -> None:
    content = await _failing_snapshot(cluster, Code.ABORTED)
    cluster.delete(names.SNAPSHOTS, "s")
    asked = len(cluster.driver.snapshot_requests)
    while len(cluster.driver.snapshot_requests) < asked + 3:
        await cluster.next_call()
    held = cluster.get(names.CONTENTS, content)
    assert objects.annotations(held).keys() == {names.BEING_CREATED, names.BEING_DELETED}
    cluster.driver.errors.clear()
    await cluster.until_gone(names.CONTENTS, content)

    assert cluster.calls("delete_snapshot")


async def _failing_snapshot(cluster: Cluster, code: Code) -> str:
    """The content of a snapshot that the driver refused at least twice."""
    await cluster.bound_claim()
    cluster.driver.fail("create_snapshot", code, "not now", times=10_000)
    cluster.snapshot("s", "src")
    name = f"snapcontent-{cluster.get(names.SNAPSHOTS, 's')['metadata']['uid']}"
    await cluster.until_event(name, "SnapshotContentCheckandUpdateFailed")
    return name


async def test_missing_claim_is_an_error_with_the_first_finalizer(cluster: Cluster) -> None:
    cluster.snapshot("s", "nothing")
    snapshot = await cluster.until_status(names.SNAPSHOTS, "s", "readyToUse", False)

    text = (
        "Failed to create snapshot content with error snapshot controller failed to update s on API server: "
        "cannot get claim from snapshot"
    )
    assert snapshot["status"]["error"]["message"] == text
    assert snapshot["metadata"]["finalizers"] == [names.SNAPSHOT_AS_SOURCE]
    assert cluster.events("s") == [("Warning", "SnapshotContentCreationFailed", text)]
    await cluster.bound_claim("nothing")
    await cluster.until_status(names.SNAPSHOTS, "s", "readyToUse", True)


async def test_source_claim_stays_until_the_snapshot_is_ready(cluster: Cluster) -> None:
    cluster.driver.looks_until_ready = 4
    await cluster.bound_claim()
    cluster.snapshot("s", "src")
    await cluster.until(lambda: _claim_is_protected(cluster))
    cluster.delete(CLAIMS, "src")
    await cluster.until_status(names.SNAPSHOTS, "s", "readyToUse", False)
    assert cluster.find(CLAIMS, "src") is not None
    await cluster.until_gone(CLAIMS, "src")

    assert cluster.get(names.SNAPSHOTS, "s")["status"]["readyToUse"] is True


async def test_secret_of_the_class_reaches_the_driver(cluster: Cluster) -> None:
    cluster.create("secrets", "key-s", stringData={"token": "abc"})
    prefix = "csi.storage.k8s.io/snapshotter-secret"
    parameters = {f"{prefix}-name": "key-${volumesnapshot.name}", f"{prefix}-namespace": NAMESPACE, "type": "bak"}
    cluster.snapshot_class("secret", parameters=parameters)
    await cluster.ready_snapshot(snapshot_class="secret")

    request = cluster.driver.snapshot_requests[0]
    assert (request.secrets, request.parameters) == ({"token": "abc"}, {"type": "bak"})
    assert objects.annotations(cluster.content_of("s"))[names.DELETION_SECRET_NAME] == "key-s"


async def test_a_decision_can_be_replaced(cluster: Cluster, decisions: CsiDecisions) -> None:
    setattr(decisions, "content_name", lambda snapshot: f"other-{snapshot['metadata']['name']}")  # noqa: B010
    snapshot = await cluster.ready_snapshot()

    assert snapshot["status"]["boundVolumeSnapshotContentName"] == "other-s"


def test_every_decision_is_used() -> None:
    sources = "".join(path.read_text() for path in Path("simulator/csi").rglob("*.py"))
    decisions = [name for name in vars(CsiDecisions) if not name.startswith("_")]

    assert [name for name in decisions if f"ecisions.{name}(" not in sources] == []
