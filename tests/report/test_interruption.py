"""Ctrl-C ends a run early; what was verified until then is reported."""

import os
import signal
import subprocess
import sys

import pytest

from tests.report.conftest import MadeUp

pytest_plugins = ["pytester"]


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "-n 2"])
def test_interrupted(made_up: MadeUp, workers: tuple[str, ...]) -> None:
    """Exit code 2, a report with the verdicts so far, and the rest not verified."""
    os.mkfifo(made_up.path / "reached")
    made_up.write("""
        import pathlib
        import threading

        @clause("tea.water")
        def test_boils():
            assert False

        @clause("tea.cup")
        def test_cup(chaos):
            pathlib.Path("reached").write_text("here")
            threading.Event().wait()
    """)
    command = [sys.executable, "-u", "-m", "pytest", "--dist=loadfile", *workers]
    with subprocess.Popen(
        command, cwd=made_up.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "boils" in line and "violates" in line:
                break
        (made_up.path / "reached").read_text()
        process.send_signal(signal.SIGINT)
        text = process.stdout.read()
        process.wait()

    ran = made_up.ran(process.returncode, text)

    assert ran.exit_code == 2, ran.text
    assert ran.report is not None
    assert (ran.report["verdict"], ran.report["exit_code"]) == ("interrupted", 2)
    assert ran.verdict("tea.water")[0] == "violates"
    assert ran.verdict("tea.cup") == ("not verified", "not run")
    assert "No verdict: the run was interrupted" in (made_up.path / "report" / "conformance.html").read_text()
    assert "Traceback" not in ran.text
    assert ran.junit is not None
    if not workers:
        assert [problem["kind"] for problem in ran.report["problems"]] == ["leftover", "clean-up"]
    assert "INTERRUPTED: 1 of 1 clauses verified until then are violated" in ran.text
