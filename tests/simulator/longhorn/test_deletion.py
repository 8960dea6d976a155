"""What goes, and what stays, when backups and snapshots are deleted."""

import pytest

from simulator.csi.protocol import Code
from simulator.s3.connection import S3Error
from tests.simulator.longhorn.cluster import MEBIBYTE, Cluster, name_of, refused


async def two_backups(longhorn: Cluster) -> tuple[str, str]:
    """The handles of two backups of an attached volume."""
    await longhorn.written_volume()
    first = await longhorn.finished_backup("snapshot-1")
    longhorn.write(b"B" * MEBIBYTE, 4 * MEBIBYTE)
    second = await longhorn.finished_backup("snapshot-2")
    return first.snapshot_id, second.snapshot_id


@pytest.fixture(scope="module")
async def with_backups(shared_longhorn: Cluster) -> Cluster:
    """With two backups, of which none is deleted."""
    await two_backups(shared_longhorn)
    return shared_longhorn


async def test_a_deleted_backup_leaves_cluster_and_store_and_the_other_stays(longhorn: Cluster) -> None:
    first, second = await two_backups(longhorn)
    await longhorn.driver.delete_snapshot(first)
    await longhorn.until_gone("backups", name_of(first))
    keys = " ".join(longhorn.s3.objects)

    assert name_of(first) not in keys
    assert name_of(second) in keys
    assert longhorn.get("backups", name_of(second))["status"]["state"] == "Completed"
    assert longhorn.find("snapshots", "snapshot-1") is not None
    assert longhorn.statuses("Backup", name_of(first))[-1]["state"] == "Deleting"


async def test_after_the_last_backup_the_volume_stays_listed(longhorn: Cluster) -> None:
    for handle in await two_backups(longhorn):
        await longhorn.driver.delete_snapshot(handle)
    await longhorn.until_gone("backups")
    (listed,) = await longhorn.until(
        "backupvolumes",
        lambda: [each for each in longhorn.all("backupvolumes") if not each["status"]["lastBackupName"]],
    )

    assert [key.rpartition("/")[2] for key in longhorn.s3.objects] == ["volume.cfg"]
    assert listed["status"]["dataStored"] == "0"


@pytest.mark.parametrize(
    "handle",
    [
        *("bak://vol/backup-0", "bak://ghost/backup-0", "snap://vol/snapshot-9", "snap://ghost/snapshot-0"),
        *("foo://vol/x", "just-a-name"),
    ],
)
async def test_deleting_what_is_not_there_succeeds(with_backups: Cluster, handle: str) -> None:
    await with_backups.driver.delete_snapshot(handle)

    assert len(with_backups.all("backups")) == 2


@pytest.mark.parametrize(("handle", "code"), [("", Code.INVALID_ARGUMENT), ("bak://vol/", Code.NOT_FOUND)])
async def test_a_handle_without_a_name_is_refused(with_backups: Cluster, handle: str, code: Code) -> None:
    with refused(code):
        await with_backups.driver.delete_snapshot(handle)


async def test_a_backup_whose_snapshot_object_is_gone_stays(longhorn: Cluster) -> None:
    handles = await two_backups(longhorn)
    spec = {"source": {"persistentVolumeClaimName": "src"}}
    snapshot = {"metadata": {"name": "s", "namespace": "default"}, "spec": spec}
    made = longhorn.api.create("volumesnapshots.snapshot.storage.k8s.io", snapshot)
    kept = await longhorn.finished_backup(f"snapshot-{made['metadata']['uid']}")
    longhorn.api.delete("volumesnapshots.snapshot.storage.k8s.io", "s", "default")
    await longhorn.driver.delete_snapshot(handles[0])
    await longhorn.until_gone("backups", name_of(handles[0]))

    assert longhorn.get("backups", name_of(kept.snapshot_id))["status"]["state"] == "Completed"


async def test_a_backup_that_the_store_does_not_give_up_stays(longhorn: Cluster) -> None:
    first, _ = await two_backups(longhorn)
    longhorn.s3.refusal = S3Error(503, "SlowDown", "Please reduce your request rate.", "1")
    await longhorn.driver.delete_snapshot(first)
    backup = longhorn.get("backups", name_of(first))
    told = await longhorn.until(
        "backups", lambda: (longhorn.get("backups", name_of(first))["status"]["messages"] or {}).get("error")
    )
    longhorn.s3.refusal = None
    await longhorn.until_gone("backups", name_of(first))

    assert backup["metadata"]["deletionTimestamp"]
    assert told.startswith(f"Failed to delete the backup {name_of(first)} in the backupstore, err ")
    assert "SlowDown" in told


async def test_the_snapshot_under_the_live_data_is_only_marked(longhorn: Cluster) -> None:
    await longhorn.attached_volume()
    handle = (await longhorn.snapshot("one", type="snap")).snapshot_id
    await longhorn.driver.delete_snapshot(handle)
    marked = await longhorn.until("snapshots", lambda: longhorn.get("snapshots", "one")["status"]["markRemoved"])
    await longhorn.snapshot("two", type="snap")
    await longhorn.until_gone("snapshots", "one")

    assert marked
    assert longhorn.get("snapshots", "two")["status"]["parent"] == ""
    assert longhorn.events("one")[-1][0] == "Delete"


async def test_a_volume_is_kept_attached_while_its_snapshot_goes(longhorn: Cluster) -> None:
    await longhorn.attached_volume()
    handle = (await longhorn.snapshot("one", type="snap")).snapshot_id
    await longhorn.snapshot("two", type="snap")
    before = len(longhorn.tickets())
    await longhorn.driver.delete_snapshot(handle)
    await longhorn.until_gone("snapshots", "one")
    await longhorn.until("volumeattachments", lambda: len(longhorn.tickets()[-1]) == 1)

    held = [tickets & {"snapshot-controller-one"} for tickets in longhorn.tickets()[before:]]
    assert held[0] == {"snapshot-controller-one"}
    assert held[-1] == set()


@pytest.mark.parametrize("attaches", [True, False], ids=["documented", "as 1.12.1"])
async def test_a_snapshot_of_a_detached_volume(longhorn: Cluster, attaches: bool) -> None:
    setattr(longhorn.decisions, "attaches_for_snapshot_deletion", lambda: attaches)  # noqa: B010
    await longhorn.volume()
    first = (await longhorn.snapshot("one", type="snap")).snapshot_id
    await longhorn.snapshot("two", type="snap")
    await longhorn.until_detached()
    await longhorn.driver.delete_snapshot(first)
    if not attaches:
        error = await longhorn.until("snapshots", lambda: longhorn.get("snapshots", "one")["status"].get("error"))
        assert error.startswith("snapshot deletion delayed: volume engine vol-e-0 is upgrading from image  to")
        await longhorn.attach()
    await longhorn.until_gone("snapshots", "one")

    assert longhorn.storage.disk.snapshots("vol")[0].name == "two"


@pytest.mark.parametrize("wanted", ["false", "true"])
async def test_the_snapshot_goes_with_its_backup_only_if_a_setting_says_so(longhorn: Cluster, wanted: str) -> None:
    longhorn.patch("settings", "auto-cleanup-when-delete-backup", {"value": wanted})
    first, _ = await two_backups(longhorn)
    await longhorn.driver.delete_snapshot(first)
    await longhorn.until_gone("backups", name_of(first))
    deleted = longhorn.find("snapshots", "snapshot-1")

    assert (deleted is None or "deletionTimestamp" in deleted["metadata"]) is (wanted == "true")
