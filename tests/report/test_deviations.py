"""Known deviations are strict: in the way they show, in the release, and in still being there."""

import pytest

from tests.report.conftest import MadeUp

pytest_plugins = ["pytester"]

COLD = '@clause("tea.cup")\ndef test_cup():\n    """The cup is warm."""\n    assert False, "the cup is cold"\n'
WARM = '@clause("tea.cup")\ndef test_cup():\n    pass\n'


def test_known_deviation(made_up: MadeUp) -> None:
    """What is listed for the release deviates, and the run passes."""
    made_up.write(COLD)
    made_up.known_deviation("tea.cup", "is cold")

    ran = made_up.run("--release", "1.12.1")

    assert ran.verdict("tea.cup") == ("deviates", "Cold.")
    assert ran.exit_code == 0
    assert ran.report is not None
    assert ran.report["verdict"] == "deviates"


@pytest.mark.parametrize(
    ("failure", "since", "arguments"),
    [
        pytest.param("is cracked", "1.12.1", ["--release", "1.12.1"], id="fails in another way"),
        pytest.param("is cold", "1.12.2", ["--release", "1.12.1"], id="another release"),
        pytest.param("is cold", "1.12.1", [], id="a simulation of the documentation"),
    ],
)
def test_what_is_not_known_violates(made_up: MadeUp, failure: str, since: str, arguments: list[str]) -> None:
    """An entry excuses nothing but the one failure of the releases that it names."""
    made_up.write(COLD)
    made_up.known_deviation("tea.cup", failure, since)

    ran = made_up.run(*arguments)

    assert ran.verdict("tea.cup") == ("violates", "")
    assert ran.exit_code == 1


def test_outdated_entry(made_up: MadeUp) -> None:
    """If the clause conforms after all, the run fails and says which entry is out of date."""
    made_up.write(WARM)
    made_up.known_deviation("tea.cup", "is cold")

    ran = made_up.run("--release", "1.12.1")

    assert ran.verdict("tea.cup") == ("conforms", "")
    assert ran.exit_code == 1
    assert ran.report is not None
    (problem,) = ran.report["problems"]
    assert problem["kind"] == "deviation"
    assert problem["message"] == "tea.cup conforms on 1.12.1, but its entry in deviations.toml says: Cold."


def test_what_only_some_runs_show_is_not_outdated(made_up: MadeUp) -> None:
    """An entry that is marked as occasional stays right if the clause conforms in a run."""
    made_up.write(WARM)
    made_up.known_deviation("tea.cup", "is cold", more="occasional = true")

    ran = made_up.run("--release", "1.12.1")

    assert ran.verdict("tea.cup") == ("conforms", "")
    assert ran.exit_code == 0


def test_what_only_some_runs_show_deviates(made_up: MadeUp) -> None:
    """In a run that shows it, it deviates like any other."""
    made_up.write(COLD)
    made_up.known_deviation("tea.cup", "is cold", more="occasional = true")

    assert made_up.run("--release", "1.12.1").verdict("tea.cup") == ("deviates", "Cold.")


def test_entry_is_not_outdated_by_half_of_its_tests(made_up: MadeUp) -> None:
    """While a test of the clause is deselected, nothing can be said about the entry."""
    made_up.write(WARM + "\n" + COLD.replace("test_cup", "test_saucer"))
    made_up.known_deviation("tea.cup", "is cold")

    assert made_up.run("--release", "1.12.1").verdict("tea.cup")[0] == "deviates"
    assert made_up.run("--release", "1.12.1", "-k", "test_cup").exit_code == 0


def test_a_test_of_another_clause_still_violates(made_up: MadeUp) -> None:
    """A test that names a clause with an entry and one without fails for the latter."""
    made_up.write(COLD.replace('"tea.cup"', '"tea.cup", "tea.water"'))
    made_up.known_deviation("tea.cup", "is cold")

    ran = made_up.run("--release", "1.12.1")

    assert (ran.verdict("tea.cup")[0], ran.verdict("tea.water")[0]) == ("deviates", "violates")
    assert ran.exit_code == 1


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("tea.cup", "tea.cap"), "deviations.toml: unknown clause 'tea.cap'"),
        (('seen = "Cold."', ""), "deviations.toml: tea.cup: 'seen' is unknown or missing"),
        (("seen", "scene"), "deviations.toml: tea.cup: 'scene' is unknown or missing"),
        (("1.12.1", "soon"), "deviations.toml: tea.cup: 'soon' is not a version such as 1.12 or 1.12.1"),
        (("is cold", "("), "deviations.toml: tea.cup: missing ), unterminated subpattern at position 0"),
    ],
    ids=["clause", "missing key", "unknown key", "release", "pattern"],
)
def test_wrong_entry_is_a_usage_error(made_up: MadeUp, change: tuple[str, str], line: str) -> None:
    """A list that cannot be right is refused before anything runs."""
    made_up.write(WARM)
    made_up.known_deviation("tea.cup", "is cold")
    path = made_up.path / "conformance" / "deviations.toml"
    path.write_text(path.read_text().replace(*change))

    ran = made_up.run()

    assert ran.exit_code == 4
    assert f"ERROR: {line}" in ran.text
