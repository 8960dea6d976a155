"""Shared by the tests of the simulated Longhorn: one that runs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.simulator.longhorn.cluster import Cluster, running


@pytest.fixture
def version() -> str:
    """Of Longhorn; a test chooses another by parametrizing it."""
    return "1.12.1"


@pytest.fixture
async def longhorn(tmp_path: Path, version: str) -> AsyncIterator[Cluster]:
    """A running Longhorn with a backup target."""
    async with running(tmp_path, version) as longhorn:
        yield longhorn
