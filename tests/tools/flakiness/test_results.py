"""What counts as a difference between two rounds."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tools.flakiness.results import Difference, Finding, Results, UnreadableReport, differences, read, wrong_verdicts

REFERENCE = Results(
    exit_code=0,
    verdict="conforms",
    clauses={"tea.milk": Finding("conforms"), "tea.cup": Finding("not applicable", "documented until 1.2")},
    tests={"tea::test_milk": Finding("passed"), "tea::test_cup": Finding("skipped", "documented until 1.2")},
    problems={},
)


def test_equal_outcomes_make_no_difference() -> None:
    other_words = {**REFERENCE.clauses, "tea.cup": Finding("not applicable", "until 1.2")}
    assert differences(REFERENCE, REFERENCE) == ()
    assert differences(REFERENCE, replace(REFERENCE, clauses=other_words)) == ()


@pytest.mark.parametrize("verdict", ["violates", "not verified", "deviates", "not applicable"])
def test_another_verdict_is_reported_with_its_message(verdict: str) -> None:
    seen = replace(REFERENCE, clauses={**REFERENCE.clauses, "tea.milk": Finding(verdict, "sugar came second")})

    (found,) = differences(REFERENCE, seen)

    assert found == Difference("clause", "tea.milk", "conforms", verdict, "sugar came second")
    assert str(found) == f"clause tea.milk: {verdict} instead of conforms: sugar came second"


@pytest.mark.parametrize("outcome", ["failure", "error", "skipped"])
def test_another_outcome_of_a_test_is_reported_though_all_verdicts_are_equal(outcome: str) -> None:
    seen = replace(REFERENCE, tests={**REFERENCE.tests, "tea::test_milk": Finding(outcome)})
    assert differences(REFERENCE, seen) == (Difference("test", "tea::test_milk", "passed", outcome),)


def test_a_missing_test_and_a_new_one_are_reported() -> None:
    seen = replace(REFERENCE, tests={"tea::test_milk": Finding("passed"), "tea::test_biscuit": Finding("passed")})
    assert differences(REFERENCE, seen) == (
        Difference("test", "tea::test_biscuit", "absent", "passed"),
        Difference("test", "tea::test_cup", "skipped", "absent"),
    )


def test_new_and_repeated_problems_of_the_run_are_reported() -> None:
    once = {"leftover tea::test_milk": Finding("1 times", "a drop")}
    twice = {"leftover tea::test_milk": Finding("2 times", "a drop; a crumb")}
    name = "leftover tea::test_milk"

    assert differences(REFERENCE, replace(REFERENCE, problems=once)) == (
        Difference("problem", name, "absent", "1 times", "a drop"),
    )
    assert differences(replace(REFERENCE, problems=once), replace(REFERENCE, problems=twice)) == (
        Difference("problem", name, "1 times", "2 times", "a drop; a crumb"),
    )


def test_another_verdict_or_exit_code_of_the_run_is_reported() -> None:
    assert differences(REFERENCE, replace(REFERENCE, exit_code=1)) == (
        Difference("run", "as a whole", "conforms with exit code 0", "conforms with exit code 1"),
    )


def test_a_cluster_in_trouble_excuses_a_missing_verdict_and_no_wrong_one() -> None:
    clauses = {"tea.milk": Finding("not verified"), "tea.cup": Finding("not applicable")}
    tests = {**REFERENCE.tests, "tea::test_milk": Finding("error")}
    problems = {"set-up tea::test_milk": Finding("1 times", "the kettle")}
    excused = Results(1, "failed", clauses, tests, problems)
    assert wrong_verdicts(differences(REFERENCE, excused)) == ()
    assert wrong_verdicts(differences(REFERENCE, replace(excused, exit_code=5, verdict="nothing verified"))) == ()

    for verdict in ("violates", "deviates", "not applicable", "absent"):
        wrong = replace(excused, clauses={**clauses, "tea.milk": Finding(verdict)})
        (found,) = wrong_verdicts(differences(REFERENCE, wrong))
        assert (found.name, found.found) == ("tea.milk", verdict)
    for seen in (replace(excused, verdict="violates"), replace(excused, exit_code=3), replace(excused, tests={})):
        assert wrong_verdicts(differences(REFERENCE, seen))


def test_reports_are_read_with_their_messages(tmp_path: Path) -> None:
    test = {"verdict": "violates", "seen": "it was cold"}
    clause = {"id": "tea.water", "verdict": "violates", "reason": "", "tests": [{**test}, {**test}]}
    problem = {"kind": "clean-up", "test": "", "message": "the cup fell"}
    document = {"verdict": "violates", "clauses": [clause], "problems": [problem]}
    (tmp_path / "conformance.json").write_text(json.dumps(document))
    (tmp_path / "junit.xml").write_text(
        "<testsuites><testsuite>"
        '<testcase classname="tea" name="one"/>'
        '<testcase classname="tea" name="two"><properties/><failure message="cold"/></testcase>'
        '<testcase classname="tea" name="two"><error message="fell"/></testcase>'
        "</testsuite></testsuites>"
    )

    assert read(tmp_path, 1) == Results(
        exit_code=1,
        verdict="violates",
        clauses={"tea.water": Finding("violates", "it was cold")},
        tests={"tea::one": Finding("passed"), "tea::two": Finding("failure and error", "cold; fell")},
        problems={"clean-up": Finding("1 times", "the cup fell")},
    )


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"verdict": "conforms"}'])
def test_an_unreadable_report_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "junit.xml").write_text("<testsuites/>")
    (tmp_path / "conformance.json").write_text(content)
    with pytest.raises(UnreadableReport, match="no readable report in"):
        read(tmp_path, 0)
