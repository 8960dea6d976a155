"""Shared by the tests of the backupstore: a volume, a bucket and the store between them."""

from pathlib import Path

import pytest

from tests.simulator.longhorn.backupstore.bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """For the newest Longhorn."""
    return Bench(tmp_path)
