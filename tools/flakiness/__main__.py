"""`python -m tools.flakiness --rounds N [--seed S] [--level L] [--jobs J] [-- PYTEST-ARGUMENTS]`."""

import argparse
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tools.flakiness import batch, report
from tools.flakiness.batch import Batch, ComparedRound, NoReference
from tools.flakiness.rounds import ROOT, RoundRun

_SEEDS = 1_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: 0 if all rounds were as the undisturbed reference, 1 if not, 2 if that cannot be said."""
    asked = _parser().parse_args(arguments)
    seed = secrets.randbelow(_SEEDS) if asked.seed is None else asked.seed
    directory = (Path.cwd() / asked.report_dir).resolve()
    keep = directory / "steady"
    shutil.rmtree(keep, ignore_errors=True)
    keep.mkdir(parents=True)
    rounds = batch.consecutive_rounds(asked.rounds, seed, asked.level, asked.pytest, troubles=asked.troubles)
    began = time.monotonic()
    print(f"{asked.rounds} rounds from seed {seed}, disturbances at level {asked.level:g}, {asked.jobs} at a time")
    references: list[RoundRun] = []
    done: list[ComparedRound] = []

    def begun(reference: RoundRun) -> None:
        references.append(reference)
        print(report.reference_line(reference), flush=True)

    def ended(each: ComparedRound) -> None:
        done.append(each)
        print(*report.round_lines(len(done), asked.rounds, each), sep="\n", flush=True)
        if not each.differences:
            shutil.rmtree(keep / each.name)

    interrupted = False
    try:
        batch.run(rounds, asked.pytest, keep, asked.jobs, begun=begun, ended=ended)
    except NoReference as error:
        print(f"there is nothing to compare with: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        interrupted = True
        print(f"interrupted after {len(done)} rounds", file=sys.stderr)
        if not references:
            return 2
    found = Batch(references[0], tuple(sorted(done, key=lambda each: each.round.seed)))
    seconds = time.monotonic() - began
    path = report.write(directory, found, seconds, asked=asked.rounds)
    print(*report.summary_lines(found, seconds), f"report: {path}", sep="\n")
    if interrupted:
        return 2
    return 1 if found.differing else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.flakiness",
        description="Runs the suite many times on a disturbed simulator, each time in another order, and tells "
        "every verdict that was not the same as in an undisturbed run.",
        allow_abbrev=False,
    )
    parser.add_argument("--rounds", type=_count, default=10, metavar="N", help="how often (10)")
    parser.add_argument("--seed", type=_seed, metavar="S", help="of the first round; each next one adds 1 (random)")
    parser.add_argument("--level", type=_level, default=1.0, metavar="L", help="multiplies the disturbances' odds (1)")
    parser.add_argument(
        "--troubles", action="store_true", help="what keeps users from getting on, too: no verdict may be wrong for it"
    )
    parser.add_argument("--jobs", type=_count, default=2, metavar="J", help="rounds at the same time (2)")
    parser.add_argument("--report-dir", default=str(ROOT / "report"), metavar="DIR", help="where flakiness.json goes")
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
    # Ended by a supervisor it ends as by Ctrl-C: its rounds with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
