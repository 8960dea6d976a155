"""What walks reach, told from their plans."""

from collections.abc import Iterable, Iterator, Sequence

from conformance.walks.model import Model
from conformance.walks.planning import clauses_of, plan
from conformance.walks.rules import Step, apply


def states(steps: Sequence[Step]) -> Iterator[tuple[object, ...]]:
    """The states of the model that a walk comes through, names left out."""
    model = Model()
    for step in steps:
        apply(model, step)
        volumes = sorted((len(each.content), each.size, bool(each.restored)) for each in model.volumes.values())
        snapshots = sorted(
            (each.type, each.policy, each.there, each.bound, each.data in model.data)
            for each in model.snapshots.values()
        )
        yield tuple(volumes), tuple(snapshots)


def reached(steps: Sequence[Step]) -> set[tuple[object, ...]]:
    """Clauses, rules with what they are applied to, and pairs of rules that act on one thing one after the other."""
    found: set[tuple[object, ...]] = {("clause", clause) for clause in clauses_of(steps)}
    last: dict[str, str] = {}
    model = Model()
    for step in steps:
        # Names of volumes and snapshots are all alike.
        found.add((step.rule, *(word for word in step.to if word not in model.volumes | model.snapshots)))
        apply(model, step)
        for name in (*step.made, *step.to):
            found.add((last.get(name, ""), step.rule))
            last[name] = step.rule
    return found


def choose(count: int, seeds: Iterable[int]) -> list[int]:
    """As many seeds that together reach much, each time the one that adds most."""
    left = {seed: reached(plan(seed)) for seed in seeds}
    chosen, known = list[int](), set[tuple[object, ...]]()
    for _ in range(count):
        best = max(left, key=lambda seed: len(left[seed] - known))
        known |= left.pop(best)
        chosen.append(best)
    return chosen
