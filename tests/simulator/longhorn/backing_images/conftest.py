"""Shared by the tests of backing images: files to download."""

from collections.abc import AsyncIterator

import pytest

from tests.simulator.longhorn.backing_images.images import Files, serving
from tests.simulator.longhorn.cluster import Cluster


@pytest.fixture
async def files(longhorn: Cluster) -> AsyncIterator[Files]:
    """Files that the cluster can download, by path; a test adds those that it needs."""
    async with serving(longhorn) as files:
        yield files
