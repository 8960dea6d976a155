"""Chance from a seed: whether a disturbance happens this time, and for how long."""

import re
from collections import Counter
from dataclasses import dataclass
from random import Random

from simulator.disturbances.catalogue import ALL, TROUBLES, Disturbance

MOST = 0.5
"""At any level nothing happens half of the time, so that there is progress."""


@dataclass(frozen=True)
class Chaos:
    """What `--chaos` asks for: `level` multiplies the odds; `troubles` adds failures that can stop users."""

    seed: int
    level: float = 1.0
    troubles: bool = False

    def __str__(self) -> str:
        return f"{self.seed}:{self.level:g}" + (":troubles" if self.troubles else "")

    @classmethod
    def parse(cls, text: str) -> "Chaos":
        """SEED, SEED:LEVEL or SEED:LEVEL:troubles. Raises ValueError."""
        matched = re.fullmatch(r"([0-9]{1,18})(?::([0-9]{0,18}\.?[0-9]{1,18})?(:troubles)?)?", text)
        if matched is None:
            raise ValueError(text)
        seed, level, troubles = matched.groups()
        found = cls(int(seed), float(level or 1), bool(troubles))
        if not 0 < found.level <= 10:
            raise ValueError(text)
        return found


class Chance:
    """Random draws. Each disturbance has its own sequence, independent of the others."""

    def __init__(self, chaos: Chaos) -> None:
        self._level = chaos.level
        self._possible = (*ALL, *TROUBLES) if chaos.troubles else ALL
        self._sequences = {each: Random(f"{chaos.seed} {each.name}") for each in self._possible}
        self._happened: Counter[Disturbance] = Counter()

    def happens(self, disturbance: Disturbance) -> bool:
        """Whether it happens this time; never one that was not requested."""
        if disturbance not in self._sequences:
            return False
        odds = min(MOST, disturbance.odds * self._level)
        if self._sequences[disturbance].random() >= odds:
            return False
        self.count(disturbance)
        return True

    def seconds(self, disturbance: Disturbance) -> float:
        """Its duration this time in seconds; 0 if it does not happen."""
        return self.up_to(disturbance) if self.happens(disturbance) else 0.0

    def up_to(self, disturbance: Disturbance) -> float:
        """A duration in seconds, up to the longest."""
        return self._sequences[disturbance].uniform(0.0, disturbance.longest)

    def below(self, disturbance: Disturbance, limit: int) -> int:
        """A whole number from 0, smaller than the limit."""
        return self._sequences[disturbance].randrange(limit)

    def until(self, disturbance: Disturbance) -> float:
        """Seconds until something happens that always happens in the end; fewer at a higher level."""
        return (0.1 + self.up_to(disturbance)) / self._level

    def count(self, disturbance: Disturbance) -> None:
        """Note that it happened."""
        self._happened[disturbance] += 1

    @property
    def happened(self) -> dict[str, int]:
        """How often each disturbance happened, by name."""
        return {each.name: self._happened[each] for each in self._possible}

    def metrics(self) -> str:
        """How often each disturbance happened, in Prometheus' text format."""
        lines = ["# TYPE simulator_disturbances_total counter"]
        lines += [f'simulator_disturbances_total{{name="{name}"}} {count}' for name, count in self.happened.items()]
        return "\n".join(lines) + "\n"
