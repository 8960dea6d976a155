"""Whatever dies, the next login is quick and nothing is left behind."""

import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.node_initiator.calls import Initiator, started_node
from tests.node_initiator.node import Node
from tests.node_initiator.test_devices import write, written
from tests.node_initiator.tgt import HOST, MIB, Tgt

# A storage daemon that waits for its dead target held things up for 51 to 57 s.
QUICK = 20.0
STORAGE_DAEMON = "qemu-storage-daemon --daemonize"
# Asks for blocks and does not wait for them.
READ_AHEAD = """
import os, sys
file = os.open(sys.argv[1], os.O_RDONLY)
os.posix_fadvise(file, 0, 8 << 20, os.POSIX_FADV_WILLNEED)
"""


@contextmanager
def quickly() -> Iterator[None]:
    """The body must be quick."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < QUICK


def attached_loop_devices() -> set[str]:
    """The loop devices of this machine that are attached to a file of an initiator."""
    shown = Path("/sys/devices/virtual/block").glob("loop*/loop/backing_file")
    return {path.parts[-3] for path in shown}


def test_a_session_outlives_the_service(tgt: Tgt, node: Node, initiator: Initiator) -> None:
    iqn = tgt.offer("one")
    device = initiator.attach(iqn)

    node.kill_service()
    write(node, device, "one", 8)
    node.start_service()

    assert initiator.device(iqn) == device
    initiator.detach(iqn)
    assert tgt.file("one").read_bytes() == written("one", 8) + bytes(24 * MIB)
    assert node.leftovers() == []


def test_an_aborted_login_is_cleaned_up(tgt: Tgt, node: Node, initiator: Initiator) -> None:
    iqn = tgt.offer("one")
    initiator.discover()
    tgt.freeze()
    with ThreadPoolExecutor() as pool:
        login = pool.submit(node.iscsiadm, "-m", "node", "-T", iqn, "-p", HOST, "--login")
        while not node.processes(STORAGE_DAEMON):
            assert not login.done(), login.result()
        node.kill_service()
        assert login.result().code == 20
    assert node.leftovers()

    node.start_service()
    tgt.thaw()

    assert node.leftovers() == []
    initiator.attach(iqn)


def test_a_dead_storage_daemon_is_reported_and_replaced(tgt: Tgt, node: Node, initiator: Initiator) -> None:
    iqn = tgt.offer("one")
    device = initiator.attach(iqn)
    write(node, device, "one", 8)
    node.run("sync", device)

    node.signal(STORAGE_DAEMON, signal.SIGKILL)
    read = node.command("dd", f"if={device}", "of=/dev/null", "skip=16", "bs=1M", "count=1")
    assert b"Input/output error" in subprocess.run(read, capture_output=True, check=False).stderr
    assert "State: transport-offline" in initiator.call("-m", "session", "-P", "3")

    with quickly():
        device = initiator.attach(iqn)
    assert node.run("dd", f"if={device}", "bs=1M", "count=32", "status=none", "of=/run/read") == ""
    assert node.run("sha256sum", "/run/read").split()[0] == node.run("sha256sum", str(tgt.file("one"))).split()[0]
    assert tgt.file("one").read_bytes()[: 8 * MIB] == written("one", 8)
    initiator.detach(iqn)
    assert node.leftovers() == []


@pytest.mark.parametrize("held_back", ["reads", "writes", "nothing"])
@pytest.mark.parametrize("end", ["withdraw", "kill", "freeze"])
def test_logout_without_the_target_is_quick(
    tgt: Tgt, node: Node, initiator: Initiator, end: str, held_back: str
) -> None:
    iqn = tgt.offer("one")
    device = initiator.attach(iqn)
    if held_back == "writes":
        write(node, device, "one", 8)
    {"withdraw": lambda: tgt.withdraw("one"), "kill": tgt.kill, "freeze": tgt.freeze}[end]()
    if held_back == "reads":
        node.run("python3", "-c", READ_AHEAD, device)

    with quickly():
        initiator.detach_session(iqn)

    assert node.leftovers() == []
    if held_back == "writes":
        assert "not all of" in (node.place / "service.log").read_text()


def test_a_login_beside_a_session_without_target_is_quick(tgt: Tgt, node: Node, initiator: Initiator) -> None:
    gone, other = tgt.offer("gone"), tgt.offer("other")
    device = initiator.attach(gone)
    write(node, device, "gone", 8)
    tgt.withdraw("gone")
    with ThreadPoolExecutor() as pool:
        waits = pool.submit(node.run, "sh", "-c", f"sync {device} || true")

        with quickly():
            initiator.attach(other)
            write(node, initiator.device(other), "other", 8)
            initiator.detach(other)
        with quickly():
            initiator.detach_session(gone)
            waits.result()

    assert tgt.file("other").read_bytes() == written("other", 8) + bytes(24 * MIB)
    assert node.leftovers() == []


def test_a_device_in_use_is_detached_when_it_is_closed(tgt: Tgt, node: Node, initiator: Initiator) -> None:
    iqn = tgt.offer("one")
    device = initiator.attach(iqn)
    node.run("mkfs.ext4", "-q", device)
    node.run("mount", device, "/mnt")

    with quickly():
        initiator.detach(iqn)
    name = device.removeprefix("/dev/")
    assert name in attached_loop_devices()
    node.run("umount", "/mnt")

    assert name not in attached_loop_devices()
    assert initiator.attach(iqn)


def test_a_session_waits_for_a_target_that_does_not_answer(tgt: Tgt, node: Node, initiator: Initiator) -> None:
    iqn = tgt.offer("one")
    device = initiator.attach(iqn)
    tgt.freeze()
    write(node, device, "one", 8)
    with ThreadPoolExecutor() as pool:
        synced = pool.submit(node.run, "sync", device)
        while not node.processes(f"sync {device}"):
            assert not synced.done(), synced.result()
        tgt.thaw()
        synced.result()

    assert tgt.file("one").read_bytes() == written("one", 8) + bytes(24 * MIB)


@pytest.mark.usefixtures("means")
def test_a_killed_node_leaves_no_device_and_keeps_synced_data(tmp_path: Path) -> None:
    with started_node(tmp_path) as (node, tgt, initiator):
        device = initiator.attach(tgt.offer("one"))
        node.run("mkfs.ext4", "-q", device)
        node.run("mount", device, "/mnt")
        node.run("dd", "if=/dev/urandom", "of=/mnt/data", "bs=1M", "count=8", "status=none", "conv=fsync")
        told = node.run("sha256sum", "/mnt/data")
        node.run("dd", "if=/dev/urandom", "of=/mnt/held-back", "bs=1M", "count=4", "status=none")
        assert device.removeprefix("/dev/") in attached_loop_devices()

    deadline = time.monotonic() + QUICK
    while device.removeprefix("/dev/") in attached_loop_devices():
        assert time.monotonic() < deadline, "the killed node's loop device is still there"

    with started_node(tmp_path) as (node, tgt, initiator):
        node.run("mount", initiator.attach(tgt.offer("one")), "/mnt")
        assert node.run("sha256sum", "/mnt/data") == told
        node.run("umount", "/mnt")
