"""Run a command in a mount namespace of its own that holds none of the node's volumes: `enclosed.py COMMAND...`.

The storage daemon must not be the last process to leave a mount namespace in which a volume is mounted: the kernel
would then write the volume's last blocks from within the daemon's end, through the file that the daemon itself serves,
and wait for ever. Nor may it keep a copy of a mount, by which a volume would be in use long after its pod has gone.
"""

import ctypes
import os
import sys
from pathlib import Path

CLONE_NEWNS = 0x20000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 1 << 18
MNT_DETACH = 2
# What a program needs that reaches a target and serves a file under /run; each without the mounts below it.
KEPT = ("/", "/dev", "/proc", "/run", "/usr")
NEW_ROOT = Path("/mnt")


def main(command: list[str]) -> None:
    """Become the command; raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    _check("unshare", libc.unshare(CLONE_NEWNS))
    _check("make private", libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None))
    for each in KEPT:
        _check(f"bind {each}", libc.mount(each.encode(), bytes(NEW_ROOT / each[1:]), None, MS_BIND, None))
    os.chdir(NEW_ROOT)
    # Lays the old root over the new one; taken away, it takes with it whatever was mounted anywhere.
    _check("pivot", libc.pivot_root(b".", b"."))
    _check("unmount the old root", libc.umount2(b".", MNT_DETACH))
    os.chdir("/")
    os.execvp(command[0], command)


def _check(step: str, result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{step}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main(sys.argv[1:])
