"""Volumes' bytes: layers, holes, merges, files inside."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.longhorn.disk import DamagedFilesystem, Disk, DiskError, NoSpace
from simulator.longhorn.disk import disk as disk_module
from simulator.longhorn.disk.extents import intersect, rounded_out, subtract, total, union
from simulator.longhorn.disk.sparse import has_holes

MIB = 1 << 20
SECTOR = 4096


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    made = Disk(tmp_path / "volumes")
    made.create("vol", 8 * MIB)
    return made


def write(disk: Disk, offset: int, data: bytes, volume: str = "vol") -> None:
    """Write as a pod does: past the simulator, into the device file."""
    with disk.device(volume).open("r+b") as device:
        device.seek(offset)
        device.write(data)


def snapshot(disk: Disk, name: str, offset: int, data: bytes) -> None:
    """Write, and take a snapshot."""
    write(disk, offset, data)
    disk.take_snapshot("vol", name)


def clone(disk: Disk) -> None:
    """A new volume `copy` from the snapshot `s1`."""
    disk.create("copy", 8 * MIB)
    disk.clone("vol", "s1", "copy")


def test_extent_arithmetic() -> None:
    assert union([(10, 5), (0, 5)], [(5, 5), (30, 1)]) == [(0, 15), (30, 1)]
    assert subtract([(0, 100)], [(10, 5), (50, 100)]) == [(0, 10), (15, 35)]
    assert intersect([(0, 10), (20, 10)], [(5, 20)]) == [(5, 5), (20, 5)]
    assert rounded_out([(5, 1), (4097, 1)], SECTOR, 8000) == [(0, 8000)]
    assert total([(0, 5), (3, 4)]) == 7


def test_a_new_volume_was_never_written(disk: Disk) -> None:
    disk.take_snapshot("vol", "s1")

    assert disk.size("vol") == disk.device("vol").stat().st_size == 8 * MIB
    assert disk.allocated("vol", "s1") == []
    assert disk.read("vol", "s1", 0, SECTOR) == bytes(SECTOR)
    assert disk.actual_size("vol") == 0


class Ground:
    """A base of two mebibytes: its first sector, and one behind a hole, hold data."""

    size = 2 * MIB

    def extents(self) -> list[tuple[int, int]]:
        return [(0, SECTOR), (MIB, SECTOR)]

    def read(self, offset: int, length: int) -> bytes:
        del offset
        return b"g" * length


def test_a_base_lies_under_the_snapshots_and_is_not_written(disk: Disk) -> None:
    disk.add_base("vol", Ground())
    write(disk, MIB, b"w" * SECTOR)
    layer = disk.take_snapshot("vol", "s1")
    write(disk, 0, b"x" * SECTOR)

    assert disk.has_base("vol")
    assert (layer.parent, layer.size_bytes) == (None, SECTOR)
    assert disk.allocated("vol", "s1") == [(MIB, SECTOR)]
    assert disk.held("vol", "s1") == [(0, SECTOR), (MIB, SECTOR)]
    assert disk.read("vol", "s1", 0, 1) == b"g"
    assert disk.read("vol", "s1", MIB, 1) == b"w"
    assert disk.read("vol", None, 0, 1) == b"x"
    assert disk.read("vol", "s1", MIB - 1, 1) == b"\0"
    assert disk.actual_size("vol") == 2 * SECTOR


def test_a_clone_holds_the_base_as_well(disk: Disk) -> None:
    disk.add_base("vol", Ground())
    disk.take_snapshot("vol", "s1")
    clone(disk)

    assert disk.device("copy").read_bytes() == disk.device("vol").read_bytes()


def test_a_snapshot_keeps_its_moment(disk: Disk) -> None:
    snapshot(disk, "s1", 0, b"A" * MIB)
    snapshot(disk, "s2", 0, b"B" * SECTOR)
    write(disk, 0, b"C" * SECTOR)

    assert disk.read("vol", "s1", 0, MIB) == b"A" * MIB
    assert disk.read("vol", "s2", 0, MIB) == b"B" * SECTOR + b"A" * (MIB - SECTOR)
    assert disk.read("vol", None, 0, SECTOR) == b"C" * SECTOR


def test_layers_hold_what_was_written_since_their_parent(disk: Disk) -> None:
    snapshot(disk, "s1", 0, b"A" * MIB)
    snapshot(disk, "s2", MIB - 10, b"B" * 20)

    assert disk.allocated("vol", "s2", since="s1") == [(MIB - SECTOR, 2 * SECTOR)]
    assert disk.allocated("vol", "s2") == [(0, MIB + SECTOR)]
    first, second = disk.snapshots("vol")
    assert (first.name, first.parent, first.children, first.size_bytes) == ("s1", None, ("s2",), MIB)
    assert (second.name, second.parent, second.children, second.size_bytes) == ("s2", "s1", (), 2 * SECTOR)


def test_written_zeros_count_and_holes_do_not(disk: Disk, tmp_path: Path) -> None:
    assert has_holes(tmp_path), "this test needs a file system that can tell holes from data"
    snapshot(disk, "s1", 2 * MIB, bytes(MIB))

    assert disk.allocated("vol", "s1") == [(2 * MIB, MIB)]


def test_zeros_over_data_are_a_change(disk: Disk) -> None:
    snapshot(disk, "s1", 0, b"A" * (2 * SECTOR))
    snapshot(disk, "s2", 0, bytes(SECTOR))

    assert disk.allocated("vol", "s2", since="s1") == [(0, SECTOR)]
    assert disk.read("vol", "s2", 0, SECTOR) == bytes(SECTOR)


def test_without_holes_content_alone_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_module, "has_holes", lambda _: False)
    disk = Disk(tmp_path)
    disk.create("vol", 8 * MIB)
    write(disk, MIB, b"A" * SECTOR)
    snapshot(disk, "s1", 4 * MIB, bytes(MIB))
    snapshot(disk, "s2", MIB, bytes(SECTOR))

    assert disk.allocated("vol", "s1") == [(MIB, SECTOR)]
    assert disk.read("vol", "s1", MIB, SECTOR) == b"A" * SECTOR
    assert disk.allocated("vol", "s2", since="s1") == [(MIB, SECTOR)]
    assert disk.read("vol", "s2", MIB, SECTOR) == bytes(SECTOR)


def test_removal_gives_the_bytes_to_the_child(disk: Disk) -> None:
    snapshot(disk, "s1", 0, b"A" * (2 * SECTOR))
    snapshot(disk, "s2", SECTOR, b"B" * SECTOR)
    disk.take_snapshot("vol", "s3")

    disk.remove_snapshot("vol", "s1")

    assert [layer.name for layer in disk.snapshots("vol")] == ["s2", "s3"]
    assert disk.read("vol", "s2", 0, 2 * SECTOR) == b"A" * SECTOR + b"B" * SECTOR
    assert disk.allocated("vol", "s2") == [(0, 2 * SECTOR)]
    assert disk.allocated("vol", "s3", since="s2") == []


def test_removal_of_the_newest_leaves_the_head(disk: Disk) -> None:
    snapshot(disk, "s1", 0, b"A" * SECTOR)
    disk.remove_snapshot("vol", "s1")
    disk.take_snapshot("vol", "s1")

    assert disk.read("vol", "s1", 0, SECTOR) == b"A" * SECTOR


def test_expansion_adds_bytes_that_were_never_written(disk: Disk) -> None:
    snapshot(disk, "s1", 8 * MIB - SECTOR, b"A" * SECTOR)
    disk.expand("vol", 16 * MIB)
    snapshot(disk, "s2", 12 * MIB, b"B" * SECTOR)

    assert disk.allocated("vol", "s2", since="s1") == [(12 * MIB, SECTOR)]
    assert [layer.volume_size for layer in disk.snapshots("vol")] == [8 * MIB, 16 * MIB]


def test_a_clone_has_the_bytes_of_the_snapshot(disk: Disk) -> None:
    snapshot(disk, "s1", MIB, b"A" * MIB)
    write(disk, MIB, b"B" * MIB)

    clone(disk)
    disk.take_snapshot("copy", "c1")

    assert disk.read("copy", None, MIB, MIB) == b"A" * MIB
    assert disk.allocated("copy", "c1") == [(MIB, MIB)]


def test_actual_size_counts_layers_and_head(disk: Disk) -> None:
    for count, name in enumerate(("s1", "s2"), 1):
        write(disk, 0, name.encode() * (MIB // 2))
        assert disk.actual_size("vol") == count * MIB
        disk.take_snapshot("vol", name)
        assert disk.actual_size("vol") == count * MIB


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (lambda disk: disk.size("nope"), "there is no volume nope"),
        (lambda disk: disk.create("vol", MIB), "volume vol exists already"),
        (lambda disk: disk.create("none", 0), "invalid volume size 0"),
        (lambda disk: disk.read("vol", "nope", 0, 1), "volume vol has no snapshot nope"),
        (lambda disk: disk.remove_snapshot("vol", "nope"), "volume vol has no snapshot nope"),
        (lambda disk: disk.take_snapshot("vol", "s1"), "exists already"),
        (lambda disk: disk.expand("vol", MIB), "cannot shrink"),
        (lambda disk: disk.add_base("vol", Ground()), "has layers already"),
        (lambda disk: disk.add_base("small", Ground()), "is larger than volume small"),
        (lambda disk: disk.write("vol", 8 * MIB - 1, b"ab"), "leaves volume vol of 8388608 bytes"),
    ],
)
def test_what_cannot_be_is_refused(disk: Disk, action: Callable[[Disk], object], text: str) -> None:
    disk.take_snapshot("vol", "s1")
    disk.create("small", MIB)
    with pytest.raises(DiskError, match=text):
        action(disk)


def test_deletion_leaves_no_file(disk: Disk, tmp_path: Path) -> None:
    disk.take_snapshot("vol", "s1")
    (disk.filesystem("vol") / "f").write_text("x")
    disk.delete("vol")
    disk.delete("vol")

    assert not disk.exists("vol")
    assert list((tmp_path / "volumes").iterdir()) == []


def test_files_travel_in_the_bytes(disk: Disk) -> None:
    root = disk.filesystem("vol")
    assert [path.name for path in root.iterdir()] == ["lost+found"]
    (root / "sub").mkdir()
    (root / "sub" / "data").write_bytes(os.urandom(3 * MIB))
    (root / "run").write_text("#!/bin/sh\n")
    (root / "run").chmod(0o755)
    (root / "link").symlink_to("sub/data")
    (root / "empty").touch()
    os.utime(root / "empty", ns=(1_000_000_000, 1_000_000_000))
    disk.take_snapshot("vol", "s1")
    clone(disk)
    copy = disk.filesystem("copy")

    assert sorted(path.name for path in copy.iterdir()) == ["empty", "link", "lost+found", "run", "sub"]
    assert (copy / "link").readlink() == Path("sub/data")
    assert (copy / "link").read_bytes() == (root / "sub" / "data").read_bytes()
    assert (copy / "run").stat().st_mode & 0o777 == 0o755
    assert (copy / "empty").stat().st_mtime_ns == 1_000_000_000


def test_the_same_files_give_the_same_bytes(disk: Disk) -> None:
    disk.create("other", 8 * MIB)
    for volume in ("vol", "other"):
        root = disk.filesystem(volume)
        for name in ("b", "a") if volume == "vol" else ("a", "b"):
            (root / name).write_text(name)
            os.utime(root / name, ns=(5, 5))
        for path in (root / "lost+found",):
            os.utime(path, ns=(5, 5))
        disk.flush(volume)
        disk.take_snapshot(volume, "s")

    assert disk.read("vol", "s", 0, 8 * MIB) == disk.read("other", "s", 0, 8 * MIB)


def test_a_snapshot_holds_the_files_of_its_moment(disk: Disk) -> None:
    root = disk.filesystem("vol")
    (root / "f").write_text("one")
    disk.take_snapshot("vol", "s1")
    (root / "f").write_text("two")
    disk.flush("vol")
    clone(disk)

    assert (disk.filesystem("copy") / "f").read_text() == "one"


def test_unmounting_keeps_the_files_in_the_bytes(disk: Disk) -> None:
    (disk.filesystem("vol") / "f").write_text("one")
    disk.unmount("vol")
    assert not (disk.device("vol").parent / "files").exists()

    assert (disk.filesystem("vol") / "f").read_text() == "one"


def test_flushing_unchanged_files_writes_nothing(disk: Disk) -> None:
    root = disk.filesystem("vol")
    (root / "f").write_text("one")
    for path in (root / "f", root / "lost+found"):
        os.utime(path, ns=(5, 5))
    disk.flush("vol")
    write(disk, 0, b"x")
    disk.flush("vol")
    assert disk.read("vol", None, 0, 1) == b"x"

    (root / "f").write_text("two")
    disk.flush("vol")
    assert disk.read("vol", None, 0, 1) == b"S"


def test_files_that_do_not_fit(disk: Disk) -> None:
    (disk.filesystem("vol") / "f").write_bytes(bytes(8 * MIB))
    with pytest.raises(NoSpace, match="the volume has 8388608"):
        disk.flush("vol")


def test_a_damaged_index_is_noticed(disk: Disk) -> None:
    (disk.filesystem("vol") / "f").write_text("one")
    disk.unmount("vol")
    end = int.from_bytes(disk.read("vol", None, 16, 8), "big")
    write(disk, end, b"?")
    with pytest.raises(DamagedFilesystem, match="wrong checksum"):
        disk.filesystem("vol")


def test_a_child_process_writes_through_the_device_file(disk: Disk) -> None:
    command = [sys.executable, "-c", "import sys; f=open(sys.argv[1],'r+b'); f.seek(4096); f.write(b'pod')"]
    subprocess.run([*command, str(disk.device("vol"))], check=True)
    disk.take_snapshot("vol", "s1")
    assert disk.read("vol", "s1", SECTOR, 3) == b"pod"
    assert disk.allocated("vol", "s1") == [(SECTOR, SECTOR)]
