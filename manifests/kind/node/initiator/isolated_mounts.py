"""Run a command in a new mount namespace without the node's volumes: `isolated_mounts.py COMMAND...`.

The storage daemon must not be the last process in a mount namespace in which a volume is mounted: while it exits, the
kernel would write the volume's last blocks through the file that the daemon itself serves, and wait forever. Nor may it
keep a copy of a mount, which would keep a volume in use long after its pod has gone.
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
# Enough to connect to a target and to serve a file under /run; each without the mounts below it.
KEPT = ("/", "/dev", "/proc", "/run", "/usr")
NEW_ROOT = Path("/mnt")


def main(command: list[str]) -> None:
    """Replace this process by the command; raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    _check("unshare", libc.unshare(CLONE_NEWNS))
    _check("make private", libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None))
    for each in KEPT:
        _check(f"bind {each}", libc.mount(each.encode(), bytes(NEW_ROOT / each[1:]), None, MS_BIND, None))
    os.chdir(NEW_ROOT)
    # Puts the old root over the new one; unmounting it unmounts everything below it.
    _check("pivot", libc.pivot_root(b".", b"."))
    _check("unmount the old root", libc.umount2(b".", MNT_DETACH))
    os.chdir("/")
    os.execvp(command[0], command)


def _check(step: str, result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{step}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main(sys.argv[1:])
