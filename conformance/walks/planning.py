"""Which steps a walk takes, and the shortest part of it that still shows what it found."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

from conformance.walks.model import CLAUSES, Model
from conformance.walks.rules import RULES, Step, apply, can, clauses, possible

LENGTH = 12
"""Steps of a walk."""

SEEDS = Path(__file__).with_name("seeds.txt")
"""The usual walks, a seed a line; `python -m tools.walks` chooses them, and adds those that have found something."""


def usual_seeds() -> list[int]:
    """The numbers in SEEDS; what follows a # in a line is for people."""
    numbers = (line.partition("#")[0] for line in SEEDS.read_text().splitlines())
    return [int(number) for number in numbers if number.strip()]


def plan(seed: int, length: int = LENGTH) -> list[Step]:
    """The steps of a walk: the same for a seed at any time. Rules are chosen by weight, what they apply to evenly.

    It begins with a volume and its data. A rule that has just been followed is less likely to be so again.
    """
    chance = random.Random(seed)
    model, steps = Model(), list[Step]()
    while len(steps) < length:
        choices = possible(model) if steps else {"new": [()]}
        last = steps[-1].rule if steps else ""
        weights = [RULES[name].weight * (0.3 if name == last else 1) for name in choices]
        name = chance.choices(list(choices), weights)[0]
        made = tuple(model.name(prefix) for prefix in RULES[name].makes)
        step = Step(name, made, chance.choice(choices[name]))
        apply(model, step)
        steps.append(step)
    return steps


def clauses_of(steps: Sequence[Step]) -> tuple[str, ...]:
    """The clauses that a walk tests, if it comes to its end; each once."""
    model, found = Model(), dict[str, None]()
    for step in steps:
        found |= dict.fromkeys(clauses(model, step))
        apply(model, step)
    # All that is there at the end is looked at.
    found |= dict.fromkeys(model.clause_of(volume) for volume, of in model.volumes.items() if of.restored)
    deletes = any(step.rule in ("delete", "give up") for step in steps)
    found |= dict.fromkeys(
        CLAUSES[of.type].others if deletes else CLAUSES[of.type].content for of in model.stored().values()
    )
    return tuple(found)


def possible_part(steps: Sequence[Step]) -> list[Step]:
    """Those of the steps that are possible one after the other."""
    model, part = Model(), list[Step]()
    for step in steps:
        if can(model, step):
            apply(model, step)
            part.append(step)
    return part


def shrink(steps: Sequence[Step], fails: Callable[[Sequence[Step]], bool]) -> list[Step]:
    """The shortest walk found that still `fails`: pieces are taken out, ever smaller ones, until none can be spared.

    What needs a step that was taken out goes with it. The last step is where it fails, so it stays.
    """
    best, size = list(steps), max(1, len(steps) // 2)
    while size:
        start = 0
        while start < len(best) - 1:
            part = possible_part([*best[:start], *best[min(start + size, len(best) - 1) :]])
            if len(part) < len(best) and part and fails(part):
                best = part
            else:
                start += size
        size //= 2
    return best
