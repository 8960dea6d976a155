"""The program itself, with a few tests of the suite: a flaky verdict is reported, and its command reproduces it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.disturbances.catalogue import ALL, TROUBLES
from tools import ROOT
from tools.flakiness import __main__ as command
from tools.flakiness import batch
from tools.flakiness.results import Results
from tools.flakiness.rounds import Round, RoundRun, Suite

FEW = ("-k", "backup and content_is_named_by_uid")


@pytest.fixture(autouse=True)
def outside_of_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite that a test starts is none of this run's."""
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_CURRENT_TEST"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.e2e
def test_a_flaky_verdict_is_reported_with_its_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second of two rounds meets a broken cluster."""
    made = batch.consecutive_rounds

    def one_broken(
        count: int, seed: int, level: float, arguments: Sequence[str] = (), *, troubles: bool = False
    ) -> list[Round]:
        first, second = made(count, seed, level, arguments, troubles=troubles)
        return [first, replace(second, arguments=(*arguments, "--fault=content-named-after-half-the-uid"))]

    monkeypatch.setattr(batch, "consecutive_rounds", one_broken)

    exit_code = command.main(["--rounds", "2", "--seed", "7", "--report-dir", str(tmp_path), "--", *FEW])

    told = capsys.readouterr().out
    written = json.loads((tmp_path / "flakiness.json").read_text())
    assert exit_code == 1
    assert "  clause backup.name.content: violates instead of conforms: " in told
    again = "python -m tools.flakiness --rounds 1 --seed 8 --level 1 -- -k 'backup and content_is_named_by_uid'"
    assert f"  run it again: {again} --fault=content-named-after-half-the-uid\n" in told
    assert told.splitlines()[-2].endswith(" differences in 1 rounds, seeds 8")
    assert [(each["seed"], bool(each["differences"])) for each in written["rounds"]] == [(7, False), (8, True)]
    (violated, *_) = written["rounds"][1]["differences"]
    assert (violated["kind"], violated["name"]) == ("clause", "backup.name.content")
    assert all(each["disturbances"] > 0 for each in written["rounds"])
    assert [path.name for path in (tmp_path / "flakiness").iterdir() if path.name != "reference"] == ["round-8"]


def test_without_a_reference_there_is_no_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--rounds", "1", "--report-dir", str(tmp_path), "--", "--fault=none-such"]
    assert command.main(arguments) == 2
    assert "no such fault" in capsys.readouterr().err
    assert not (tmp_path / "flakiness.json").exists()


@pytest.mark.parametrize("wrong", [["--rounds", "0"], ["--level", "11"], ["--level", "0"], ["--seed", "-1"]])
def test_a_wrong_option_ends_with_2(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(wrong)
    assert ended.value.code == 2
    assert f"argument {wrong[0]}: {wrong[1]}: must be " in capsys.readouterr().err


def test_a_round_that_hangs_is_ended_and_reported(tmp_path: Path) -> None:
    ran = Suite(tmp_path).run("hanging", FEW, limit=0.2)

    assert ran.results is None
    assert "did not end within 0 s" in ran.trouble
    conforming = Results(exit_code=0, verdict="conforms", clauses={}, tests={}, problems={})
    (found,) = ran.differences_from(conforming)
    assert (found.kind, found.expected, found.found) == ("run", "conforms", "no report")


def test_seeds_are_consecutive_so_that_each_round_can_be_run_alone() -> None:
    many = batch.consecutive_rounds(3, 40, 2.0, ("-m", "retain"))
    alone = batch.consecutive_rounds(1, 42, 2.0, ("-m", "retain"))

    assert many[2] == alone[0]
    assert many[2].command == "python -m tools.flakiness --rounds 1 --seed 42 --level 2 -- -m retain"
    assert "--randomly-seed=42" in many[2].pytest_arguments
    assert "--chaos=42:2" in many[2].pytest_arguments


def test_rounds_in_trouble_can_be_run_again() -> None:
    (one,) = batch.consecutive_rounds(1, 42, 0.5, ("-m", "retain"), troubles=True)

    assert one.command == "python -m tools.flakiness --rounds 1 --seed 42 --level 0.5 --troubles -- -m retain"
    assert "--chaos=42:0.5:troubles" in one.pytest_arguments


def test_disturbances_are_summed_up() -> None:
    ran = [RoundRun(1.0, None, "", "", {"conflict": 2}), RoundRun(1.0, None, "", "", {"conflict": 1, "slow-s3": 5})]
    reference = RoundRun(1.0, None, "", "", {})
    rounds = tuple(batch.ComparedRound(Round(seed, 1.0), each, ()) for seed, each in enumerate(ran))

    assert batch.Batch(reference, rounds).disturbances == {"conflict": 3, "slow-s3": 5}


@pytest.mark.parametrize(
    "number",
    [pytest.param(signal.SIGINT, id="SIGINT", marks=pytest.mark.e2e), pytest.param(signal.SIGTERM, id="SIGTERM")],
)
def test_interrupted_it_ends_its_rounds_and_waits_for_them(tmp_path: Path, number: signal.Signals) -> None:
    arguments = ["--rounds", "4", "--report-dir", str(tmp_path), "--", *FEW]
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "tools.flakiness", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("reference"):
            break

    process.send_signal(number)
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "interrupted after 0 rounds" in errors
    written = json.loads((tmp_path / "flakiness.json").read_text())
    assert (written["requested"], written["rounds"], written["stable"]) == (4, [], False)
    assert "Traceback" not in errors


def test_every_disturbance_is_in_the_documentation() -> None:
    rows = (ROOT / "docs" / "flakiness.md").read_text().splitlines()
    named = [row.split("`")[1] for row in rows if row.startswith("| `")]
    assert named == [each.name for each in (*ALL, *TROUBLES)]
