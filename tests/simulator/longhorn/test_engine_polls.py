"""When Longhorn looks at an engine."""

import asyncio

from simulator.clock import REAL, Clock
from simulator.longhorn.engine_polls import POLL, EnginePolls

AWHILE = 0.05


def test_looks_are_counted_from_the_attachment() -> None:
    async def scenario() -> None:
        polls = EnginePolls(Clock(REAL))
        polls.begin("vol")
        await asyncio.sleep(AWHILE)

        assert polls.age("vol") >= AWHILE
        assert 0 < polls.left("vol") <= POLL - AWHILE

    asyncio.run(scenario())


def test_a_volume_that_is_gone_has_no_age() -> None:
    async def scenario() -> None:
        polls = EnginePolls(Clock(REAL))
        polls.begin("vol")
        polls.forget("vol")
        await asyncio.sleep(AWHILE)

        assert polls.age("vol") == 0.0

    asyncio.run(scenario())
