"""What a person at a terminal is told."""

import re

import pytest

from tests.report.conftest import HEAD, MadeUp, case

pytest_plugins = ["pytester"]

COLD = case(
    "tea.water",
    '"""The kettle whistles."""\nraise Violation("20 degrees", look="the plug")',
    name="test_the_water_boils",
) + case("tea.cup", name="test_cup")


def test_violation_says_all_that_is_needed(made_up: MadeUp) -> None:
    """Progress by section, the table, then what must be, what was expected and seen, and the command that runs it."""
    ran = made_up.run("--profile", "1.12", "--speed=fast", tests=COLD)

    lines, printed = ran.lines, ran.text.splitlines()
    section = printed.index("Water")
    assert re.fullmatch(r"  tea: the water boils +violates +\d+\.\d s", printed[section + 1])
    assert printed[section + 3] == "Cup"
    rows = [line.split() for line in lines]
    assert ["-", "1", "-", "-", "-", "Water"] in rows
    assert ["1", "-", "-", "-", "1", "Cup"] in rows
    assert ["1", "1", "-", "1", "2", "in", "all"] in rows
    start = lines.index("VIOLATES  tea.water  (Water)")
    assert lines[start + 1 : start + 8] == [
        "must      The water MUST boil.",
        "expected  The kettle whistles.",
        "seen      20 degrees",
        "look at   the plug",
        "where     conformance/tea/test_tea.py:8 (traceback and evidence: report/conformance.html)",
        "more      report/diagnostics/tea.test_tea.test_the_water_boils",
        "run it    pytest conformance/tea/test_tea.py::test_the_water_boils --profile=1.12 --speed=fast",
    ]
    assert "VIOLATES 1 of 2 verified clauses; 2 clauses are not verified (SIMULATOR), exit code 1" in lines
    again = made_up.run(*lines[start + 7].split()[3:])
    assert again.verdict("tea.water")[0] == "violates"
    assert again.verdict("tea.cup") == ("not verified", "not selected")


@pytest.mark.parametrize(
    ("environment", "arguments", "coloured", "tracebacks"),
    [
        ({}, (), False, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, ("--tb=short",), False, True),
        ({}, ("--color=yes",), True, False),
        ({}, ("-v",), False, True),
    ],
    ids=["no terminal", "NO_COLOR, --tb=short", "--color=yes", "-v"],
)
def test_colours_and_tracebacks(
    made_up: MadeUp,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    arguments: tuple[str, ...],
    coloured: bool,
    tracebacks: bool,
) -> None:
    """Colours are for terminals, and for those who ask for them; pytest's own failures for those who ask for them."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    text = made_up.run(*arguments, tests=COLD).text

    assert ("\x1b[" in text) is coloured
    assert ("= FAILURES =" in text) is tracebacks
    assert "Traceback" not in text


def test_one_failure_is_told_once_and_cut(made_up: MadeUp) -> None:
    """Two clauses that one test violates are both named, the beginning of what was seen once; the report has all."""
    drops = 'raise Violation("\\n".join(f"drop {number}" for number in range(40)))'

    ran = made_up.run(tests=case("tea.water tea.cup", drops))

    assert "VIOLATES  tea.cup" in ran.text
    assert ran.text.count("drop 11") == 1
    assert "seen      see tea.water above (same test)" in ran.text
    assert "drop 12" not in ran.text
    assert "... and 28 more lines in the report" in ran.text
    assert "drop 39" in ran.clause("tea.water")["tests"][0]["seen"]


def test_pages_are_counted(made_up: MadeUp) -> None:
    """With several pages each has a sum before its sections; of many clauses that were not selected only the number."""
    beans = [f"coffee.bean-{letter}" for letter in "abcdefghijklm"]
    fields = 'section = "Beans"\nstatement = "A bean MUST be roasted."\nsince = "1.1"\n'
    folder = made_up.tests.parents[1] / "coffee"
    folder.mkdir()
    head = '[page]\nname = "coffee"\ntitle = "Coffee"\n\n[[page.documents]]\ntitle = "Coffee"\n'
    document = 'url = "https://longhorn.io/docs/1.12.0/coffee/"\nsections = ["Beans"]\n'
    clauses = "".join(f'[[clause]]\nid = "{bean}"\n{fields}' for bean in beans)
    (folder / "clauses.toml").write_text(head + document + clauses)
    (folder / "test_coffee.py").write_text(HEAD + "".join(case(bean, name=f"test_{bean[-1]}") for bean in beans))

    text = made_up.run("-k", "test_cup", tests=COLD).text

    rows = [line.split() for line in text.splitlines()]
    assert ["-", "-", "-", "-", "13", "coffee"] in rows
    assert ["-", "-", "-", "-", "13", "Beans"] in rows
    assert ["1", "-", "-", "1", "3", "tea"] in rows
    assert "not selected: 14 clauses, listed in the report" in text


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "-n 1"])
def test_progress_is_told_at_once(made_up: MadeUp, workers: tuple[str, ...]) -> None:
    """A verdict reaches a pipe, such as a CI system's, while the next test is still running."""
    waits = """
import pathlib, time
end = time.monotonic() + 10
while not pathlib.Path("seen").exists() and time.monotonic() < end:
    time.sleep(0.01)
assert pathlib.Path("seen").exists()
"""
    made_up.write(case("tea.water") + case("tea.cup", waits, name="test_cup"))

    with made_up.started(*workers) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if "boils" in line:
                (made_up.path / "seen").touch()

    assert running.returncode == 0


