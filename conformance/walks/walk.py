"""A walk from its first step to its end, and what is told of one that ends too early."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from conformance.walks.planning import shrink
from conformance.walks.rules import Step, can, clauses
from conformance.walks.script import Script
from conformance.walks.world import WalkEnds, World
from fixtures.kubernetes.client import Cluster
from fixtures.outcomes import Blocked, Violation

SHRINKING_SECONDS = 60.0
"""How long a shorter walk is looked for."""

_Found = tuple[list[Step], Violation]
"""The steps up to a violation, and that."""


@dataclass
class WalkingTime:
    """Seconds that a worker may walk, and that it has walked."""

    limit: float
    spent: float = 0.0


@dataclass
class Walk:
    """Takes the steps of a walk, as far as the time allows.

    `tell` hears of the clauses that it has tested, `deviates` says whether a clause is known to be violated always.
    """

    make_world: Callable[[], World]
    cluster: Cluster
    tell: Callable[[Sequence[str]], None]
    deviates: Callable[[str], bool]
    time: WalkingTime
    shrinks: bool

    def take(self, seed: int, steps: Sequence[Step]) -> None:
        """Take the steps. Violation tells those that lead to it, few if that is found out, and how to repeat them."""
        began = time.monotonic()
        try:
            found, script = self._tried(steps, began + self.time.limit - self.time.spent)
        finally:
            self.time.spent += time.monotonic() - began
        if found is None:
            return
        taken, violation = found
        if self.shrinks:
            end = time.monotonic() + SHRINKING_SECONDS
            scripts = {tuple(taken): script}

            def fails(part: Sequence[Step]) -> bool:
                if time.monotonic() > end:
                    return False
                try:
                    again, scripts[tuple(part)] = self._tried(part)
                except Blocked:
                    return False
                return again is not None and again[1].clause == violation.clause and len(again[0]) == len(part)

            taken = shrink(taken, fails)
            script = scripts[tuple(taken)]
        raise told(violation, seed, taken, script) from violation

    def _tried(self, steps: Sequence[Step], end: float = math.inf) -> tuple[_Found | None, Script]:
        """The steps up to a violation, and that; None if there was none. And what was sent."""
        script, taken = Script(), list[Step]()
        script.begin("Prepare.")
        self.cluster.heard = script.hear
        try:
            world = self.make_world()
            for step in steps:
                if time.monotonic() > end:
                    break
                if not can(world.model, step):
                    # It is about what this target or documentation does not know.
                    continue
                named = clauses(world.model, step)
                if any(self.deviates(clause) for clause in named):
                    continue
                taken.append(step)
                script.begin(f"{len(taken)}. {step}")
                world.take(step)
                self.tell(world.seen(named))
            script.begin("Compare all that is there with what must be.")
            self.tell(world.arrive())
        except Violation as violation:
            self.tell((violation.clause,))
            return (taken, violation), script
        except WalkEnds:
            return None, script
        finally:
            self.cluster.heard = lambda _: None
        return None, script


def told(violation: Violation, seed: int, steps: Sequence[Step], script: Script) -> Violation:
    """A violation with the steps that lead to it, how to repeat them, and the script."""
    numbered = [f"  {number}. {step}" for number, step in enumerate(steps, 1)]
    lines = [violation.seen, "after these steps:", *numbered, f"repeat it: pytest --walk {seed}"]
    new = Violation("\n".join(lines), expected=violation.expected, look=violation.look, clause=violation.clause)
    new.add_note(f"the same by kubectl:\n{script}")
    return new
