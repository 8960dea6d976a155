"""What happens to the content and the driver's snapshot when a VolumeSnapshot is deleted."""

import pytest

from simulator.csi import names
from simulator.csi.decisions import CsiDecisions
from simulator.csi.protocol import Code
from simulator.kubernetes import objects
from simulator.kubernetes.names import CLAIMS
from simulator.kubernetes.resources import Obj
from tests.simulator.csi.cluster import Cluster


def _deleted(cluster: Cluster) -> list[str]:
    return [what for call, what in cluster.driver.calls if call == "delete_snapshot"]


@pytest.fixture
async def content(cluster: Cluster) -> str:
    """The name of the content of a finished snapshot s."""
    await cluster.ready_snapshot()
    return str(cluster.content_of("s")["metadata"]["name"])


async def test_delete_and_retain_side_by_side(cluster: Cluster) -> None:
    cluster.snapshot_class("retain", "Retain")
    await cluster.ready_snapshot("keep", snapshot_class="retain")
    await cluster.ready_snapshot("drop")
    keep, drop = cluster.content_of("keep"), cluster.content_of("drop")
    for name in ("keep", "drop"):
        cluster.delete(names.SNAPSHOTS, name)
    await cluster.until_gone(names.SNAPSHOTS, "drop")

    assert cluster.find(names.CONTENTS, drop["metadata"]["name"]) is None
    assert _deleted(cluster) == [drop["status"]["snapshotHandle"]]
    kept = cluster.get(names.CONTENTS, keep["metadata"]["name"])
    assert cluster.find(names.SNAPSHOTS, "keep") is None
    assert objects.annotations(kept) == {names.BEING_DELETED: "yes"}
    assert (kept["status"], kept["spec"]) == (keep["status"], keep["spec"])


async def test_policy_of_the_content_decides_not_of_the_class(cluster: Cluster, content: str) -> None:
    cluster.patch(names.CONTENTS, content, {"spec": {"deletionPolicy": "Retain"}})
    await cluster.deleted(names.SNAPSHOTS, "s")

    assert cluster.find(names.CONTENTS, content) is not None
    assert _deleted(cluster) == []


async def test_steps_of_a_deletion(cluster: Cluster, content: str) -> None:
    await cluster.until(lambda: names.CLAIM_AS_SOURCE not in str(cluster.get(CLAIMS, "src")))
    begin = len(cluster.revisions)
    await cluster.deleted(names.SNAPSHOTS, "s")

    steps = [
        (each.object["metadata"]["name"], each.type)
        for each in cluster.revisions[begin:]
        if each.resource.key in {names.SNAPSHOTS, names.CONTENTS}
    ]
    changed = [(name, "MODIFIED") for name in ("s", content, content, "s", content)]
    assert steps == [*changed, (content, "DELETED"), ("s", "DELETED")]
    assert cluster.of(names.CONTENTS, content)[-1]["status"] == {}


async def test_content_deleted_first_waits_for_its_snapshot(cluster: Cluster, content: str) -> None:
    cluster.delete(names.CONTENTS, content)
    await cluster.ready_snapshot("witness")
    assert cluster.find(names.CONTENTS, content) is not None
    assert cluster.get(names.SNAPSHOTS, "s")["status"]["readyToUse"] is True
    cluster.delete(names.SNAPSHOTS, "s")
    await cluster.until_gone(names.CONTENTS, content)


async def test_pending_claim_holds_up_the_deletion(cluster: Cluster) -> None:
    await cluster.ready_snapshot()
    cluster.claim("small", size="16Mi", source="s")
    await cluster.until_event("small", "ProvisioningFailed")
    cluster.delete(names.SNAPSHOTS, "s")
    await cluster.until_event("s", "SnapshotDeletePending")
    assert _deleted(cluster) == []
    cluster.delete(CLAIMS, "small")
    await cluster.until_gone(names.SNAPSHOTS, "s")

    assert len(_deleted(cluster)) == 1


async def test_failed_deletion_is_reported_and_retried(cluster: Cluster, content: str) -> None:
    cluster.driver.fail("delete_snapshot", Code.INTERNAL, "busy", times=2)
    await cluster.deleted(names.SNAPSHOTS, "s")

    assert len(_deleted(cluster)) == 3
    assert cluster.events(content) == [("Warning", "SnapshotDeleteError", "Failed to delete snapshot")]
    events = [event for event in cluster.api.list("events") if event["reason"] == "SnapshotDeleteError"]
    assert [(event["metadata"]["namespace"], event["count"]) for event in events] == [("default", 2)]


async def test_content_with_an_error_may_be_deleted_at_the_next_attempt_only(
    cluster: Cluster, decisions: CsiDecisions, volume: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As sidecars before 8.0 do: they do not hear of the deletion, and see it when their back-off is over."""
    heard: list[bool] = []

    def deaf(content: Obj) -> bool:
        heard.append(objects.is_deleting(content))
        return False

    monkeypatch.setattr(decisions, "hears_of_failed", deaf)
    cluster.driver.fail("create_snapshot", Code.INVALID_ARGUMENT, f"{volume} cannot be had", times=10_000)
    cluster.snapshot("s", claim="src")
    await cluster.until(lambda: (cluster.find(names.SNAPSHOTS, "s") or {}).get("status", {}).get("error"))

    await cluster.deleted(names.SNAPSHOTS, "s")

    assert True in heard
    assert cluster.api.list(names.CONTENTS) == []
