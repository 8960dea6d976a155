"""The result of a comparison in lines for a terminal."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from tools.fidelity.accepted import Judgement
from tools.fidelity.compare import Difference
from tools.fidelity.recording import Recording


def count_lines(labels: Collection[str], real: Mapping[str, Recording], judgement: Judgement) -> Iterator[str]:
    """For each scenario how much was compared, and how many differences are accepted and open."""
    covered = [difference for each in judgement.covered.values() for difference in each]
    for name in labels:
        recording = real[name]
        kinds = Counter("event" if subject.startswith("Event ") else "object" for subject in recording.subjects())
        yield (
            f"{name:<24} {kinds['object']:>3} objects {kinds['event']:>3} events {len(recording.writes):>4} writes "
            f"{len(recording.notes):>4} notes: {_of(name, covered):>2} differences accepted, "
            f"{_of(name, judgement.open)} open"
        )
    yield (
        f"{judgement.count} differences are accepted, by {len(judgement.covered)} entries of "
        f"tools/fidelity/accepted.toml; {len(judgement.open)} are open"
    )


def open_lines(judgement: Judgement) -> Iterator[str]:
    """Every open difference, and every outdated entry of the list."""
    for difference in judgement.open:
        yield f"open: {difference}"
    for entry in judgement.outdated:
        yield f"outdated, no longer covers any difference: {entry}"


def accepted_lines(judgement: Judgement) -> Iterator[str]:
    """Every accepted difference, below its reason."""
    for entry, differences in judgement.covered.items():
        yield " ".join(entry.reason.split())
        for difference in differences:
            yield f"  {difference.scenario}: {difference.aspect}: {difference.subject}: {difference.detail}"


def _of(scenario: str, differences: Sequence[Difference]) -> int:
    return sum(difference.scenario == scenario for difference in differences)
