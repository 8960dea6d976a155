"""Shared by the tests of the snapshot machinery: a running cluster with a fake driver."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator.csi.decisions import CsiDecisions
from tests.simulator.csi.cluster import Cluster, running


@pytest.fixture
def decisions() -> CsiDecisions:
    """Those of the cluster."""
    return CsiDecisions()


@pytest.fixture
async def cluster(tmp_path: Path, decisions: CsiDecisions) -> AsyncIterator[Cluster]:
    """A running cluster with a namespace, a StorageClass and a VolumeSnapshotClass."""
    async with running(tmp_path, decisions) as cluster:
        yield cluster


@pytest.fixture
async def volume(cluster: Cluster) -> str:
    """The name, and handle, of the volume of a bound claim src."""
    return str((await cluster.bound_claim())["spec"]["volumeName"])
