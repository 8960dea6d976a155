"""Which variations one run shows together."""

from collections.abc import Iterable
from dataclasses import dataclass

from simulator.overrides.registry import Variation


@dataclass(frozen=True)
class Bundle:
    """What one run shows: one variation, or several that replace no decision of each other's."""

    variations: tuple[Variation, ...]

    @property
    def name(self) -> str:
        return " + ".join(self.parts)

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of its variations."""
        return tuple(each.name for each in self.variations)

    @property
    def summary(self) -> str:
        return " ".join(each.summary for each in self.variations)

    @property
    def decisions(self) -> tuple[str, ...]:
        return tuple(override.decision for each in self.variations for override in each.overrides)


def bundled(variations: Iterable[Variation], size: int) -> list[Bundle]:
    """Each variation once, at most `size` of them together."""
    made: list[Bundle] = []
    for each in variations:
        replaced = {override.decision for override in each.overrides}
        for number, bundle in enumerate(made):
            if len(bundle.variations) < size and not replaced.intersection(bundle.decisions):
                made[number] = Bundle((*bundle.variations, each))
                break
        else:
            made.append(Bundle((each,)))
    return made
