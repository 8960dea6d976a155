"""Device files in the node, whose /dev does not follow the kernel."""

import os
import stat
from pathlib import Path


def character(path: Path, major: int, minor: int) -> Path:
    """Create the character device, unless it exists."""
    return _make(path, stat.S_IFCHR, os.makedev(major, minor))


def block(path: Path, major: int, minor: int) -> Path:
    """Create the block device, unless it exists."""
    return _make(path, stat.S_IFBLK, os.makedev(major, minor))


def _make(path: Path, kind: int, number: int) -> Path:
    try:
        found = path.stat()
        if found.st_rdev == number and stat.S_IFMT(found.st_mode) == kind:
            return path
        path.unlink()
    except FileNotFoundError:
        pass
    os.mknod(path, kind | 0o660, number)
    return path
