"""Mounts in the node's mount namespace."""

import ctypes
import os
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)


def is_tmpfs(mount_point: Path) -> bool:
    """Whether the topmost mount there is a tmpfs."""
    table = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [fields[-3] for fields in table if fields[4] == str(mount_point)][-1:] == ["tmpfs"]


def mount_tmpfs(mount_point: Path) -> None:
    """Mount a small tmpfs over a directory; raises OSError."""
    done = LIBC.mount(b"userspace-initiator", os.fsencode(mount_point), b"tmpfs", 0, b"mode=755,size=4m")
    if done != 0:
        raise OSError(ctypes.get_errno(), f"cannot mount a tmpfs: {os.strerror(ctypes.get_errno())}", str(mount_point))
