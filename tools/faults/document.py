"""`faults.json`: the matrix as data, described in docs/add-a-fault.md."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import matrices
from tools.faults.judge import Result

NAME = "faults.json"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Matrix:
    """All rows in the order of the faults' clauses, and what is wrong beyond a single row.

    `controls` are the documented versions on which the suite was run without a fault, each with what was wrong there
    ("" for nothing); `without_fault` the testable clauses that no fault breaks; `never_red` the tests that no fault
    made fail; `left_out` the clauses whose tests were in no run. `complete` is whether all faults ran.
    """

    results: tuple[Result, ...]
    controls: dict[str, str]
    without_fault: tuple[str, ...]
    never_red: tuple[str, ...]
    left_out: tuple[str, ...]
    complete: bool
    seconds: float

    @property
    def faulty(self) -> tuple[Result, ...]:
        return tuple(result for result in self.results if result.problems)

    @property
    def killed(self) -> int:
        """How many faults are killed and attributed."""
        return len(self.results) - len(self.faulty)

    @property
    def good(self) -> bool:
        """Whether every fault is killed and attributed, and every testable clause and every test has one."""
        return not (self.faulty or self.without_fault or self.never_red or any(self.controls.values()))


def as_data(matrix: Matrix) -> dict[str, Any]:
    """The document."""
    return {
        "schema_version": SCHEMA_VERSION,
        "good": matrix.good,
        "complete": matrix.complete,
        "seconds": round(matrix.seconds, 1),
        "counts": {"runs": len(matrix.results), "killed": matrix.killed},
        "controls": matrix.controls,
        "without_fault": list(matrix.without_fault),
        "never_red": list(matrix.never_red),
        "left_out": list(matrix.left_out),
        "faults": [_row(result) for result in matrix.results],
    }


def write(folder: Path, matrix: Matrix) -> Path:
    """Write it; its path."""
    return matrices.write(folder, NAME, as_data(matrix))


def _row(result: Result) -> dict[str, Any]:
    return {
        "fault": result.case.fault.name,
        "summary": result.case.fault.summary,
        "version": result.case.version,
        "decisions": [override.decision for override in result.case.fault.overrides],
        "killed": not result.problems,
        "problems": list(result.problems),
        "says": result.case.fault.says,
        "clauses": [
            {"id": hit.clause, "verdict": hit.verdict, "expected": hit.expected, "speaks": hit.speaks}
            for hit in result.hits
        ],
        "not_verified": list(result.blocked),
        "failed_tests": [{"test": failure.test, "seen": failure.seen} for failure in result.failures],
        "asked": result.asked,
        "changed": result.changed,
        "seconds": result.seconds,
    }
