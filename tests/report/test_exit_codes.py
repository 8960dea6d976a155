"""The exit code is what CI goes by."""

import pytest

from tests.report.conftest import CONFORMS, MadeUp, case

pytest_plugins = ["pytester"]

VIOLATES = case("tea.water", "assert 20 == 100")
BLOCKED = case("tea.water", needs="broken_kettle")
MISTAKEN = case("tea.water", 'raise KeyError("kettle")')
LEFT_OVER = case("tea.water", needs="spills")
OLD = case("tea.milk")
NEEDY = case("tea.biscuit")
SKIPPING = case("tea.water", 'pytest.skip("no kettle")')
UNCLAIMED = "def test_boils():\n    pass\n"
UNKNOWN = case("tea.whater")
UNMARKED = f"@pytest.mark.nice\n{CONFORMS}"
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
        pytest.param(CONFORMS, "--no-such-option", 4, None, id="unknown option"),
        pytest.param(CONFORMS, "--profile soon", 4, None, id="profile is no version"),
        pytest.param(CONFORMS, "--budget-scale -1", 4, None, id="negative budget scale"),
        pytest.param(CONFORMS, "--run-id NOT_A_LABEL", 4, None, id="run id is no label"),
    ],
)
def test_exit_code(made_up: MadeUp, source: str, arguments: str, exit_code: int, verdict: str | None) -> None:
    """Each way for a run to end has its exit code, the same in the report; a usage error leaves no report at all."""
    ran = made_up.run(*arguments.split(), tests=source)

    assert ran.exit_code == exit_code, ran.text
    if verdict is None:
        assert not (made_up.path / "report").exists()
    else:
        assert (ran.report["verdict"], ran.report["exit_code"]) == (verdict, exit_code)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("--target moon", "unknown target 'moon'; known: simulator, kind, cluster"),
        ("--target cluster", "--target cluster needs --kubeconfig FILE"),
        ("--target cluster --kubeconfig nowhere", "--kubeconfig: cannot read nowhere: No such file or directory"),
        ("--target cluster --s3-endpoint=", "--s3-endpoint is given without a value"),
        ("--target cluster --speed real", "--speed is for --target simulator, not cluster"),
        ("--allow-settings-changes", "--allow-settings-changes is for --target cluster, not simulator"),
        ("--profile 0.9", "unknown profile '0.9'; known: 1.1 to 1.13"),
        ("--kubeconfig nowhere", "--kubeconfig is for --target cluster, not simulator"),
        ("--budget-scale much", "--budget-scale 'much' is no number above 0"),
        ("-m nice", "unknown marker 'nice' in -m; `pytest --markers` shows all"),
        ("--speed backwards", "the simulator refuses --speed backwards:"),
        ("--release 0.1", "the simulator refuses --release 0.1:"),
        ("--fault no-such-fault", "the simulator refuses --fault no-such-fault:"),
        *(
            (f"{option}=", f"{option} is given without a value")
            for option in ("--longhorn-version", "--release", "--speed", "--fault", "--chaos", "--report-dir")
        ),
    ],
)
def test_usage_error_is_one_line(made_up: MadeUp, arguments: str, line: str) -> None:
    """A wrong option ends in one clear line, before any test is even collected.

    An empty value is a variable that a CI job forgot to set: nothing else is verified in its stead.
    """
    ran = made_up.run(*arguments.split(), tests=CONFORMS)

    said = [entry for entry in ran.text.splitlines() if entry.strip()]
    assert ran.exit_code == 4
    assert len(said) == 1
    assert said[0] == f"ERROR: {line}" or (line.endswith(":") and said[0].startswith(f"ERROR: {line}"))
    assert not (made_up.path / "report").exists()


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
    """What a test file gets wrong about clauses and markers is said in one line, and no earlier report stays."""
    (made_up.path / "report").mkdir()
    for name in ("conformance.json", "junit.xml"):
        (made_up.path / "report" / name).write_text("of an earlier run")

    ran = made_up.run(*workers.split(), tests=source)

    errors = [entry for entry in ran.text.splitlines() if entry.startswith("ERROR")]
    assert (ran.exit_code, len(errors)) == (4, 1), ran.text
    assert errors[0].startswith(f"ERROR: conformance/tea/test_tea.py{line}")
    assert "Traceback" not in ran.text
    assert not (made_up.path / "report").exists()


def test_report_cannot_go_into_a_file(made_up: MadeUp) -> None:
    """A place where no report can be written is found out before anything is started."""
    ran = made_up.run("--report-dir=pyproject.toml/here", tests=CONFORMS)

    assert ran.exit_code == 4
    assert ran.text.strip() == (
        f"ERROR: --report-dir pyproject.toml/here: {made_up.path / 'pyproject.toml'} is not a directory"
    )


def test_settings_that_were_not_read(made_up: MadeUp) -> None:
    """As if `--kubeconfig FILE` had led pytest elsewhere: one line says what to write instead."""
    settings = made_up.path / "pyproject.toml"
    settings.write_text(settings.read_text().replace('"-p", "no:pytest-kind", ', ""))

    ran = made_up.run_apart(tests="")

    assert ran.exit_code == 4
    assert "ERROR: pytest did not read this project's settings" in ran.text
    assert "Write --kubeconfig=FILE" in ran.text
    assert "Traceback" not in ran.text
