"""The suite in a process group of its own, to be ended before its time."""

import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from tools import ROOT
from tools.cluster.simulated_cluster import SuiteRun, command, environment

PATIENCE = 100.0
"""Seconds after which a run that lost its cluster has not come to an end."""


class Running:
    """A run, with the lines that it wrote so far."""

    def __init__(self, reports: Path, *arguments: str, **variables: str) -> None:
        self.reports = reports
        self._lines: list[str] = []
        self.process = subprocess.Popen(
            command(reports, arguments),
            cwd=ROOT,
            env=environment() | {"PYTHONUNBUFFERED": "1"} | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def until_conforms(self, times: int = 1) -> None:
        """Return when so many results of tests that conform were printed; all but the last are done with then."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.append(line)
            times -= "conforms" in line
            if times == 0:
                return
        pytest.fail("it ended before that:\n" + "".join(self._lines))

    def ended(self, patience: float = PATIENCE) -> SuiteRun:
        """What came of it; killed if it does not end within these seconds."""
        assert self.process.stdout is not None
        timer = threading.Timer(patience, os.killpg, (self.process.pid, signal.SIGKILL))
        timer.start()
        with self.process.stdout as stream:
            self._lines += stream.readlines()
        code = self.process.wait()
        timer.cancel()
        return SuiteRun.read(code, "".join(self._lines), self.reports)

    def ended_by(self, number: signal.Signals) -> SuiteRun:
        """What came of it after a signal to all its processes when the first test conformed."""
        self.until_conforms()
        os.killpg(self.process.pid, number)
        return self.ended()
