"""When Longhorn looks at an engine."""

import asyncio

from simulator.clock import REAL, Clock
from simulator.longhorn.engine_polls import POLL, EnginePolls

AWHILE = 0.05


async def test_looks_are_counted_from_the_attachment_until_the_volume_is_gone() -> None:
    polls = EnginePolls(Clock(REAL))
    polls.begin("vol")
    await asyncio.sleep(AWHILE)

    assert polls.age("vol") >= AWHILE
    assert 0 < polls.left("vol") <= POLL - AWHILE
    polls.forget("vol")
    assert polls.age("vol") == 0.0
