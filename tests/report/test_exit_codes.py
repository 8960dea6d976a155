"""The exit code is what CI goes by."""

import subprocess
import sys

import pytest

from tests.report.conftest import MadeUp

pytest_plugins = ["pytester"]

CONFORMS = '@clause("tea.water")\ndef test_boils():\n    pass\n'
VIOLATES = '@clause("tea.water")\ndef test_boils():\n    assert 20 == 100\n'
BLOCKED = '@clause("tea.water")\ndef test_boils(broken_kettle):\n    pass\n'
MISTAKEN = '@clause("tea.water")\ndef test_boils():\n    raise KeyError("kettle")\n'
LEFT_OVER = '@clause("tea.water")\ndef test_boils(spills):\n    pass\n'
OLD = '@clause("tea.milk")\ndef test_milk():\n    pass\n'
NEEDY = '@clause("tea.biscuit")\ndef test_biscuit():\n    pass\n'
SKIPPING = '@clause("tea.water")\ndef test_boils():\n    pytest.skip("no kettle")\n'
UNCLAIMED = "def test_boils():\n    pass\n"
UNKNOWN = '@clause("tea.whater")\ndef test_boils():\n    pass\n'
UNMARKED = '@pytest.mark.nice\n@clause("tea.water")\ndef test_boils():\n    pass\n'
UNREADABLE = "import nothing_of_this_name\n"


@pytest.mark.parametrize(
    ("source", "arguments", "exit_code", "verdict"),
    [
        pytest.param(CONFORMS, "", 0, "conforms", id="conforms"),
        pytest.param(VIOLATES, "", 1, "violates", id="violates"),
        pytest.param(BLOCKED, "", 1, "failed", id="set-up fails"),
        pytest.param(MISTAKEN, "", 1, "failed", id="test is wrong"),
        pytest.param(LEFT_OVER, "", 1, "failed", id="leftovers"),
        pytest.param(OLD, "", 5, "nothing verified", id="no test applies"),
        pytest.param(OLD, "--profile 1.2", 0, "conforms", id="applies to another profile"),
        pytest.param(NEEDY, "", 5, "nothing verified", id="target lacks a feature"),
        pytest.param(SKIPPING, "", 5, "nothing verified", id="skips itself"),
        pytest.param(CONFORMS, "-k nothing", 5, "nothing verified", id="nothing selected"),
        pytest.param("", "", 5, "nothing verified", id="no tests"),
        pytest.param(UNREADABLE, "", 2, "failed", id="tests cannot be read"),
        pytest.param(UNCLAIMED, "", 4, None, id="test without clause"),
        pytest.param(UNKNOWN, "", 4, None, id="unknown clause"),
        pytest.param(UNMARKED, "", 4, None, id="unknown marker in a test"),
        pytest.param(CONFORMS, "-m nice", 4, None, id="unknown marker in -m"),
        pytest.param(CONFORMS, "--no-such-option", 4, None, id="unknown option"),
        pytest.param(CONFORMS, "--target moon", 4, None, id="unknown target"),
        pytest.param(CONFORMS, "--profile 0.9", 4, None, id="unknown profile"),
        pytest.param(CONFORMS, "--profile soon", 4, None, id="profile is no version"),
        pytest.param(CONFORMS, "--kubeconfig nowhere", 4, None, id="unreadable kubeconfig"),
        pytest.param(CONFORMS, "--budget-scale -1", 4, None, id="negative budget scale"),
        pytest.param(CONFORMS, "--run-id NOT_A_LABEL", 4, None, id="run id is no label"),
    ],
)
def test_exit_code(made_up: MadeUp, source: str, arguments: str, exit_code: int, verdict: str | None) -> None:
    """Each way for a run to end has its exit code, the same in the report; a usage error leaves no report at all."""
    made_up.write(source)

    ran = made_up.run(*arguments.split())

    assert ran.exit_code == exit_code, ran.text
    if verdict is None:
        assert not (made_up.path / "report").exists()
    else:
        assert ran.report is not None
        assert (ran.report["verdict"], ran.report["exit_code"]) == (verdict, exit_code)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("--target moon", "ERROR: unknown target 'moon'; known: simulator, kind, cluster"),
        ("--target cluster", "ERROR: --target cluster needs --kubeconfig FILE"),
        (
            "--target cluster --kubeconfig nowhere",
            "ERROR: --kubeconfig: cannot read nowhere: No such file or directory",
        ),
        ("--target cluster --s3-endpoint=", "ERROR: --s3-endpoint is given without a value"),
        ("--target cluster --speed real", "ERROR: --speed is for --target simulator, not cluster"),
        ("--allow-settings-changes", "ERROR: --allow-settings-changes is for --target cluster, not simulator"),
        ("--profile 0.9", "ERROR: unknown profile '0.9'; known: 1.1 to 1.13"),
        ("--kubeconfig nowhere", "ERROR: --kubeconfig is for --target cluster, not simulator"),
        ("--budget-scale much", "ERROR: --budget-scale 'much' is no number above 0"),
        ("-m nice", "ERROR: unknown marker 'nice' in -m; `pytest --markers` shows all"),
        ("--speed backwards", "ERROR: the simulator refuses --speed backwards:"),
        ("--release 0.1", "ERROR: the simulator refuses --release 0.1:"),
        ("--fault no-such-fault", "ERROR: the simulator refuses --fault no-such-fault:"),
    ],
)
def test_usage_error_is_one_line(made_up: MadeUp, arguments: str, line: str) -> None:
    """A wrong option ends in one clear line, before any test is even collected."""
    made_up.write(CONFORMS)

    ran = made_up.run(*arguments.split())

    said = [entry for entry in ran.text.splitlines() if entry.strip()]
    assert ran.exit_code == 4
    assert len(said) == 1
    assert said[0].startswith(line)


