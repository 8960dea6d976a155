"""The client and the recorded data are what the real cluster was asked and what it answered."""

from pathlib import Path

import pytest

from tests.fidelity.__main__ import RECORDED, SCENARIOS
from tests.fidelity.recording import load
from tests.fidelity.runs import CLIENT, REPOSITORY, read

RECORDINGS = REPOSITORY.parent / "shared" / "recordings"


@pytest.fixture
def recordings() -> Path:
    if not RECORDINGS.is_dir():
        pytest.skip("no raw recordings beside this clone (../shared/recordings): nothing to hold the data against")
    return RECORDINGS


def test_the_client_is_the_one_that_the_real_cluster_saw(recordings: Path) -> None:
    assert CLIENT.read_bytes() == (recordings / "record.py").read_bytes()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_recorded_data_are_the_recording_in_normal_form(scenario: str, recordings: Path) -> None:
    assert load(RECORDED / f"{scenario}.json") == read(scenario, recordings / "longhorn-1.12.1" / scenario)
