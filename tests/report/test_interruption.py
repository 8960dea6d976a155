"""Ctrl-C ends a run early; what was verified until then is reported."""

import os
import signal
import subprocess
import sys
import textwrap

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
    assert [problem["kind"] for problem in ran.report["problems"]] == ["leftover", "clean-up"]
    assert "INTERRUPTED: 1 of 1 clauses verified until then are violated" in ran.text


@pytest.mark.parametrize(
    ("to", "workers", "exit_code"), [("getpid", (), 0), ("getppid", ("-n", "1"), 2)], ids=["alone", "-n 1"]
)
def test_interrupted_when_all_is_over(made_up: MadeUp, to: str, workers: tuple[str, ...], exit_code: int) -> None:
    """What all tests share is cleaned up to its end, and no verdict is lost."""
    made_up.write(f"""
        import os
        import pathlib
        import signal
        import time

        @pytest.fixture(scope="session")
        def kettle():
            yield
            os.kill(os.{to}(), signal.SIGTERM)
            time.sleep(0.3)
            pathlib.Path("emptied").touch()

        @clause("tea.water")
        def test_boils(kettle):
            pass
    """)
    command = [sys.executable, "-m", "pytest", *workers]
    process = subprocess.run(command, cwd=made_up.path, capture_output=True, text=True, check=False)

    ran = made_up.ran(process.returncode, process.stdout + process.stderr)

    assert (ran.exit_code, ran.verdict("tea.water")[0]) == (exit_code, "conforms"), ran.text
    assert (made_up.path / "emptied").exists()
    assert "Traceback" not in ran.text
    if not workers:
        assert "two more signals break that off" in ran.text


def test_other_tests_end_by_themselves(made_up: MadeUp) -> None:
    """Workers whose controlling process is not the suite's take Ctrl-C from the terminal, as ever."""
    os.mkfifo(made_up.path / "reached")
    others = made_up.path / "others"
    others.mkdir()
    (others / "test_other.py").write_text(
        textwrap.dedent("""
            import pathlib
            import threading

            def test_other():
                try:
                    pathlib.Path("reached").write_text("here")
                    threading.Event().wait()
                finally:
                    pathlib.Path("tidied").touch()
        """)
    )
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "others", "-n", "1"],
        cwd=made_up.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        (made_up.path / "reached").read_text()
        os.killpg(process.pid, signal.SIGINT)
        try:
            text, _ = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise

    assert process.returncode == 2, text
    assert (made_up.path / "tidied").exists()


def test_clean_up_that_is_broken_off(made_up: MadeUp) -> None:
    """The third signal ends it; the report is there, and says so."""
    made_up.write("""
        import os
        import signal

        @pytest.fixture(scope="session")
        def kettle():
            yield
            for _ in range(3):
                os.kill(os.getpid(), signal.SIGINT)

        @clause("tea.water")
        def test_boils(kettle):
            pass
    """)
    command = [sys.executable, "-m", "pytest"]
    process = subprocess.run(command, cwd=made_up.path, capture_output=True, text=True, check=False)

    ran = made_up.ran(process.returncode, process.stdout + process.stderr)

    assert ran.exit_code == 2, ran.text
    assert ran.report is not None
    assert ran.report["verdict"] == "interrupted"
    assert "Traceback" not in ran.text


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
        (
            "pathlib.Path('report').mkdir(); pathlib.Path('report/junit.xml').symlink_to('/dev/full')",
            "is the disk full?",
        ),
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
