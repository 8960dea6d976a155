"""What a person at a terminal is told."""

import os
import re
import subprocess
import sys

import pytest

from tests.report.conftest import MadeUp

pytest_plugins = ["pytester"]

COLD = """
    @clause("tea.water")
    def test_the_water_boils():
        \"\"\"The kettle whistles.\"\"\"
        raise Violation("20 degrees", look="the plug")

    @clause("tea.cup")
    def test_cup():
        pass
"""


def test_violation_says_all_that_is_needed(made_up: MadeUp) -> None:
    """What must be, what was expected, what was seen, where to look, and the command that runs just that."""
    made_up.write(COLD)

    ran = made_up.run("--profile", "1.12", "--speed=fast")

    lines = [line.strip() for line in ran.text.splitlines()]
    start = lines.index("VIOLATES  tea.water  (Water)")
    assert lines[start + 1 : start + 8] == [
        "must      The water MUST boil.",
        "expected  The kettle whistles.",
        "seen      20 degrees",
        "look at   the plug",
        "where     conformance/tea/test_tea.py:9 (traceback and evidence: report/conformance.html)",
        "more      report/diagnostics/tea.test_tea.test_the_water_boils",
        "run it    pytest conformance/tea/test_tea.py::test_the_water_boils --profile=1.12 --speed=fast",
    ]
    assert "VIOLATES 1 of 2 verified clauses; 2 clauses are not verified (SIMULATOR), exit code 1" in lines


def test_one_failure_is_told_once(made_up: MadeUp) -> None:
    """Where one test violates two clauses, both are named, and what was seen is told under the first."""
    made_up.write("""
        @clause("tea.water", "tea.cup")
        def test_all():
            raise Violation("cold water")
    """)

    text = made_up.run().text

    assert "VIOLATES  tea.cup" in text
    assert text.count("cold water") == 1
    assert "seen      see tea.water above (same test)" in text


def test_long_stories_are_cut(made_up: MadeUp) -> None:
    """The terminal shows the beginning of what was seen; the report has all of it."""
    made_up.write("""
        @clause("tea.water")
        def test_all():
            raise Violation("\\n".join(f"drop {number}" for number in range(40)))
    """)

    ran = made_up.run()

    assert "drop 11" in ran.text
    assert "drop 12" not in ran.text
    assert "... and 28 more lines in the report" in ran.text
    assert "drop 39" in ran.clause("tea.water")["tests"][0]["seen"]


def test_the_command_runs_just_that(made_up: MadeUp) -> None:
    """The command line of a violation, taken at its word, runs one test with the same result."""
    made_up.write(COLD)
    (line,) = [line for line in made_up.run().text.splitlines() if line.strip().startswith("run it")]

    again = made_up.run(*line.split()[3:])

    assert again.verdict("tea.water")[0] == "violates"
    assert again.verdict("tea.cup") == ("not verified", "not selected")


