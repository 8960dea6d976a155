"""Backups through the CSI driver: made, named, reported."""

import asyncio

import pytest

from simulator.csi.protocol import Code, CsiError
from simulator.kubernetes.resources import Obj
from simulator.s3.connection import S3Error
from tests.simulator.longhorn.cluster import MEBIBYTE, Cluster, name_of, refused


async def test_a_backup_restores_to_the_bytes_of_its_moment(with_data: Cluster) -> None:
    backup = await with_data.finished_backup()
    before = with_data.content()
    with_data.write(b"B" * MEBIBYTE)
    await with_data.restored("copy", backup.snapshot_id)

    assert with_data.content("copy") == before
    assert before != with_data.content()


async def test_the_answer_names_the_backup_and_comes_before_it_is_complete(with_data: Cluster) -> None:
    begun = await with_data.snapshot(type="bak")
    (backup,) = with_data.all("backups")
    finished = await with_data.finished_backup(type="bak")

    assert begun.snapshot_id == finished.snapshot_id == f"bak://vol/{backup['metadata']['name']}"
    assert not begun.ready_to_use
    assert finished.ready_to_use
    assert begun.creation_time == finished.creation_time is not None
    assert finished.size_bytes == 16 * MEBIBYTE
    assert backup["spec"]["snapshotName"] == "snapshot-1"
    assert len(with_data.all("backups")) == 1


async def test_ready_is_told_only_once_the_backup_is_in_the_store(with_data: Cluster) -> None:
    ready = name_of((await with_data.finished_backup()).snapshot_id)
    statuses = with_data.statuses("Backup", ready)
    completed = next(status for status in statuses if status.get("state"))

    assert [status.get("state") for status in statuses].index("Completed") > 1
    assert completed["progress"] == 100
    assert any(key.endswith(f"backup_{ready}.cfg") for key in with_data.s3.objects)


async def test_objects_and_events_of_a_backup_are_those_of_a_real_cluster(with_data: Cluster) -> None:
    name = name_of((await with_data.finished_backup(type="bak")).snapshot_id)
    backup, snapshot = with_data.get("backups", name), with_data.get("snapshots", "snapshot-1")
    (listed,) = with_data.all("backupvolumes")

    assert backup["metadata"]["labels"] == {"backup-target": "default", "backup-volume": "vol"}
    assert backup["metadata"]["ownerReferences"][0]["name"] == listed["metadata"]["name"]
    assert backup["spec"]["labels"].keys() == {"type", "KubernetesStatus", "longhorn.io/volume-access-mode"}
    assert backup["status"]["url"] == f"s3://backups@us-east-1/?backup={name}&volume=vol"
    assert snapshot["spec"]["labels"] == {"type": "bak"}
    assert snapshot["status"]["children"] == {"volume-head": True}
    assert ("Update", "snapshot becomes ready to use") in with_data.events("snapshot-1")
    assert any(text.startswith(f"Snapshot snapshot-1 backup {name} label map[") for _, text in with_data.events("vol"))


async def test_a_detached_volume_is_attached_for_its_backup_and_detached_again(longhorn: Cluster) -> None:
    await longhorn.volume()
    await longhorn.finished_backup()
    await longhorn.until_detached()
    errors = [status.get("error", "") for status in longhorn.statuses("Snapshot", "snapshot-1")]

    assert longhorn.get("volumeattachments", "vol")["spec"]["attachmentTickets"] == {}
    assert any("engine vol-e-0 is not running" in error for error in errors)
    assert errors[-1] == ""


@pytest.mark.parametrize("version", ["1.2"])
async def test_before_types_a_class_makes_backups_whatever_its_type(with_data: Cluster) -> None:
    backup = await with_data.finished_backup(type="snap")
    (listed,) = with_data.all("backupvolumes")
    classes = with_data.api.list("volumesnapshotclasses.snapshot.storage.k8s.io")

    assert backup.snapshot_id.startswith("bs://vol/backup-")
    assert listed["metadata"]["name"] == "vol"
    assert [each["metadata"]["name"] for each in classes] == ["longhorn"]


