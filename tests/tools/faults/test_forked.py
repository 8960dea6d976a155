"""The processes of a run on a faulty simulator: one that reports may take its time, one that hangs is killed."""

import os
import subprocess
import sys
from pathlib import Path

from tools.faults.forked import wait_while_it_reports


def test_a_run_that_ends_gives_its_exit_code(tmp_path: Path) -> None:
    log = tmp_path / "suite.log"
    log.touch()
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as child:
        assert wait_while_it_reports(child.pid, log, 60.0) == 3


def test_a_run_that_reported_nothing_for_too_long_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "suite.log"
    log.touch()
    os.utime(log, (0, 0))
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert wait_while_it_reports(child.pid, log, 60.0) is None
