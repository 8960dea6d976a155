"""`python -m tools.durations`: the durations that the suite ships, made of reports."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from fixtures.plugin.durations import Durations
from tools import durations


def report(path: Path, seconds: Mapping[str, float], *, qualifies: bool = True) -> str:
    """A report with these tests, all of which conform but one that was blocked."""
    tests = [{"test": f"a/test_b.py::{name}", "verdict": "conforms", "seconds": took} for name, took in seconds.items()]
    tests += [
        {"test": "a/test_b.py::test_blocked", "verdict": "not verified", "seconds": 300},
        {"test": "observers::readiness", "verdict": "conforms", "seconds": 0},
    ]
    path.write_text(json.dumps({"qualifies": qualifies, "clauses": [{"tests": tests}, {"tests": tests[:1]}]}))
    return str(path)


def test_medians_of_what_was_verified(tmp_path: Path) -> None:
    """A budget that was spent is no duration, and an observer takes none."""
    output = tmp_path / "durations.toml"
    reports = [report(tmp_path / f"{took}.json", {"test_c[x-1]": took, "test_d": 1}) for took in (3.0, 40.0, 5.0)]

    assert durations.main([*reports, "-o", str(output)]) == 0

    assert Durations.load(tmp_path).measured == {"a/test_b.py::test_c[x-1]": 5.0, "a/test_b.py::test_d": 1.0}


def test_only_real_targets_are_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line for a simulated run and for what is no report; nothing is written."""
    (tmp_path / "other.json").write_text("[]")
    for given in (report(tmp_path / "simulated.json", {"test_c": 1}, qualifies=False), str(tmp_path / "other.json")):
        assert durations.main([given, "-o", str(tmp_path / "durations.toml")]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "durations.toml").exists()
