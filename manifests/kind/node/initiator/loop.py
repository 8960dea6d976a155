"""Loop devices: a file as a block device (ioctls of linux/loop.h)."""

import errno
import fcntl
import os
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import device_files, processes
from .errors import ExitCode, InitiatorError

CONTROL = Path("/dev/loop-control")
DEVICES = Path("/sys/devices/virtual/block")
PARTITIONS = Path("/sys/module/loop/parameters/max_part")
MAJOR = 7
NAMES = tuple(f"loop{number}" for number in range(256))
SECTOR = 512
ATTEMPTS = 64
FLUSH_SECONDS = 60.0
LOOK_SECONDS = 1.0
RELEASE_SECONDS = 5.0

LOOP_SET_CAPACITY = 0x4C07
LOOP_CONFIGURE = 0x4C0A
LOOP_CTL_GET_FREE = 0x4C82
LO_FLAGS_AUTOCLEAR = 4
LOOP_CONFIG = "=II 5Q4I64s64s32s2Q 8Q"


@dataclass(frozen=True)
class Device:
    """A loop device while it stands for one file: its name (`loop3`), and the kernel's number of that use."""

    name: str
    sequence: int


def lay_nodes() -> None:
    """Make the files of all devices that the kernel may come to have: also others in the node take free ones.

    The kubelet does, for every block volume of a pod; the kernel makes a device when none is free, and nobody its file.
    """
    device_files.character(CONTROL, 10, 237)
    partitions = int(PARTITIONS.read_text()) if PARTITIONS.exists() else 0
    for number, name in enumerate(NAMES):
        device_files.block(Path("/dev") / name, MAJOR, number << partitions.bit_length())


def attach(file: Path, holder: Path) -> Device:
    """Make the file a block device.

    The device lasts until `let_go(holder)`, or until the node ends: a process named by `holder` keeps it open, and the
    kernel clears it when the last one closes it. So a node that is killed leaves no device in the machine's kernel.

    Raises InitiatorError: no device is free.
    """
    # Never with direct I/O: two requests in flight at a FUSE export of QEMU 7.2 mix up their data. Buffered requests
    # come one by one, and are written through.
    device_files.character(CONTROL, 10, 237)
    backing = os.open(file, os.O_RDWR)
    control = os.open(CONTROL, os.O_RDWR)
    try:
        for _ in range(ATTEMPTS):
            name = f"loop{fcntl.ioctl(control, LOOP_CTL_GET_FREE)}"
            device = os.open(node(name), os.O_RDWR)
            try:
                if _configure(device, backing):
                    _hold(device, holder)
                    return Device(name, _sequence(name))
            finally:
                os.close(device)
        raise InitiatorError(ExitCode.LOGIN_FAILED, f"no loop device was free in {ATTEMPTS} attempts")
    finally:
        os.close(control)
        os.close(backing)


def node(name: str) -> Path:
    """The device file, made where it is missing."""
    major, minor = (DEVICES / name / "dev").read_text().split(":")
    return device_files.block(Path("/dev") / name, int(major), int(minor))


def attached(device: Device) -> bool:
    """Whether the device still stands for what it was made for; the kernel knows without looking at the file."""
    return (DEVICES / device.name / "loop").is_dir() and _sequence(device.name) == device.sequence


def grow(name: str) -> int:
    """Take the file's size; returns the device's size in bytes."""
    device = os.open(node(name), os.O_RDONLY)
    try:
        fcntl.ioctl(device, LOOP_SET_CAPACITY, 0)
    finally:
        os.close(device)
    return int((DEVICES / name / "size").read_text()) * SECTOR


def flush(name: str, hopeless: Callable[[], bool]) -> bool:
    """Write out what the kernel holds back; whether all of it was written, now and before.

    `hopeless` is asked every second that it takes and may end the wait, as does a minute. The write itself cannot be
    interrupted: the caller has to end what it waits for.
    """
    deadline = time.monotonic() + FLUSH_SECONDS
    flushing = subprocess.Popen(["sync", str(node(name))], stdin=subprocess.DEVNULL)
    while True:
        try:
            return flushing.wait(LOOK_SECONDS) == 0
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline or hopeless():
                return False


def let_go(device: Device, holder: Path) -> bool:
    """Clear the device; whether it is cleared now, or else when the last who has it open closes it."""
    processes.kill(holder)
    deadline = time.monotonic() + RELEASE_SECONDS
    while attached(device):
        if time.monotonic() > deadline:
            return False
        time.sleep(processes.INTERVAL)
    return True


def _sequence(name: str) -> int:
    return int((DEVICES / name / "diskseq").read_text())


def _configure(device: int, backing: int) -> bool:
    """Whether the device was still free to take the file."""
    info = (0, 0, 0, 0, 0, 0, 0, 0, LO_FLAGS_AUTOCLEAR, b"", b"", b"", 0, 0)
    try:
        fcntl.ioctl(device, LOOP_CONFIGURE, struct.pack(LOOP_CONFIG, backing, SECTOR, *info, *[0] * 8))
    except OSError as error:
        if error.errno == errno.EBUSY:
            return False
        raise
    return True


def _hold(device: int, holder: Path) -> None:
    take_it = [(os.POSIX_SPAWN_DUP2, device, 0)]
    process = os.posix_spawn("/usr/bin/sleep", [str(holder), "infinity"], {}, file_actions=take_it, setsid=True)
    # Its end closes the device, which may wait for a target: nobody but this thread waits with it.
    threading.Thread(target=os.waitpid, args=(process, 0), daemon=True).start()
