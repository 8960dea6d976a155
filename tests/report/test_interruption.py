"""Ctrl-C ends a run early; what was verified until then is reported."""

import os
import signal
import subprocess

import pytest

from tests.report.conftest import MadeUp, case

pytest_plugins = ["pytester"]

IMPORTS = "import os, pathlib, signal, threading, time\n"
STAYS = 'pathlib.Path("reached").write_text("here")\nthreading.Event().wait()'


def kettle(clean_up: str) -> str:
    """A test with a fixture of the session that is cleaned up so."""
    return f'{IMPORTS}@pytest.fixture(scope="session")\ndef kettle():\n    yield\n    {clean_up}\n' + case(
        "tea.water", needs="kettle"
    )


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "-n 2"])
def test_interrupted(made_up: MadeUp, workers: tuple[str, ...]) -> None:
    """Exit code 2, a report with the verdicts so far, and the rest not verified."""
    os.mkfifo(made_up.path / "reached")
    made_up.write(IMPORTS + case("tea.water", "assert False") + case("tea.cup", STAYS, needs="chaos", name="test_cup"))
    with made_up.started("--dist=loadfile", *workers) as process:
        assert process.stdout is not None
        assert any("boils" in line and "violates" in line for line in process.stdout)
        (made_up.path / "reached").read_text()
        process.send_signal(signal.SIGINT)
        text = process.stdout.read()

    ran = made_up.ran(process.returncode, text)

    assert ran.exit_code == 2, ran.text
    assert (ran.report["verdict"], ran.report["exit_code"]) == ("interrupted", 2)
    assert ran.verdict("tea.water")[0] == "violates"
    assert ran.verdict("tea.cup") == ("not verified", "not run")
    assert "No verdict: the run was interrupted" in ran.page
    assert "Traceback" not in ran.text
    assert ran.parsed_junit is not None
    assert [kind for kind, _ in ran.problems] == ["leftover", "clean-up"]
    assert "INTERRUPTED: 1 of 1 clauses verified until then are violated" in ran.text


@pytest.mark.parametrize(
    ("to", "workers", "exit_code"), [("getpid", (), 0), ("getppid", ("-n", "1"), 2)], ids=["alone", "-n 1"]
)
def test_interrupted_when_all_is_over(made_up: MadeUp, to: str, workers: tuple[str, ...], exit_code: int) -> None:
    """What all tests share is cleaned up to its end, and no verdict is lost."""
    empties = f'os.kill(os.{to}(), signal.SIGTERM); time.sleep(0.3); pathlib.Path("emptied").touch()'

    ran = made_up.run_apart(*workers, tests=kettle(empties))

    assert (ran.exit_code, ran.verdict("tea.water")[0]) == (exit_code, "conforms"), ran.text
    assert (made_up.path / "emptied").exists()
    assert "Traceback" not in ran.text
    if not workers:
        assert "two more signals" in ran.text


def test_clean_up_that_is_broken_off(made_up: MadeUp) -> None:
    """The third signal ends it; the report is there, and says so."""
    ran = made_up.run_apart(tests=kettle("[os.kill(os.getpid(), signal.SIGINT) for _ in range(3)]"))

    assert ran.exit_code == 2, ran.text
    assert ran.report["verdict"] == "interrupted"
    assert "Traceback" not in ran.text


def test_other_tests_end_by_themselves(made_up: MadeUp) -> None:
    """Workers whose controlling process is not the suite's take Ctrl-C from the terminal, as ever."""
    os.mkfifo(made_up.path / "reached")
    others = made_up.path / "others"
    others.mkdir()
    (others / "test_other.py").write_text(
        f"{IMPORTS}def test_other():\n    try:\n        {STAYS.replace(chr(10), '; ')}\n"
        '    finally:\n        pathlib.Path("tidied").touch()\n'
    )
    with made_up.started("others", "-n", "1") as process:
        (made_up.path / "reached").read_text()
        os.killpg(process.pid, signal.SIGINT)
        text, _ = process.communicate(timeout=60)

    assert process.returncode == 2, text
    assert (made_up.path / "tidied").exists()


def fills_the_disk(fill: str) -> str:
    """Two tests, the second of which does so."""
    return "import pathlib\n" + case("tea.water") + case("tea.cup", fill, name="test_cup")


@pytest.mark.parametrize(
    ("fill", "reported"),
    [
        (
            "pathlib.Path('report').mkdir(); pathlib.Path('report/junit.xml').symlink_to('/dev/full')",
            "is the disk full?",
        ),
        ("pathlib.Path('report').write_text('in the way')", "File exists"),
    ],
    ids=["full", "unusable"],
)
def test_report_that_cannot_be_written(made_up: MadeUp, fill: str, reported: str) -> None:
    """From the middle of the run on: the terminal has the verdicts, the exit code is not 0, there is no traceback."""
    ran = made_up.run(tests=fills_the_disk(fill))

    assert ran.exit_code == 1, ran.text
    assert reported in ran.text
    assert "ERROR OF THE RUN: report" in ran.text
    assert "Traceback" not in ran.text
    assert "INTERNALERROR" not in ran.text
    assert "NO VERDICT: the run itself failed; 2 clauses were verified" in ran.text
    assert reported != "File exists" or ran.written is None


def test_disk_that_is_full(made_up: MadeUp) -> None:
    """Of files that have no room nothing is left, not half of one."""
    folder = made_up.path / "report"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "none", folder], check=False).returncode:
        pytest.skip("only root may mount")
    try:
        ran = made_up.run(tests=fills_the_disk("assert False, 'cold'"))

        left = {path.name for path in folder.iterdir()}
    finally:
        subprocess.run(["umount", folder], check=True)
    assert ran.exit_code == 1, ran.text
    assert "No space left on device" in ran.text
    assert "Traceback" not in ran.text
    assert "INTERNALERROR" not in ran.text
    # Those that are there could be read by `run`.
    assert not {name for name in left if name.startswith(".report") or name.endswith(".new")}
