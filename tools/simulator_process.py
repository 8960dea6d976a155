"""A simulator as a process of its own, for as long as a program needs it."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import ROOT
from tools.api_access import ApiAccess

_BUDGET = 60.0
"""Seconds to start, and again to stop: many on a busy machine, where all else waits for it."""


class SimulatorError(Exception):
    """The simulator did not start; the text holds the end of its log."""


@dataclass(frozen=True)
class SimulatorProcess:
    """A running simulator with what it printed when it was ready, `start_seconds` after its launch."""

    pid: int
    ready: Mapping[str, Any]
    start_seconds: float

    @property
    def access(self) -> ApiAccess:
        """Access to its API."""
        return ApiAccess.read(self.ready["kubeconfig"])


@contextmanager
def running_simulator(directory: Path, *options: str, module: str = "simulator") -> Iterator[SimulatorProcess]:
    """A simulator that runs as long as the body; its kubeconfig and log are in `directory`. Raises SimulatorError."""
    own = ("--kubeconfig", str(directory / "kubeconfig"), "--parent-pid", str(os.getpid()))
    command = [sys.executable, "-m", module, *own, *options]
    log = directory / "simulator.log"
    began = time.perf_counter()
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        assert process.stdout is not None
        try:
            readable, _, _ = select.select([process.stdout], [], [], _BUDGET)
            line = process.stdout.readline() if readable else ""
            if not line:
                what = "ended before it was ready" if readable else f"was not ready within {_BUDGET:g} s"
                raise SimulatorError(f"the simulator {what}:\n{tail(log)}")
            yield SimulatorProcess(process.pid, json.loads(line), time.perf_counter() - began)
        finally:
            process.terminate()
            process.wait(_BUDGET)


def tail(log: Path) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
