"""Shared by the tests of the simulator: coroutines run on asyncio."""

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """What the simulator is written for."""
    return "asyncio"
