"""The command line: `python -m tools.flakiness --rounds N`."""

import argparse
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tools import ROOT
from tools.flakiness import batch, report
from tools.flakiness.batch import Batch, ComparedRound, NoReference
from tools.flakiness.rounds import RoundRun

_SEEDS = 1_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 if all rounds match the undisturbed reference, 1 if not, 2 if there is nothing to compare."""
    given = _parser().parse_args(arguments)
    seed = secrets.randbelow(_SEEDS) if given.seed is None else given.seed
    directory = (Path.cwd() / given.report_dir).resolve()
    reports = directory / "flakiness"
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    rounds = batch.consecutive_rounds(given.rounds, seed, given.level, given.pytest, troubles=given.troubles)
    began = time.monotonic()
    print(f"{given.rounds} rounds from seed {seed}, disturbances at level {given.level:g}, {given.jobs} at a time")
    references: list[RoundRun] = []
    compared: list[ComparedRound] = []

    def on_reference(reference: RoundRun) -> None:
        references.append(reference)
        print(report.reference_line(reference), flush=True)

    def on_round(each: ComparedRound) -> None:
        compared.append(each)
        print(*report.round_lines(len(compared), given.rounds, each), sep="\n", flush=True)
        if not each.differences:
            shutil.rmtree(reports / each.round.folder)

    interrupted = False
    try:
        batch.run(rounds, given.pytest, reports, given.jobs, on_reference=on_reference, on_round=on_round)
    except NoReference as error:
        print(f"the reference run left no report: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        interrupted = True
        print(f"interrupted after {len(compared)} rounds", file=sys.stderr)
        if not references:
            return 2
    found = Batch(references[0], tuple(sorted(compared, key=lambda each: each.round.seed)))
    seconds = time.monotonic() - began
    path = report.write(directory, found, seconds, requested=given.rounds)
    print(*report.summary_lines(found, seconds), f"report: {path}", sep="\n")
    if interrupted:
        return 2
    return 1 if found.differing else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.flakiness",
        description="Run the suite many times on a disturbed simulator, each time in another order, and report every "
        "verdict that differs from an undisturbed run.",
        allow_abbrev=False,
    )
    parser.add_argument("--rounds", type=_count, default=10, metavar="N", help="number of rounds (default: 10)")
    parser.add_argument(
        "--seed", type=_seed, metavar="S", help="seed of the first round, each next one adds 1 (default: random)"
    )
    parser.add_argument(
        "--level", type=_level, default=1.0, metavar="L", help="multiply the odds of disturbances (default: 1)"
    )
    parser.add_argument(
        "--troubles",
        action="store_true",
        help="also break the cluster in ways that block its users: verdicts may then be missing, but not wrong",
    )
    parser.add_argument("--jobs", type=_count, default=2, metavar="J", help="rounds at the same time (default: 2)")
    parser.add_argument(
        "--report-dir", default=str(ROOT / "report"), metavar="DIR", help="where to write (default: report/)"
    )
    parser.add_argument("pytest", nargs="*", metavar="ARGUMENT", help="after `--`: for pytest, such as -m restore")
    return parser


def _count(text: str) -> int:
    return _at_least(1, text)


def _seed(text: str) -> int:
    return _at_least(0, text)


def _level(text: str) -> float:
    level = float(text)
    if not 0 < level <= 10:
        raise argparse.ArgumentTypeError(f"{text}: must be above 0 and at most 10")
    return level


def _at_least(least: int, text: str) -> int:
    number = int(text)
    if number < least:
        raise argparse.ArgumentTypeError(f"{text}: must be at least {least}")
    return number


if __name__ == "__main__":
    # A supervisor's SIGTERM ends it like Ctrl-C, its rounds included.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
