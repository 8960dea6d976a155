"""Many rounds beside one undisturbed reference."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tools.flakiness.results import Difference, Results, wrong_verdicts
from tools.flakiness.rounds import Round, RoundRun, Suite

REFERENCE = "reference"
REFERENCE_BUDGET = 600.0
"""Seconds for the reference."""
ROUND_FACTOR = 20.0
"""A round that takes this many times as long as the reference hangs; each single wait of the suite ends sooner."""


class NoReference(Exception):
    """The undisturbed run left no report to compare with; the text holds its output."""


@dataclass(frozen=True)
class ComparedRound:
    """A round that ran, and how it differs from the reference."""

    round: Round
    run: RoundRun
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Batch:
    """The reference and the rounds that ran, in the order of their seeds."""

    reference: RoundRun
    rounds: tuple[ComparedRound, ...]

    @property
    def differing(self) -> tuple[ComparedRound, ...]:
        return tuple(each for each in self.rounds if each.differences)

    @property
    def disturbances(self) -> Counter[str]:
        """How often each disturbance happened in all rounds together."""
        total: Counter[str] = Counter()
        for each in self.rounds:
            total.update(each.run.disturbances)
        return total


def consecutive_rounds(
    count: int, seed: int, level: float, arguments: Sequence[str] = (), *, troubles: bool = False
) -> list[Round]:
    """Rounds with consecutive seeds, so that each can be run again alone."""
    return [Round(seed + number, level, tuple(arguments), troubles) for number in range(count)]


def run(
    rounds: Iterable[Round],
    arguments: Sequence[str],
    reports: Path,
    jobs: int,
    *,
    on_reference: Callable[[RoundRun], None],
    on_round: Callable[[ComparedRound], None],
) -> None:
    """Run the reference with `arguments`, then all rounds, `jobs` at a time. Raises NoReference.

    The callbacks get the reference and each round when it has ended; `reports` gets a folder for each. An interrupt
    ends the rounds that run and waits for them.
    """
    suite = Suite(reports)
    with ThreadPoolExecutor(jobs) as pool:
        try:
            reference = pool.submit(suite.run, REFERENCE, tuple(arguments), REFERENCE_BUDGET).result()
            if reference.results is None:
                raise NoReference(f"{reference.trouble}\n{reference.output}")
            on_reference(reference)
            expected, limit = reference.results, ROUND_FACTOR * max(reference.seconds, 10.0)
            for future in as_completed([pool.submit(_compared, suite, each, expected, limit) for each in rounds]):
                on_round(future.result())
        except BaseException:
            suite.end()
            raise


def _compared(suite: Suite, each: Round, expected: Results, limit: float) -> ComparedRound:
    run = suite.run(each.folder, each.pytest_arguments, limit)
    found = run.differences_from(expected)
    return ComparedRound(each, run, wrong_verdicts(found) if each.troubles else found)
