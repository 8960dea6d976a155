"""When Longhorn looks at an engine."""

import asyncio

import pytest

from simulator.clock import REAL, Clock
from simulator.longhorn.engine_polls import POLL, EnginePolls

pytestmark = pytest.mark.anyio

AWHILE = 0.05


async def test_looks_are_counted_from_the_attachment() -> None:
    polls = EnginePolls(Clock(REAL))
    polls.begin("vol")
    await asyncio.sleep(AWHILE)

    assert polls.age("vol") >= AWHILE
    assert 0 < polls.left("vol") <= POLL - AWHILE


async def test_a_volume_that_is_gone_has_no_age() -> None:
    polls = EnginePolls(Clock(REAL))
    polls.begin("vol")
    polls.forget("vol")
    await asyncio.sleep(AWHILE)

    assert polls.age("vol") == 0.0
