"""`flakiness.json`, and what is printed on the way."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.flakiness.batch import Batch, ComparedRound
from tools.flakiness.rounds import RoundRun

NAME = "flakiness.json"


def write(directory: Path, batch: Batch, seconds: float, *, asked: int) -> Path:
    """Write the outcome of a batch; its path."""
    path = directory / NAME
    path.write_text(
        json.dumps(document(batch, seconds, asked=asked), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return path


def document(batch: Batch, seconds: float, *, asked: int) -> dict[str, Any]:
    """A batch as plain data. `seconds` is what all of it took, `asked` how many rounds were asked for."""
    reference = batch.reference.seen
    return {
        "steady": not batch.differing and len(batch.rounds) == asked,
        "asked": asked,
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
        "seconds": round(each.ran.seconds, 1),
        "verdict": _verdict(each.ran),
        "disturbances": sum(each.ran.disturbances.values()),
        "command": each.round.command,
        "pytest": shlex.join(["pytest", *each.round.pytest_arguments]),
        "differences": [vars(difference) for difference in each.differences],
    }


def _verdict(ran: RoundRun) -> str:
    return ran.seen.verdict if ran.seen is not None else "no report"


def reference_line(ran: RoundRun) -> str:
    """What the undisturbed run said."""
    tests = len(ran.seen.tests) if ran.seen is not None else 0
    return f"reference  {ran.seconds:6.1f} s  {_verdict(ran)}, {tests} tests, undisturbed"


def round_lines(number: int, count: int, each: ComparedRound) -> Iterator[str]:
    """One line for a round, and more for each difference."""
    place = f"{number:>{len(str(count))}}/{count}"
    said = "the same" if not each.differences else "NOT THE SAME"
    happened = sum(each.ran.disturbances.values())
    yield (
        f"round {place}  seed {each.round.seed:<7} {each.ran.seconds:6.1f} s  "
        f"{_verdict(each.ran)}, {happened} disturbances: {said}"
    )
    if each.differences:
        yield from (f"  {difference}" for difference in each.differences)
        yield f"  again: {each.round.command}"


def summary_lines(batch: Batch, seconds: float) -> Iterator[str]:
    """The end: what happened to the cluster, what differed, and how to see it again."""
    yield "disturbances: " + ", ".join(f"{name} {count}" for name, count in batch.disturbances.most_common())
    count, differing = len(batch.rounds), batch.differing
    total = sum(len(each.differences) for each in differing)
    yield f"{count} rounds in {seconds:.0f} s: {total} differences" + (
        f" in {len(differing)} rounds, seeds {', '.join(str(each.round.seed) for each in differing)}" if total else ""
    )
