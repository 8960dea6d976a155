"""Made-up reports of every kind, built as a run builds them: six clauses of a tea kitchen, with evidence."""

from dataclasses import replace
from typing import Any

from fixtures.catalogue.clauses import Clause, Document, Page, Version
from fixtures.report import document
from fixtures.report.model import ClauseResult, Outcome, Problem, RunResult, RunVerdict, Target, TestRecord, Verdict
from fixtures.report.observed import Change, Key, Observed, ObservedObject, Wait

HOSTILE = "<script>document.title = 'taken over'</script><img src=x onerror=alert(1)> & \"quotes\" `ticks` | pipe"
"""What a cluster might answer, and what nothing in a report may take for its own."""

UNBREAKABLE = "0123456789abcdef" * 8
"""A word that is wider than a phone: the name of a block in a backupstore."""

_UID = "665c30da-b313-49be-925b-499905f4d502"
_BOOK = Document("Tea for beginners", "https://longhorn.io/docs/1.12.0/tea/", ("Water", "Milk", "Cup", "Taste"))
_WATER, _MILK, _WARM, _TASTE = [_BOOK.link(section) for section in _BOOK.sections]
_CUP = Clause("tea.cup", "tea", "Cup", "The cup SHOULD be `warm`.", _WARM, Version(1, 3), remark="Any `cup`.")
_PAGE = Page(
    "tea",
    "Making tea",
    (_BOOK,),
    (
        Clause("tea.water", "tea", "Water", "The water MUST boil.", _WATER, Version(1, 1)),
        Clause("tea.leaves", "tea", "Water", "Leaves MUST go in first.", _WATER, Version(1, 1)),
        Clause("tea.milk", "tea", "Milk", "Milk MUST come second.", _MILK, Version(1, 1), until=Version(1, 2)),
        _CUP,
        Clause("tea.biscuit", "tea", "Cup", "There SHOULD be a biscuit.", _WARM, Version(1, 3)),
        Clause("tea.taste", "tea", "Taste", "It SHOULD taste good.", _TASTE, Version(1, 1), untestable="Tastes."),
    ),
)
_REAL = Target("cluster", "1.12.1", "1.12", "1.12.1", True, ("attach",), (), "v1.33.1")
_SIMULATED = Target("simulator", "1.12.1", "1.12", "", False, ("attach",), (), "v1.33.1")

_OBSERVED = Observed(
    waits=(
        Wait("boil the water", f"Kettle kitchen/pvc-{_UID}", 0.25, 9.0, True, "kettle"),
        Wait("cool it down", "Kettle kitchen/old", 9.001, 9.0, False, ""),
    ),
    objects=(
        ObservedObject(
            "VolumeSnapshot",
            "lsc-abc-snapshot-6",
            "kitchen",
            (
                Change(10, 0.1, "ADDED", "created, source lsc-abc-claim-4"),
                Change(12, 0.3, "Warning", f"SnapshotFailed: {HOSTILE}"),
                Change(14, 0.5, "DELETED", "gone"),
            ),
            2,
        ),
        ObservedObject("Longhorn Volume", f"pvc-{_UID}", "longhorn-system", (Change(11, 0.2, "ADDED", "created"),)),
    ),
    handles=(f"bak://pvc-{_UID}/backup-80db3220cd54451f",),
    keys=(Key(f"backupstore/volumes/21/10/pvc-{_UID}/blocks/{UNBREAKABLE}.blk", "837 bytes"),),
    omitted=("3 earlier waits",),
)


def record(test: str, outcomes: dict[str, Outcome], **more: Any) -> TestRecord:
    """A test of the kitchen with what it found."""
    observed = more.pop("observed", _OBSERVED)
    name = f"conformance/tea/test_tea.py::{test}"
    return TestRecord(name, f"About {test}.", "", 0.5, outcomes, observed=observed, **more)


