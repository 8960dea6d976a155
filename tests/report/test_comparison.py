"""`python -m fixtures.report diff OLD NEW`: what changed between two releases, with an exit code."""

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


WORSE = [(_C, _V), (_C, _D), (_C, _N), (_C, None), (_D, _V), (_D, _N), (_D, None), (_N, _V), (_A, _V), (None, _V)]
BETTER = [(_D, _C), (_V, _C), (_V, _D), (_N, _C), (_N, _D), (_A, _C)]
NEITHER = [(_C, _A), (_V, _N), (_V, _A), (_V, None), (_A, _N), (None, _C), (None, _N)]


@pytest.mark.parametrize(("old", "new"), [*WORSE, *BETTER, *NEITHER])
def test_worse_and_better(old: Verdict | None, new: Verdict | None) -> None:
    """What counts as what: it is worse to cease to conform, to be verified, or to be there; a violation always is."""
    change = Change("tea.water", old, new)

    assert (change.worse, change.better) == ((old, new) in WORSE, (old, new) in BETTER)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Reports of runs: good and bad ones, one without a verdict, of a few tests, and edited ones."""
    folder = tmp_path_factory.mktemp("reports")
    bad = {
        "tea.water": Outcome(Verdict.VIOLATES),
        "tea.cup": Outcome(Verdict.DEVIATES, "cold"),
        "tea.biscuit": Outcome(Verdict.NOT_VERIFIED, "blocked"),
    }
    documents = {
        "good": document.build(examples.result()),
        "bad": document.build(examples.result(bad, run=RunVerdict.VIOLATES)),
        "failed": document.build(examples.result(run=RunVerdict.FAILED)),
        "few": examples.selected(),
    }
    found = {}
    for name, report in documents.items():
        (folder / name).mkdir()
        found[name] = baseline.write(folder / name, report)
    good = found["good"].read_text()
    edited = {
        "mug": good.replace("tea.cup: conforms", "tea.mug: conforms"),
        "thin": good.replace("incomplete: []", "incomplete: [tea.cup]"),
        "real": re.sub("^qualifies: .*$", "qualifies: true", good, flags=re.MULTILINE),
        "simulated": re.sub("^qualifies: .*$", "qualifies: false", good, flags=re.MULTILINE),
        **{verdict: good.replace("tea.cup: conforms", f"tea.cup: {verdict}") for verdict in ("skipped", "[]", "null")},
    }
    for name, text in edited.items():
        found[name] = folder / f"{name}.yaml"
        found[name].write_text(text)
    found["json"] = document.write(folder, examples.violating())
    return found


@pytest.mark.parametrize(
    ("old", "new", "exit_code", "parts"),
    [
        ("good", "good", 0, ["all 6 clauses have the same verdicts", "SAME"]),
        (
            "good",
            "bad",
            1,
            [
                "     verdict: conforms -> violates",
                "worse (3)",
                "  tea.biscuit  conforms -> not verified",
                "  tea.cup      conforms -> deviates",
                "  tea.water    conforms -> violates",
                "WORSE in 3 clauses",
            ],
        ),
        ("bad", "good", 0, ["better (3)", "  tea.water    violates -> conforms", "NOT WORSE"]),
        ("good", "mug", 1, ["new clauses (1)\n  tea.mug  conforms", "gone clauses (1)\n  tea.cup  conforms", "WORSE"]),
        ("good", "failed", 1, ["WORSE: the new run has no verdict"]),
        ("failed", "good", 0, ["NOT WORSE|SAME"]),
        ("good", "json", 1, ["      The water MUST boil.\n      seen: cold: <script>", "WORSE"]),
        ("good", "few", 1, ["not all tests of 1 clause were selected in both runs", "WORSE"]),
        ("good", "thin", 1, ["verified by fewer of their tests (1)\n  tea.cup", "WORSE in 1 clause"]),
        ("thin", "good", 0, ["SAME"]),
        ("thin", "thin", 0, ["SAME"]),
        ("real", "simulated", 1, ["WORSE: the new run is of a simulation, the old one of a real cluster"]),
        ("simulated", "real", 0, ["SAME"]),
        ("simulated", "simulated", 0, ["SAME"]),
    ],
)
def test_diff(
    reports: dict[str, Path], capsys: pytest.CaptureFixture[str], old: str, new: str, exit_code: int, parts: list[str]
) -> None:
    """1 if a clause got worse or rests on less, if the new run has no verdict or is of a simulation, else 0.

    Each change is named with both verdicts, of a JSON report with what was seen; the conclusion is the last line.
    """
    assert main(["diff", str(reports[old]), str(reports[new])]) == exit_code

    text = capsys.readouterr().out
    places = [text.index(part) for part in parts[:-1]]
    assert places == sorted(places)
    assert text.splitlines()[-1].startswith(tuple(parts[-1].split("|")))
    assert "its last revisions" not in text


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
    reports: dict[str, Path], tmp_path: Path, content: bytes | None, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """2, and one line that says which file is wrong and why."""
    path = tmp_path / "report"
    if content is not None:
        path.write_bytes(content)

    assert main(["diff", str(reports["good"]), str(path)]) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("error: " + line.format(path=path))


@pytest.mark.parametrize("verdict", ["skipped", "[]", "null"])
def test_unknown_verdict_is_bad_input(
    reports: dict[str, Path], verdict: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A verdict that nobody knows is not taken for one."""
    assert main(["diff", str(reports[verdict]), str(reports["good"])]) == 2
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


def test_as_a_program(reports: dict[str, Path]) -> None:
    """It starts from the command line, and its exit code is the process's."""
    ran = subprocess.run(
        [sys.executable, "-m", "fixtures.report", "diff", reports["good"], reports["json"]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1, ran.stderr
    assert "violates, 4 of 6 clauses verified" in ran.stdout
