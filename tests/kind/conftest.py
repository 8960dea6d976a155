"""Clusters that come and go, on a simulator behind tools that are not real."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.s3.access import S3Access
from tests.kind.world import World, answering, make_world, serving


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the calls of all tools that are not real are answered."""
    with answering(tmp_path_factory.mktemp("forks")) as listening:
        yield listening


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, S3Access]]:
    """What is behind the clusters, one after the other."""
    with serving(tmp_path_factory.mktemp("simulated")) as made:
        yield made


@pytest.fixture
def world(simulated: tuple[Path, S3Access], forks: Path, tmp_path: Path) -> World:
    """Clusters that are a simulator, emptied when they are made."""
    kubeconfig, store = simulated
    made = make_world(tmp_path, forks, store)
    (tmp_path / "kubeconfig").write_text(kubeconfig.read_text())
    (tmp_path / "empty").touch()
    return made
