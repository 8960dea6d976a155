"""How a run of the suite on a faulty simulator is judged and shown."""

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from simulator.overrides.registry import Fault
from tools.faults import document, webpage
from tools.faults.document import Matrix
from tools.faults.forked import SuiteRun
from tools.faults.judge import Result, conforming_tests, judge, never_red
from tools.faults.plan import Case

FAULT = Fault("lost <block>", ("a.lost", "a.moved"), r"offset \d+", "A block & more is lost.", ())
CASE = Case(FAULT, "", ("a.lost", "a.moved"))


def clause(name: str, verdict: str, seen: str = "") -> dict[str, Any]:
    """A clause as conformance.json has it, with one test."""
    tests = [{"test": f"test_{name}.py::test_it", "verdict": verdict, "seen": seen}]
    return {"id": name, "verdict": verdict, "tests": tests}


def run_of(*clauses: dict[str, Any], changed: int = 1, trouble: str = "") -> SuiteRun:
    """A run of the suite that found these clauses."""
    count = {FAULT.name: {"asked": 3, "changed": changed}}
    return SuiteRun(1, 2.5, {"clauses": list(clauses)}, count, trouble, "what it printed")


LOST = clause("a.lost", "violates", "offset 4096: zeros")
MOVED = clause("a.moved", "violates", "offset 0: zeros")


def test_a_fault_is_killed_by_all_clauses_that_it_breaks() -> None:
    result = judge(CASE, run_of(LOST, MOVED, clause("a.kept", "conforms"), clause("a.blocked", "not verified")))

    assert result.problems == ()
    assert [hit.clause for hit in result.hits] == ["a.lost", "a.moved"]
    assert result.blocked == ("a.blocked",)
    assert [failure.seen for failure in result.failures] == ["offset 4096: zeros", "offset 0: zeros"]


@pytest.mark.parametrize(
    ("run", "problems"),
    [
        (run_of(LOST, clause("a.moved", "not verified")), ("a.moved is not verified, not violated",)),
        (run_of(LOST, clause("a.moved", "violates", "too late")), ("a.moved fails for another reason than 'offset",)),
        (run_of(LOST, MOVED, clause("a.kept", "violates")), ("unrelated: a.kept is violated",)),
        (run_of(LOST, MOVED, changed=0), ("dead: the replaced decision was called 3 times and never answered",)),
        (run_of(LOST), ("a.moved is not in the report, not violated",)),
        (run_of(LOST, MOVED, trouble="it hangs"), ("the run failed: it hangs",)),
        (
            run_of(clause("a.lost", "conforms"), clause("a.moved", "conforms")),
            ("survives", "a.lost is conforms", "a.moved is conforms"),
        ),
    ],
)
def test_problems_are_reported(run: SuiteRun, problems: tuple[str, ...]) -> None:
    found = judge(CASE, run).problems
    assert len(found) == len(problems), found
    assert all(text.startswith(start) for text, start in zip(found, problems, strict=True)), found


def matrix_of(*results: Result, **changes: Any) -> Matrix:
    """A matrix of these rows in which nothing else is wrong."""
    return replace(Matrix(results, {"": ""}, (), (), (), complete=True, seconds=9.87), **changes)


KILLED = judge(CASE, run_of(LOST, MOVED))


@pytest.mark.parametrize(
    ("matrix", "good"),
    [
        (matrix_of(KILLED), True),
        (matrix_of(KILLED, judge(CASE, run_of(LOST))), False),
        (matrix_of(KILLED, without_fault=("a.new",)), False),
        (matrix_of(KILLED, never_red=("test_a.py::test_it",)), False),
        (matrix_of(KILLED, controls={"": "", "1.2": "it hangs"}), False),
    ],
)
def test_a_matrix_is_good_if_nothing_is_wrong(matrix: Matrix, good: bool, tmp_path: Path) -> None:
    written = json.loads(document.write(tmp_path, matrix).read_text())
    assert (matrix.good, written["good"]) == (good, good)
    assert written["counts"]["runs"] == len(matrix.results)


def test_a_test_that_no_fault_makes_fail_is_found() -> None:
    control = run_of(LOST, clause("a.kept", "conforms"), clause("a.moved", "conforms"))

    verified = conforming_tests(control)

    assert verified == {"test_a.kept.py::test_it", "test_a.moved.py::test_it"}
    assert never_red(verified, [KILLED]) == ("test_a.kept.py::test_it",)


class Words(HTMLParser):
    """The text of a page, and what it loads from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.loaded: list[str] = []
        self.rows = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.rows += tag == "tr"
        self.loaded += [value or "" for name, value in attrs if name in {"src", "href"}]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_shows_every_row_and_loads_nothing(tmp_path: Path) -> None:
    wrong = judge(CASE, run_of(LOST, MOVED, clause("a.kept", "violates", "<script>")))
    path = webpage.write(tmp_path, matrix_of(KILLED, wrong, without_fault=("a.new",)))

    words = Words()
    words.feed(path.read_text())

    assert words.loaded == []
    assert words.rows == 3
    for text in ("1 of 2 faults are killed", "lost <block>", "A block & more", "no fault breaks the clause", "a.new"):
        assert text in words.text
    assert "offset 4096: zeros" in words.text
    assert "unrelated: a.kept is violated" in words.text
    assert "<script>" in words.text
