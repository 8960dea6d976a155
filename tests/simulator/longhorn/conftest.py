"""Shared by the tests of the simulated Longhorn: one that runs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.simulator.longhorn.cluster import MEBIBYTE, Cluster, running


@pytest.fixture
def version() -> str:
    """Of Longhorn; a test chooses another by parametrizing it."""
    return "1.12.1"


@pytest.fixture(scope="module")
async def shared_longhorn(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    """A running Longhorn for all tests of a module that only look, or are refused."""
    async with running(tmp_path_factory.mktemp("longhorn")) as longhorn:
        yield longhorn


@pytest.fixture
async def longhorn(tmp_path: Path, version: str) -> AsyncIterator[Cluster]:
    """A running Longhorn with a backup target."""
    async with running(tmp_path, version) as longhorn:
        yield longhorn


@pytest.fixture
async def with_data(longhorn: Cluster) -> Cluster:
    """A running Longhorn with an attached volume `vol`, of which one mebibyte behind its beginning is written."""
    await longhorn.written_volume(3 * MEBIBYTE)
    return longhorn
