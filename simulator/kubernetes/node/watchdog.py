"""Makes sure that no container outlives the simulator, whatever kills it.

A shell in its own session reads the running process groups from a pipe; when the pipe ends, because the simulator is
gone, it kills the remaining ones. This needs no code between fork and exec, and works on every POSIX system.
"""

import contextlib
import subprocess

_SCRIPT = """
trap '' INT TERM HUP
groups=' '
while read -r sign group; do
    case $sign in
    +) groups="$groups$group " ;;
    -) groups="${groups%% $group *} ${groups#* $group }" ;;
    esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
"""


class Watchdog:
    """Knows the process groups of the running containers. The shell starts with the first of them."""

    def __init__(self) -> None:
        self._shell: subprocess.Popen[bytes] | None = None

    def begin(self, group: int) -> None:
        """A process group has started."""
        if self._shell is None:
            self._shell = subprocess.Popen(
                ["/bin/sh", "-c", _SCRIPT],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._write(f"+ {group}\n")

    def end(self, group: int) -> None:
        """A process group is gone; its number may be reused."""
        self._write(f"- {group}\n")

    def close(self) -> None:
        """End the shell; it kills what still runs."""
        if self._shell is not None and self._shell.stdin is not None:
            with contextlib.suppress(OSError):
                self._shell.stdin.close()
            self._shell.wait()
            self._shell = None

    def _write(self, line: str) -> None:
        if self._shell is not None and self._shell.stdin is not None:
            with contextlib.suppress(OSError):
                self._shell.stdin.write(line.encode())
                self._shell.stdin.flush()
