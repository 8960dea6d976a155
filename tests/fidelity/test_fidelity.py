"""The same client sees the same: record.py against the simulator of release 1.12.1, beside what a real cluster showed.

One test, because the scenarios run at the same time and the list of accepted differences is judged as a whole.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.fidelity import accepted, runs
from tests.fidelity.__main__ import ACCEPTED, AT_ONCE, SCENARIOS, experience_of, real_recordings
from tests.fidelity.compare import Difference, compare
from tests.fidelity.recording import Recording


def test_a_client_sees_what_a_real_cluster_shows(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    recordings = real_recordings()
    experience = experience_of(recordings)

    done = runs.run_all(SCENARIOS, tmp_path, at_once=AT_ONCE)

    differences = [
        difference for name in SCENARIOS for difference in compare(recordings[name], done[name].recording, experience)
    ]
    judgement = accepted.judge(differences, accepted.read(ACCEPTED))
    for name in SCENARIOS:
        record_property("fidelity", json.dumps(_counts(recordings[name], done[name].seconds, judgement)))
    assert not judgement.open, _listed(judgement.open)
    assert not judgement.outdated, f"accepted.toml lists what is no difference any more: {judgement.outdated}"


def _counts(real: Recording, seconds: float, judgement: accepted.Judgement) -> dict[str, object]:
    kinds = Counter("events" if subject.startswith("Event ") else "objects" for subject in real.subjects())
    covered = [difference for each in judgement.covered.values() for difference in each]
    return {
        "scenario": real.scenario,
        **{word: kinds[word] for word in ("objects", "events")},
        "writes": len(real.writes),
        "notes": len(real.notes),
        "accepted": _of(real.scenario, covered),
        "open": _of(real.scenario, judgement.open),
        "seconds": round(seconds, 1),
    }


def _of(scenario: str, differences: Sequence[Difference]) -> int:
    return sum(difference.scenario == scenario for difference in differences)


def _listed(differences: list[Difference]) -> str:
    return "\n".join([f"{len(differences)} differences that nobody accepted:", *map(str, differences)])