async def test_a_full_backup_uploads_again(with_data: Cluster) -> None:
    await with_data.finished_backup("snapshot-1")
    again = await with_data.finished_backup("snapshot-2", backupMode="full")
    status = with_data.get("backups", name_of(again.snapshot_id))["status"]

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
async def test_a_wrong_request_is_refused(
    with_data: Cluster, request_of: dict[str, str], code: Code, text: str
) -> None:
    with refused(code, text):
        await with_data.snapshot(**request_of)

    assert not with_data.all("backups")


async def test_without_a_target_nothing_is_taken(with_data: Cluster) -> None:
    with_data.patch("backuptargets", "default", {"spec": {"backupTargetURL": ""}})
    await with_data.until("backuptargets", lambda: with_data.status("backuptargets", "default")["available"] is False)
    with refused(Code.FAILED_PRECONDITION) as refusal:
        await with_data.snapshot()

    assert with_data.status("backuptargets", "default")["conditions"][0]["message"] == "backup target URL is empty"
    assert refusal.value.description == "backup target default is not available"
    assert not with_data.all("snapshots")


async def test_a_failed_copy_is_reported(with_data: Cluster) -> None:
    with_data.s3.refusal = S3Error(403, "AccessDenied", "Access Denied.", "1")
    await with_data.snapshot()
    failed = await with_data.until("backups", lambda: with_data.all("backups")[0]["status"].get("error"))
    with pytest.raises(CsiError) as refusal:
        await with_data.snapshot()

    assert with_data.all("backups")[0]["status"]["state"] == "Error"
    assert refusal.value.description == failed
    assert "AccessDenied" in failed


@pytest.mark.parametrize("version", ["1.4"])
async def test_a_volume_of_1_4_must_be_attached(longhorn: Cluster) -> None:
    await longhorn.volume()
    with refused(Code.FAILED_PRECONDITION):
        await longhorn.snapshot(type="snap")
    await longhorn.attach()

    assert (await longhorn.snapshot(type="snap")).ready_to_use


async def test_a_backup_made_by_hand_waits_for_its_snapshot_and_restores(with_data: Cluster) -> None:
    await with_data.detach()
    home = {"namespace": "longhorn-system"}
    snapshot = {"metadata": {"name": "mine", **home}, "spec": {"volume": "vol", "createSnapshot": True}}
    with_data.api.create("snapshots.longhorn.io", snapshot)
    backup = {"metadata": {"name": "backup-mine", **home}, "spec": {"snapshotName": "mine"}}
    with_data.api.create("backups.longhorn.io", backup)
    await with_data.until_listed("backup-mine")
    states = {status.get("state") for status in with_data.statuses("Backup", "backup-mine")}
    await with_data.restored("copy", "bak://vol/backup-mine")

    assert {"Pending", "Completed"} <= states
    assert with_data.content("copy") == with_data.content()


async def test_a_call_that_is_made_again_while_the_first_is_served_makes_no_second_backup(with_data: Cluster) -> None:
    first, second = await asyncio.gather(with_data.snapshot(), with_data.snapshot())

    (backup,) = with_data.all("backups")
    assert first.snapshot_id == second.snapshot_id == f"bak://vol/{backup['metadata']['name']}"


async def test_a_crowd_may_lose_the_status_of_its_first(longhorn: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked with the number of backups under way and whether a pod uses the volume; the backup is in the store."""
    asked: list[tuple[int, bool]] = []

    def lost(backup: Obj, at_once: int, in_use: bool) -> str:
        asked.append((at_once, in_use))
        return f"no status of {backup['spec']['snapshotName']}"

    monkeypatch.setattr(longhorn.decisions, "lost_status", lost)
    await longhorn.attached_volume()

    made = await longhorn.snapshot()

    name = made.snapshot_id.rpartition("/")[2]
    await longhorn.until("backups", lambda: longhorn.status("backups", name).get("state") == "Error")
    status = longhorn.status("backups", name)
    assert (status["error"], status["progress"]) == ("no status of snapshot-1", 100)
    assert asked == [(1, True)]