def test_pages_are_counted(made_up: MadeUp) -> None:
    """With several pages each has a sum before its sections; of many clauses that were not selected only the number."""
    clause = 'section = "Beans"\nstatement = "A bean MUST be roasted."\nsince = "1.1"\n'
    beans = "".join(f'[[clause]]\nid = "coffee.bean-{letter}"\n{clause}' for letter in "abcdefghijklm")
    folder = made_up.tests.parents[1] / "coffee"
    folder.mkdir()
    head = '[page]\nname = "coffee"\ntitle = "Coffee"\n\n[[page.documents]]\ntitle = "Coffee"\n'
    document = 'url = "https://longhorn.io/docs/1.12.0/coffee/"\nsections = ["Beans"]\n'
    (folder / "clauses.toml").write_text(head + document + beans)
    (folder / "test_coffee.py").write_text(
        "".join(
            f'@clause("coffee.bean-{letter}")\ndef test_{letter}():\n    pass\n' for letter in "abcdefghijklm"
        ).join(["from fixtures.catalogue.clauses import clause\n", ""])
    )
    made_up.write(COLD)

    text = made_up.run("-k", "test_cup").text

    rows = [line.split() for line in text.splitlines()]
    assert ["-", "-", "-", "-", "13", "coffee"] in rows
    assert ["-", "-", "-", "-", "13", "Beans"] in rows
    assert ["1", "-", "-", "1", "3", "tea"] in rows
    assert "not selected: 14 clauses, listed in the report" in text


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "-n 1"])
def test_progress_is_told_at_once(made_up: MadeUp, workers: tuple[str, ...]) -> None:
    """A verdict reaches a pipe, such as a CI system's, while the next test is still running."""
    made_up.write("""
        import pathlib, time

        @clause("tea.water")
        def test_boils():
            pass

        @clause("tea.cup")
        def test_cup():
            end = time.monotonic() + 10
            while not pathlib.Path("seen").exists() and time.monotonic() < end:
                time.sleep(0.01)
            assert pathlib.Path("seen").exists()
    """)
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-m", "pytest", *workers]
    with subprocess.Popen(command, cwd=made_up.path, env=buffered, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if "boils" in line:
                (made_up.path / "seen").touch()

    assert running.returncode == 0


def test_sections_are_counted(made_up: MadeUp) -> None:
    """The table has a line for each section, and the sum."""
    made_up.write(COLD)

    rows = [line.split() for line in made_up.run().text.splitlines()]

    assert ["-", "1", "-", "-", "-", "Water"] in rows
    assert ["1", "-", "-", "-", "1", "Cup"] in rows
    assert ["1", "1", "-", "1", "2", "in", "all"] in rows


def test_progress_by_section(made_up: MadeUp) -> None:
    """Each test has a line with its verdict and seconds, under the heading of its section."""
    made_up.write(COLD)

    lines = made_up.run().text.splitlines()

    section = lines.index("Water")
    assert re.fullmatch(r"  tea: the water boils +violates +\d+\.\d s", lines[section + 1])
    assert lines[section + 3] == "Cup"


def test_what_is_not_verified_is_listed_by_cause(made_up: MadeUp) -> None:
    """Clauses without a verdict are named under their common cause."""
    made_up.write("")

    text = made_up.run().text

    assert "NOT VERIFIED  5 clauses" in text
    assert "  no test yet:\n            tea.water, tea.milk, tea.cup, tea.biscuit" in text


def test_a_common_cause_is_told_once(made_up: MadeUp) -> None:
    """One broken fixture under many tests is one error, not many."""
    made_up.write("""
        @clause("tea.water")
        @pytest.mark.parametrize("kettle", range(3))
        def test_boils(kettle, broken_kettle):
            pass
    """)

    text = made_up.run().text

    assert text.count("ERROR OF THE RUN") == 1
    assert "ERROR OF THE RUN: set-up  conformance/tea/test_tea.py::test_boils[0] (and 2 more)" in text


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "-n 2"])
def test_a_target_that_never_came_up_is_told_in_a_few_lines(made_up: MadeUp, workers: tuple[str, ...]) -> None:
    """One test stands for all, no table of nothing, and the reason once."""
    made_up.write("""
        @pytest.fixture(scope="session")
        def address():
            raise Blocked("no water")

        @clause("tea.water")
        @pytest.mark.parametrize("kettle", range(9))
        def test_boils(kettle):
            pass
    """)

    text = made_up.run(*workers).text

    assert len(re.findall(r"boils.* not verified", text)) == 1
    assert text.count("Blocked: no water") == 1
    assert "NOT VERIFIED  5 clauses  (nothing was checked)" in text
    assert re.search(r"test_boils\[\d\] \(and 8 more\)", text)
    assert "in all" not in text


def test_leftovers_are_named(made_up: MadeUp) -> None:
    """Each thing that is left behind has its line."""
    made_up.write('@clause("tea.water")\ndef test_boils(spills):\n    pass\n')

    lines = [line.strip() for line in made_up.run().text.splitlines()]

    start = lines.index("ERROR OF THE RUN: leftover  conformance/tea/test_tea.py::test_boils")
    assert lines[start + 1 : start + 3] == ["seen      a drop of tea", "a crumb"]


@pytest.mark.parametrize(
    ("environment", "arguments", "coloured"),
    [({}, (), False), ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, (), False), ({}, ("--color=yes",), True)],
    ids=["no terminal", "NO_COLOR", "--color=yes"],
)
def test_colours(
    made_up: MadeUp,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    arguments: tuple[str, ...],
    coloured: bool,
) -> None:
    """Colours are for terminals, and for those who ask for them."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    made_up.write(COLD)

    assert ("\x1b[" in made_up.run(*arguments).text) is coloured


def test_tracebacks_are_there_for_those_who_want_them(made_up: MadeUp) -> None:
    """The summary stands for itself; pytest's own failures are shown with --tb or -v."""
    made_up.write(COLD)

    assert "Traceback" not in made_up.run().text
    assert "= FAILURES =" not in made_up.run().text
    assert "= FAILURES =" in made_up.run("--tb=short").text
    assert "= FAILURES =" in made_up.run("-v").text


def test_clauses_are_listed_without_a_target(made_up: MadeUp) -> None:
    """--list-clauses prints what is documented, also where nothing could be run."""
    (made_up.path / "conftest.py").write_text('pytest_plugins = ["fixtures.plugin.hooks"]\n')

    ran = made_up.run("--list-clauses")

    assert ran.exit_code == 0
    assert "  tea.milk  [1.1 to 1.2]\n      https://longhorn.io/docs/1.12.0/tea/#milk\n      Milk MUST" in ran.text
    assert "untestable: Tastes differ." in ran.text
    assert ran.report is None


def test_the_projects_own_tests_are_no_conformance_run(made_up: MadeUp) -> None:
    """Tests of other folders get no verdicts and write no reports."""
    (made_up.path / "tests").mkdir()
    (made_up.path / "tests" / "test_own.py").write_text("def test_own():\n    pass\n")

    ran = made_up.run("tests")

    assert ran.exit_code == 0
    assert "= conformance =" not in ran.text
    assert ran.report is None
