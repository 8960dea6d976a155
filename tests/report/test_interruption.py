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


FILLS_THE_DISK = """
    import pathlib

    @clause("tea.water")
    def test_boils():
        pass

    @clause("tea.cup")
    def test_cup():
        FILL
"""


@pytest.mark.parametrize(
    ("fill", "told"),
    [
        ("pathlib.Path('report').mkdir(); pathlib.Path('report/junit.xml').symlink_to('/dev/full')", "space left"),
        ("pathlib.Path('report').write_text('in the way')", "File exists"),
    ],
    ids=["full", "unusable"],
)
def test_report_that_cannot_be_written(made_up: MadeUp, fill: str, told: str) -> None:
    """From the middle of the run on: the terminal has the verdicts, the exit code is not 0, there is no traceback."""
    made_up.write(FILLS_THE_DISK.replace("FILL", fill))

    ran = made_up.run()

    assert ran.exit_code == 1, ran.text
    assert told in ran.text
    assert "Traceback" not in ran.text
    assert "INTERNALERROR" not in ran.text
    assert "NO VERDICT: the run itself failed; 2 clauses were verified" in ran.text


def test_disk_that_is_full(made_up: MadeUp) -> None:
    """Of files that have no room nothing is left, not half of one."""
    (made_up.path / "report").mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "none", "report"], cwd=made_up.path, check=False)
    if mounted.returncode:
        pytest.skip("only root may mount")
    try:
        made_up.write(FILLS_THE_DISK.replace("FILL", "assert False, 'cold'"))

        ran = made_up.run()

        left = {path.name for path in (made_up.path / "report").iterdir()}
    finally:
        subprocess.run(["umount", made_up.path / "report"], check=True)
    assert ran.exit_code == 1, ran.text
    assert "No space left on device" in ran.text
    assert "Traceback" not in ran.text
    assert "INTERNALERROR" not in ran.text
    # Those that are there could be read by `run`.
    assert not {name for name in left if name.startswith(".report") or name.endswith(".new")}
