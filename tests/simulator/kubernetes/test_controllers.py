"""Work queues, events, namespace deletion, garbage collection."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from simulator.clock import Clock
from simulator.kubernetes.api import Api, Change
from simulator.kubernetes.controller import Controller, Key, Result
from simulator.kubernetes.controllers.lifecycle import lifecycle_controllers
from simulator.kubernetes.errors import conflict
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.resources import Obj
from tests.simulator.kubernetes.client import refusal


def config(name: str, namespace: str = "default", **metadata: Any) -> Obj:
    return {"metadata": {"name": name, "namespace": namespace, **metadata}}


async def gone(api: Api, resource: str, name: str, namespace: str = "") -> None:
    """Wait, without polling, until the object is deleted."""
    event = asyncio.Event()

    def note(change: Change) -> None:
        if change.type == "DELETED" and change.key == (namespace, name):
            event.set()

    end = api.subscribe(resource, note)
    if api.find(resource, name, namespace) is not None:
        await asyncio.wait_for(event.wait(), 5)
    end()


def lifecycle(api: Api) -> AbstractAsyncContextManager[None]:
    """Let the namespace controller and the garbage collector work meanwhile."""
    return working(*(each.run for each in lifecycle_controllers(api, Clock())))


@asynccontextmanager
async def working(*workers: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Let `workers` work meanwhile."""
    tasks = [asyncio.ensure_future(worker()) for worker in workers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def work_until(done: asyncio.Event, queue: Controller, *entries: tuple[str, float]) -> None:
    """Let a queue work on these keys, each after a delay, until `done`."""
    async with working(queue.run):
        for name, after in entries:
            queue.enqueue(("", name), after=after)
        await asyncio.wait_for(done.wait(), 5)


async def test_one_worker_for_a_key_at_a_time(api: Api) -> None:
    busy: list[Key] = []
    most: dict[Key, int] = {}
    done = asyncio.Event()
    worked: list[Key] = []

    async def reconcile(key: Key) -> None:
        busy.append(key)
        most[key] = max(most.get(key, 0), busy.count(key))
        await asyncio.sleep(0)
        busy.remove(key)
        worked.append(key)
        if len(worked) >= 4:
            done.set()

    queue = Controller(api, Clock(), "test", reconcile)
    queue.watch("configmaps", lambda change: [change.key] if change.key[1] in {"a", "b"} else [])
    api.create("configmaps", config("a"))

    async with working(queue.run):
        await asyncio.sleep(0)
        api.create("configmaps", config("b"))
        for count in range(2):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            api.patch("configmaps", "a", "default", {"data": {"n": str(count)}})
        await asyncio.wait_for(done.wait(), 5)
    assert most == {("default", "a"): 1, ("default", "b"): 1}


async def test_failures_are_retried_with_back_off(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    class DriverError(Exception):
        pass

    times: list[float] = []
    failures = [DriverError("no"), conflict(api.resource("configmaps"), "a"), RuntimeError("odd")]
    done = asyncio.Event()

    async def reconcile(key: Key) -> None:
        del key
        times.append(time.monotonic())
        if failures:
            raise failures.pop(0)
        done.set()

    queue = Controller(api, Clock(0.01), "test", reconcile, expected=(DriverError,))

    await work_until(done, queue, ("a", 0))
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert [pause >= least for pause, least in zip(pauses, (0.01, 0.02, 0.04), strict=True)] == [True] * 3
    printed = capsys.readouterr().err
    shown = [name for name in ("RuntimeError: odd", "DriverError", "ApiError") if name in printed]
    assert shown == ["RuntimeError: odd"]


async def test_a_result_requeues_the_key(api: Api) -> None:
    results = [Result(after=1.0), Result(again=True)]
    done = asyncio.Event()

    async def reconcile(key: Key) -> Result | None:
        del key
        if results:
            return results.pop(0)
        done.set()
        return None

    await work_until(done, Controller(api, Clock(), "test", reconcile), ("a", 0))


async def test_a_key_waits_for_the_earlier_of_two_times(api: Api) -> None:
    worked: list[str] = []
    done = asyncio.Event()

    async def reconcile(key: Key) -> None:
        worked.append(key[1])
        if key[1] == "last":
            done.set()

    queue = Controller(api, Clock(0.005), "test", reconcile)
    await work_until(done, queue, ("a", 3), ("a", 1), ("a", 4), ("between", 2), ("last", 5))

    assert worked == ["a", "between", "last"]


def test_events_are_counted_combined_and_dropped(api: Api) -> None:
    about = api.create("configmaps", config("a"))
    recorder = EventRecorder(api, "tester", "host")
    for _ in range(3):
        recorder.record(about, "Normal", "Same", "again")
    first = api.list("events", "default")[0]
    assert first["involvedObject"]["uid"] == about["metadata"]["uid"]
    assert (first["count"], first["source"]) == (3, {"component": "tester", "host": "host"})
    assert (first["eventTime"], first["reportingComponent"], first["reportingInstance"]) == (None, "tester", "host")

    other = api.create("configmaps", config("b"))
    for number in range(40):
        recorder.record(other, "Warning", "Many", f"message {number}")
    about_other = [each for each in api.list("events") if each["involvedObject"]["name"] == "b"]
    assert len(about_other) == 11
    assert sum(each["count"] for each in about_other) == 25
    assert about_other[-1]["message"].startswith("(combined from similar events): message")


def test_events_of_cluster_scoped_objects_are_in_default(api: Api) -> None:
    recorder = EventRecorder(api, "tester")
    recorder.record(api.get("namespaces", "kube-system"), "Normal", "R", "m")

    assert [each["metadata"]["namespace"] for each in api.list("events")] == ["default"]


async def test_a_deleted_namespace_is_emptied_pods_first(api: Api) -> None:
    order: list[str] = []

    def note(change: Change) -> None:
        if change.type == "DELETED" and change.key[0] == "n":
            order.append(change.resource.plural)

    api.create("namespaces", {"metadata": {"name": "n"}})
    api.create("configmaps", config("held", "n", finalizers=["example.org/hold"]))
    api.create("pods", {**config("p", "n"), "spec": {"containers": [{"name": "c", "image": "b"}]}})
    api.subscribe("", note)
    told = asyncio.Event()

    def watch(change: Change) -> None:
        if any(each["status"] == "True" for each in change.object["status"].get("conditions", [])):
            told.set()

    api.subscribe("namespaces", watch)

    async with lifecycle(api):
        api.delete("namespaces", "n")
        await asyncio.wait_for(told.wait(), 5)
        await asyncio.sleep(0.01)
        namespace = api.get("namespaces", "n")
        conditions = {each["type"]: each["message"] for each in namespace["status"]["conditions"]}
        assert namespace["status"]["phase"] == "Terminating"
        assert conditions["NamespaceFinalizersRemaining"] == (
            "Some content in the namespace has finalizers remaining: example.org/hold in 1 resource instances"
        )
        assert refusal(api.create, "configmaps", config("late", "n")).message == (
            'configmaps "late" is forbidden: unable to create new content in namespace n because it is being terminated'
        )
        api.patch("configmaps", "held", "n", {"metadata": {"finalizers": None}})
        await gone(api, "namespaces", "n")
    assert order[0] == "pods"
    assert api.list("configmaps", "n") == []


def owned(name: str, *owners: Obj, block: bool = False, **metadata: Any) -> Obj:
    references = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "blockOwnerDeletion": block,
            **{key: owner["metadata"][key] for key in ("name", "uid")},
        }
        for owner in owners
    ]
    return config(name, ownerReferences=references, **metadata)


