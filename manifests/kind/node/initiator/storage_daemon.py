"""qemu-storage-daemon, the process that connects to the target and exports its LUN as a file."""

import json
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from . import device_files, monitor, processes
from .errors import ExitCode, InitiatorError
from .target_portals import Portal

ISOLATED_MOUNTS = Path(__file__).with_name("isolated_mounts.py")
LUN = 1
LOGIN_SECONDS = 30.0
ANSWER_SECONDS = 10.0
QUIT_SECONDS = 2.0
RESIZE_SECONDS = 10.0


def disk(directory: Path) -> Path:
    """The file of the LUN; only the daemon has it mounted, so its path leads through the daemon.

    Raises InitiatorError: the daemon is not running.
    """
    running = processes.mentioning(_monitor(directory))
    if not running:
        raise InitiatorError(ExitCode.OTHER, f"the storage daemon of {directory} does not run")
    return Path(f"/proc/{running[0]}/root") / _disk(directory).relative_to("/")


def start(directory: Path, iqn: str, portal: Portal) -> None:
    """Log in and export the LUN as a file.

    Raises InitiatorError: the target refused, or did not answer in time.
    """
    device_files.character(Path("/dev/fuse"), 10, 229)
    _disk(directory).touch()
    blockdev = {
        "driver": "iscsi",
        "node-name": "disk",
        "transport": "tcp",
        "portal": str(portal),
        "target": iqn,
        "lun": LUN,
        "initiator-name": f"iqn.2019-10.io.longhorn.userspace:{socket.gethostname()}",
        "discard": "unmap",
        "cache": {"direct": True},
    }
    export = {"type": "fuse", "id": "disk", "node-name": "disk", "mountpoint": str(_disk(directory)), "writable": True}
    command = [sys.executable, "-IS", str(ISOLATED_MOUNTS), "qemu-storage-daemon", "--daemonize"]
    command += ["--chardev", f"socket,id=monitor,path={_monitor(directory)},server=on,wait=off"]
    command += ["--monitor", "chardev=monitor"]
    command += ["--blockdev", json.dumps(blockdev), "--export", json.dumps(export)]
    _run(command, f"login to {iqn} at {portal}")
    _require_unmap(iqn, portal)


def runs(directory: Path) -> bool:
    """Whether the daemon is running; it may have lost its target."""
    return bool(processes.mentioning(_monitor(directory)))


def refresh(directory: Path) -> int:
    """Read the LUN's size again, and wait until the file has it; returns the size in bytes.

    Raises InitiatorError: the daemon or the target does not answer.
    """
    # The iSCSI driver reads the LUN's capacity again and ignores a smaller size.
    resize = {"execute": "block_resize", "arguments": {"node-name": "disk", "size": 512}}
    query = {"execute": "query-named-block-nodes", "arguments": {"flat": True}}
    nodes = monitor.ask(_monitor(directory), resize, query, seconds=ANSWER_SECONDS)[1]
    size = next(int(node["image"]["virtual-size"]) for node in nodes if node["node-name"] == "disk")
    # The kernel keeps the attributes of a FUSE file for a second.
    if not processes.wait_until(lambda: disk(directory).stat().st_size == size, RESIZE_SECONDS):
        raise InitiatorError(ExitCode.TIMED_OUT, f"the LUN has {size} bytes, its file never took that size")
    return size


def stop(directory: Path) -> None:
    """Log out, if necessary without the target, which has received all writes already."""
    with suppress(InitiatorError):
        monitor.ask(_monitor(directory), {"execute": "quit"}, seconds=QUIT_SECONDS)
        _wait_until_gone(directory)
    end(directory)


def end(directory: Path) -> None:
    """Kill the daemon; pending reads and writes fail."""
    processes.kill(_monitor(directory))
    _wait_until_gone(directory)


def _wait_until_gone(directory: Path) -> None:
    processes.wait_until(lambda: not runs(directory), QUIT_SECONDS)


def _require_unmap(iqn: str, portal: Portal) -> None:
    """Refuse a LUN that does not unmap: a hole in its file would keep its data instead of zeros."""
    done = _run(["iscsi-readcapacity16", f"iscsi://{portal}/{iqn}/{LUN}"], f"login to {iqn} at {portal}")
    if "LBPME:1" not in done.replace(" ", ""):
        raise InitiatorError(ExitCode.LOGIN_FAILED, f"LUN {LUN} of {iqn} is not thin-provisioned: it cannot be served")


def _run(command: list[str], step: str) -> str:
    """The output of a command. Raises InitiatorError if it fails or takes too long."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LOGIN_SECONDS, cwd="/"
        )
    except subprocess.TimeoutExpired:
        raise InitiatorError(ExitCode.TIMED_OUT, f"{step}: no answer within {LOGIN_SECONDS:g} s") from None
    if done.returncode != 0:
        reason = " ".join(f"{done.stdout} {done.stderr}".split())
        raise InitiatorError(ExitCode.LOGIN_FAILED, f"{step} failed: {reason}")
    return done.stdout


def _disk(directory: Path) -> Path:
    return directory / "disk"


def _monitor(directory: Path) -> Path:
    return directory / "monitor"
