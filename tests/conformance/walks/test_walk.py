"""What is told of a walk that finds something, and the script that does the same."""

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from conformance.walks.model import Model
from conformance.walks.planning import plan
from conformance.walks.rules import Step, apply
from conformance.walks.script import Script
from conformance.walks.walk import Walk, WalkingTime
from conformance.walks.world import WalkEnds, image_of
from fixtures.kubernetes.client import Write
from fixtures.kubernetes.resource_kinds import POD, PVC, VOLUME_SNAPSHOT
from fixtures.longhorn.volumes import SIZE, WRITE_UNIT
from fixtures.outcomes import Violation

CLAUSE = "backup.restore"


@dataclass
class World:
    """A world in which each step works but those that `meets` something."""

    meets: Callable[[Step], Exception | None]
    model: Model = field(default_factory=Model)

    def take(self, step: Step) -> None:
        apply(self.model, step)
        if error := self.meets(step):
            raise error

    def seen(self, clauses: Sequence[str]) -> Sequence[str]:
        return clauses

    def arrive(self) -> Sequence[str]:
        return ("the end",)


class Cluster:
    """Hears nothing."""

    heard: Callable[[Write], None]


def walk(
    meets: Callable[[Step], Exception | None], *, shrinks: bool = True, deviates: str = "", limit: float = 60.0
) -> tuple[Walk, list[str]]:
    told: list[str] = []
    made: Any = lambda: World(meets)  # noqa: E731
    cluster: Any = Cluster()
    return Walk(made, cluster, told.extend, lambda clause: clause == deviates, WalkingTime(limit), shrinks), told


def at_a_restore(step: Step) -> Exception | None:
    return Violation("it is empty", look="the engine", clause=CLAUSE) if step.rule == "restore" else None


SEED = 1


def test_a_walk_without_a_violation_tells_what_it_has_come_to() -> None:
    taken, told = walk(lambda _: None)

    taken.take(SEED, plan(SEED))

    assert told[-1] == "the end"
    assert "backup.ready" in told


@pytest.mark.parametrize("shrinks", [True, False])
def test_a_violation_tells_the_steps_to_it(*, shrinks: bool) -> None:
    steps = plan(SEED)
    taken, told = walk(at_a_restore, shrinks=shrinks)

    with pytest.raises(Violation) as raised:
        taken.take(SEED, steps)

    violation = raised.value
    first, *listed, last = violation.seen.splitlines()
    until = next(number for number, step in enumerate(steps, 1) if step.rule == "restore")
    assert (first, violation.clause, violation.look) == ("it is empty", CLAUSE, "the engine")
    assert last == f"repeat it: pytest --walk {SEED}"
    assert len(listed) - 1 == (3 if shrinks else until)
    assert listed[-1].startswith(f"  {len(listed) - 1}. Restore ")
    assert CLAUSE in told
    assert "#!/bin/sh" in violation.__notes__[0]


def test_what_no_page_is_about_ends_a_walk_without_a_verdict() -> None:
    taken, told = walk(lambda step: WalkEnds("lost") if step.rule == "restore" else None)

    taken.take(SEED, plan(SEED))

    assert "the end" not in told


def test_what_is_known_to_deviate_is_left_out() -> None:
    taken, told = walk(at_a_restore, deviates=CLAUSE)

    taken.take(SEED, plan(SEED))

    assert CLAUSE not in told


def test_a_worker_walks_no_longer_than_it_may() -> None:
    taken, told = walk(at_a_restore, limit=0.0)

    taken.take(SEED, plan(SEED))

    assert told == ["the end"]


def test_the_script_does_what_was_sent() -> None:
    script = Script()
    script.begin("1. Make a volume v1 with data.")
    script.hear(Write("create", PVC, "c", "n", PVC.manifest("c", "n", spec={"volumeMode": "Block"})))
    script.hear(Write("create", POD, "p", "n", POD.manifest("p", "n", spec={"command": ["echo 'it''s'"]})))
    script.hear(Write("delete", POD, "p", "n", {}))
    script.begin("2. Take a VolumeSnapshot s1 of v1.")
    script.hear(Write("create", VOLUME_SNAPSHOT, "s", "n", VOLUME_SNAPSHOT.manifest("s", "n", spec={})))
    script.hear(Write("patch", PVC, "c", "n", {"spec": {"words": "it's"}}))

    text = str(script)

    subprocess.run(["/bin/sh", "-n"], input=text, text=True, check=True)
    commands = [line for line in text.splitlines() if line.startswith(("kubectl", "#"))]
    assert commands == [
        "#!/bin/sh",
        "# 1. Make a volume v1 with data.",
        "kubectl create -f - <<'END'",
        "kubectl create -f - <<'END'",
        "kubectl wait persistentvolumeclaims/c -n n --for='jsonpath={.status.phase}=Bound' --timeout=300s",
        "kubectl wait pods/p -n n --for='jsonpath={.status.phase}=Succeeded' --timeout=300s",
        "kubectl logs pods/p -n n",
        "kubectl delete pods/p -n n --ignore-not-found --timeout=300s",
        "# 2. Take a VolumeSnapshot s1 of v1.",
        "kubectl create -f - <<'END'",
        "kubectl wait volumesnapshots.snapshot.storage.k8s.io/s -n n --for='jsonpath={.status.readyToUse}=true'"
        " --timeout=300s",
        'kubectl patch persistentvolumeclaims/c -n n --type=merge --patch=\'{"spec": {"words": "it\'\\\'\'s"}}\'',
    ]


def test_writes_lie_upon_each_other() -> None:
    image = image_of(
        (("first data to", "v1"), ("zeros over data of", "v1-1"), ("two equal blocks to", "v1-2")), 2 * SIZE
    )

    assert image.size == 2 * SIZE
    assert image.expected_at(0) == "block 0 of stream v1"
    assert image.expected_at(WRITE_UNIT) == "zeros"
    assert image.expected_at(4 << 20) == image.expected_at(6 << 20) == "block 0 of stream v1-2"
    assert image.expected_at(SIZE) == "zeros"