@pytest.mark.parametrize(
    ("source", "line", "workers"),
    [
        pytest.param(UNKNOWN, "::test_boils: unknown clause 'tea.whater'", "", id="clause"),
        pytest.param(UNKNOWN, "::test_boils: unknown clause 'tea.whater'", "-n 2", id="clause, -n 2"),
        pytest.param(UNKNOWN, "::test_boils: unknown clause 'tea.whater'", "-p xdist -n 2", id="clause, -p xdist"),
        pytest.param(UNMARKED, ": unknown marker 'nice'", "", id="marker"),
        pytest.param(UNMARKED, ": unknown marker 'nice'", "-n 2", id="marker, -n 2"),
        pytest.param(UNCLAIMED, "::test_boils: names no clause", "", id="no clause"),
    ],
)
def test_wrong_test_is_a_usage_error(made_up: MadeUp, source: str, line: str, workers: str) -> None:
    """What a test file gets wrong about clauses and markers is said in one line, with workers too."""
    made_up.write(source)

    ran = made_up.run(*workers.split())

    errors = [entry for entry in ran.text.splitlines() if entry.startswith("ERROR")]
    assert (ran.exit_code, len(errors)) == (4, 1), ran.text
    assert errors[0].startswith(f"ERROR: conformance/tea/test_tea.py{line}")
    assert "Traceback" not in ran.text
    assert not (made_up.path / "report").exists()


@pytest.mark.parametrize("option", ["--longhorn-version", "--release", "--speed", "--fault", "--chaos", "--report-dir"])
def test_option_without_its_value_is_refused(made_up: MadeUp, option: str) -> None:
    """An empty value is a variable that a CI job forgot to set: nothing else is verified in its stead."""
    made_up.write(CONFORMS)

    ran = made_up.run(f"{option}=")

    assert ran.exit_code == 4
    assert ran.text.strip() == f"ERROR: {option} is given without a value"


def test_report_cannot_go_into_a_file(made_up: MadeUp) -> None:
    """A place where no report can be written is found out before anything is started."""
    made_up.write(CONFORMS)

    ran = made_up.run("--report-dir=pyproject.toml/here")

    assert ran.exit_code == 4
    assert ran.text.strip() == (
        f"ERROR: --report-dir pyproject.toml/here: {made_up.path / 'pyproject.toml'} is not a directory"
    )


def test_report_that_cannot_be_written_is_an_error_of_the_run(made_up: MadeUp) -> None:
    """The disk may fill while the tests run: the verdicts are told, the run failed, and there is no traceback."""
    made_up.write("""
        import pathlib

        @clause("tea.water")
        def test_boils():
            pathlib.Path("report").write_text("in the way")
    """)

    ran = made_up.run()

    assert ran.exit_code == 1
    assert ran.report is None
    assert "NO VERDICT: the run itself failed; 1 clauses were verified" in ran.text
    assert "ERROR OF THE RUN: report" in ran.text
    assert "Traceback" not in ran.text


def test_no_report_outlives_the_next_run(made_up: MadeUp) -> None:
    """Where a run ends without a report, none is there, not even that of an earlier run."""
    made_up.write(CONFORMS)
    assert made_up.run().report is not None

    made_up.write(UNKNOWN)
    ran = made_up.run()

    assert (ran.exit_code, ran.report, ran.junit) == (4, None, None)


def test_settings_that_were_not_read(made_up: MadeUp) -> None:
    """As if `--kubeconfig FILE` had led pytest elsewhere: one line says what to write instead."""
    settings = made_up.path / "pyproject.toml"
    settings.write_text(settings.read_text().replace('"-p", "no:pytest-kind", ', ""))
    made_up.write("")

    ran = subprocess.run(
        [sys.executable, "-m", "pytest"], cwd=made_up.path, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 4
    assert "ERROR: pytest did not read this project's settings" in ran.stderr
    assert "Write --kubeconfig=FILE" in ran.stderr
    assert "Traceback" not in ran.stderr
