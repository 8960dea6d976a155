"""Many rounds beside one undisturbed reference."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tools.flakiness.results import Difference, Results, wrong_verdicts
from tools.flakiness.rounds import Round, RoundRun, Suite

REFERENCE = "reference"
PATIENCE = 20.0
"""A round that takes this many times as long as the reference hangs; each single wait of the suite ends sooner."""


class NoReference(Exception):
    """The undisturbed run gave no report to compare with; the text holds what it said."""


@dataclass(frozen=True)
class ComparedRound:
    """A round that ran, and what was not as in the reference."""

    round: Round
    ran: RoundRun
    differences: tuple[Difference, ...]

    @property
    def name(self) -> str:
        """The folder of its reports."""
        return folder(self.round)


@dataclass(frozen=True)
class Batch:
    """The reference and the rounds that ran, in the order of their seeds."""

    reference: RoundRun
    rounds: tuple[ComparedRound, ...]

    @property
    def differing(self) -> tuple[ComparedRound, ...]:
        """The rounds that were not as the reference."""
        return tuple(each for each in self.rounds if each.differences)

    @property
    def disturbances(self) -> Counter[str]:
        """How often each disturbance happened in all rounds together."""
        total: Counter[str] = Counter()
        for each in self.rounds:
            total.update(each.ran.disturbances)
        return total


def folder(each: Round) -> str:
    """The name of a round's folder."""
    return f"round-{each.seed}"


def consecutive_rounds(
    count: int, seed: int, level: float, arguments: Sequence[str] = (), *, troubles: bool = False
) -> list[Round]:
    """Rounds with consecutive seeds, so that the first of any seed can be asked for alone."""
    return [Round(seed + number, level, tuple(arguments), troubles) for number in range(count)]


def run(
    rounds: Iterable[Round],
    arguments: Sequence[str],
    keep: Path,
    jobs: int,
    *,
    begun: Callable[[RoundRun], None],
    ended: Callable[[ComparedRound], None],
) -> None:
    """Run the reference with `arguments`, then all rounds, `jobs` at a time; told as they end. Raises NoReference.

    `keep` gets a folder with the reports of each. When this is interrupted, what runs is ended and waited for.
    """
    suite = Suite(keep)
    with ThreadPoolExecutor(jobs) as pool:
        try:
            reference = pool.submit(suite.run, REFERENCE, tuple(arguments), 600.0).result()
            if reference.seen is None:
                raise NoReference(f"{reference.trouble}\n{reference.output}")
            begun(reference)
            expected, limit = reference.seen, PATIENCE * max(reference.seconds, 10.0)
            waiting: list[Future[ComparedRound]] = [pool.submit(_one, suite, each, expected, limit) for each in rounds]
            for future in as_completed(waiting):
                ended(future.result())
        except BaseException:
            suite.end()
            raise


def _one(suite: Suite, each: Round, expected: Results, limit: float) -> ComparedRound:
    ran = suite.run(folder(each), each.pytest_arguments, limit)
    found = ran.against(expected)
    return ComparedRound(each, ran, wrong_verdicts(found) if each.troubles else found)
