"""A container as a child process, in its own process group."""

import asyncio
import contextlib
import os
import shutil
import signal
from pathlib import Path

from simulator.clock import Clock
from simulator.kubernetes.node.environment import Launch
from simulator.kubernetes.node.logs import Log
from simulator.kubernetes.node.watchdog import Watchdog

DRAIN = 1.0
"""Seconds (wall clock) to read the output of an ended container; a deadline, not a delay."""

_STOPPING = 0.0005
"""Seconds between two checks whether all processes have stopped."""

_PROC = Path("/proc")
_WAIT_FOR_A_WORD = 'read -r word || exit 1; exec "$@" </dev/null'


_NOT_STARTED = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    "unable to start container process: error during container init: "
)


class CannotStart(Exception):
    """The command does not exist or cannot be executed; the text is a container runtime's."""


class Process:
    """One run of a container."""

    def __init__(self, clock: Clock, watchdog: Watchdog, log: Log) -> None:
        self._clock = clock
        self._watchdog = watchdog
        self._log = log
        self._child: asyncio.subprocess.Process | None = None
        self._output = -1
        self._drained = asyncio.Event()

    async def start(self, launch: Launch) -> None:
        """Start the command. Raises CannotStart.

        A shell waits for a word before it executes the command, so nothing runs before the watchdog knows it.
        """
        _check_command(launch)
        reading, writing = os.pipe()
        waiting, word = os.pipe()
        try:
            self._child = await asyncio.create_subprocess_exec(
                *("/bin/sh", "-c", _WAIT_FOR_A_WORD, "sh", *launch.command),
                stdin=waiting,
                stdout=writing,
                stderr=writing,
                cwd=launch.directory,
                env=launch.environment,
                start_new_session=True,
            )
            self._watchdog.begin(self._child.pid)
            os.write(word, b"go\n")
        except BaseException:
            os.close(reading)
            raise
        finally:
            for end in (writing, waiting, word):
                os.close(end)
        os.set_blocking(reading, False)
        self._output = reading
        asyncio.get_running_loop().add_reader(reading, self._read)

    @property
    def group(self) -> int | None:
        """The process group while the container runs."""
        return self._child.pid if self._child is not None and self._child.returncode is None else None

    async def wait(self) -> int:
        """The exit code once the container has ended, 128 plus the signal if one killed it."""
        if self._child is None:
            raise RuntimeError("the container was not started")
        code = await self._child.wait()
        self._signal_group(signal.SIGKILL)
        self._watchdog.end(self._child.pid)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._drained.wait(), DRAIN)
        self._close()
        return code if code >= 0 else 128 - code

    async def stop(self, grace: float) -> None:
        """End the container: SIGTERM, then SIGKILL after `grace` seconds.

        The first process of a container ignores SIGTERM unless it handles it, so only one that does gets it, and its
        grace is not scaled, because it works; for the others the grace is only a delay.
        """
        if self._child is None or self._child.returncode is not None:
            return
        ended = asyncio.ensure_future(self._child.wait())
        try:
            if _handles_termination(self._child.pid):
                with contextlib.suppress(ProcessLookupError):
                    self._child.send_signal(signal.SIGTERM)
                await asyncio.wait({ended}, timeout=grace)
            else:
                await asyncio.wait({ended}, timeout=grace * self._clock.pace)
            self._signal_group(signal.SIGKILL)
            await ended
        finally:
            ended.cancel()

    def kill(self) -> None:
        """End the container at once."""
        self._signal_group(signal.SIGKILL)

    def freeze(self) -> None:
        self._signal_group(signal.SIGSTOP)

    async def stopped(self) -> None:
        """Return when every process of a frozen container has stopped."""
        while self.group is not None and has_running_members(self.group):  # noqa: ASYNC110 - the kernel does not notify
            await asyncio.sleep(_STOPPING)

    def thaw(self) -> None:
        self._signal_group(signal.SIGCONT)

    def _signal_group(self, number: signal.Signals) -> None:
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, number)

    def _read(self) -> None:
        try:
            data = os.read(self._output, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._log.write(data)
        else:
            self._close()

    def _close(self) -> None:
        if self._output >= 0:
            asyncio.get_running_loop().remove_reader(self._output)
            os.close(self._output)
            self._output = -1
            self._log.close()
            self._drained.set()


def _check_command(launch: Launch) -> None:
    """Raises CannotStart for a command that does not exist or is not executable."""
    command = launch.command[0]
    if "/" not in command:
        if shutil.which(command, path=launch.environment["PATH"]) is None:
            raise CannotStart(f'{_NOT_STARTED}exec: "{command}": executable file not found in $PATH: unknown')
        return
    path = launch.directory / command
    if not path.exists():
        raise CannotStart(f'{_NOT_STARTED}exec: "{command}": stat {command}: no such file or directory: unknown')
    if path.is_dir() or not os.access(path, os.X_OK):
        raise CannotStart(f'{_NOT_STARTED}exec: "{command}": permission denied: unknown')


def _handles_termination(pid: int) -> bool:
    """Whether a process handles SIGTERM; True where that is unknown."""
    try:
        status = (_PROC / str(pid) / "status").read_text()
    except OSError:
        return True
    caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), "0")
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def has_running_members(group: int) -> bool:
    """Whether any process of a group is neither stopped nor ended; False where that is unknown."""
    for entry in _PROC.glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] not in "TtZXx":
            return True
    return False
