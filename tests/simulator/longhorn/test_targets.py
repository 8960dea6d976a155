"""Backup targets, what is in them, and the REST API over it."""

import pytest

from simulator.longhorn.rest import NotFoundError
from tests.simulator.longhorn.cluster import MEBIBYTE, Cluster


def point_at(longhorn: Cluster, url: str) -> None:
    longhorn.patch("backuptargets", "default", {"spec": {"backupTargetURL": url}})


async def test_without_url_the_objects_go_and_come_back_with_it(with_data: Cluster) -> None:
    handle = (await with_data.finished_backup(type="bak")).snapshot_id
    (before,) = with_data.all("backups")
    (listed,) = with_data.all("backupvolumes")
    stored = dict(with_data.s3.objects)
    point_at(with_data, "")
    await with_data.until_gone("backups")
    await with_data.until_gone("backupvolumes")

    assert with_data.s3.objects == stored

    point_at(with_data, "s3://backups@us-east-1/")
    await with_data.until("backups", lambda: [b for b in with_data.all("backups") if b.get("status")])
    (after,) = with_data.all("backups")
    await with_data.restored("copy", handle)

    assert after["metadata"]["name"] == before["metadata"]["name"]
    assert after["spec"]["snapshotName"] == ""
    for field in ("url", "size", "volumeSize", "snapshotName", "state", "backupCreatedAt"):
        assert after["status"][field] == before["status"][field]
    assert with_data.all("backupvolumes")[0]["metadata"]["name"] == listed["metadata"]["name"]
    assert with_data.content("copy") == with_data.content()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nfs://server/path", "driver nfs is not supported"),
        ("s3://backups@us-east-1", "invalid URL. Must be either s3://bucket@region/path/, or s3://bucket/path"),
    ],
)
async def test_a_target_that_cannot_be_used_says_why(longhorn: Cluster, url: str, message: str) -> None:
    point_at(longhorn, url)

    def failed() -> object:
        status = longhorn.get("backuptargets", "default")["status"]
        return not status["available"] and status["conditions"]

    (condition,) = await longhorn.until("backuptargets", failed)

    assert (condition["status"], condition["reason"]) == ("True", "Unavailable")
    assert message in condition["message"]


async def test_a_deleted_backup_volume_takes_all_out_of_the_store(with_data: Cluster) -> None:
    await with_data.finished_backup()
    (listed,) = with_data.all("backupvolumes")
    with_data.delete("backupvolumes", listed["metadata"]["name"])
    await with_data.until_gone("backupvolumes")
    await with_data.until_gone("backups")

    assert not with_data.s3.objects


async def test_the_rest_api_lists_what_there_is(with_data: Cluster) -> None:
    handle = (await with_data.finished_backup(type="bak")).snapshot_id
    (listed,) = with_data.all("backupvolumes")
    rest, base = with_data.storage.rest, "http://longhorn/v1"
    volume = rest.answer("GET", "/v1/volumes/vol", "", base)
    snapshots = rest.answer("POST", "/v1/volumes/vol", "snapshotList", base)["data"]
    name = listed["metadata"]["name"]
    backups = rest.answer("POST", f"/v1/backupvolumes/{name}", "backupList", base)["data"]

    assert (volume["state"], volume["size"]) == ("attached", str(16 * MEBIBYTE))
    assert volume["actions"]["snapshotList"] == f"{base}/volumes/vol?action=snapshotList"
    assert [each["name"] for each in snapshots] == ["snapshot-1", "volume-head"]
    assert snapshots[1]["parent"] == "snapshot-1"
    assert [each["name"] for each in rest.answer("GET", "/v1/volumes", "", base)["data"]] == ["vol"]
    assert [(each["name"], each["state"]) for each in backups] == [(handle.rpartition("/")[2], "Completed")]
    for method, path, action in (("GET", "/v1/nothing", ""), ("GET", "/v1/volumes/ghost", "")):
        with pytest.raises(NotFoundError):
            rest.answer(method, path, action, base)
