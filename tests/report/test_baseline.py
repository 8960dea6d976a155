"""`conformance.yaml`: the verdicts alone, the same for two runs that found the same."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from fixtures.report import baseline, comparison, document
from fixtures.report.model import Outcome, Problem, RunVerdict, Verdict
from tests.report import examples
from tests.report.conftest import MadeUp, case

pytest_plugins = ["pytester"]


def test_parsed_back(tmp_path: Path) -> None:
    """The file is YAML and says of each clause what the report says, by name."""
    report = examples.violating()

    content = yaml.safe_load(baseline.write(tmp_path, report).read_text())

    assert content["clauses"] == {clause["id"]: clause["verdict"] for clause in report["clauses"]}
    assert list(content["clauses"]) == sorted(content["clauses"])
    assert content["target"] == "cluster"
    assert content["longhorn"] == content["release"] == "1.12.1"
    assert (content["documentation"], content["verdict"]) == ("1.12", "violates")
    assert content["problems"] == ["leftover", "worker"]


def test_another_run_writes_the_same(tmp_path: Path) -> None:
    """Nothing in it is of one run: no id, no time, no message, no order of the tests, no names of objects."""
    run = examples.result()
    other = replace(
        run,
        run_id="xyz",
        started="2027-01-01T00:00:00Z",
        seconds=99.0,
        arguments=("-n", "2"),
        clauses=tuple(reversed(run.clauses)),
    )

    first = baseline.write(tmp_path, document.build(run)).read_text()

    assert baseline.write(tmp_path, document.build(other)).read_text() == first
    blocked = baseline.write(tmp_path, examples.blocked()).read_text()
    assert "kettle" not in blocked
    assert "tea.water: not verified" in blocked


def test_two_real_runs_write_the_same(made_up: MadeUp) -> None:
    """As above, with a run of pytest with workers."""
    tests = case("tea.water", "assert False") + case("tea.cup", name="test_cup")

    texts = []
    for arguments in ((), ("-n", "2", "--run-id", "abc")):
        made_up.run(*arguments, tests=tests)
        texts.append((made_up.path / "report" / "conformance.yaml").read_text())

    assert texts[0] == texts[1]
    assert "tea.water: violates" in texts[0]


@pytest.mark.parametrize(
    "kind",
    [examples.conforming, examples.violating, examples.deviating, examples.blocked, examples.selected],
    ids=lambda kind: kind.__name__,
)
def test_both_files_hold_the_same_verdicts(tmp_path: Path, kind: Callable[[], dict[str, Any]]) -> None:
    """A report compared with its own YAML is the same."""
    report = kind()
    as_yaml, as_json = baseline.write(tmp_path, report), document.write(tmp_path, report)

    found = comparison.compare(comparison.read(as_yaml), comparison.read(as_json))

    assert found.changes == ()
    assert found.facts == ()
    assert not found.worse


def test_incomplete_clauses_are_named(tmp_path: Path) -> None:
    """A verdict that rests on some of its tests only is told apart."""
    content = yaml.safe_load(baseline.write(tmp_path, examples.selected()).read_text())

    assert content["incomplete"] == ["tea.water"]


def test_a_failed_run_says_so(tmp_path: Path) -> None:
    """The kinds of problems, without their texts."""
    run = examples.result(
        {"tea.cup": Outcome(Verdict.NOT_VERIFIED, "not run")},
        run=RunVerdict.FAILED,
        exit_code=1,
        problems=(Problem("worker", "gw1 crashed"), Problem("worker", "gw0 crashed")),
    )

    content = yaml.safe_load(baseline.write(tmp_path, document.build(run)).read_text())

    assert (content["verdict"], content["problems"]) == ("failed", ["worker"])
