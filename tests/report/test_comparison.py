"""`python -m fixtures.report diff OLD NEW`: what changed between two releases, with an exit code."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.report import baseline, document
from fixtures.report.__main__ import main
from fixtures.report.comparison import Change
from fixtures.report.model import Outcome, RunVerdict, Verdict
from tests.report import examples
from tests.report.conftest import ROOT

_C, _V, _D, _N, _A = (
    Verdict.CONFORMS,
    Verdict.VIOLATES,
    Verdict.DEVIATES,
    Verdict.NOT_VERIFIED,
    Verdict.NOT_APPLICABLE,
)


@pytest.mark.parametrize(
    ("old", "new", "worse", "better"),
    [
        (_C, _V, True, False),
        (_C, _D, True, False),
        (_C, _N, True, False),
        (_C, _A, False, False),
        (_C, None, True, False),
        (_D, _C, False, True),
        (_D, _V, True, False),
        (_D, _N, True, False),
        (_D, None, True, False),
        (_V, _C, False, True),
        (_V, _D, False, True),
        (_V, _N, False, False),
        (_V, _A, False, False),
        (_V, None, False, False),
        (_N, _C, False, True),
        (_N, _V, True, False),
        (_N, _D, False, True),
        (_A, _C, False, True),
        (_A, _V, True, False),
        (_A, _N, False, False),
        (None, _V, True, False),
        (None, _C, False, False),
        (None, _N, False, False),
    ],
)
def test_worse_and_better(old: Verdict | None, new: Verdict | None, worse: bool, better: bool) -> None:
    """What counts as what: it is worse to cease to conform, to be verified, or to be there; a violation always is."""
    change = Change("tea.water", old, new)

    assert (change.worse, change.better) == (worse, better)


def written(folder: Path, name: str, verdicts: dict[str, Outcome], run: RunVerdict) -> Path:
    """A conformance.yaml of such a run."""
    (folder / name).mkdir()
    return baseline.write(folder / name, document.build(examples.result(verdicts, run=run)))


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A run in which all conforms."""
    return written(tmp_path, "good", {}, RunVerdict.CONFORMS)


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A run with a violation, a deviation, and a clause that could not be verified."""
    verdicts = {
        "tea.water": Outcome(Verdict.VIOLATES),
        "tea.cup": Outcome(Verdict.DEVIATES, "cold"),
        "tea.biscuit": Outcome(Verdict.NOT_VERIFIED, "blocked"),
    }
    return written(tmp_path, "bad", verdicts, RunVerdict.VIOLATES)


def test_same(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 if nothing is different."""
    assert main(["diff", str(good), str(good)]) == 0

    text = capsys.readouterr().out
    assert "all 6 clauses have the same verdicts" in text
    assert text.splitlines()[-1] == "SAME"


