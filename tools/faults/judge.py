"""What a run of the suite on a faulty simulator proves about the fault and the tests."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fixtures.report.model import OBSERVER
from tools.faults.forked import SuiteRun
from tools.faults.plan import Case


@dataclass(frozen=True)
class Hit:
    """A clause in a run: its verdict, whether the fault breaks it, and whether a failure message matches its `says`."""

    clause: str
    verdict: str
    expected: bool
    speaks: bool


@dataclass(frozen=True)
class Failure:
    """A test that failed, and its message."""

    test: str
    seen: str


@dataclass(frozen=True)
class Result:
    """A fault's row in the matrix.

    `hits` are its own clauses, then the others that were violated; `blocked` could not be verified because of it.
    `asked` and `changed` count the calls of the replaced decisions, and those whose answer it changed. Without
    `problems` the fault is killed, by the right clauses and for the right reason.
    """

    case: Case
    hits: tuple[Hit, ...]
    blocked: tuple[str, ...]
    failures: tuple[Failure, ...]
    asked: int
    changed: int
    seconds: float
    problems: tuple[str, ...]
    output: str = ""


def judge(case: Case, run: SuiteRun) -> Result:
    """Compare what was found with what the fault must break."""
    entries: dict[str, Any] = {entry["id"]: entry for entry in run.entries}
    hits = [_hit(case, name, entries.get(name, {})) for name in case.clauses]
    hits += [
        _hit(case, name, entry)
        for name, entry in entries.items()
        if entry["verdict"] == "violates" and name not in case.clauses
    ]
    failed = {
        test["test"]: Failure(test["test"], test["seen"])
        for entry in entries.values()
        for test in entry["tests"]
        if test["verdict"] == "violates"
    }
    blocked = [name for name, entry in entries.items() if entry["verdict"] == "not verified" and entry["tests"]]
    count = run.exercised.get(case.fault.name, {})
    asked, changed = count.get("asked", 0), count.get("changed", 0)
    return Result(
        case,
        tuple(hits),
        tuple(name for name in blocked if name not in case.clauses),
        tuple(failed[name] for name in sorted(failed)),
        asked,
        changed,
        round(run.seconds, 2),
        tuple(_problems(case, run, hits, asked, changed)),
        run.output,
    )


def _hit(case: Case, name: str, entry: dict[str, Any]) -> Hit:
    expected = name in case.clauses
    said = "\n".join(test["seen"] for test in entry.get("tests", ()) if test["verdict"] == "violates")
    speaks = expected and re.search(case.fault.says, said) is not None
    return Hit(name, entry.get("verdict", "not in the report"), expected, speaks)


def _problems(case: Case, run: SuiteRun, hits: Sequence[Hit], asked: int, changed: int) -> list[str]:
    if run.trouble:
        return [f"the run failed: {run.trouble}"]
    found = []
    if not asked:
        found.append("dead: the replaced decision was never called")
    elif not changed:
        found.append(f"dead: the replaced decision was called {asked} times and never answered differently")
    mine = [hit for hit in hits if hit.expected]
    if not any(hit.verdict == "violates" for hit in mine):
        found.append("survives: no clause that it breaks is violated")
    for hit in mine:
        if hit.verdict != "violates":
            found.append(f"{hit.clause} is {hit.verdict}, not violated")
        elif not hit.speaks:
            found.append(f"{hit.clause} fails for another reason than {case.fault.says!r}")
    found += [f"unrelated: {hit.clause} is violated" for hit in hits if not hit.expected]
    return found


def trouble_of_control(run: SuiteRun) -> str:
    """What is wrong with a run without a fault, "" for nothing."""
    if run.trouble:
        return run.trouble
    return "" if run.exit_code == 0 else f"the suite exits with {run.exit_code} although nothing is broken"


def conforming_tests(run: SuiteRun) -> set[str]:
    """The tests that conform in a run without a fault, and the observers."""
    return {_check(test["test"]) for entry in run.entries for test in entry["tests"] if test["verdict"] == "conforms"}


def never_red(verified: set[str], results: Iterable[Result]) -> tuple[str, ...]:
    """Those of the `verified` tests that no fault made fail."""
    failed = {_check(failure.test) for result in results for failure in result.failures}
    return tuple(sorted(verified - failed))


def _check(test: str) -> str:
    """A test; an observer is one check, whichever clauses it is about."""
    return test.partition("[")[0] if test.startswith(OBSERVER) else test
