"""What a run under a variation says otherwise than the run without one."""

from dataclasses import dataclass
from typing import Any

from tools.faults.forked import SuiteRun
from tools.variations.bundles import Bundle

ABSENT = "not run"


@dataclass(frozen=True)
class Difference:
    """A test's verdict on a clause that is not the control's, and what the test saw."""

    clause: str
    test: str
    expected: str
    verdict: str
    seen: str


@dataclass(frozen=True)
class Row:
    """A run of the matrix: how many tests ran, what differs, and what is wrong beyond single verdicts.

    `asked` and `changed` count the calls of the replaced decisions, and those whose answer it changed.
    """

    variation: Bundle
    tests: int
    differences: tuple[Difference, ...]
    problems: tuple[str, ...]
    asked: int
    changed: int
    seconds: float
    output: str = ""

    @property
    def is_red(self) -> bool:
        return bool(self.differences or self.problems)

    def progress(self) -> str:
        """A line about the run that has ended."""
        what = ", ".join(sorted({each.clause for each in self.differences}) or self.problems)
        return f"{'RED' if self.is_red else 'same'}: {self.variation.name}{what and f' ({what})'}, {self.seconds:.1f} s"


def compare(variation: Bundle, control: SuiteRun, run: SuiteRun) -> Row:
    """The verdicts of `run` that are not those of `control`, test by test."""
    expected, found = _verdicts(control), _verdicts(run)
    differences = [
        Difference(clause, test, before, after, str(seen))
        for clause, test in sorted(expected.keys() | found.keys())
        for before, _ in [expected.get((clause, test), (ABSENT, ""))]
        for after, seen in [found.get((clause, test), (ABSENT, ""))]
        if before != after
    ]
    counts = {name: run.exercised.get(name, {}) for name in variation.parts}
    asked, changed = (sum(count.get(what, 0) for count in counts.values()) for what in ("asked", "changed"))
    problems = []
    if run.trouble:
        problems.append(f"the run failed: {run.trouble}")
    problems += [
        f"dead: the replaced decision was called {count.get('asked', 0)} times and never answered differently: {name}"
        for name, count in counts.items()
        if not (run.trouble or count.get("changed"))
    ]
    if not run.trouble and not differences and run.exit_code != control.exit_code:
        problems.append(f"the suite exits with {run.exit_code}, not with {control.exit_code}")
    tests = len({test for _, test in found})
    return Row(variation, tests, tuple(differences), tuple(problems), asked, changed, run.seconds, run.output)


def _verdicts(run: SuiteRun) -> dict[tuple[str, str], tuple[str, Any]]:
    """Verdict and message by clause and test."""
    entries = (run.document or {"clauses": []})["clauses"]
    return {
        (entry["id"], test["test"]): (test["verdict"], test["seen"]) for entry in entries for test in entry["tests"]
    }
