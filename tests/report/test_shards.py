"""A run in parts: each test in exactly one of them, and one report of all, which says what a whole run says."""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from typing import Any

import jsonschema
import pytest

from fixtures.report import __main__ as command
from fixtures.report.document import SCHEMA
from fixtures.report.shards import Shard
from tests.report.conftest import HEAD, MadeUp, case
from tests.report.test_workers import without_chance

pytest_plugins = ["pytester"]

Merged = Callable[..., tuple[int, str, dict[str, Any]]]

KETTLE = (
    '@pytest.mark.parametrize("kettle", ["old", "new", "small"])\n'
    + case("tea.water", 'assert kettle != "old"', needs="kettle")
    + case("tea.cup tea.water", name="test_pours")
)
CUP = (
    '@pytest.mark.parametrize("cup", ["one", "two"])\n'
    + case("tea.cup", needs="cup, spills", name="test_cup")
    + case("tea.biscuit", needs="broken_kettle", name="test_biscuit")
)
FILES = {"kettle": KETTLE, "cup": CUP, "milk": case("tea.milk")}


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "1/0", "a/b", "1/2/3", "-1/2", "1.5/2"])
def test_only_parts_of_a_whole_are_shards(text: str) -> None:
    """Anything else would quietly leave tests out."""
    with pytest.raises(ValueError, match="expected I/N"):
        Shard.parse(text)


def test_each_test_is_in_one_shard_and_files_stay_whole() -> None:
    """Whatever the order of the tests, and evenly as far as files allow."""
    files = {"a.py": 7, "b.py": 5, "c.py": 4, "d.py": 3, "e.py": 1}
    tests = [f"{file}::test[{number}]" for file, count in files.items() for number in range(count)]

    parts = [set(tests) - Shard(index, 3).tests_of_others(tests) for index in (1, 2, 3)]

    assert sorted(test for part in parts for test in part) == sorted(tests)
    assert [len(part) for part in parts] == [7, 6, 7]
    for file in files:
        assert sum(any(test.startswith(file) for test in part) for part in parts) == 1
    assert set(tests) - Shard(2, 3).tests_of_others(reversed(tests)) == parts[1]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The published schema."""
    schema: dict[str, Any] = json.loads(SCHEMA.read_text())
    return schema


@pytest.fixture
def kitchen(made_up: MadeUp) -> MadeUp:
    """A suite of three files."""
    for name, source in FILES.items():
        (made_up.tests.parent / f"test_{name}.py").write_text(HEAD + source)
    return made_up


@pytest.fixture
def merged(kitchen: MadeUp, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Merged:
    """Runs some of the shards and joins their reports: exit code, what was said, the report."""
    monkeypatch.setattr("fixtures.report.merging.CONFORMANCE", kitchen.path / "conformance")

    def run(*shards: str, options: Sequence[Sequence[str]] = ()) -> tuple[int, str, dict[str, Any]]:
        folders = []
        for number, shard in enumerate(shards):
            more = options[number] if options else ()
            kitchen.run("--run-id=same", "--shard", shard, f"--report-dir=part-{number}", *more)
            folders.append(str(kitchen.path / f"part-{number}"))
        capsys.readouterr()
        code = command.main(["merge", *folders, "-o", str(kitchen.path / "whole")])
        said = capsys.readouterr()
        path = kitchen.path / "whole" / "conformance.json"
        return code, said.out + said.err, json.loads(path.read_text()) if path.exists() else {}

    return run


def in_order(report: dict[str, Any]) -> dict[str, Any]:
    """With problems in an order that does not depend on which shard told them first."""
    return {**report, "problems": sorted(report["problems"], key=str)}


def test_merged_shards_say_what_a_whole_run_says(kitchen: MadeUp, merged: Merged, schema: dict[str, Any]) -> None:
    """Verdicts, problems, exit code, and the totals of JUnit's file; both ids, and no shard in the command line."""
    whole = kitchen.run()

    code, _, report = merged("2/3", "1/3", "3/3")

    jsonschema.validate(report, schema)
    assert (report["run"]["id"], report["shard"]) == ("same-2+same-1+same-3", None)
    assert not {"--shard", "1/3", "2/3", "3/3"} & set(report["run"]["arguments"])
    assert not [argument for argument in report["run"]["arguments"] if "shard" in argument]
    assert without_chance({**in_order(report), "run": {}}) == without_chance({**in_order(whole.report), "run": {}})
    verdicts = {entry["id"]: entry["verdict"] for entry in report["clauses"]}
    assert (code, report["verdict"], verdicts["tea.water"]) == (whole.exit_code, "violates", "violates")
    assert code == 1
    junit = ElementTree.parse(kitchen.path / "whole" / "junit.xml").getroot()
    totals = [[suite.get(name) for name in ("tests", "failures", "errors")] for suite in junit.iter("testsuite")]
    assert totals == [[suite.get(name) for name in ("tests", "failures", "errors")] for suite in whole.junit]
    assert (kitchen.path / "whole" / "conformance.html").exists()


