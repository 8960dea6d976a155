"""The directory with the volumes' bytes: created at the start, removed at the end, or later if that end was SIGKILL.

Its name has the id and the start time of its process, so that a later start can remove the leftovers of ended ones.
"""

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_NAME = re.compile(r"longhorn-simulator-(\d+)-(\d+)-.*")


@contextlib.contextmanager
def directory(parent: Path | None) -> Iterator[Path]:
    """A fresh directory under `parent` (default: the system's for temporary files). Removes leftovers first."""
    root = parent or Path(tempfile.gettempdir())
    root.mkdir(parents=True, exist_ok=True)
    remove_leftovers(root)
    own = os.getpid()
    made = Path(tempfile.mkdtemp(prefix=f"longhorn-simulator-{own}-{start_time(own) or 0}-", dir=root))
    try:
        yield made
    finally:
        _remove(made)


def remove_leftovers(root: Path) -> None:
    """Remove the directories of ended simulators, except those of other users."""
    for entry in os.scandir(root):
        found = _NAME.fullmatch(entry.name)
        if not found or not entry.is_dir(follow_symlinks=False):
            continue
        with contextlib.suppress(FileNotFoundError, PermissionError):
            if entry.stat(follow_symlinks=False).st_uid == os.getuid() and not _runs(*map(int, found.groups())):
                _remove(Path(entry.path))


def start_time(pid: int) -> int | None:
    """When a process was started, in ticks since boot; None if that is unknown or the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(text.rpartition(")")[2].split()[19])


def _runs(pid: int, started: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    now = start_time(pid)
    return started == 0 or now is None or now == started


def _remove(path: Path) -> None:
    """Remove a tree, including directories that a pod made unreadable."""
    for directory_, names, _ in os.walk(path):
        for name in names:
            child = Path(directory_, name)
            if not child.is_symlink():
                child.chmod(0o700)
    shutil.rmtree(path, ignore_errors=True)
