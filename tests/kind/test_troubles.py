"""Why pods do not run, in words."""

from typing import Any

import pytest

from fixtures.targets.kind.pod_problems import troubles

Obj = dict[str, Any]


def pod(**status: Any) -> Obj:
    """A pod with a status."""
    return {"metadata": {"name": "p", "namespace": "n"}, "status": status}


def waiting(reason: str, **more: Any) -> Obj:
    """A pod whose container waits."""
    state = {"name": "main", "image": "longhornio/x:1", "state": {"waiting": {"reason": reason}}, **more}
    return pod(phase="Pending", containerStatuses=[state])


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (waiting("ImagePullBackOff"), "image longhornio/x:1 cannot be had (ImagePullBackOff): give it with --preload"),
        (
            waiting("CrashLoopBackOff", restartCount=3, lastState={"terminated": {"exitCode": 7}}),
            "container main keeps ending (exit code 7, 3 restarts): `kubectl logs --previous`",
        ),
        (waiting("CreateContainerConfigError"), "container main: CreateContainerConfigError"),
        (waiting("ContainerCreating"), "pod n/p: phase Pending"),
        (
            pod(conditions=[{"type": "PodScheduled", "status": "False", "message": "0/1 nodes: Insufficient cpu."}]),
            "not scheduled: 0/1 nodes: Insufficient cpu.",
        ),
        (
            pod(initContainerStatuses=[{"name": "first", "state": {"terminated": {"exitCode": 1}}}]),
            "container first ended with exit code 1",
        ),
    ],
)
def test_a_reason_is_given(given: Obj, wanted: str) -> None:
    (line,) = troubles([given])

    assert line.startswith("pod n/p: ")
    assert wanted in line


def test_pods_that_are_well_are_left_out() -> None:
    ready = pod(phase="Running", conditions=[{"type": "Ready", "status": "True"}])

    assert troubles([ready, pod(phase="Succeeded")]) == []


def test_many_are_cut_short() -> None:
    lines = troubles([waiting("ImagePullBackOff")] * 12)

    assert (len(lines), lines[-1]) == (9, "and 4 more pods")
