"""Work of engines goes on when the controller that asked for it ends."""

import asyncio
import gc
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from simulator.kubernetes.timing import Timing
from simulator.longhorn.engine_work import EngineWork, to_end
from tests.simulator.longhorn.cluster import running


class Worker:
    """Work that can be let go on; counts how often it was begun."""

    def __init__(self) -> None:
        self.begun = 0
        self.free = asyncio.Event()

    async def work(self) -> int:
        self.begun += 1
        await self.free.wait()
        if self.begun == 2:
            raise ValueError("broken")
        return self.begun


async def test_who_asks_after_the_first_was_cancelled_gets_the_outcome_of_the_same_work() -> None:
    work, worker = EngineWork(), Worker()
    first = asyncio.create_task(work.once("key", worker.work))
    await asyncio.sleep(0)
    first.cancel()
    second = asyncio.create_task(work.once("key", worker.work))
    await asyncio.sleep(0)
    worker.free.set()

    assert await second == 1
    assert first.cancelled()


async def test_work_whose_outcome_was_told_once_is_begun_anew_also_after_a_failure() -> None:
    work, worker = EngineWork(), Worker()
    worker.free.set()

    assert await work.once("key", worker.work) == 1
    with pytest.raises(ValueError, match="broken"):
        await work.once("key", worker.work)
    assert await work.once("key", worker.work) == 3


async def test_who_is_cancelled_waits_for_the_end_of_bulk_work() -> None:
    free = threading.Event()
    caller = asyncio.create_task(to_end(free.wait))
    await asyncio.sleep(0)
    caller.cancel()
    asyncio.get_running_loop().call_later(0.05, free.set)

    with pytest.raises(asyncio.CancelledError):
        await caller
    assert free.is_set()


def broken() -> None:
    raise OSError("the file is gone")


async def broken_piece() -> None:
    for _ in range(3):
        await asyncio.sleep(0)
    broken()


@pytest.mark.parametrize("ask", [lambda: to_end(broken), lambda: EngineWork().outcome("key", broken_piece)])
async def test_a_failure_that_nobody_waits_for_is_not_reported(ask: Callable[[], Coroutine[None, None, None]]) -> None:
    reported: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    caller = asyncio.create_task(ask())
    await asyncio.sleep(0)
    caller.cancel()

    with pytest.raises(asyncio.CancelledError):
        await caller
    for _ in range(5):
        await asyncio.sleep(0)
    gc.collect()
    assert reported == []


class Restarted(Timing):
    """The controller of backup volumes ends every few milliseconds."""

    def lifetime(self, controller: str) -> float | None:
        return 0.01 if controller == "longhorn-backup-volume-controller" else None


async def test_no_lock_is_left_when_the_controller_ends_while_a_backup_volume_is_deleted(tmp_path: Path) -> None:
    async with running(tmp_path, timing=Restarted()) as longhorn:
        await longhorn.written_volume()
        await longhorn.finished_backup()
        (listed,) = longhorn.all("backupvolumes")
        assert longhorn.s3.objects

        longhorn.s3.slowness = 0.006
        longhorn.delete("backupvolumes", listed["metadata"]["name"])
        await longhorn.until_gone("backupvolumes")

        assert longhorn.s3.objects == {}
