"""A session's block device as Longhorn and file systems use it."""

import fcntl
import hashlib
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.node_initiator.calls import Initiator, started_node
from tests.node_initiator.node import Node
from tests.node_initiator.tgt import HOST, MIB, Tgt

# Writes a stream that tells its place in every block, and its seed.
WRITE = """
import hashlib, sys
device, seed, mib = sys.argv[1:]
with open(device, "r+b") as file:
    for block in range(int(mib) * 256):
        file.write(hashlib.sha256(f"{seed}/{block}".encode()).digest() * 128)
"""


def written(seed: str, mib: int) -> bytes:
    """The data that WRITE writes."""
    return b"".join(hashlib.sha256(f"{seed}/{block}".encode()).digest() * 128 for block in range(mib * 256))


def write(node: Node, device: str, seed: str, mib: int) -> None:
    """Fill the first part of a device in the node."""
    node.run("python3", "-c", WRITE, device, seed, str(mib))


def test_longhorn_finds_its_numbers_and_sets_its_timeout(tgt: Tgt, node: Node, initiator: Initiator) -> None:
    device = initiator.attach(tgt.offer("one"))
    name = device.removeprefix("/dev/")

    major, minor = node.run("cat", f"/sys/class/block/{name}/dev").strip().split(":")
    # So does Longhorn up to 1.5.
    assert [name, f"{major}:{minor}"] in [
        line.split() for line in node.run("lsblk", "-l", "-n", "-o", "NAME,MAJ:MIN").splitlines()
    ]
    node.run("mknod", "/run/volume", "b", major, minor)
    assert node.run("cat", f"/sys/block/{name}/device/timeout") == "30\n"
    node.run("sh", "-c", f"echo 60 > /sys/block/{name}/device/timeout")

    assert node.run("blockdev", "--getsize64", "/run/volume") == f"{32 * MIB}\n"
    assert node.run("cat", f"/sys/block/{name}/device/timeout") == "60\n"
    assert node.run("cat", f"/sys/block/{name}/device/state") == "running\n"


def test_all_block_devices_stay_visible(tgt: Tgt, bare_node: Node) -> None:
    listings = [("find", "-L", where, "-maxdepth", "1", "-type", "d") for where in ("/sys/class/block", "/sys/block")]

    def seen() -> set[str]:
        return {line for listing in listings for line in bare_node.run(*listing).split()}

    before = seen()
    bare_node.start_service()
    laid = seen()
    initiator = Initiator(bare_node)
    iqn = tgt.offer("one")

    device = initiator.attach(iqn)
    while_attached = seen()
    initiator.detach(iqn)

    assert laid == before
    assert while_attached == before | {f"{listing[2]}/{device.removeprefix('/dev/')}" for listing in listings}
    assert bare_node.run("sh", "-c", "cat /sys/class/block/*/dev").split()
    assert not bare_node.run("sh", "-c", "ls -d /sys/block/*/device/timeout || true").strip()


# What the kubelet does for each block volume of a pod: takes a free loop device, and looks which one it got.
LIKE_THE_KUBELET = """
set -e
volumes=$(seq -f /run/volume-%g "$1")
for volume in $volumes; do
  truncate --size=1M $volume
  losetup --find $volume
done
for volume in $volumes; do
  for entry in /sys/block/loop*; do
    if [ "$(cat $entry/loop/backing_file 2>/dev/null)" = $volume ]; then
      blockdev --getsize64 /dev/${entry##*/}
      losetup --detach /dev/${entry##*/}
    fi
  done
done
"""
LOOP_CTL_REMOVE = 0x4C81


@pytest.fixture
def loops() -> Iterator[int]:
    """The number of loop devices of this machine's kernel; new ones are removed again."""
    had = {path.name for path in Path("/sys/block").glob("loop*")}
    yield len(had)
    with Path("/dev/loop-control").open("rb") as control:
        for name in {path.name for path in Path("/sys/block").glob("loop*")} - had:
            with suppress(OSError):
                fcntl.ioctl(control, LOOP_CTL_REMOVE, int(name.removeprefix("loop")))


def test_the_kubelet_finds_the_loop_devices_that_it_takes(loops: int, tgt: Tgt, initiator: Initiator) -> None:
    """Including those that the kernel creates for it, without notifying the node."""
    device = initiator.attach(tgt.offer("one"))

    sizes = initiator.node.run("sh", "-c", LIKE_THE_KUBELET, "sh", str(loops + 2)).split()

    assert sizes == [str(MIB)] * (loops + 2)
    assert initiator.node.run("blockdev", "--getsize64", device) == f"{32 * MIB}\n"


def test_written_data_are_at_the_target_after_the_logout(tgt: Tgt, node: Node, initiator: Initiator) -> None:
    iqn = tgt.offer("one")
    device = initiator.attach(iqn)

    write(node, device, "one", 16)
    initiator.detach(iqn)

    assert tgt.file("one").read_bytes() == written("one", 16) + bytes(16 * MIB)
    assert node.leftovers() == []