def test_a_shard_tells_what_it_left_to_others(kitchen: MadeUp, schema: dict[str, Any]) -> None:
    """Nothing of it counts as verified, nor as not selected by the user."""
    ran = kitchen.run("--shard", "2/3")

    assert ran.verdict("tea.water") == ("not verified", "run by other shards")
    assert ran.verdict("tea.cup") == ("conforms", "selected tests only: 2 of 3 tests ran")
    jsonschema.validate(ran.report, schema)
    assert "shard 2 of 3" in ran.page


def test_a_missing_shard_fails_the_whole(merged: Merged) -> None:
    """Its clauses are not verified, also those of which another shard has run a test."""
    code, said, report = merged("2/3", "3/3")

    verdicts = {entry["id"]: (entry["verdict"], entry["reason"]) for entry in report["clauses"]}
    assert code == 1
    assert "shard: no report of shard 1/3; its tests count as not run" in said
    assert verdicts["tea.water"] == ("not verified", "not run")
    assert verdicts["tea.cup"] == ("not verified", "not run: 1 of 3 tests")
    assert report["verdict"] == "failed"


@pytest.mark.parametrize(
    ("shards", "options", "complaint"),
    [
        (("1/2", "1/2"), (), "are both shard 1/2"),
        (("1/2", "2/3"), (), "the shard counts differ"),
        (("1/2", "2/2"), ((), ("-k", "boils or cup")), "selected different tests"),
        (("1/2", "2/2"), ((), ("--release", "1.12.1")), "verified SIMULATOR of"),
    ],
    ids=["twice", "other whole", "other selection", "other target"],
)
def test_what_does_not_belong_together_is_refused(
    merged: Merged, shards: Sequence[str], options: Sequence[Sequence[str]], complaint: str
) -> None:
    """In one line, with exit code 2 and no report."""
    code, said, report = merged(*shards, options=options)

    assert (code, report) == (2, {})
    assert complaint in said
    assert said.count("\n") == 1


def test_reports_that_are_none_of_a_shard_are_refused(kitchen: MadeUp, capsys: pytest.CaptureFixture[str]) -> None:
    """A whole run needs no merging; a folder without a report is no shard that verified nothing."""
    kitchen.run()
    whole, nothing, output = (str(kitchen.path / name) for name in ("report", "nothing", "out"))
    capsys.readouterr()

    assert command.main(["merge", whole, "-o", output]) == 2
    assert "is the report of a whole run" in capsys.readouterr().err
    assert command.main(["merge", nothing, "-o", output]) == 2
    assert "No such file" in capsys.readouterr().err


def test_shards_on_one_cluster_have_names_of_their_own(kitchen: MadeUp) -> None:
    """Though they were started with the same id: they would take each other's objects for their own."""
    reports = [kitchen.run("--run-id", "ci-7", "--shard", shard).report for shard in ("1/2", "2/2")]

    assert [report["run"]["id"] for report in reports] == ["ci-7-1", "ci-7-2"]


def test_a_shard_that_says_nothing_of_itself_is_a_usage_error(kitchen: MadeUp) -> None:
    """In one line, before anything is run."""
    ran = kitchen.run("--shard", "3/2")

    assert (ran.exit_code, ran.written) == (4, None)
    assert "ERROR: --shard: '3/2' is not a valid shard" in ran.text


def test_shards_have_workers(kitchen: MadeUp) -> None:
    """All of them know which tests are left to others."""
    alone = kitchen.run("--run-id", "same", "--shard", "1/2")
    spread = kitchen.run("--run-id", "same", "--shard", "1/2", "-n", "2")

    assert without_chance(spread.report) == without_chance(alone.report)
