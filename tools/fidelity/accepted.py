"""The list of accepted differences, each with its reason.

An entry names the differences that it covers by patterns (`*` matches anything). An entry that no longer covers any
is an error of the list, unless it is marked `sometimes`: the difference then depends on which of two independent
writers was faster.
"""

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.fidelity.compare import Difference


class AcceptedError(Exception):
    """An incomplete entry of the list."""


@dataclass(frozen=True)
class Accepted:
    """Patterns for the parts of a difference, and why it is acceptable."""

    reason: str
    aspect: str
    subject: str = "*"
    detail: str = "*"
    text: str = "*"
    scenario: str = "*"
    sometimes: bool = False

    def covers(self, difference: Difference) -> bool:
        """Whether every part of the difference matches its pattern; a scenario without a release is that of all."""
        scenario = difference.scenario if "/" in self.scenario else difference.scenario.rpartition("/")[2]
        parts = ("aspect", "subject", "detail", "text")
        return _matches(self.scenario, scenario) and all(
            _matches(getattr(self, part), getattr(difference, part)) for part in parts
        )


@dataclass
class Judgement:
    """The differences by the entry that covers them, the open ones, and the outdated entries."""

    covered: dict[Accepted, list[Difference]] = field(default_factory=dict)
    open: list[Difference] = field(default_factory=list)
    outdated: list[Accepted] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(map(len, self.covered.values()))


def read(path: Path) -> tuple[Accepted, ...]:
    """The entries of the file. Raises AcceptedError for one without a reason or with an unknown field."""
    entries = []
    for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("accepted", []):
        if not str(entry.get("reason", "")).strip():
            raise AcceptedError(f"{path.name}: entry without a reason: {entry}")
        try:
            entries.append(Accepted(**entry))
        except TypeError as error:
            raise AcceptedError(f"{path.name}: {error}: {entry}") from error
    return tuple(entries)


def judge(differences: Iterable[Difference], entries: Sequence[Accepted]) -> Judgement:
    """Assigns every difference to the first entry that covers it."""
    judgement = Judgement()
    for difference in differences:
        entry = next((entry for entry in entries if entry.covers(difference)), None)
        if entry is None:
            judgement.open.append(difference)
        else:
            judgement.covered.setdefault(entry, []).append(difference)
    judgement.outdated = [e for e in entries if e not in judgement.covered and not e.sometimes]
    return judgement


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), text, re.DOTALL) is not None
