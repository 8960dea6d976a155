"""A run that is ended from outside in its middle: nothing of it is left running, and the next one works."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PROC = Path("/proc")
PATIENCE = 10.0
"""Seconds after which something counts as left of a run that was killed; on an idle machine all is gone in one."""

ONE = "conformance/backup/test_classes.py::test_unknown_type_is_refused"
PART = tuple(f"conformance/backup/test_{name}.py" for name in ("create", "data", "deletion"))
"""Some that are quick, each of a clause of its own, and enough to be in the middle of."""

pytestmark = pytest.mark.skipif(not (PROC / "self" / "environ").exists(), reason="needs /proc to see what still runs")


class Running:
    """The suite in a process group of its own, with all its temporary files in one folder, by which it is known."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.reports = folder / "report"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "pytest", f"--report-dir={self.reports}", *arguments],
            cwd=ROOT,
            env={**environment, "TMPDIR": str(folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    @property
    def report(self) -> dict[str, Any]:
        """Its report."""
        return dict(json.loads((self.reports / "conformance.json").read_text()))

    def until(self, text: str) -> None:
        """Return when a line with this text was printed."""
        assert self.process.stdout is not None
        assert any(text in line for line in self.process.stdout), "it ended before that"

    def end(self, number: signal.Signals, *, group: bool) -> tuple[int, str]:
        """Send a signal, to the process alone or to its group; its exit code and what else it wrote."""
        (os.killpg if group else os.kill)(self.process.pid, number)
        assert self.process.stdout is not None
        rest = "" if number == signal.SIGKILL else self.process.stdout.read()
        self.process.wait(60)
        self.process.stdout.close()
        return self.process.returncode, rest


def left_of(folder: Path) -> dict[int, str]:
    """The processes that have to do with a folder, by their command line or their environment."""
    found = {}
    for entry in PROC.glob("[0-9]*"):
        try:
            command, environment = ((entry / name).read_bytes() for name in ("cmdline", "environ"))
        except OSError:
            continue
        if os.fsencode(folder) in command or os.fsencode(folder) in environment:
            found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace")
    return found


def waited_for(folder: Path) -> dict[int, str]:
    """What is left of a folder in the end."""
    deadline = time.monotonic() + PATIENCE
    while (left := left_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """For a run's temporary files; what it leaves running ends with the test."""
    yield tmp_path
    for pid in left_of(tmp_path):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("number", "workers"),
    [
        pytest.param(signal.SIGINT, (), id="Ctrl-C", marks=pytest.mark.e2e),
        pytest.param(signal.SIGINT, ("-n", "2"), id="Ctrl-C, -n 2"),
        pytest.param(signal.SIGTERM, (), id="SIGTERM"),
        pytest.param(signal.SIGTERM, ("-n", "2"), id="SIGTERM, -n 2", marks=pytest.mark.e2e),
    ],
)
def test_interrupted_it_cleans_up(folder: Path, number: signal.Signals, workers: tuple[str, ...]) -> None:
    """A terminal sends Ctrl-C to all processes of the group; the simulator has to outlive it to be cleaned up.

    Whoever cancels a job sends SIGTERM to the controlling process alone.
    """
    running = Running(folder, *PART, *workers)
    running.until("conforms")
    assert any("-m simulator" in command for command in left_of(folder).values())

    exit_code, text = running.end(number, group=number == signal.SIGINT)

    report = running.report
    assert (exit_code, report["verdict"], report["problems"]) == (2, "interrupted", []), text
    assert "Traceback" not in text
    assert waited_for(folder) == {}


def test_simulator_that_is_killed(folder: Path) -> None:
    """The run fails and says so in words; what was verified until then is reported, and nothing else is a violation."""
    running = Running(folder, *PART, "--idle-timeout=4", "--tb=no")
    running.until("conforms")
    running.until("conforms")
    for pid, command in left_of(folder).items():
        if "-m simulator" in command:
            os.kill(pid, signal.SIGKILL)

    text, _ = running.process.communicate(timeout=150)

    report = running.report
    assert (running.process.returncode, report["verdict"]) == (1, "failed"), text
    assert report["counts"]["violates"] == 0
    assert report["counts"]["conforms"] > 0
    assert "no answer from the API server" in text
    assert "Traceback" not in text
    assert waited_for(folder) == {}


@pytest.mark.parametrize(
    "workers", [pytest.param((), id="alone"), pytest.param(("-n", "2"), id="-n 2", marks=pytest.mark.e2e)]
)
def test_nothing_is_left_of_a_killed_run_and_the_next_one_works(folder: Path, workers: tuple[str, ...]) -> None:
    """And the next one works, in the same place for temporary files, with the same place for its report."""
    running = Running(folder, *PART, *workers)
    running.until("conforms")
    assert any("-m simulator" in command for command in left_of(folder).values())

    running.end(signal.SIGKILL, group=False)

    assert waited_for(folder) == {}
    assert not [*folder.rglob("longhorn-simulator-*"), *folder.rglob("kubeconfig")]
    after = Running(folder, ONE)
    text, _ = after.process.communicate(timeout=60)
    assert after.process.returncode == 0, text
    assert after.report["verdict"] == "conforms"
