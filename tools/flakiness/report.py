"""`flakiness.json`, and the lines for a terminal."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.flakiness.batch import Batch, ComparedRound
from tools.flakiness.rounds import RoundRun

NAME = "flakiness.json"


def write(directory: Path, batch: Batch, seconds: float, *, requested: int) -> Path:
    """Write the outcome of a batch; its path."""
    path = directory / NAME
    text = json.dumps(document(batch, seconds, requested=requested), indent=2, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8")
    return path


def document(batch: Batch, seconds: float, *, requested: int) -> dict[str, Any]:
    """A batch of `requested` rounds, which took `seconds` in all, as plain data."""
    reference = batch.reference.results
    return {
        "stable": not batch.differing and len(batch.rounds) == requested,
        "requested": requested,
        "seconds": round(seconds, 1),
        "differences": sum(len(each.differences) for each in batch.rounds),
        "disturbances": dict(batch.disturbances),
        "reference": {
            "seconds": round(batch.reference.seconds, 1),
            "verdict": _verdict(batch.reference),
            "exit_code": reference.exit_code if reference else None,
            "clauses": {name: found.outcome for name, found in reference.clauses.items()} if reference else {},
            "tests": len(reference.tests) if reference else 0,
        },
        "rounds": [_round(each) for each in batch.rounds],
    }


def _round(each: ComparedRound) -> dict[str, Any]:
    return {
        "seed": each.round.seed,
        "level": each.round.level,
        "seconds": round(each.run.seconds, 1),
        "verdict": _verdict(each.run),
        "disturbances": sum(each.run.disturbances.values()),
        "command": each.round.command,
        "pytest": shlex.join(["pytest", *each.round.pytest_arguments]),
        "differences": [vars(difference) for difference in each.differences],
    }


def _verdict(run: RoundRun) -> str:
    return run.results.verdict if run.results is not None else "no report"


def reference_line(run: RoundRun) -> str:
    """The outcome of the undisturbed run."""
    tests = len(run.results.tests) if run.results is not None else 0
    return f"reference  {run.seconds:6.1f} s  {_verdict(run)}, {tests} tests, undisturbed"


def round_lines(number: int, count: int, each: ComparedRound) -> Iterator[str]:
    """One line for a round, and one more for each difference."""
    place = f"{number:>{len(str(count))}}/{count}"
    disturbances = sum(each.run.disturbances.values())
    yield (
        f"round {place}  seed {each.round.seed:<7} {each.run.seconds:6.1f} s  "
        f"{_verdict(each.run)}, {disturbances} disturbances: {'DIFFERENT' if each.differences else 'same'}"
    )
    if each.differences:
        yield from (f"  {difference}" for difference in each.differences)
        yield f"  run it again: {each.round.command}"


def summary_lines(batch: Batch, seconds: float) -> Iterator[str]:
    """Which disturbances happened, how many differences there are, and the seeds to see them again."""
    yield "disturbances: " + ", ".join(f"{name} {count}" for name, count in batch.disturbances.most_common())
    differing = batch.differing
    total = sum(len(each.differences) for each in differing)
    yield f"{len(batch.rounds)} rounds in {seconds:.0f} s: {total} differences" + (
        f" in {len(differing)} rounds, seeds {', '.join(str(each.round.seed) for each in differing)}" if total else ""
    )
