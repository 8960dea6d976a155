"""The scenarios of this page. They do what a user does and assert nothing: that is left to the tests."""

from collections.abc import Callable

import pytest

from conformance.clone.scenarios import Cloning
from fixtures.longhorn.volumes import SPARSE_WRITES, Volumes


@pytest.fixture(scope="session")
def volumes(volumes_in: Callable[[str], Volumes]) -> Volumes:
    """What users do with volumes, step by step, in a namespace for what tests share."""
    return volumes_in("clones")


@pytest.fixture(scope="session")
def cloning(volumes: Volumes) -> Cloning:
    """A claim that clones one with known data; not waited for. Both volumes stay as they are."""
    source = volumes.volume_with("cloned", *SPARSE_WRITES)
    return Cloning(volumes.clone(source), source)
