"""Writable copies of /sys/block and /sys/class/block.

Longhorn reads `/sys/class/block/NAME/dev` and writes `/sys/block/NAME/device/timeout`. A loop device has no `device`,
and /sys is read-only in a kind node. So two small tmpfs are mounted over these directories: links to the real entries,
and for the device of each session a directory with the attributes of a SCSI disk.

The kubelet takes a free loop device for a block volume and then looks for it in `/sys/block/loop*`; the kernel may have
created that device just before. So all these links exist from the start, and dangle until the kernel has the device.
"""

import ctypes
import os
import shutil
from collections.abc import Collection
from pathlib import Path

from . import loop

LIBC = ctypes.CDLL(None, use_errno=True)
BLOCK = Path("/sys/block")
CLASS = Path("/sys/class/block")
DEVICES = Path("/sys/dev/block")
SCSI_DISK = {"timeout": "30", "state": "running", "type": "0", "vendor": "IET", "model": "VIRTUAL-DISK"}


def refresh(attached: Collection[str]) -> None:
    """Update the entries to the kernel's block devices; those in `attached` look like SCSI disks.

    Not thread-safe. Raises OSError.
    """
    for directory in (CLASS, BLOCK):
        if not _is_tmpfs(directory):
            _mount_tmpfs(directory)
    real = {path.name: path for path in _devices()}
    for name, path in real.items():
        if name in attached:
            _disk(BLOCK / name, path)
            _link(CLASS / name, BLOCK / name)
        else:
            _link(CLASS / name, path)
            if not (path / "partition").exists():
                _link(BLOCK / name, path)
    future = {name: loop.DEVICES / name for name in loop.NAMES if name not in real}
    for name, path in future.items():
        _link(BLOCK / name, path)
    for directory, expected in ((CLASS, real), (BLOCK, real | future)):
        for entry in directory.iterdir():
            if entry.name not in expected:
                _remove(entry)


def _is_tmpfs(mount_point: Path) -> bool:
    """Whether the topmost mount there is a tmpfs."""
    table = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [fields[-3] for fields in table if fields[4] == str(mount_point)][-1:] == ["tmpfs"]


def _mount_tmpfs(mount_point: Path) -> None:
    done = LIBC.mount(b"userspace-initiator", os.fsencode(mount_point), b"tmpfs", 0, b"mode=755,size=4m")
    if done != 0:
        raise OSError(ctypes.get_errno(), f"cannot mount a tmpfs: {os.strerror(ctypes.get_errno())}", str(mount_point))


def _devices() -> list[Path]:
    # The link of a device that disappears in between dangles.
    return [path for path in (entry.resolve() for entry in DEVICES.iterdir()) if (path / "dev").exists()]


def _disk(entry: Path, device: Path) -> None:
    if entry.is_symlink():
        entry.unlink()
    (entry / "device").mkdir(parents=True, exist_ok=True)
    for attribute in device.iterdir():
        if attribute.name != "device":
            _link(entry / attribute.name, attribute)
    for name, value in SCSI_DISK.items():
        file = entry / "device" / name
        if not file.exists():
            file.write_text(f"{value}\n")


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    _remove(link)
    link.symlink_to(target)


def _remove(entry: Path) -> None:
    if entry.is_symlink():
        entry.unlink()
    elif entry.exists():
        shutil.rmtree(entry)
