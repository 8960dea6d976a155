"""Volumes from backups and from snapshots."""

import pytest

from simulator.csi.protocol import Code, CsiError
from tests.simulator.longhorn.cluster import MEBIBYTE, Cluster, refused


async def backed_up(longhorn: Cluster) -> str:
    """The handle of a finished backup of an attached volume."""
    await longhorn.written_volume()
    return (await longhorn.finished_backup()).snapshot_id


@pytest.fixture(scope="module")
async def with_backup(shared_longhorn: Cluster) -> Cluster:
    """For requests that are refused."""
    await backed_up(shared_longhorn)
    return shared_longhorn


async def test_a_restored_volume_is_kept_from_pods_until_it_has_its_data(longhorn: Cluster) -> None:
    handle = await backed_up(longhorn)
    made = await longhorn.volume("copy", source_snapshot_id=handle)
    with refused(Code.ABORTED) as refusal:
        await longhorn.attach("copy")
    await longhorn.until_restored("copy")
    await longhorn.attach("copy")
    volume = longhorn.get("volumes", "copy")

    assert refusal.value.description == "volume copy is not ready for workloads: volume requires restoration"
    assert made.context["fromBackup"] == volume["spec"]["fromBackup"]
    assert volume["metadata"]["labels"]["backup-volume"] == "vol"
    reasons = {
        condition["reason"]
        for status in longhorn.statuses("Volume", "copy")
        for condition in status.get("conditions") or []
        if condition["type"] == "Restore"
    }
    assert reasons == {"", "RestoreInProgress"}


async def test_both_schemes_lead_to_the_backup(longhorn: Cluster) -> None:
    handle = await backed_up(longhorn)
    await longhorn.restored("copy", handle.replace("bak://", "bs://"))

    assert longhorn.content("copy") == longhorn.content()


@pytest.mark.parametrize(
    ("handle", "code", "text"),
    [
        ("bak://ghost/backup-1", Code.NOT_FOUND, "of volume ghost: there is no backup volume"),
        (
            "bak://vol/backup-1",
            Code.NOT_FOUND,
            "failed to restore CSI snapshot bak://vol/backup-1 : failed to get backup",
        ),
        ("bak://vol/", Code.NOT_FOUND, "volume source snapshot bak://vol/ is not found"),
        ("foo://vol/x", Code.INVALID_ARGUMENT, "invalid CSI snapshot type: foo. Must be snap, bak or bi"),
        ("just-a-name", Code.INVALID_ARGUMENT, "invalid CSI snapshot type: . Must be snap, bak or bi"),
        ("snap://vol/ghost", Code.INTERNAL, 'failed to verify data source: snapshots.longhorn.io "ghost" not found'),
        ("snap://ghost/x", Code.INTERNAL, 'failed to verify data source: volumes.longhorn.io "ghost" not found'),
    ],
)
async def test_a_handle_that_leads_nowhere_is_refused(with_backup: Cluster, handle: str, code: Code, text: str) -> None:
    with refused(code, text):
        await with_backup.volume("copy", source_snapshot_id=handle)

    assert with_backup.find("volumes", "copy") is None


async def test_the_size_must_be_that_of_the_backup(longhorn: Cluster) -> None:
    handle = await backed_up(longhorn)
    for size in (14 * MEBIBYTE, 18 * MEBIBYTE):
        with refused(Code.OUT_OF_RANGE, f"the requested size ({size} bytes) is different"):
            await longhorn.volume("copy", size, source_snapshot_id=handle)

    setattr(longhorn.decisions, "refuse_restore_size", lambda *_: None)  # noqa: B010
    await longhorn.volume("copy", 18 * MEBIBYTE, source_snapshot_id=handle)
    assert longhorn.get("volumes", "copy")["spec"]["size"] == str(18 * MEBIBYTE)


async def test_a_clone_has_the_data_of_its_snapshot(with_data: Cluster) -> None:
    taken = await with_data.snapshot(type="snap")
    before = with_data.content()
    with_data.write(b"B" * MEBIBYTE)
    await with_data.detach()
    await with_data.volume("copy", source_snapshot_id=taken.snapshot_id)

    def cloned() -> bool:
        status = with_data.get("volumes", "copy")["status"]
        return bool(status["cloneStatus"]["state"] == "completed" and status["state"] == "detached")

    await with_data.until("volumes", cloned)

    assert taken.snapshot_id == "snap://vol/snapshot-1"
    assert taken.ready_to_use
    assert with_data.content("copy") == before
    assert with_data.get("volumeattachments", "vol")["spec"]["attachmentTickets"] == {}
    assert {"VolumeCloneInitiated", "VolumeCloneCompleted"} <= {reason for reason, _ in with_data.events("copy")}
    with pytest.raises(CsiError, match="is different than size of source volume"):
        await with_data.volume("larger", 18 * MEBIBYTE, source_snapshot_id=taken.snapshot_id)


async def test_a_clone_has_the_size_of_then(with_data: Cluster) -> None:
    handle = (await with_data.snapshot(type="snap")).snapshot_id
    await with_data.detach()
    await with_data.driver.controller_expand_volume("vol", 32 * MEBIBYTE)

    await with_data.volume("copy", source_snapshot_id=handle)

    with pytest.raises(CsiError, match="is different than size of source volume"):
        await with_data.volume("larger", 32 * MEBIBYTE, source_snapshot_id=handle)


async def test_a_snapshot_of_a_deleted_volume_is_not_cloned(longhorn: Cluster) -> None:
    await longhorn.volume()
    handle = (await longhorn.snapshot(type="snap")).snapshot_id
    await longhorn.driver.delete_volume("vol")

    with pytest.raises(CsiError, match=r'volumes.longhorn.io "vol" not found'):
        await longhorn.volume("copy", source_snapshot_id=handle)


async def test_a_repeated_request_gets_the_same_volume(longhorn: Cluster) -> None:
    first = await longhorn.volume()

    assert await longhorn.volume() == first
    with refused(Code.ALREADY_EXISTS):
        await longhorn.volume(size=20 * MEBIBYTE)