def result(
    verdicts: dict[str, Outcome] | None = None,
    *,
    run: RunVerdict = RunVerdict.CONFORMS,
    exit_code: int = 0,
    target: Target | None = _REAL,
    problems: tuple[Problem, ...] = (),
) -> RunResult:
    """A run in which every clause conforms but those in `verdicts`. Each clause has a test of its own."""
    found = dict.fromkeys((clause.id for clause in _PAGE.clauses), Outcome(Verdict.CONFORMS)) | {
        "tea.milk": Outcome(Verdict.NOT_APPLICABLE, "documented until 1.2, the profile is 1.12"),
        "tea.taste": Outcome(Verdict.NOT_VERIFIED, "cannot be tested: Tastes."),
    }
    found |= verdicts or {}
    clauses = tuple(_clause(clause, found[clause.id]) for clause in _PAGE.clauses)
    return RunResult(
        run,
        exit_code,
        "abc",
        "2026-11-21T14:48:04Z",
        8.125,
        ("--target", "cluster"),
        "0.1.0",
        target,
        Version(1, 12) if target else None,
        (_PAGE,),
        clauses,
        problems,
    )


def _clause(clause: Clause, outcome: Outcome) -> ClauseResult:
    untested = outcome.verdict in (Verdict.NOT_APPLICABLE, Verdict.NOT_VERIFIED)
    found: dict[str, Any] = {}
    if outcome.verdict in (Verdict.VIOLATES, Verdict.DEVIATES):
        found = {
            "expected": "Warm, `as the page says`.",
            "seen": f"cold: {HOSTILE}\nblock {UNBREAKABLE}\n  last revisions:\n    12: {'temperature ' * 40}",
            "look": "the kettle",
            "where": "conformance/tea/test_tea.py:12",
            "traceback": f"E   assert 20 == 100\nE   {HOSTILE}",
        }
    test = record(f"test_{clause.id.partition('.')[2]}", {clause.id: outcome}, **found)
    return ClauseResult(clause, outcome.verdict, outcome.reason, () if untested else (test,))


def conforming() -> dict[str, Any]:
    """All is well on a real cluster."""
    return document.build(result())


def simulated() -> dict[str, Any]:
    """All is well on the simulator."""
    return document.build(result(target=_SIMULATED))


def violating() -> dict[str, Any]:
    """Clauses of every verdict, two of them violated, and two problems of the run, one of them with two tests."""
    verdicts = {
        "tea.water": Outcome(Verdict.VIOLATES),
        "tea.leaves": Outcome(Verdict.VIOLATES),
        "tea.cup": Outcome(Verdict.DEVIATES, "It is cold, as in `1.12.1`."),
    }
    problems = (
        Problem("leftover", f"VolumeSnapshot kitchen/{HOSTILE}", "conformance/tea/test_tea.py::test_water"),
        Problem("leftover", f"VolumeSnapshot kitchen/{HOSTILE}", "conformance/tea/test_tea.py::test_leaves"),
        Problem("worker", "worker 'gw0' crashed"),
    )
    return document.build(result(verdicts, run=RunVerdict.VIOLATES, exit_code=1, problems=problems))


def deviating() -> dict[str, Any]:
    """One known deviation."""
    verdicts = {"tea.cup": Outcome(Verdict.DEVIATES, "It is cold.")}
    return document.build(result(verdicts, run=RunVerdict.DEVIATES))


def blocked() -> dict[str, Any]:
    """The target never came up."""
    reason = f"blocked: no kettle {HOSTILE}"
    verdicts = dict.fromkeys(
        (clause.id for clause in _PAGE.clauses if not clause.untestable), Outcome(Verdict.NOT_VERIFIED, reason)
    )
    problems = (Problem("set-up", "no kettle", "conformance/tea/test_tea.py::test_water"),)
    return document.build(result(verdicts, run=RunVerdict.FAILED, exit_code=1, target=None, problems=problems))


def selected() -> dict[str, Any]:
    """One clause was selected, and it conforms as far as its tests were."""
    names = ("tea.leaves", "tea.milk", "tea.cup", "tea.biscuit")
    verdicts = dict.fromkeys(names, Outcome(Verdict.NOT_VERIFIED, "not selected"))
    verdicts["tea.water"] = Outcome(Verdict.CONFORMS, "selected tests only: 1 of 2 tests ran")
    return document.build(result(verdicts))


def of_one_test_for_two_clauses() -> dict[str, Any]:
    """Two violated clauses that one test names."""
    both = {"tea.water": Outcome(Verdict.VIOLATES), "tea.leaves": Outcome(Verdict.VIOLATES)}
    test = record("test_both", both, expected="Hot.", seen="cold", where="conformance/tea/test_tea.py:3")
    run = result(both, run=RunVerdict.VIOLATES, exit_code=1)
    clauses = tuple(replace(entry, tests=(test,)) if entry.clause.id in both else entry for entry in run.clauses)
    return document.build(replace(run, clauses=clauses))
