"""With pytest-xdist there is one report, and it says what a run alone says."""

import json
from typing import Any

import pytest

from tests.report.conftest import MadeUp

pytest_plugins = ["pytester"]

MIXED = """
    @clause("tea.water")
    @pytest.mark.parametrize("kettle", ["old", "new"])
    def test_boils(kettle):
        assert kettle == "new"

    @clause("tea.cup")
    def test_cup():
        pass

    @clause("tea.milk")
    def test_milk():
        pass

    @clause("tea.biscuit")
    def test_biscuit(broken_kettle):
        pass

    @clause("tea.cup")
    def test_saucer(spills):
        pass
"""


def without_chance(report: dict[str, Any] | None) -> str:
    """A report without what differs between any two runs."""
    assert report is not None
    changing = {"seconds", "started", "worker", "arguments", "traceback"}

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: strip(entry) for key, entry in value.items() if key not in changing}
        return [strip(entry) for entry in value] if isinstance(value, list) else value

    return json.dumps(strip(report), indent=1)


@pytest.mark.parametrize("workers", [("-n", "2"), ("-p", "xdist", "-n", "2")], ids=["-n 2", "-p xdist -n 2"])
def test_one_report(made_up: MadeUp, workers: tuple[str, ...]) -> None:
    """Verdicts, evidence, problems, exit code and JUnit totals are those of a run alone."""
    made_up.write(MIXED)

    alone = made_up.run("--run-id", "same")
    spread = made_up.run("--run-id", "same", *workers)

    assert without_chance(spread.report) == without_chance(alone.report)
    assert spread.exit_code == alone.exit_code == 1
    assert spread.report is not None
    workers_seen = {test["worker"] for entry in spread.report["clauses"] for test in entry["tests"]}
    assert workers_seen <= {"gw0", "gw1"}
    assert "" not in workers_seen
    assert alone.junit is not None
    assert spread.junit is not None
    assert len(list(spread.junit.iter("testcase"))) == len(list(alone.junit.iter("testcase"))) == 6


def test_workers_share_the_run_id(made_up: MadeUp) -> None:
    """A run id that nobody gave is made up once, for all workers."""
    made_up.write("""
        import pathlib

        @clause("tea.water")
        @pytest.mark.parametrize("kettle", range(4))
        def test_boils(kettle, options):
            pathlib.Path(f"run-{kettle}").write_text(options.run_id)
    """)

    ran = made_up.run("-n", "2")

    assert ran.report is not None
    seen = [path.read_text() for path in made_up.path.glob("run-*")]
    assert seen == [ran.report["run"]["id"]] * 4


def test_a_worker_that_dies_leaves_its_clause_not_verified(made_up: MadeUp) -> None:
    """A crash is a problem of the run, named with its test, and no violation."""
    made_up.write("""
        import os

        @clause("tea.water")
        def test_boils():
            os._exit(3)

        @clause("tea.cup")
        def test_cup():
            pass
    """)

    ran = made_up.run("-n", "2")

    assert ran.exit_code == 1
    assert ran.verdict("tea.water")[0] == "not verified"
    assert ran.verdict("tea.cup")[0] == "conforms"
    assert ran.report is not None
    assert [(problem["kind"], problem["test"]) for problem in ran.report["problems"]] == [
        ("worker", "conformance/tea/test_tea.py::test_boils")
    ]


def test_nothing_selected(made_up: MadeUp) -> None:
    """Workers that have nothing to do verify nothing."""
    made_up.write(MIXED)

    ran = made_up.run("-n", "2", "-k", "nothing")

    assert ran.exit_code == 5
    assert "NOTHING VERIFIED" in ran.text
