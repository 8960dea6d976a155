"""Backups through the CSI driver: made, named, reported."""

import asyncio

import pytest

from simulator.csi.protocol import Code, CsiError
from simulator.s3.connection import S3Error
from tests.simulator.longhorn.cluster import MEBIBYTE, Cluster, refused

pytestmark = pytest.mark.anyio


async def test_a_backup_restores_to_the_bytes_of_its_moment(longhorn: Cluster) -> None:
    await longhorn.written_volume(3 * MEBIBYTE)
    backup = await longhorn.finished_backup()
    before = longhorn.content()
    longhorn.write(b"B" * MEBIBYTE)
    await longhorn.restored("copy", backup.snapshot_id)

    assert longhorn.content("copy") == before
    assert before != longhorn.content()


async def test_the_answer_names_the_backup_and_comes_before_it_is_complete(longhorn: Cluster) -> None:
    await longhorn.written_volume(3 * MEBIBYTE)
    begun = await longhorn.snapshot(type="bak")
    (backup,) = longhorn.all("backups")
    finished = await longhorn.finished_backup(type="bak")

    assert begun.snapshot_id == finished.snapshot_id == f"bak://vol/{backup['metadata']['name']}"
    assert not begun.ready_to_use
    assert finished.ready_to_use
    assert begun.creation_time == finished.creation_time is not None
    assert finished.size_bytes == 16 * MEBIBYTE
    assert backup["spec"]["snapshotName"] == "snapshot-1"
    assert len(longhorn.all("backups")) == 1


async def test_ready_is_told_only_once_the_backup_is_in_the_store(longhorn: Cluster) -> None:
    await longhorn.written_volume(3 * MEBIBYTE)
    ready = (await longhorn.finished_backup()).snapshot_id.rpartition("/")[2]
    states = [b.get("status", {}).get("state") for b in longhorn.history("Backup", ready)]
    completed = next(b for b in longhorn.history("Backup", ready) if b.get("status", {}).get("state"))

    assert states.index("Completed") > 1
    assert completed["status"]["progress"] == 100
    assert any(key.endswith(f"backup_{ready}.cfg") for key in longhorn.s3.objects)


async def test_objects_and_events_of_a_backup_are_those_of_a_real_cluster(longhorn: Cluster) -> None:
    await longhorn.written_volume(3 * MEBIBYTE)
    name = (await longhorn.finished_backup(type="bak")).snapshot_id.rpartition("/")[2]
    backup, snapshot = longhorn.get("backups", name), longhorn.get("snapshots", "snapshot-1")
    (listed,) = longhorn.all("backupvolumes")

    assert backup["metadata"]["labels"] == {"backup-target": "default", "backup-volume": "vol"}
    assert backup["metadata"]["ownerReferences"][0]["name"] == listed["metadata"]["name"]
    assert backup["spec"]["labels"].keys() == {"type", "KubernetesStatus", "longhorn.io/volume-access-mode"}
    assert backup["status"]["url"] == f"s3://backups@us-east-1/?backup={name}&volume=vol"
    assert snapshot["spec"]["labels"] == {"type": "bak"}
    assert snapshot["status"]["children"] == {"volume-head": True}
    assert ("Update", "snapshot becomes ready to use") in longhorn.events("snapshot-1")
    assert any(text.startswith(f"Snapshot snapshot-1 backup {name} label map[") for _, text in longhorn.events("vol"))


async def test_a_detached_volume_is_attached_for_its_backup_and_detached_again(longhorn: Cluster) -> None:
    await longhorn.volume()
    await longhorn.finished_backup()
    await longhorn.until_detached()
    errors = [s.get("status", {}).get("error", "") for s in longhorn.history("Snapshot", "snapshot-1")]

    assert longhorn.get("volumeattachments", "vol")["spec"]["attachmentTickets"] == {}
    assert any("engine vol-e-0 is not running" in error for error in errors)
    assert errors[-1] == ""


@pytest.mark.parametrize("version", ["1.2"])
async def test_before_types_a_class_makes_backups_whatever_its_type(longhorn: Cluster) -> None:
    await longhorn.written_volume(3 * MEBIBYTE)
    backup = await longhorn.finished_backup(type="snap")
    (listed,) = longhorn.all("backupvolumes")
    classes = longhorn.api.list("volumesnapshotclasses.snapshot.storage.k8s.io")

    assert backup.snapshot_id.startswith("bs://vol/backup-")
    assert listed["metadata"]["name"] == "vol"
    assert [each["metadata"]["name"] for each in classes] == ["longhorn"]


