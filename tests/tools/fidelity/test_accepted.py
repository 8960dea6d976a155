"""The list of accepted differences: entries have reasons, cover what they name, and do not outlive their difference."""

from pathlib import Path

import pytest

from tools.fidelity import accepted, report
from tools.fidelity.__main__ import ACCEPTED, real_recordings
from tools.fidelity.accepted import Accepted, AcceptedError
from tools.fidelity.compare import Difference

LATE = Difference(
    "1.12.1/bak", "field", "Pod w", "status.phase", "a real cluster Pending -> Running; the simulator no more"
)
ENTRY = Accepted(reason="Because.", aspect="field", subject="Pod *", detail="status.*")


def test_the_list_is_complete() -> None:
    assert accepted.read(ACCEPTED)


def test_an_entry_covers_what_fits_all_its_patterns() -> None:
    assert ENTRY.covers(LATE)
    assert not Accepted(reason="Because.", aspect="order", subject="Pod *").covers(LATE)
    assert not Accepted(reason="Because.", aspect="field", subject="Pod").covers(LATE)
    assert not Accepted(reason="Because.", aspect="field", scenario="bak_modes").covers(LATE)


@pytest.mark.parametrize(("scenario", "covers"), [("bak", True), ("1.12.1/bak", True), ("1.10.2/bak", False)])
def test_a_scenario_without_a_release_is_that_of_all(scenario: str, covers: bool) -> None:
    assert Accepted(reason="Because.", aspect="field", scenario=scenario).covers(LATE) == covers


def test_what_no_entry_covers_is_open() -> None:
    judgement = accepted.judge([LATE], [])

    assert judgement.open == [LATE]
    assert list(report.open_lines(judgement)) == [f"open: {LATE}"]


def test_an_entry_that_covers_nothing_is_out_of_date_unless_it_says_sometimes() -> None:
    seldom = Accepted(reason="A race.", aspect="order", sometimes=True)

    assert accepted.judge([], [ENTRY, seldom]).outdated == [ENTRY]
    assert accepted.judge([LATE], [ENTRY]).outdated == []


def test_the_report_counts_what_is_accepted() -> None:
    lines = list(report.count_lines(["1.12.1/bak"], real_recordings(), accepted.judge([LATE], [ENTRY])))

    assert lines[0].endswith(":  1 differences accepted, 0 open")
    assert lines[-1].startswith("1 differences are accepted, by 1 entries")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[accepted]]\naspect = "field"\n', "without a reason"),
        ('[[accepted]]\naspect = "field"\nreason = " "\n', "without a reason"),
        ('[[accepted]]\nreason = "Because."\n', "aspect"),
        ('[[accepted]]\naspect = "field"\nreason = "Because."\nsubjects = "Pod"\n', "subjects"),
    ],
    ids=["no-reason", "empty-reason", "no-aspect", "unknown-field"],
)
def test_an_incomplete_entry_is_refused(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "accepted.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(AcceptedError, match=says):
        accepted.read(path)
