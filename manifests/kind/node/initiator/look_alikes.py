"""Writable look-alikes of /sys/block and /sys/class/block.

Longhorn reads `/sys/class/block/NAME/dev` and writes `/sys/block/NAME/device/timeout`. A loop device has no `device`,
and a kind node's /sys is read-only. So two small tmpfs are laid over these directories: links to the real entries, and
for the device of each session a directory of its own with what a SCSI disk has.

The kubelet, after it has taken a free loop device for a block volume, looks for it in `/sys/block/loop*`, and the
kernel may have made that device just then. So these links are there from the beginning, and lead nowhere until it does.
"""

import shutil
from collections.abc import Collection
from pathlib import Path

from . import loop, mounts

BLOCK = Path("/sys/block")
CLASS = Path("/sys/class/block")
DEVICES = Path("/sys/dev/block")
SCSI_DISK = {"timeout": "30", "state": "running", "type": "0", "vendor": "IET", "model": "VIRTUAL-DISK"}


def refresh(attached: Collection[str]) -> None:
    """Make the entries those of the kernel's block devices; those in `attached` look like SCSI disks.

    Not for two threads at once. Raises OSError.
    """
    for directory in (CLASS, BLOCK):
        if not mounts.is_tmpfs(directory):
            mounts.mount_tmpfs(directory)
    real = {path.name: path for path in _devices()}
    for name, path in real.items():
        if name in attached:
            _disk(BLOCK / name, path)
            _link(CLASS / name, BLOCK / name)
        else:
            _link(CLASS / name, path)
            if not (path / "partition").exists():
                _link(BLOCK / name, path)
    to_come = {name: loop.DEVICES / name for name in loop.NAMES if name not in real}
    for name, path in to_come.items():
        _link(BLOCK / name, path)
    for directory, expected in ((CLASS, real), (BLOCK, real | to_come)):
        for entry in directory.iterdir():
            if entry.name not in expected:
                _remove(entry)


def _devices() -> list[Path]:
    # A device that goes meanwhile leaves a link that leads nowhere.
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