async def test_dependents_are_deleted_with_their_last_owner(api: Api) -> None:
    first, second = api.create("configmaps", config("first")), api.create("configmaps", config("second"))
    api.create("secrets", owned("one", first))
    api.create("secrets", owned("two", first, second))

    async with lifecycle(api):
        await asyncio.sleep(0)
        api.delete("configmaps", "first", "default")
        await gone(api, "secrets", "one", "default")
        left = api.get("secrets", "two", "default")
        assert [each["name"] for each in left["metadata"]["ownerReferences"]] == ["second"]
        api.delete("configmaps", "second", "default")
        await gone(api, "secrets", "two", "default")


async def test_foreground_deletion_waits_for_dependents(api: Api) -> None:
    owner = api.create("configmaps", config("owner"))
    api.create("secrets", owned("child", owner, block=True, finalizers=["example.org/hold"]))

    async with lifecycle(api):
        await asyncio.sleep(0)
        marked = api.delete("configmaps", "owner", "default", propagation="Foreground")
        assert marked["metadata"]["finalizers"] == ["foregroundDeletion"]
        await asyncio.sleep(0.01)
        assert api.find("configmaps", "owner", "default") is not None
        api.patch("secrets", "child", "default", {"metadata": {"finalizers": None}})
        await gone(api, "configmaps", "owner", "default")
    assert api.find("secrets", "child", "default") is None


async def test_orphans_stay(api: Api) -> None:
    owner = api.create("configmaps", config("owner"))
    api.create("secrets", owned("child", owner))

    async with lifecycle(api):
        await asyncio.sleep(0)
        api.delete("configmaps", "owner", "default", propagation="Orphan")
        await gone(api, "configmaps", "owner", "default")
        await asyncio.sleep(0.01)
    assert "ownerReferences" not in api.get("secrets", "child", "default")["metadata"]
