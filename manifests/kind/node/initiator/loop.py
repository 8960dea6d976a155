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
    """A loop device while it is attached to a file: its name (`loop3`) and the kernel's number of that attachment."""

    name: str
    sequence: int


def create_device_files() -> None:
    """Create the files of all devices that the kernel may create, because other programs use free ones, too.

    The kubelet does for every block volume of a pod; if none is free, the kernel creates a device without a file.
    """
    device_files.character(CONTROL, 10, 237)
    partitions = int(PARTITIONS.read_text()) if PARTITIONS.exists() else 0
    for number, name in enumerate(NAMES):
        device_files.block(Path("/dev") / name, MAJOR, number << partitions.bit_length())


def attach(file: Path, holder: Path) -> Device:
    """Attach the file to a block device.

    The device lasts until `detach(holder)`, or until the node ends: a process named by `holder` keeps it open, and the
    kernel clears it when the last one closes it. So a node that is killed leaves no device in the machine's kernel.

    Raises InitiatorError: no device is free.
    """
    # Never with direct I/O: a FUSE export of QEMU 7.2 mixes up the data of concurrent requests. Buffered requests come
    # one by one, and are written through.
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
    """The device file, created if it is missing."""
    major, minor = (DEVICES / name / "dev").read_text().split(":")
    return device_files.block(Path("/dev") / name, int(major), int(minor))


def attached(device: Device) -> bool:
    """Whether the device is still attached as it was; the kernel knows without accessing the file."""
    return (DEVICES / device.name / "loop").is_dir() and _sequence(device.name) == device.sequence


def grow(name: str) -> int:
    """Adopt the file's size; returns the device's size in bytes."""
    device = os.open(node(name), os.O_RDONLY)
    try:
        fcntl.ioctl(device, LOOP_SET_CAPACITY, 0)
    finally:
        os.close(device)
    return int((DEVICES / name / "size").read_text()) * SECTOR


def flush(name: str, give_up_if: Callable[[], bool]) -> bool:
    """Write out the kernel's buffers; whether everything was written, now and before.

    `give_up_if` is called every second and may end the wait, as does a minute. The write itself cannot be interrupted:
    the caller has to end what it waits for.
    """
    deadline = time.monotonic() + FLUSH_SECONDS
    flushing = subprocess.Popen(["sync", str(node(name))], stdin=subprocess.DEVNULL)
    while True:
        try:
            return flushing.wait(LOOK_SECONDS) == 0
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline or give_up_if():
                return False


def detach(device: Device, holder: Path) -> bool:
    """Detach the device; False if other processes have it open and it is detached when the last one closes it."""
    processes.kill(holder)
    return processes.wait_until(lambda: not attached(device), RELEASE_SECONDS)


def _sequence(name: str) -> int:
    return int((DEVICES / name / "diskseq").read_text())


def _configure(device: int, backing: int) -> bool:
    """Attach the file; False if the device was not free any more."""
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
    # Its exit closes the device, which may wait for a target: only this thread waits for that.
    threading.Thread(target=os.waitpid, args=(process, 0), daemon=True).start()