async def test_a_full_backup_uploads_again(longhorn: Cluster) -> None:
    await longhorn.written_volume(3 * MEBIBYTE)
    await longhorn.finished_backup("snapshot-1")
    again = await longhorn.finished_backup("snapshot-2", backupMode="full")
    status = longhorn.get("backups", again.snapshot_id.rpartition("/")[2])["status"]

    assert int(status["reUploadedDataSize"]) > 0
    assert status["newlyUploadDataSize"] == "0"


@pytest.mark.parametrize(
    ("request_of", "code", "text"),
    [
        ({"type": "wrong"}, Code.INVALID_ARGUMENT, 'invalid CSI snapshot type: wrong. Must be snap or bak or ""'),
        ({"volume": ""}, Code.INVALID_ARGUMENT, "Volume name must be provided"),
        ({"name": ""}, Code.INVALID_ARGUMENT, "Snapshot name must be provided"),
        ({"volume": "ghost"}, Code.NOT_FOUND, "volume ghost not found"),
        ({"backupMode": "odd"}, Code.INTERNAL, 'Unsupported value: "odd": supported values: "full", "incremental"'),
    ],
    ids=["unknown type", "no volume", "no name", "missing volume", "unknown mode"],
)
async def test_a_wrong_request_is_refused(longhorn: Cluster, request_of: dict[str, str], code: Code, text: str) -> None:
    await longhorn.written_volume(3 * MEBIBYTE)
    with refused(code, text):
        await longhorn.snapshot(**request_of)

    assert not longhorn.all("backups")


async def test_without_a_target_nothing_is_taken(longhorn: Cluster) -> None:
    await longhorn.written_volume(3 * MEBIBYTE)
    patch = {"spec": {"backupTargetURL": ""}}
    longhorn.patch("backuptargets", "default", patch)
    target = await longhorn.until(
        "backuptargets",
        lambda: (found := longhorn.get("backuptargets", "default"))["status"]["available"] is False and found,
    )
    with pytest.raises(CsiError) as refusal:
        await longhorn.snapshot()

    assert target["status"]["conditions"][0]["message"] == "backup target URL is empty"
    assert refusal.value.code is Code.FAILED_PRECONDITION
    assert refusal.value.description == "backup target default is not available"
    assert not longhorn.all("snapshots")


async def test_a_failed_copy_is_reported(longhorn: Cluster) -> None:
    await longhorn.written_volume(3 * MEBIBYTE)
    longhorn.s3.refusal = S3Error(403, "AccessDenied", "Access Denied.", "1")
    await longhorn.snapshot()
    failed = await longhorn.until("backups", lambda: longhorn.all("backups")[0]["status"].get("error"))
    with pytest.raises(CsiError) as refusal:
        await longhorn.snapshot()

    assert longhorn.all("backups")[0]["status"]["state"] == "Error"
    assert refusal.value.description == failed
    assert "AccessDenied" in failed


@pytest.mark.parametrize("version", ["1.4"])
async def test_a_volume_of_1_4_must_be_attached(longhorn: Cluster) -> None:
    await longhorn.volume()
    with pytest.raises(CsiError) as refusal:
        await longhorn.snapshot(type="snap")
    await longhorn.attach()

    assert refusal.value.code is Code.FAILED_PRECONDITION
    assert (await longhorn.snapshot(type="snap")).ready_to_use


async def test_a_backup_made_by_hand_waits_for_its_snapshot_and_restores(longhorn: Cluster) -> None:
    await longhorn.written_volume(3 * MEBIBYTE)
    await longhorn.detach()
    home = {"namespace": "longhorn-system"}
    snapshot = {"metadata": {"name": "mine", **home}, "spec": {"volume": "vol", "createSnapshot": True}}
    longhorn.api.create("snapshots.longhorn.io", snapshot)
    backup = {"metadata": {"name": "backup-mine", **home}, "spec": {"snapshotName": "mine"}}
    longhorn.api.create("backups.longhorn.io", backup)
    await longhorn.until("backups", lambda: longhorn.get("backups", "backup-mine")["metadata"].get("ownerReferences"))
    states = {(b.get("status") or {}).get("state") for b in longhorn.history("Backup", "backup-mine")}
    await longhorn.restored("copy", "bak://vol/backup-mine")

    assert {"Pending", "Completed"} <= states
    assert longhorn.content("copy") == longhorn.content()


async def test_a_call_that_is_made_again_while_the_first_is_served_makes_no_second_backup(longhorn: Cluster) -> None:
    await longhorn.written_volume(3 * MEBIBYTE)
    first, second = await asyncio.gather(longhorn.snapshot(), longhorn.snapshot())

    (backup,) = longhorn.all("backups")
    assert first.snapshot_id == second.snapshot_id == f"bak://vol/{backup['metadata']['name']}"