def test_a_storage_daemon_has_no_volume_mounted(tgt: Tgt, node: Node, initiator: Initiator) -> None:
    device = initiator.attach(tgt.offer("one"))
    node.run("mkfs.ext4", "-q", device)
    node.run("mount", device, "/mnt")
    initiator.attach(tgt.offer("two"))

    mounted = {}
    for session in ("1", "2"):
        (daemon,) = node.processes(f"/sessions/{session}/monitor")
        table = Path(f"/proc/{daemon}/mountinfo").read_text().splitlines()
        mounted[session] = {line.split()[4] for line in table} - {"/", "/dev", "/proc", "/run", "/usr"}

    assert mounted == {each: {f"/run/userspace-initiator/sessions/{each}/disk"} for each in ("1", "2")}


def test_a_file_system_keeps_its_files(tgt: Tgt, node: Node, initiator: Initiator) -> None:
    iqn = tgt.offer("one")
    device = initiator.attach(iqn)
    node.run("mkfs.ext4", "-q", device)
    node.run("mount", device, "/mnt")
    node.run("dd", "if=/dev/urandom", "of=/mnt/data", "bs=1M", "count=8", "status=none")
    told = node.run("sha256sum", "/mnt/data")
    node.run("umount", "/mnt")
    initiator.detach(iqn)

    device = initiator.attach(iqn)

    node.run("e2fsck", "-fn", device)
    node.run("mount", device, "/mnt")
    assert node.run("sha256sum", "/mnt/data") == told
    node.run("umount", "/mnt")


@pytest.mark.parametrize("how", ["blkdiscard --zeroout", "fallocate --zero-range"])
def test_cleared_blocks_are_zeros_at_the_target(tgt: Tgt, node: Node, initiator: Initiator, how: str) -> None:
    iqn = tgt.offer("one")
    device = initiator.attach(iqn)
    write(node, device, "one", 16)
    node.run("sync", device)

    node.run(*how.split(), "--offset=0", f"--length={8 * MIB}", device)
    initiator.detach(iqn)

    assert tgt.file("one").read_bytes() == bytes(8 * MIB) + written("one", 16)[8 * MIB :] + bytes(16 * MIB)


def test_a_hole_is_zeros_or_refused(tgt: Tgt, node: Node, initiator: Initiator) -> None:
    iqn = tgt.offer("one")
    device = initiator.attach(iqn)
    write(node, device, "one", 16)
    node.run("sync", device)
    punch = node.command("fallocate", "--punch-hole", "--offset=0", f"--length={8 * MIB}", device)

    done = subprocess.run(punch, capture_output=True, text=True, check=False)
    initiator.detach(iqn)

    # QEMU 7.2 punches holes into the LUN; 10.0 does not, and has to say so.
    hole = bytes(8 * MIB) if done.returncode == 0 else written("one", 8)
    assert tgt.file("one").read_bytes() == hole + written("one", 16)[8 * MIB :] + bytes(16 * MIB), done.stderr


def test_parallel_sessions_use_their_own_targets(tgt: Tgt, node: Node, initiator: Initiator) -> None:
    names = ["one", "two", "three"]
    targets = {name: tgt.offer(name) for name in names}
    with ThreadPoolExecutor() as pool:
        devices = dict(zip(names, pool.map(initiator.attach, targets.values()), strict=True))
        list(pool.map(lambda name: write(node, devices[name], name, 8), names))
        initiator.detach(targets.pop("one"))
        list(pool.map(lambda name: write(node, devices[name], name, 16), targets))
        list(pool.map(initiator.detach, targets.values()))

    assert len(set(devices.values())) == 3
    for name, mib in {"one": 8, "two": 16, "three": 16}.items():
        assert tgt.file(name).read_bytes() == written(name, mib) + bytes((32 - mib) * MIB), name
    assert node.leftovers() == []


@pytest.mark.usefixtures("means")
def test_parallel_nodes_share_the_loop_devices(tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("first", "second")]
    for place in places:
        place.mkdir()
    with started_node(places[0]) as first, started_node(places[1]) as second, ThreadPoolExecutor() as pool:
        volumes = [(node, tgt, initiator, name) for node, tgt, initiator in (first, second) for name in ("one", "two")]
        targets = [tgt.offer(name) for _, tgt, _, name in volumes]
        devices = list(pool.map(lambda volume, iqn: volume[2].attach(iqn), volumes, targets))
        list(
            pool.map(
                lambda volume, device: write(volume[0], device, f"{volume[0].first}/{volume[3]}", 8), volumes, devices
            )
        )
        list(pool.map(lambda volume, iqn: volume[2].detach(iqn), volumes, targets))

        assert len(set(devices)) == 4
        for node, tgt, _, name in volumes:
            assert tgt.file(name).read_bytes()[: 8 * MIB] == written(f"{node.first}/{name}", 8)


@pytest.mark.parametrize("rescan", ["-R", "--rescan"])
def test_a_rescan_adopts_the_new_size(tgt: Tgt, node: Node, initiator: Initiator, rescan: str) -> None:
    iqn = tgt.offer("one", mib=32)
    device = initiator.attach(iqn)
    node.run("mkfs.ext4", "-q", device)
    tgt.grow("one", mib=64)
    assert node.run("blockdev", "--getsize64", device) == f"{32 * MIB}\n"

    initiator.call("-m", "node", "-T", iqn, "-p", HOST, rescan)

    assert node.run("blockdev", "--getsize64", device) == f"{64 * MIB}\n"
    node.run("e2fsck", "-fp", device)
    node.run("resize2fs", device)
    initiator.detach(iqn)
    assert b"\xff" in tgt.file("one").read_bytes()[32 * MIB :]
