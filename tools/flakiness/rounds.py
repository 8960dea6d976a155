"""One round: the whole suite once, as anybody would run it, in an order and with disturbances from a seed."""

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools import ROOT
from tools.flakiness.results import Difference, Results, UnreadableReport, differences, read

_CLEAN_UP = 60.0
"""Seconds for a hanging round to write its report."""

_DISTURBED = re.compile(r"^disturbed: (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Round:
    """What to run: the seed of order and disturbances, their level, and further arguments for pytest.

    With `troubles` the cluster is also broken in ways that block its users.
    """

    seed: int
    level: float
    arguments: tuple[str, ...] = ()
    troubles: bool = False

    @property
    def pytest_arguments(self) -> tuple[str, ...]:
        order = ("-p", "randomly", f"--randomly-seed={self.seed}")
        troubles = ":troubles" if self.troubles else ""
        return (*order, f"--chaos={self.seed}:{self.level:g}{troubles}", *self.arguments)

    @property
    def folder(self) -> str:
        return f"round-{self.seed}"

    @property
    def command(self) -> str:
        """The command that runs only this round again."""
        troubles = " --troubles" if self.troubles else ""
        line = f"python -m tools.flakiness --rounds 1 --seed {self.seed} --level {self.level:g}{troubles}"
        return f"{line} -- {shlex.join(self.arguments)}" if self.arguments else line


@dataclass(frozen=True)
class RoundRun:
    """The outcome of running the suite. `results` is None if it left no report; `output` is what it printed."""

    seconds: float
    results: Results | None
    trouble: str
    output: str
    disturbances: Mapping[str, int]

    def differences_from(self, reference: Results) -> tuple[Difference, ...]:
        """How it differs from the reference."""
        if self.results is None:
            return (Difference("run", "as a whole", reference.verdict, "no report", self.trouble),)
        return differences(reference, self.results)


class Suite:
    """Runs the suite in processes of its own; several may run side by side, and all can be ended."""

    def __init__(self, reports: Path) -> None:
        """`reports` gets a folder for each run."""
        self._reports = reports
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._ended = False

    def run(self, name: str, arguments: Sequence[str], limit: float) -> RoundRun:
        """Run it once; after `limit` seconds it is interrupted, and killed if it does not end then."""
        reports = self._reports / name
        reports.mkdir(parents=True)
        with tempfile.TemporaryDirectory(prefix="flakiness-", ignore_cleanup_errors=True) as scratch:
            began = time.monotonic()
            with (reports / "output.txt").open("wb") as output:
                exit_code, trouble = self._process(arguments, reports, Path(scratch), output.fileno(), limit)
            seconds = time.monotonic() - began
            disturbances = _disturbances(Path(scratch))
        printed = (reports / "output.txt").read_text(encoding="utf-8", errors="replace")
        try:
            results = read(reports, exit_code)
        except UnreadableReport as error:
            return RoundRun(seconds, None, trouble or str(error), printed, disturbances)
        return RoundRun(seconds, None if trouble else results, trouble, printed, disturbances)

    def end(self) -> None:
        """End the runs and start no more."""
        with self._lock:
            self._ended = True
            for process in self._running:
                process.terminate()

    def _process(
        self, arguments: Sequence[str], reports: Path, scratch: Path, output: int, limit: float
    ) -> tuple[int, str]:
        """The exit code, and what went wrong with the process itself."""
        command = [sys.executable, "-m", "pytest", f"--report-dir={reports}", *arguments]
        environment = {**os.environ, "TMPDIR": str(scratch)}
        with self._lock:
            if self._ended:
                return 2, "not started"
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running.add(process)
        try:
            return process.wait(limit), ""
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_CLEAN_UP)
            except subprocess.TimeoutExpired:
                process.kill()
            return process.wait(), f"did not end within {limit:.0f} s"
        finally:
            with self._lock:
                self._running.discard(process)


def _disturbances(scratch: Path) -> dict[str, int]:
    """How often each disturbance happened, from what the round's simulators logged at their end."""
    counts: Counter[str] = Counter()
    for log in scratch.rglob("simulator.log"):
        for line in _DISTURBED.findall(log.read_text(encoding="utf-8", errors="replace")):
            for each in line.split(", "):
                name, _, count = each.rpartition(" ")
                counts[name] += int(count)
    return dict(counts)
