"""When the simulator says that nothing can happen any more: not while anybody has work to do, or no processor."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

import pytest

from simulator.clock import Clock
from simulator.kubernetes.activity import TICK, Activity, CountingExecutor, children_are_busy
from simulator.kubernetes.api import Api
from simulator.kubernetes.controller import Controller, Key, Result

pytestmark = pytest.mark.anyio

ENOUGH = 4 * TICK


@contextlib.asynccontextmanager
async def counting(activity: Activity) -> AsyncIterator[None]:
    """While it lasts, quiet seconds are counted."""
    task = asyncio.create_task(activity.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(is_reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_reached():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(TICK)


async def test_seconds_without_work_are_counted() -> None:
    activity = Activity()
    async with counting(activity):
        await until(lambda: activity.quiet >= ENOUGH)


async def test_a_change_begins_anew() -> None:
    api = Api(Clock())
    async with counting(api.activity):
        await until(lambda: api.activity.quiet >= ENOUGH)
        api.create("namespaces", {"metadata": {"name": "new"}})
        assert api.activity.quiet == 0.0


async def test_work_is_not_quiet() -> None:
    activity, busy = Activity(), [True]
    activity.watch(lambda: bool(busy))
    async with counting(activity):
        await asyncio.sleep(4 * ENOUGH)
        assert activity.quiet == 0.0
        busy.clear()
        await until(lambda: activity.quiet >= ENOUGH)


async def test_seconds_without_a_processor_are_not_counted() -> None:
    activity = Activity()
    async with counting(activity):
        for _ in range(3):
            await asyncio.sleep(0)
            time.sleep(ENOUGH)  # noqa: ASYNC251 - as a machine does that is busy with others
        assert activity.quiet == 0.0


async def test_a_key_that_waits_for_its_second_attempt_is_work() -> None:
    """Until it has failed once more since the last change."""
    api = Api(Clock(pace=1.0))

    attempted = asyncio.Event()

    async def fail(_: Key) -> Result:
        attempted.set()
        return Result(again=True)

    controller = Controller(api, api.clock, "any", fail, backoff=(0.5, 60.0))
    task = asyncio.create_task(controller.run())
    async with counting(api.activity):
        controller.enqueue(("", "key"))
        await attempted.wait()
        api.create("namespaces", {"metadata": {"name": "after-the-first-attempt"}})
        began = time.monotonic()
        await until(lambda: api.activity.quiet >= ENOUGH)
        assert time.monotonic() - began > 0.3
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_long_sleeps_and_threads_are_work() -> None:
    clock, executor = Clock(pace=1.0), CountingExecutor()
    sleeping = asyncio.create_task(clock.sleep(60))
    await asyncio.sleep(0)
    assert clock.is_slept_on()
    sleeping.cancel()
    await asyncio.gather(sleeping, return_exceptions=True)
    assert not clock.is_slept_on()

    work = executor.submit(time.sleep, 0.2)
    assert executor.is_busy()
    await asyncio.wrap_future(work)
    await until(lambda: not executor.is_busy())
    executor.shutdown()


async def test_processes_that_could_go_on_are_work() -> None:
    asleep = await asyncio.create_subprocess_exec("sleep", "60")
    await until(lambda: not children_are_busy())
    busy = await asyncio.create_subprocess_exec("/bin/sh", "-c", "while :; do :; done")
    await until(children_are_busy)
    for process in (busy, asleep):
        process.kill()
        await process.wait()
