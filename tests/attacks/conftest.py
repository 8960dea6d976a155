"""What attacks are made on: a simulator that was started as anybody starts it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.victim import Victim
from tools.simulator_process import running_simulator


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """A simulator; attacks must leave it as it is."""
    folder: Path = tmp_path_factory.mktemp("victim")
    with running_simulator(folder) as process:
        yield Victim(folder, process.pid, process.ready)