def test_worse(good: Path, bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1 if a clause ceased to conform or to be verified; each is named with both verdicts."""
    assert main(["diff", str(good), str(bad)]) == 1

    lines = capsys.readouterr().out.splitlines()
    assert "worse (3)" in lines
    assert "  tea.water    conforms -> violates" in lines
    assert "  tea.cup      conforms -> deviates" in lines
    assert "  tea.biscuit  conforms -> not verified" in lines
    assert "     verdict: conforms -> violates" in lines
    assert lines[-1] == "WORSE in 3 clauses"


def test_better(good: Path, bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 if things only got better; they are named all the same."""
    assert main(["diff", str(bad), str(good)]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert "better (3)" in lines
    assert "  tea.water    violates -> conforms" in lines
    assert lines[-1] == "NOT WORSE"


def test_new_and_gone(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A clause that is in one report only is named; one that conformed and is gone is missed."""
    other = tmp_path / "other.yaml"
    other.write_text(good.read_text().replace("tea.cup: conforms", "tea.mug: conforms"))

    assert main(["diff", str(good), str(other)]) == 1

    lines = capsys.readouterr().out.splitlines()
    assert lines[lines.index("new clauses (1)") + 1] == "  tea.mug  conforms"
    assert lines[lines.index("gone clauses (1)") + 1] == "  tea.cup  conforms"


def test_a_run_without_verdict_is_worse(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A new run that failed says nothing good, even if its clauses have the same verdicts."""
    failed = written(tmp_path, "failed", {}, RunVerdict.FAILED)

    assert main(["diff", str(good), str(failed)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "WORSE: the new run has no verdict"
    assert main(["diff", str(failed), str(good)]) == 0


def test_json_tells_what_was_seen(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a conformance.json the statement and the beginning of what was seen are shown too."""
    path = document.write(tmp_path, examples.violating())

    assert main(["diff", str(good), str(path)]) == 1

    text = capsys.readouterr().out
    assert "      The water MUST boil.\n      seen: cold: <script>" in text
    assert "its last revisions" not in text


def test_selections_are_told(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A comparison with a run of some tests only says so."""
    few = baseline.write(tmp_path, examples.selected())

    main(["diff", str(good), str(few)])

    assert "not all tests of 1 clause were selected in both runs" in capsys.readouterr().out


def test_a_clause_that_fewer_tests_verify_is_worse(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The verdict is the same word, and rests on less."""
    thin = tmp_path / "thin.yaml"
    thin.write_text(good.read_text().replace("incomplete: []", "incomplete: [tea.cup]"))

    assert main(["diff", str(good), str(thin)]) == 1

    lines = capsys.readouterr().out.splitlines()
    assert lines[lines.index("verified by fewer of their tests (1)") + 1] == "  tea.cup"
    assert lines[-1] == "WORSE in 1 clause"
    assert main(["diff", str(thin), str(good)]) == 0
    assert main(["diff", str(thin), str(thin)]) == 0


def test_a_simulation_does_not_replace_a_real_cluster(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What conforms in a simulation says nothing of the release that was qualified."""
    real, simulated = tmp_path / "real.yaml", tmp_path / "simulated.yaml"
    for path, word in (real, "true"), (simulated, "false"):
        path.write_text(re.sub("^qualifies: .*$", f"qualifies: {word}", good.read_text(), flags=re.MULTILINE))

    assert main(["diff", str(real), str(simulated)]) == 1

    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "WORSE: the new run is of a simulation, the old one of a real cluster"
    assert main(["diff", str(simulated), str(real)]) == 0
    assert main(["diff", str(simulated), str(simulated)]) == 0


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, "cannot read {path}: No such file or directory"),
        (b"\xff\xfe", "{path} is not a text file"),
        (b"a: [1", "{path} is neither YAML nor JSON: "),
        (b'{"a": ', "{path} is neither YAML nor JSON: "),
        (b"", "{path} is neither a conformance.yaml of format 1 nor a conformance.json of schema version 1"),
        (b"- 1\n", "{path} is neither a conformance.yaml"),
        (b"tea: hot\n", "{path} is neither a conformance.yaml"),
        (b'{"schema_version": "2"}', "{path} is neither a conformance.yaml"),
        (b"format: 2\nclauses: {}\n", "{path} is neither a conformance.yaml"),
    ],
    ids=["absent", "binary", "YAML", "JSON", "empty", "list", "other", "newer JSON", "newer YAML"],
)
def test_bad_input_is_one_line(
    good: Path, tmp_path: Path, content: bytes | None, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """2, and one line that says which file is wrong and why."""
    path = tmp_path / "report"
    if content is not None:
        path.write_bytes(content)

    assert main(["diff", str(good), str(path)]) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("error: " + line.format(path=path))


@pytest.mark.parametrize("verdict", ["skipped", "[]", "null"])
def test_unknown_verdict_is_bad_input(
    good: Path, tmp_path: Path, verdict: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A verdict that nobody knows is not taken for one."""
    path = tmp_path / "wrong.yaml"
    path.write_text(good.read_text().replace("tea.cup: conforms", f"tea.cup: {verdict}"))

    assert main(["diff", str(path), str(good)]) == 2
    assert "is neither a conformance.yaml" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["diff"], ["diff", "one"], ["compare", "one", "two"]])
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """2, with the usage and one line about the error."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_render_makes_the_other_forms_of_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All but JUnit's can be made again of conformance.json alone."""
    path = document.write(tmp_path, examples.violating())
    (tmp_path / "anew").mkdir()

    assert main(["render", str(path), str(tmp_path / "anew")]) == 0

    names = {entry.name for entry in (tmp_path / "anew").iterdir()}
    assert names == {"conformance.html", "conformance.yaml", "summary.md", "badge.json", "badge.svg"}
    assert main(["render", str(path), str(tmp_path / "nowhere")]) == 2
    assert main(["render", str(tmp_path / "anew" / "conformance.yaml"), str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 2


def test_as_a_program(tmp_path: Path) -> None:
    """It starts from the command line, and its exit code is the process's."""
    path = document.write(tmp_path, examples.violating())
    report = json.loads(path.read_text())
    good = tmp_path / "good.json"
    good.write_text(json.dumps(examples.conforming()))

    ran = subprocess.run(
        [sys.executable, "-m", "fixtures.report", "diff", str(good), str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1, ran.stderr
    assert f"violates, 4 of {len(report['clauses'])} clauses verified" in ran.stdout