def test_what_is_not_verified_is_listed_by_cause(made_up: MadeUp) -> None:
    """Clauses without a verdict are named under their common cause."""
    text = made_up.run(tests="").text

    assert "NOT VERIFIED  5 clauses" in text
    assert "  no test yet:\n            tea.water, tea.milk, tea.cup, tea.biscuit" in text


KETTLES = '@pytest.mark.parametrize("kettle", range(9))\n'


def test_a_common_cause_is_told_once(made_up: MadeUp) -> None:
    """One broken fixture under many tests is one error, not many; each thing that is left behind has its line."""
    ran = made_up.run(
        tests=KETTLES
        + case("tea.water", needs="kettle, broken_kettle")
        + case("tea.cup", needs="spills", name="test_cup")
    )

    assert ran.text.count("ERROR OF THE RUN: set-up") == 1
    assert "ERROR OF THE RUN: set-up  conformance/tea/test_tea.py::test_boils[0] (and 8 more)" in ran.text
    start = ran.lines.index("ERROR OF THE RUN: leftover  conformance/tea/test_tea.py::test_cup")
    assert ran.lines[start + 1 : start + 3] == ["seen      a drop of tea", "a crumb"]


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "-n 2"])
def test_a_target_that_never_came_up_is_told_in_a_few_lines(made_up: MadeUp, workers: tuple[str, ...]) -> None:
    """One test stands for all, no table of nothing, and the reason once."""
    dry = '@pytest.fixture(scope="session")\ndef address():\n    raise Blocked("no water")\n'

    text = made_up.run(*workers, tests=dry + KETTLES + case("tea.water", needs="kettle")).text

    assert len(re.findall(r"boils.* not verified", text)) == 1
    assert text.count("Blocked: no water") == 1
    assert "NOT VERIFIED  5 clauses  (nothing was checked)" in text
    assert re.search(r"test_boils\[\d\] \(and 8 more\)", text)
    assert "in all" not in text


def test_clauses_are_listed_without_a_target(made_up: MadeUp) -> None:
    """--list-clauses prints what is documented, also where nothing could be run."""
    (made_up.path / "conftest.py").write_text('pytest_plugins = ["fixtures.plugin.hooks"]\n')

    ran = made_up.run("--list-clauses")

    assert (ran.exit_code, ran.written) == (0, None)
    assert "  tea.milk  [1.1 to 1.2]\n      https://longhorn.io/docs/1.12.0/tea/#milk\n      Milk MUST" in ran.text
    assert "untestable: Tastes differ." in ran.text


def test_the_projects_own_tests_are_no_conformance_run(made_up: MadeUp) -> None:
    """Tests of other folders get no verdicts and write no reports."""
    (made_up.path / "tests").mkdir()
    (made_up.path / "tests" / "test_own.py").write_text("def test_own():\n    pass\n")

    ran = made_up.run("tests")

    assert (ran.exit_code, ran.written) == (0, None)
    assert "= conformance =" not in ran.text
