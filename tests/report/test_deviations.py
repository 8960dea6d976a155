"""Known deviations are strict: in the way they show, in the release, and in still being there."""

import pytest

from tests.report.conftest import MadeUp, case

pytest_plugins = ["pytester"]

COLD = case("tea.cup", 'assert False, "the cup is cold"', name="test_cup")
WARM = case("tea.cup", name="test_cup")
BOTH = WARM + COLD.replace("test_cup", "test_saucer")
OUTDATED = ("deviation", "tea.cup conforms on 1.12.1, but its entry in deviations.toml says: Cold.")
ENTRY = {"clause": "tea.cup", "failure": "is cold"}


@pytest.mark.parametrize(
    ("tests", "entry", "real", "arguments", "verdict", "exit_code"),
    [
        pytest.param(COLD, {}, True, (), ("deviates", "Cold."), 0, id="known"),
        pytest.param(COLD, {"more": "occasional = true"}, True, (), ("deviates", "Cold."), 0, id="occasional, seen"),
        pytest.param(COLD, {"failure": "is cracked"}, True, (), ("violates", ""), 1, id="fails in another way"),
        pytest.param(COLD, {"since": "1.12.2"}, True, (), ("violates", ""), 1, id="another release"),
        pytest.param(COLD, {}, False, (), ("violates", ""), 1, id="a simulation of the documentation"),
        pytest.param(WARM, {}, True, (), ("conforms", ""), 1, id="outdated"),
        pytest.param(WARM, {"more": "occasional = true"}, True, (), ("conforms", ""), 0, id="occasional, not seen"),
        pytest.param(BOTH, {}, True, (), ("deviates", "Cold."), 0, id="one of two tests"),
        pytest.param(
            BOTH,
            {},
            True,
            ("-k", "test_cup"),
            ("conforms", "selected tests only: 1 of 2 tests ran"),
            0,
            id="half of its tests",
        ),
    ],
)
def test_entry(
    made_up: MadeUp,
    tests: str,
    entry: dict[str, str],
    real: bool,
    arguments: tuple[str, ...],
    verdict: tuple[str, str],
    exit_code: int,
) -> None:
    """It excuses the one failure of the releases that it names, and fails the run once all tests conform."""
    made_up.known_deviation(**ENTRY | entry)
    if real:
        made_up.real()

    ran = made_up.run(*arguments, tests=tests)

    assert (ran.verdict("tea.cup"), ran.exit_code) == (verdict, exit_code)
    assert ran.problems == ([OUTDATED] if (verdict[0], exit_code) == ("conforms", 1) else [])
    if verdict[0] == "deviates":
        assert ran.report["verdict"] == "deviates"


def test_a_simulated_release_deviates_as_the_real_one(made_up: MadeUp) -> None:
    """A test that names a clause with an entry and one without fails for the latter."""
    made_up.known_deviation(**ENTRY)

    ran = made_up.run("--release", "1.12.1", tests=COLD.replace("'tea.cup'", "'tea.cup', 'tea.water'"))

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
    made_up.known_deviation(**ENTRY)
    path = made_up.path / "conformance" / "deviations.toml"
    path.write_text(path.read_text().replace(*change))

    ran = made_up.run(tests=WARM)

    assert ran.exit_code == 4
    assert f"ERROR: {line}" in ran.text
