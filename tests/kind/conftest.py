"""Clusters that come and go, on a simulator behind tools that are not real."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.targets import S3Access
from tests.kind.world import World, make_world, serving


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, S3Access]]:
    """What is behind the clusters, one after the other."""
    with serving(tmp_path_factory.mktemp("simulated")) as made:
        yield made


@pytest.fixture
def world(simulated: tuple[Path, S3Access], tmp_path: Path) -> World:
    """Clusters that are a simulator, emptied when they are made."""
    kubeconfig, store = simulated
    made = make_world(tmp_path, store)
    (tmp_path / "kubeconfig").write_text(kubeconfig.read_text())
    (tmp_path / "empty").touch()
    return made
