"""The same client sees the same: record.py against the simulator of release 1.12.1, beside what a real cluster showed.

Two scenarios in slow motion, so that other tests may run at the same time. All of them: `tox -e fidelity`.
"""

import json
from collections.abc import Callable
from pathlib import Path

from tools.fidelity import replay, report
from tools.fidelity.__main__ import judge, real_recordings
from tools.fidelity.replay import Group

GROUP = Group("1.12.1", ("api", "filesystem"))
SPEED = 10.0


def test_a_client_sees_what_a_real_cluster_shows(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    real = real_recordings()

    judgement = judge(real, {recording.label: recording for recording in replay.replay(GROUP, tmp_path, speed=SPEED)})

    record_property(
        "fidelity",
        json.dumps(list(report.count_lines([f"{GROUP.release}/{name}" for name in GROUP.scenarios], real, judgement))),
    )
    assert not judgement.open, "\n".join(report.open_lines(judgement))
