"""Shared by the tests of the simulator: coroutines run on asyncio."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def anyio_backend() -> str:
    """What the simulator is written for; used by every test, so that coroutines need no mark."""
    return "asyncio"
