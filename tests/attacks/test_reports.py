"""Reports that are none, or whose contents are not what the schema says, end in one line and exit code 2."""

import json
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fixtures.input_files import BadInput
from fixtures.report import __main__ as program
from fixtures.report import baseline, document, junit, merging
from fixtures.report.model import Outcome, Suite, Verdict
from fixtures.report.shards import Shard
from tests.attacks.bad_input import FUZZ, assert_one_line, spoiled, spoiled_text
from tests.fixtures.report.examples import result, violating

_RUN = replace(
    result({"tea.water": Outcome(Verdict.VIOLATES)}),
    shard=Shard(1, 2),
    suite=Suite({"conformance/tea/test_tea.py::test_water": ("tea.water",)}, frozenset(), whole=True),
)
SHARD = json.loads(json.dumps(document.build(_RUN)))
WHOLE = json.loads(json.dumps(violating()))
BASELINE = baseline.build(WHOLE)
JUNIT = '<?xml version="1.0"?><testsuites><testsuite name="a" tests="1"><testcase name="b"/></testsuite></testsuites>'


def attack(*arguments: str | Path) -> None:
    """Run the program: it has a result, or refuses its input in one line."""
    said, refused = StringIO(), StringIO()
    with redirect_stdout(said), redirect_stderr(refused):
        code = program.main([str(each) for each in arguments])
    if code == 2 and refused.getvalue():
        assert_one_line(refused.getvalue().removesuffix("\n"))


def merge(content: bytes, xml: bytes = JUNIT.encode()) -> None:
    """Merge the report of one shard, with its file for CI."""
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(merging, "CONFORMANCE", Path(folder) / "clauses"):
        shard = Path(folder) / "shard"
        shard.mkdir()
        (shard / document.NAME).write_bytes(content)
        (shard / junit.NAME).write_bytes(xml)
        page = Path(folder) / "clauses" / "tea" / "clauses.toml"
        page.parent.mkdir(parents=True)
        page.write_text(_catalogue(), encoding="utf-8")
        attack("merge", shard, "-o", Path(folder) / "whole")


def compare(name: str, content: bytes) -> None:
    """Compare a report with itself and with a good one."""
    with tempfile.TemporaryDirectory() as folder:
        path, good = Path(folder) / name, Path(folder) / "good.json"
        path.write_bytes(content)
        good.write_bytes(as_json(WHOLE))
        attack("diff", good, path)
        attack("diff", path, good)


def render(content: bytes) -> None:
    """Make the other forms of a report."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / document.NAME
        path.write_bytes(content)
        attack("render", path, folder)


def as_json(data: Any) -> bytes:
    """As Python writes it: NaN, and lone halves of surrogate pairs as escapes."""
    return json.dumps(data).encode()


@FUZZ
@given(spoiled(WHOLE))
def test_wrong_values_compared(data: Any) -> None:
    """Types, names and values other than those that belong there."""
    compare("new.json", as_json(data))


@FUZZ
@given(spoiled(BASELINE))
def test_wrong_values_in_the_small_file(data: Any) -> None:
    """The same for the file that people commit."""
    compare("new.yaml", yaml.safe_dump(data, allow_unicode=True).encode("utf-8", "surrogatepass"))


@FUZZ
@given(spoiled(WHOLE))
def test_wrong_values_rendered(data: Any) -> None:
    """Nothing half rendered, and no traceback of a template."""
    render(as_json(data))


@FUZZ
@given(spoiled(SHARD))
def test_wrong_values_merged(data: Any) -> None:
    """A shard's own part too."""
    merge(as_json(data))


@FUZZ
@given(spoiled(SHARD["shard"]))
def test_wrong_shards_merged(shard: Any) -> None:
    """Which part it is, and the tests of the whole."""
    merge(as_json({**SHARD, "shard": shard}))


@FUZZ
@given(spoiled_text(json.dumps(WHOLE, indent=1)), st.sampled_from([compare, None]))
def test_broken_syntax(content: bytes, how: Any) -> None:
    """Text that is cut, is no JSON or not even text."""
    if how is None:
        render(content)
    else:
        compare("new.json", content)


@FUZZ
@given(spoiled_text(yaml.safe_dump(BASELINE)))
def test_broken_small_files(content: bytes) -> None:
    """Text that is cut, is no YAML or not even text."""
    compare("new.yaml", content)


@FUZZ
@given(spoiled_text(JUNIT))
def test_broken_junit_files(content: bytes) -> None:
    """A file for CI that is no XML, or not JUnit's."""
    merge(as_json(SHARD), content)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"counts": {}}, "counts: 'conforms' is missing"),
        ({"run": {**SHARD["run"], "seconds": 1e308}}, "is not a conformance.json of this version of the suite"),
        ({"run": {**SHARD["run"], "started": "2026-99-99T00:00:00Z"}}, "is not a conformance.json of this version"),
        ({"profile": 1.12}, "profile: 1.12 is not a text or empty"),
        ({"objects": []}, "test_water observed an unknown object"),
        ({"verdict": "\x1b[2J"}, r"verdict: '\x1b[2J' is not 'conforms' or"),
        ({"shard": {**SHARD["shard"], "index": 3}}, "is not a conformance.json of this version of the suite"),
    ],
)
def test_says_where_a_report_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], words: str
) -> None:
    """The place in the document, and what is there."""
    (tmp_path / document.NAME).write_bytes(as_json({**SHARD, **change}))

    assert program.main(["merge", str(tmp_path), "-o", str(tmp_path / "whole")]) == 2

    said = capsys.readouterr().err.removesuffix("\n")
    assert words in said
    assert_one_line(said)
    assert not (tmp_path / "whole").exists()


def test_output_needs_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty name was the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shard").mkdir()
    (tmp_path / "shard" / document.NAME).write_bytes(as_json(SHARD))
    for arguments in ["merge", "shard", "-o", ""], ["render", "shard/conformance.json", ""]:
        with pytest.raises(SystemExit) as caught:
            program.main(arguments)
        assert caught.value.code == 2
    assert [each.name for each in tmp_path.iterdir()] == ["shard"]


def test_entities_of_a_junit_file_are_not_expanded(tmp_path: Path) -> None:
    """Ten lines that stand for gigabytes."""
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    text = f'<!DOCTYPE a [<!ENTITY a0 "a">{entities}]><testsuite>&a9;</testsuite>'
    (tmp_path / junit.NAME).write_text(text)

    with pytest.raises(BadInput, match="it has a document type"):
        junit.read(tmp_path / junit.NAME)


def _catalogue() -> str:
    """The made-up page as its TOML."""
    (page,) = _RUN.pages
    lines = ["[page]", 'name = "tea"', 'title = "Making tea"', "[[page.documents]]", 'title = "Tea"']
    lines += [
        f"url = {json.dumps(page.documents[0].url)}",
        f"sections = {json.dumps(list(page.documents[0].sections))}",
    ]
    for clause in page.clauses:
        lines += [
            "[[clause]]",
            *(f"{name} = {json.dumps(getattr(clause, name))}" for name in ("id", "section", "statement")),
        ]
        lines += [f'since = "{clause.since}"', *([f'untestable = "{clause.untestable}"'] if clause.untestable else ())]
    return "\n".join(lines)
