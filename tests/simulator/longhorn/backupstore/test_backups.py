"""The backupstore: keys, documents, blocks and chains of backups."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import pytest

from simulator.longhorn.backupstore.layout import VolumeLayout, digest
from simulator.longhorn.version import NEWEST
from tests.simulator.longhorn.backupstore.bench import BLOCK, DIRECTORY, MIB, VOLUME, Bench

SINCE_1_7 = {"Parameters", "NewlyUploadedDataSize", "ReUploadedDataSize"}
ON_VOLUMES_SINCE_1_5 = {"CompressionMethod", "StorageClassName", "DataEngine"}
ZEROS = "731859029215873fdac1c9f2f8bd25a334abf0f3a9e1b057cf2cacc2826d86b0"


def test_paths_start_with_the_digest_of_the_volume_name() -> None:
    assert VolumeLayout.of("", VOLUME).directory == DIRECTORY
    assert VolumeLayout.of("/a/b/", "vol1").directory == "a/b/backupstore/volumes/01/9c/vol1/"
    assert VolumeLayout.of("", "test-vol").volume == "backupstore/volumes/d0/2f/test-vol/volume.cfg"
    assert digest(bytes(BLOCK)) == ZEROS
    assert digest(b"\xff" * BLOCK) == "0714932cf07b86d176100b03d08fa77577f27358cde0a01e486f90d76937b339"


async def test_a_first_backup_leaves_these_keys(bench: Bench) -> None:
    bench.write(0, b"A" * BLOCK)
    bench.write(6 * MIB, bytes(BLOCK))
    await bench.back_up(1)

    content = digest(b"A" * BLOCK)
    assert set(bench.bucket.objects) == {
        f"{DIRECTORY}volume.cfg",
        f"{DIRECTORY}backups/backup_backup-0000000000000001.cfg",
        f"{DIRECTORY}blocks/{content[:2]}/{content[2:4]}/{content}.blk",
        f"{DIRECTORY}blocks/73/18/{ZEROS}.blk",
    }
    assert bench.progress[-1] == 100
    assert bench.progress == sorted(bench.progress)


async def test_the_documents_of_a_first_backup(bench: Bench) -> None:
    bench.write(0, b"A" * BLOCK)
    bench.write(16 * MIB - 3, b"end")
    await bench.back_up(1)

    raw = bench.bucket.objects[f"{DIRECTORY}backups/backup_backup-0000000000000001.cfg"].decode()
    cfg = bench.cfg(1)
    assert " ".join(cfg) == (
        "Name VolumeName SnapshotName SnapshotCreatedAt CreatedTime Size Labels Parameters IsIncremental "
        "CompressionMethod NewlyUploadedDataSize ReUploadedDataSize ProcessingBlocks Blocks SingleFile"
    )
    assert '"Labels":{"KubernetesStatus":"{\\"pvName\\":\\"\\u003c\\u0026\\u003e\\"}","VolumeRecurringJobInfo"' in raw
    assert ", " not in raw
    assert cfg["Size"] == str(2 * BLOCK)
    assert cfg["Parameters"] == {"backup-block-size": "2097152", "backup-mode": "incremental"}
    assert (cfg["IsIncremental"], cfg["ProcessingBlocks"], cfg["SingleFile"]) == (False, {}, {"FilePath": ""})
    assert [block["Offset"] for block in cfg["Blocks"]] == [0, 14 * MIB]
    assert cfg["Blocks"][1]["BlockChecksum"] == digest(bytes(BLOCK - 3) + b"end")
    stored = sum(map(len, bench.stored_blocks.values()))
    assert (cfg["NewlyUploadedDataSize"], cfg["ReUploadedDataSize"]) == (str(stored), "0")
    assert bench.volume_cfg == {
        "Name": VOLUME,
        "Size": str(16 * MIB),
        "Labels": cfg["Labels"],
        "CreatedTime": "2026-01-01T00:00:01Z",
        "LastBackupName": "backup-0000000000000001",
        "LastBackupAt": "2026-01-01T00:00:01Z",
        "BlockCount": "2",
        "BackingImageName": '""',
        "BackingImageChecksum": '""',
        "CompressionMethod": '"lz4"',
        "StorageClassName": '"longhorn"',
        "DataEngine": '"v1"',
    }


@pytest.mark.parametrize(
    ("version", "absent", "volume_absent"),
    [
        ("1.9.0", set(), set()),
        ("1.6.0", SINCE_1_7, set()),
        ("1.4.0", SINCE_1_7 | {"CompressionMethod", "ProcessingBlocks"}, ON_VOLUMES_SINCE_1_5),
    ],
)
async def test_older_versions_know_fewer_fields(
    tmp_path: Path, version: str, absent: set[str], volume_absent: set[str]
) -> None:
    newest, older = Bench(tmp_path / "new"), Bench(tmp_path / "old", version)
    for bench in (newest, older):
        await bench.back_up(1, b"A")

    assert newest.cfg(1).keys() - older.cfg(1).keys() == absent
    assert newest.volume_cfg.keys() - older.volume_cfg.keys() == volume_absent
    assert "backup-block-size" not in older.cfg(1).get("Parameters", {})


@pytest.mark.parametrize(
    ("version", "method", "decompress"),
    [
        (NEWEST, "lz4", lz4.frame.decompress),
        (NEWEST, "gzip", gzip.decompress),
        (NEWEST, "none", bytes),
        ("1.4.0", "lz4", gzip.decompress),
    ],
)
async def test_blocks_are_compressed_as_the_version_and_setting_say(
    tmp_path: Path, version: str, method: str, decompress: Callable[[bytes], bytes]
) -> None:
    bench = Bench(tmp_path, version)
    await bench.back_up(1, b"data", compression=method)
    [stored] = bench.stored_blocks.values()

    assert decompress(stored) == b"data" + bytes(BLOCK - 4)


async def test_the_first_backup_chooses_the_compression(bench: Bench) -> None:
    await bench.back_up(1, b"one", compression="gzip")
    await bench.back_up(2, b"two", compression="lz4")

    assert bench.cfg(2)["CompressionMethod"] == "gzip"
    assert json.loads(bench.volume_cfg["CompressionMethod"]) == "gzip"


async def test_lz4_frames_have_longhorns_header(bench: Bench) -> None:
    await bench.back_up(1, b"data")
    [stored] = bench.stored_blocks.values()

    assert stored[:7] == bytes.fromhex("04224d186470b9")


async def test_a_second_backup_continues_the_first(bench: Bench) -> None:
    bench.write(0, b"A" * BLOCK)
    bench.write(4 * MIB, b"B" * BLOCK)
    await bench.back_up(1)
    bench.write(4 * MIB, b"C")
    bench.write(8 * MIB, b"A" * BLOCK)
    await bench.back_up(2)

    cfg = bench.cfg(2)
    assert (cfg["IsIncremental"], cfg["ProcessingBlocks"]) == (True, None)
    assert [block["Offset"] for block in cfg["Blocks"]] == [0, 4 * MIB, 8 * MIB]
    assert cfg["Blocks"][0] == bench.cfg(1)["Blocks"][0]
    assert cfg["Blocks"][1]["BlockChecksum"] == digest(b"C" + b"B" * (BLOCK - 1))
    assert cfg["Size"] == str(3 * BLOCK)
    assert bench.volume_cfg["BlockCount"] == "3"
    assert bench.volume_cfg["CreatedTime"] == "2026-01-01T00:00:01Z"
    uploads = [key for call, key in bench.bucket.calls if call == "put" and key.endswith(".blk")]
    assert len(uploads) == 3


async def test_without_the_earlier_snapshot_the_whole_volume_is_compared(bench: Bench) -> None:
    await bench.back_up(1, b"A" * BLOCK)
    bench.disk.take_snapshot(VOLUME, "snapshot-2")
    bench.disk.remove_snapshot(VOLUME, "snapshot-1")
    await bench.back_up(2)

    assert bench.cfg(2)["IsIncremental"] is False
    assert bench.cfg(2)["Blocks"] == bench.cfg(1)["Blocks"]
    assert bench.cfg(2)["NewlyUploadedDataSize"] == "0"


async def test_a_full_backup_uploads_again(bench: Bench) -> None:
    await bench.back_up(1, b"A" * BLOCK)
    await bench.back_up(2, mode="full")

    cfg = bench.cfg(2)
    assert (cfg["IsIncremental"], cfg["Parameters"]["backup-mode"]) == (False, "full")
    assert (cfg["NewlyUploadedDataSize"], cfg["ReUploadedDataSize"]) == ("0", bench.cfg(1)["NewlyUploadedDataSize"])
    assert bench.volume_cfg["BlockCount"] == "1"


async def test_large_blocks(bench: Bench) -> None:
    bench.write(3 * MIB, b"A")
    await bench.back_up(1, block_size=16 * MIB)

    assert bench.cfg(1)["Size"] == str(16 * MIB)
    assert bench.cfg(1)["Parameters"]["backup-block-size"] == "16777216"
    assert bench.blocks == {digest(bytes(3 * MIB) + b"A" + bytes(13 * MIB - 1))}


async def test_an_empty_volume_has_no_blocks(bench: Bench) -> None:
    await bench.back_up(1)
    assert "Blocks" not in bench.cfg(1)
    assert bench.cfg(1)["Size"] == "0"


async def test_a_chain_has_the_blocks_that_a_real_longhorn_wrote(bench: Bench) -> None:
    """Text, written zeros, a last byte; then text over a part of it: checksums as Longhorn 1.12.1 recorded them."""

    def text(count: int, word: str) -> bytes:
        return b"".join(b"line %08d of round %s\n" % (number, word.encode()) for number in range(count))

    start, zeros, end = (
        {"Offset": 0, "BlockChecksum": "387a3c0f9787ed11d9dc85d1675979e0aa09c0814dce8610e73eafc2fcae3f22"},
        {"Offset": 6 * MIB, "BlockChecksum": ZEROS},
        {"Offset": 14 * MIB, "BlockChecksum": "6b2a6a487eb6b72c5120e84d12780acee0ccad27553862258619885a6f9caed4"},
    )
    middle = {"Offset": 4 * MIB, "BlockChecksum": "0a59e6007884489fab58a88e7c8630580671083d9681ecc4f147fd922ca8d31c"}
    bench.write(0, text(60000, "one"))
    bench.write(6 * MIB, bytes(BLOCK))
    bench.write(16 * MIB - 3, b"end")
    await bench.back_up(1)
    bench.write(5 * MIB, text(30000, "two"))
    await bench.back_up(2)

    assert bench.cfg(1)["Blocks"] == [start, zeros, end]
    assert bench.cfg(2)["Blocks"] == [start, middle, zeros, end]
    assert (bench.cfg(1)["Size"], bench.cfg(2)["Size"]) == ("6291456", "8388608")
