"""Walks: what users do, in orders that nobody wrote down. `--walk SEED` takes others than the usual ones."""

import pytest

from conformance.walks.planning import plan
from conformance.walks.walk import Walk


@pytest.mark.walk
def test_walk(seed: int, walk: Walk) -> None:
    """After each step of a walk, and at its end, all is as the documentation says."""
    walk.take(seed, plan(seed))
