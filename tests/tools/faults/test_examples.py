"""The kill matrix on unsound faults: it must report each of them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools import ROOT

RUN = """
import functools, sys
from simulator.overrides import registry
registry.faults = functools.partial(registry.faults, "tests.tools.faults.examples")
from tools.faults.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
Done = tuple["subprocess.CompletedProcess[str]", dict[str, Any]]
NAMES = ("sound", "misnamed", "surviving", "dead", "idle", "unattributed")


def run(*command: str, seconds: float = 60) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The command, run on the examples, and the rows of its document by fault."""
    folder = tmp_path_factory.mktemp("matrix")
    ended = run(sys.executable, "-c", RUN, *NAMES, f"--report-dir={folder}", "--no-control", seconds=180)
    assert (folder / "faults.json").exists(), ended.stdout + ended.stderr
    rows = json.loads((folder / "faults.json").read_text())["faults"]
    return ended, {row["fault"]: row for row in rows}


@pytest.mark.e2e
def test_it_fails_and_counts_the_sound_faults(done: Done) -> None:
    ended, _ = done
    assert ended.returncode == 1
    assert f"1 of {len(NAMES)} faults killed and attributed" in ended.stdout


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("misnamed", "backup.source.exactly-one fails for another reason than 'in Latin'"),
        ("surviving", "survives: no clause that it breaks is violated"),
        ("dead", "dead: the replaced decision was never called"),
        ("idle", "and never answered differently"),
        ("unattributed", "unrelated: backup.name.uid is violated"),
    ],
)
def test_an_unsound_fault_is_reported(name: str, problem: str, done: Done) -> None:
    ended, rows = done
    assert any(problem in found for found in rows[name]["problems"]), rows[name]["problems"]
    assert problem in ended.stdout


@pytest.mark.e2e
def test_a_sound_fault_is_killed(done: Done) -> None:
    _, rows = done
    assert rows["sound"]["killed"], rows["sound"]["problems"]
    assert rows["sound"]["changed"] > 0
    assert rows["sound"]["failed_tests"]


def test_an_unknown_fault_is_a_usage_error(tmp_path: Path) -> None:
    ended = run(sys.executable, "-m", "tools.faults", "no-such-fault", f"--report-dir={tmp_path}")
    assert ended.returncode == 2
    assert "unknown fault 'no-such-fault'" in ended.stderr.splitlines()[-1]
    assert not list(tmp_path.iterdir())


def test_the_list_of_faults_can_be_piped_to_head() -> None:
    command = f"{sys.executable} -m simulator --list-faults | head -1"
    ended = run("/bin/bash", "-o", "pipefail", "-c", command)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("FAULT ")
