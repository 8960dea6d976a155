"""What the matrix of variations calls a difference, and what it says of a run that proves nothing."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simulator.overrides.registry import Override, Variation, always
from tools import ROOT
from tools.faults.forked import SuiteRun
from tools.variations import document
from tools.variations.bundles import Bundle, bundled
from tools.variations.compare import Row, compare
from tools.variations.document import Matrix

OTHER = Bundle((Variation("other", "Something else.", ()),))


def run(changed: int = 1, trouble: str = "", exit_code: int = 0, **verdicts: str) -> SuiteRun:
    """A run in which tests, by their names, have verdicts on one clause."""
    tests = [{"test": name, "verdict": verdict, "seen": f"saw {verdict}"} for name, verdict in verdicts.items()]
    report: dict[str, Any] = {"clauses": [{"id": "a.b", "tests": tests}]}
    return SuiteRun(exit_code, 1.0, report, {"other": {"asked": 3, "changed": changed}}, trouble, "the output")


def differences(row: Row) -> list[tuple[str, str, str]]:
    return [(each.test, each.expected, each.verdict) for each in row.differences]


def test_equal_verdicts_are_no_difference() -> None:
    control = run(one="conforms", two="not applicable")

    row = compare(OTHER, control, run(one="conforms", two="not applicable"))

    assert not row.is_red
    assert (row.tests, row.asked, row.changed) == (2, 3, 1)


@pytest.mark.parametrize("verdict", ["violates", "not verified", "deviates"])
def test_any_other_verdict_is_a_difference(verdict: str) -> None:
    row = compare(OTHER, run(one="conforms", two="conforms"), run(one="conforms", two=verdict))

    assert row.is_red
    assert differences(row) == [("two", "conforms", verdict)]


def test_a_test_that_did_not_run_is_a_difference() -> None:
    row = compare(OTHER, run(one="conforms"), run(two="conforms"))

    assert differences(row) == [("one", "conforms", "not run"), ("two", "not run", "conforms")]


@pytest.mark.parametrize(
    ("varied", "problem"),
    [
        (run(changed=0, one="conforms"), "dead: the replaced decision was called 3 times"),
        (run(trouble="it hung", one="conforms"), "the run failed: it hung"),
        (run(exit_code=1, one="conforms"), "the suite exits with 1, not with 0"),
    ],
)
def test_a_run_that_proves_nothing_is_red(varied: SuiteRun, problem: str) -> None:
    row = compare(OTHER, run(one="conforms"), varied)

    assert row.is_red
    assert row.problems[0].startswith(problem)


def test_each_variation_that_was_shown_together_must_change_something() -> None:
    both = Bundle((*OTHER.variations, Variation("idle", "Nothing else.", ())))

    row = compare(both, run(one="conforms"), run(one="conforms"))

    assert row.problems == ("dead: the replaced decision was called 0 times and never answered differently: idle",)


def test_bundles_hold_each_variation_once_and_replace_no_decision_twice() -> None:
    made = [
        Variation(name, "", (Override(name, decision, always(None), ""),))
        for name, decision in (("a", "s.one"), ("b", "s.one"), ("c", "s.two"), ("d", "s.three"), ("e", "s.four"))
    ]

    assert [bundle.parts for bundle in bundled(made, 3)] == [("a", "c", "d"), ("b", "e")]


def test_the_document_and_the_table_tell_the_reason(tmp_path: Path) -> None:
    row = compare(OTHER, run(one="conforms"), run(one="violates"))
    matrix = Matrix((row,), "", complete=True, seconds=2.0)

    written = json.loads(document.write(tmp_path, matrix).read_text())

    assert not written["good"]
    assert written["counts"] == {"runs": 1, "red": 1}
    assert written["variations"][0]["differences"][0]["seen"] == "saw violates"
    assert "a.b: violates, not conforms, by one\n      | saw violates" in document.as_text(matrix)


def test_an_unknown_variation_is_a_usage_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.variations", "no-such-variation", f"--report-dir={tmp_path}"]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 2
    assert "unknown variation 'no-such-variation'" in ended.stderr.splitlines()[-1]
    assert not list(tmp_path.iterdir())
