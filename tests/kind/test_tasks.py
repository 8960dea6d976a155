"""Several pieces of work at once, in order."""

import threading

import pytest

from fixtures.outcomes import Blocked
from fixtures.targets.kind.tasks import Say, Task, perform


def test_order_is_kept_and_the_rest_is_at_once() -> None:
    """Two that do not depend on each other must both run for either to end."""
    together = threading.Barrier(2, timeout=10)
    done: list[str] = []

    def meet(name: str) -> str:
        together.wait()
        done.append(name)
        return "met"

    def after(tell: Say) -> str:
        tell("half way")
        done.append("c")
        return "done"

    said: list[str] = []
    tasks = [Task("c", after, ("a", "b")), Task("a", lambda _: meet("a")), Task("b", lambda _: meet("b"))]
    perform(tasks, said.append)

    assert sorted(done[:2]) == ["a", "b"]
    assert done[2] == "c"
    assert "c: half way" in said
    assert said[-1].startswith("[3/3] c: done (")


def test_after_a_failure_nothing_new_is_begun() -> None:
    begun: list[str] = []

    def fail(_: Say) -> str:
        raise Blocked("the disk is full")

    said: list[str] = []
    with pytest.raises(Blocked, match="a: the disk is full"):
        perform([Task("a", fail), Task("b", lambda _: begun.append("b") or "", ("a",))], said.append)  # type: ignore[func-returns-value]

    assert begun == []
    assert said[-1].startswith("a: FAILED after")


def test_a_failure_does_not_wait_for_what_still_runs() -> None:
    forever = threading.Event()

    def fail(_: Say) -> str:
        raise Blocked("gone")

    with pytest.raises(Blocked, match="b: gone"):
        perform([Task("a", lambda _: str(forever.wait(60))), Task("b", fail)], print)
    forever.set()


def test_orders_that_cannot_be_kept_are_refused() -> None:
    with pytest.raises(ValueError, match="there is no task 'x'"):
        perform([Task("a", lambda _: "", ("x",))], print)
    with pytest.raises(ValueError, match="a, b wait for each other"):
        perform([Task("a", lambda _: "", ("b",)), Task("b", lambda _: "", ("a",))], print)
