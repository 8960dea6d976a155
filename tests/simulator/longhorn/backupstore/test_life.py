"""The backupstore: backups in progress, deleted, restored, locked, refused."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import lz4.frame
import pytest

from simulator.longhorn.backupstore import (
    BackupInProgressError,
    BackupMissingError,
    BackupstoreDecisions,
    BackupstoreError,
    LockConflictError,
    backup_url,
    parse_backup_url,
)
from simulator.longhorn.backupstore.layout import digest
from simulator.longhorn.backupstore.locks import EXPIRY
from simulator.longhorn.backupstore.target import TargetUrl
from simulator.overrides.occasional import quirk
from simulator.overrides.registry import apply
from simulator.s3.connection import ObjectInfo, S3Error
from tests.simulator.longhorn.backupstore.bench import BLOCK, DIRECTORY, MIB, VOLUME, Bench


async def test_while_it_runs_the_document_has_no_time(bench: Bench) -> None:
    seen: list[dict[str, Any]] = []
    original = bench.bucket.put

    async def put(key: str, data: bytes) -> ObjectInfo:
        if key.endswith(".blk"):
            with pytest.raises(BackupInProgressError, match="is still in progress"):
                await bench.store.inspect_backup(VOLUME, "backup-0000000000000001")
            seen.append(bench.cfg(1))
        return await original(key, data)

    bench.bucket.put = put  # type: ignore[method-assign]
    await bench.back_up(1, b"A")

    [stub] = seen
    assert (stub["Name"], stub["VolumeName"], stub["CompressionMethod"]) == ("backup-0000000000000001", VOLUME, "lz4")
    assert (stub["CreatedTime"], stub["SnapshotName"], stub["Size"], stub["Labels"]) == ("", "", "0", None)
    assert bench.cfg(1)["CreatedTime"]


async def test_deleting_the_newest_of_two(bench: Bench) -> None:
    await bench.back_up(1, b"A" * BLOCK)
    await bench.back_up(2, b"B" * BLOCK + b"C" * BLOCK)

    await bench.delete(2)

    assert bench.blocks == {digest(b"A" * BLOCK)}
    assert bench.volume_cfg["LastBackupName"] == "backup-0000000000000001"
    assert bench.volume_cfg["LastBackupAt"] == "2026-01-01T00:00:01Z"
    assert bench.volume_cfg["BlockCount"] == "1"


async def test_deleting_one_keeps_the_blocks_of_the_other(bench: Bench) -> None:
    await bench.back_up(1, b"A" * BLOCK + b"B" * BLOCK)
    await bench.back_up(2, b"C" * BLOCK)

    await bench.delete(1)

    assert bench.blocks == {digest(b"B" * BLOCK), digest(b"C" * BLOCK)}
    assert bench.volume_cfg["LastBackupName"] == "backup-0000000000000002"


async def test_after_the_last_deletion_only_the_volume_document_is_left(bench: Bench) -> None:
    await bench.back_up(1, b"A")
    await bench.delete(1)

    assert set(bench.bucket.objects) == {f"{DIRECTORY}volume.cfg"}
    document = bench.volume_cfg
    assert (document["LastBackupName"], document["LastBackupAt"], document["BlockCount"]) == ("", "", "0")
    assert document["Labels"]["type"] == "bak"


async def test_blocks_stay_while_a_backup_is_in_progress(bench: Bench) -> None:
    await bench.back_up(1, b"A")
    stub = {**bench.cfg(1), "Name": "backup-00000000000000ff", "CreatedTime": "", "Blocks": None}
    bench.put_document("backups/backup_backup-00000000000000ff.cfg", stub)

    await bench.delete(1)

    assert len(bench.blocks) == 1
    assert bench.volume_cfg["LastBackupName"] == ""


async def test_deleting_a_volume_leaves_nothing(bench: Bench) -> None:
    await bench.back_up(1, b"A")
    await bench.store.delete_volume(VOLUME)
    assert bench.bucket.objects == {}


async def test_restore_brings_the_bytes_of_its_backup(bench: Bench) -> None:
    bench.write(0, b"A" * BLOCK)
    bench.write(10 * MIB, b"B")
    await bench.back_up(1)
    await bench.back_up(2, b"X" * BLOCK)

    assert await bench.restore(1) == b"A" * BLOCK + bytes(8 * MIB) + b"B" + bytes(6 * MIB - 1)
    assert bench.progress[-1] == 100


async def test_a_wrong_block_ends_the_restore(bench: Bench) -> None:
    await bench.back_up(1, b"A")
    [key] = bench.stored_blocks
    bench.bucket.objects[key] = lz4.frame.compress(b"Z" * BLOCK)
    with pytest.raises(BackupstoreError, match="checksum verification failed for block"):
        await bench.restore(1)


async def test_a_volume_without_size_cannot_be_restored(bench: Bench) -> None:
    await bench.back_up(1)
    bench.put_document("volume.cfg", {**bench.volume_cfg, "Size": "0"})
    with pytest.raises(BackupstoreError, match="invalid volume size 0"):
        await bench.store.restore(bench.disk, "new", VOLUME, "backup-0000000000000001", bench.progress.append)


async def test_what_is_not_there_is_said(bench: Bench) -> None:
    with pytest.raises(BackupMissingError, match=rf"cannot find {DIRECTORY}volume.cfg in backupstore"):
        await bench.store.inspect_volume(VOLUME)
    await bench.back_up(1)
    with pytest.raises(BackupMissingError, match=r"backup_nope\.cfg in backupstore"):
        await bench.store.inspect_backup(VOLUME, "nope")
    with pytest.raises(BackupstoreError, match="invalid volume name a/b"):
        await bench.store.backups("a/b")


async def test_listing_and_inspecting(tmp_path: Path) -> None:
    bench = Bench(tmp_path, prefix="some/path")

    assert await bench.store.volumes() == []
    await bench.back_up(1)
    await bench.back_up(2)
    assert await bench.store.volumes() == [VOLUME]
    assert await bench.store.backups(VOLUME) == ["backup-0000000000000001", "backup-0000000000000002"]
    assert await bench.store.backups("other") == []
    volume = await bench.store.inspect_volume(VOLUME)
    assert (volume.size, volume.storage_class, volume.data_stored) == (16 * MIB, "longhorn", 0)
    assert volume.last_modified is not None
    backup = await bench.store.inspect_backup(VOLUME, "backup-0000000000000002")
    assert (backup.snapshot, backup.incremental) == ("snapshot-2", True)
    assert all(key.startswith("some/path/backupstore/volumes/") for key in bench.bucket.objects)


@pytest.mark.parametrize(
    ("held", "action", "name"), [(2, Bench.back_up, "create/restore"), (1, Bench.delete, "delete")]
)
async def test_other_work_on_the_volume_refuses_at_once(
    bench: Bench, held: int, action: Callable[[Bench, int], Awaitable[None]], name: str
) -> None:
    await bench.back_up(1, b"A")
    bench.put_lock("lock-0000000000000000", held)

    with pytest.raises(LockConflictError, match=rf"lock-[0-9a-f]{{16}}.lck when performing backup {name}, please try"):
        await action(bench, 1)

    locks = [key for key in bench.bucket.objects if key.endswith(".lck")]
    assert locks == [f"{DIRECTORY}locks/lock-0000000000000000.lck"]
    assert len(bench.blocks) == 1


async def test_locks_of_the_same_kind_and_old_locks_do_not_matter(bench: Bench) -> None:
    bench.put_lock("lock-a", 1)
    bench.put_lock("lock-b", 2, EXPIRY + timedelta(seconds=1))
    await bench.back_up(1)
    assert bench.cfg(1)["CreatedTime"]


async def test_a_lock_is_held_while_working_and_gone_afterwards(bench: Bench) -> None:
    await bench.back_up(1)
    locks = [(call, key) for call, key in bench.bucket.calls if "/locks/lock-" in key]
    assert [call for call, _ in locks] == ["put", "put", "delete"]
    assert len({key for _, key in locks}) == 1


@pytest.mark.parametrize("quirks", [(), ("failed-backup-keeps-its-lock",)])
async def test_the_lock_of_a_failed_backup(bench: Bench, quirks: tuple[str, ...]) -> None:
    """Gone, but for a quirk that stops the deletion of all backups of the volume until it is old."""
    apply({"backupstore": bench.decisions}, [quirk(name) for name in quirks])
    await bench.back_up(1, b"A")
    right = bench.bucket.objects[f"{DIRECTORY}volume.cfg"]
    bench.bucket.objects[f"{DIRECTORY}volume.cfg"] = b"{"

    with pytest.raises(BackupstoreError, match="failed to read"):
        await bench.back_up(2, b"B")

    bench.bucket.objects[f"{DIRECTORY}volume.cfg"] = right
    locks = [key for key in bench.bucket.objects if key.endswith(".lck")]
    assert len(locks) == len(quirks)
    if locks:
        with pytest.raises(LockConflictError):
            await bench.delete(1)
        bench.bucket.modified[locks[0]] -= EXPIRY + timedelta(seconds=1)
    await bench.delete(1)


async def test_a_refusal_of_the_bucket_is_told_as_longhorn_tells_it(bench: Bench) -> None:
    bench.bucket.refusal = S3Error(404, "NoSuchBucket", "The specified bucket does not exist", "REQUEST")
    with pytest.raises(BackupstoreError) as caught:
        await bench.store.check()
    assert str(caught.value) == (
        'failed to list objects with param: {\n  Bucket: "backups",\n  Delimiter: "/",\n'
        '  Prefix: "backupstore/volumes/"\n} '
        "error: AWS Error:  NoSuchBucket The specified bucket does not exist <nil>\n404 REQUEST\n"
    )


def test_target_urls() -> None:
    assert TargetUrl.parse("s3://bucket@us-east-1/") == TargetUrl("bucket", "us-east-1", "")
    assert TargetUrl.parse("s3://bucket@us-east-1/a/b/") == TargetUrl("bucket", "us-east-1", "a/b")
    assert TargetUrl.parse("s3://bucket/a") == TargetUrl("bucket", "", "a")
    with pytest.raises(BackupstoreError, match=r"invalid URL\. Must be either s3://bucket@region/path/"):
        TargetUrl.parse("s3://bucket@us-east-1")
    with pytest.raises(BackupstoreError, match="driver gopher is not supported"):
        TargetUrl.parse("gopher://x/")
    url = backup_url("s3://bucket@us-east-1/", VOLUME, "backup-1")
    assert url == f"s3://bucket@us-east-1/?backup=backup-1&volume={VOLUME}"
    assert parse_backup_url(url) == ("s3://bucket@us-east-1/", VOLUME, "backup-1")


async def test_every_decision_is_asked(bench: Bench) -> None:
    """A replaced decision must matter: all of them are called in the course of a volume's life."""
    asked: set[str] = set()
    names = [name for name in vars(BackupstoreDecisions) if not name.startswith("_")]

    def spy(name: str) -> Callable[..., Any]:
        original = getattr(bench.decisions, name)

        def ask(*args: Any) -> Any:
            asked.add(name)
            return original(*args)

        return ask

    for name in names:
        setattr(bench.decisions, name, spy(name))
    await bench.back_up(1, b"A")
    await bench.back_up(2, b"B")
    await bench.restore(2)
    await bench.store.volumes()
    await bench.store.backups(VOLUME)
    await bench.delete(2)

    assert set(names) - asked == set()
