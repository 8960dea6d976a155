"""The plans of walks: what they may contain, what they come to, and how they are shortened."""

from collections import Counter
from collections.abc import Sequence

import pytest

from conformance.walks.model import BACKUP, CLAUSES, DELETE, IMAGE, RETAIN, Model
from conformance.walks.planning import LENGTH, clauses_of, plan, possible_part, shrink, usual_seeds
from conformance.walks.rules import RULES, Step, apply, can
from fixtures.catalogue.clauses import load
from tools import ROOT
from tools.walks.coverage import choose, reached

SEEDS = range(200)

NEW = Step("new", ("v1",), ())
SNAP = Step("snap", ("s1",), ("v1", BACKUP, RETAIN))
DELETED = Step("delete", (), ("s1",))
AGAIN = Step("use again", ("s2",), ("s1", DELETE))


def after(*steps: Step) -> Model:
    model = Model()
    for step in steps:
        assert can(model, step), str(step)
        apply(model, step)
    return model


@pytest.mark.parametrize("seed", [0, 7, 999_999_999])
def test_a_seed_always_gives_the_same_walk(seed: int) -> None:
    assert plan(seed) == plan(seed)
    assert len(plan(seed)) == LENGTH


def test_each_step_is_possible_when_it_comes() -> None:
    for seed in SEEDS:
        assert possible_part(plan(seed)) == plan(seed)


def test_every_rule_is_followed() -> None:
    followed = Counter(step.rule for seed in SEEDS for step in plan(seed))

    assert not RULES.keys() - followed.keys()


def test_walks_name_clauses_of_the_catalogue() -> None:
    known = load(ROOT / "conformance").by_id()

    assert not {clause for seed in SEEDS for clause in clauses_of(plan(seed))} - known.keys()


def test_every_clause_of_the_model_is_come_to() -> None:
    named = {clause for claims in CLAUSES.values() for clause in vars(claims).values()}

    assert not named - {clause for seed in SEEDS for clause in clauses_of(plan(seed))}


@pytest.mark.parametrize(
    ("before", "step"),
    [
        pytest.param([NEW], Step("restore", ("v2",), ("s1",)), id="restore what was never taken"),
        pytest.param([NEW, SNAP, DELETED], Step("restore", ("v2",), ("s1",)), id="restore what is deleted"),
        pytest.param([NEW, SNAP], AGAIN, id="use a handle again that is in use"),
        pytest.param([NEW, SNAP, DELETED, AGAIN, Step("delete", (), ("s2",))], AGAIN, id="use a handle of nothing"),
        pytest.param([NEW, SNAP], Step("snap", ("s1",), ("v1", BACKUP, DELETE)), id="use a name twice"),
        pytest.param(
            [NEW, Step("snap", ("s1",), ("v1", IMAGE, DELETE)), Step("restore", ("v2",), ("s1",))],
            DELETED,
            id="delete an image in use",
        ),
    ],
)
def test_what_is_not_possible(before: Sequence[Step], step: Step) -> None:
    assert not can(after(*before), step)


def test_the_policy_decides_what_stays() -> None:
    kept = after(NEW, SNAP, DELETED)
    assert (kept.data, kept.snapshots["s1"].bound) == ({"s1"}, True)

    gone = after(NEW, SNAP, DELETED, AGAIN, Step("delete", (), ("s2",)))
    assert (gone.data, gone.snapshots["s2"].bound) == (set(), False)


def test_a_backup_of_a_volume_on_an_image_needs_that() -> None:
    exported = Step("snap", ("s1",), ("v1", IMAGE, DELETE))
    backed_up = Step("snap", ("s2",), ("v2", BACKUP, DELETE))
    model = after(NEW, exported, Step("restore", ("v2",), ("s1",)), backed_up, Step("delete volume", (), ("v2",)))
    assert can(model, Step("restore", ("v3",), ("s2",)))

    apply(model, DELETED)

    assert not can(model, Step("restore", ("v3",), ("s2",)))


def test_only_the_steps_that_a_failure_needs_are_left() -> None:
    steps = next(plan(seed) for seed in SEEDS if [step.rule for step in plan(seed)].count("delete") > 1)
    last = max(number for number, step in enumerate(steps) if step.rule == "delete")
    tried: list[Sequence[Step]] = []

    def fails(part: Sequence[Step]) -> bool:
        tried.append(part)
        return part[-1] == steps[last]

    shortest = shrink(steps[: last + 1], fails)

    assert shortest[-1] == steps[last]
    assert len(shortest) < last + 1
    for part in tried:
        assert possible_part(part) == part
    for spared in range(len(shortest) - 1):
        left_out = [*shortest[:spared], *shortest[spared + 1 :]]
        assert shortest[-1] not in possible_part(left_out), "a step more can be spared"


def test_usual_walks_reach_more_than_others() -> None:
    """They are chosen for it, and those that have found something are added."""
    best = set[object]().union(*(reached(plan(seed)) for seed in choose(2, range(50))))
    first = set[object]().union(*(reached(plan(seed)) for seed in range(2)))

    assert len(best) > len(first)
    assert usual_seeds()
    assert len(usual_seeds()) == len(set(usual_seeds()))
