"""With pytest-xdist there is one report, and it says what a run alone says."""

import json
from typing import Any

import pytest

from tests.report.conftest import MadeUp, case

pytest_plugins = ["pytester"]

MIXED = "".join(
    (
        '@pytest.mark.parametrize("kettle", ["old", "new"])\n',
        case("tea.water", 'assert kettle == "new"', needs="kettle"),
        case("tea.cup", name="test_cup"),
        case("tea.milk", name="test_milk"),
        case("tea.biscuit", needs="broken_kettle", name="test_biscuit"),
        case("tea.cup", needs="spills", name="test_saucer"),
    )
)


def without_chance(report: dict[str, Any]) -> str:
    """A report without what differs between any two runs."""
    changing = {"seconds", "started", "worker", "arguments", "traceback"}

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: strip(entry) for key, entry in value.items() if key not in changing}
        return [strip(entry) for entry in value] if isinstance(value, list) else value

    return json.dumps(strip(report), indent=1)


@pytest.mark.parametrize("workers", [("-n", "2"), ("-p", "xdist", "-n", "2")], ids=["-n 2", "-p xdist -n 2"])
def test_one_report(made_up: MadeUp, workers: tuple[str, ...]) -> None:
    """Verdicts, problems, exit code and JUnit totals are those of a run alone."""
    alone = made_up.run("--run-id", "same", tests=MIXED)
    spread = made_up.run("--run-id", "same", *workers)

    assert without_chance(spread.report) == without_chance(alone.report)
    assert spread.exit_code == alone.exit_code == 1
    workers_seen = {test["worker"] for entry in spread.report["clauses"] for test in entry["tests"]}
    assert workers_seen <= {"gw0", "gw1"}
    assert len(list(spread.junit.iter("testcase"))) == len(list(alone.junit.iter("testcase"))) == 6


def test_a_worker_that_dies_leaves_its_clause_not_verified(made_up: MadeUp) -> None:
    """A crash is a problem of the run, named with its test, and no violation; all workers share one made-up run id."""
    tells = '__import__("pathlib").Path(f"run-{kettle}").write_text(options.run_id)'

    ran = made_up.run(
        "-n",
        "2",
        tests=case("tea.water", '__import__("os")._exit(3)')
        + '@pytest.mark.parametrize("kettle", range(4))\n'
        + case("tea.cup", tells, needs="kettle, options", name="test_cup"),
    )

    assert ran.exit_code == 1
    assert ran.verdict("tea.water")[0] == "not verified"
    assert ran.verdict("tea.cup")[0] == "conforms"
    assert [(problem["kind"], problem["test"]) for problem in ran.report["problems"]] == [
        ("worker", "conformance/tea/test_tea.py::test_boils")
    ]
    assert [path.read_text() for path in made_up.path.glob("run-*")] == [ran.report["run"]["id"]] * 4


def test_nothing_selected(made_up: MadeUp) -> None:
    """Workers that have nothing to do verify nothing."""
    ran = made_up.run("-n", "2", "-k", "nothing", tests=MIXED)

    assert ran.exit_code == 5
    assert "NOTHING VERIFIED" in ran.text
