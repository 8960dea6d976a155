"""What a cluster answers is data: not a path, not a command to the terminal, not a secret in a report, not endless."""

import json
import re
import xml.etree.ElementTree as ElementTree
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from fixtures.diagnostics.bundle import Bounds, Bundle
from fixtures.foreign_text import LONGEST, OutsideError, below, file_name, one_line, shortened, visible
from fixtures.report import bundles, junit
from fixtures.report.__main__ import main
from fixtures.report.redaction import REDACTED, Redactor, credentials
from tests.fixtures.made_up import MadeUp, case, made_up
from tests.fixtures.report import examples

__all__ = ["made_up"]
pytest_plugins = ["pytester"]

SECRET = "kettle-secret-0123456789"
TITLE = "\x1b]0;taken over\x07\x1b[2J"
TURNED = "\u202egpj.exe\u2066"
OBEYED = ("\x1b", "\x07", "\x9b", "\u202e", "\u2066", "\r")
"""What a terminal or a browser would obey."""

NAMES = [
    pytest.param("snapshot-controller/../../x", id="dots"),
    pytest.param("/etc/passwd", id="absolute"),
    pytest.param("..", id="parent"),
    pytest.param("", id="empty"),
    pytest.param("a\0b", id="NUL"),
    pytest.param("a\nb", id="line break"),
    pytest.param("x" * 5000, id="long"),
    pytest.param(".hidden", id="hidden"),
    pytest.param("-rf", id="option"),
    pytest.param("C:\\x", id="drive"),
    pytest.param("\u202ename\ud800", id="not text"),
    pytest.param("a..b", id="dots inside"),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_makes_no_path(tmp_path: Path, name: str) -> None:
    """Whatever an object is called, its file is below the bundle; another object's is another file."""
    made = Bundle(tmp_path / "report" / "bundle", Redactor(()), Bounds())

    made.add(f"logs/{file_name(name)}.log", "of it")
    made.add(f"logs/{name}.txt", "of a caller that forgot")

    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 2
    assert all(path.is_relative_to(tmp_path / "report" / "bundle" / "logs") for path in written)
    assert len({file_name(each) for each in (name, f"{name} ", f"{name}/")}) == 3


def test_ordinary_names_stay(tmp_path: Path) -> None:
    """Readers look for an object by its name."""
    assert file_name("longhorn-manager-x7k2p.longhorn-system") == "longhorn-manager-x7k2p.longhorn-system"
    assert below(tmp_path, "logs", "a.log") == tmp_path / "logs" / "a.log"


@pytest.mark.parametrize("place", ["file", "folder", "names"])
def test_a_link_leads_nowhere(tmp_path: Path, place: str) -> None:
    """Neither a link that is in the way nor a name writes outside of the report."""
    outside, report = tmp_path / "outside", tmp_path / "report"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    report.mkdir()
    if place == "file":
        (report / "a.log").symlink_to(outside / "kept")
    elif place == "folder":
        (report / "logs").symlink_to(outside)
    names = {"file": ("a.log",), "folder": ("logs", "kept"), "names": ("..", "outside", "kept")}[place]

    with pytest.raises(OutsideError, match="leads out of the folder"):
        below(report, *names)

    assert (outside / "kept").read_text() == "kept"


def test_what_is_obeyed_is_shown() -> None:
    """Controls and bidirectional controls become escapes; text of any language, tabs and lines stay."""
    assert visible(TITLE) == "\\x1b]0;taken over\\x07\\x1b[2J"
    assert visible(TURNED) == "\\u202egpj.exe\\u2066"
    assert visible("a\r\nb\x7f\u2028\ud800\U000e0041") == "a\\r\nb\\x7f\\u2028\\ud800\\U000e0041"
    assert visible("a\u0378\ue000\U000f0000\u3000b\n") == "a\\u0378\\ue000\\U000f0000\u3000b\n"
    assert one_line(" a\n\x1b\u2028\ue000 ") == "a \\x1b \\ue000"
    assert visible("Wasser\tгрüße 水\n") == "Wasser\tгрüße 水\n"


def test_long_texts_are_cut_and_say_so() -> None:
    """The beginning and the end are there; cutting again changes nothing."""
    text = shortened("a" * 10_000_000 + "end")

    assert len(text) <= LONGEST
    assert text.startswith("aaa")
    assert text.endswith("aend")
    assert re.search(r"\[99\d{5} characters are left out here\]", text)
    assert shortened(text) == text


def test_a_run_shows_no_control_and_no_secret(made_up: MadeUp, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the terminal with tracebacks and captured output, in every file of the report, and in the recorded command."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    answer = f"{TITLE}{TURNED} {SECRET} https://user:hunter22@host/ Bearer abcdefghijkl " + "x" * 100_000
    tests = case("tea.water", f"print({answer!r})\nraise Violation({answer!r}, look={answer!r})") + case(
        "tea.cup", f"raise Blocked({answer!r})", name="test_cup"
    )

    ran = made_up.run("--tb=long", "-rA", "--show-capture=all", "--deselect=http://user:hunter22@x", tests=tests)

    assert ran.verdict("tea.water")[0] == "violates"
    assert ran.verdict("tea.cup")[0] == "not verified"
    files = [path for path in (made_up.path / "report").rglob("*") if path.is_file()]
    outputs = {path.name: path.read_text(encoding="utf-8") for path in files} | {"terminal": ran.text}
    assert {"conformance.json", "conformance.html", "conformance.yaml", "junit.xml", "summary.md"} <= outputs.keys()
    for name, text in outputs.items():
        assert not [each for each in OBEYED if each in text.replace("\r\n", "\n")], name
        assert SECRET not in text, name
        assert "hunter22" not in text, name
        assert "abcdefghijkl" not in text, name
    assert "\\x1b]0;taken over" in outputs["conformance.json"].replace("\\\\", "\\")
    assert all(len(text) < 1_000_000 for text in outputs.values())


def test_a_secret_with_a_line_break_is_known_by_its_lines() -> None:
    """A library quotes the line that it stumbles over."""
    known = Redactor(credentials(None, None, {"TOKEN": "first-half-of-it\nsecond-half-of-it"}))

    assert known.shown("bad header b'second-half-of-it'") == f"bad header b'{REDACTED}'"
    assert known.shown("bad header 'first-half-of-it\\nsecond-half-of-it'") == f"bad header '{REDACTED}'"


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    """The folder of a report that somebody sent."""
    folder = tmp_path / "sent"
    folder.mkdir()
    return folder


def spoiled(change: dict[str, Any]) -> dict[str, Any]:
    """The report of a violating run with other values in each of its tests."""
    report = deepcopy(examples.violating())
    for clause in report["clauses"]:
        for test in clause["tests"]:
            test.update(change)
    return report


def test_a_report_that_somebody_sent_is_data(shard: Path, tmp_path: Path) -> None:
    """Rendering it again shows its controls and leads nowhere but to bundles beside it."""
    sent = spoiled({"seen": f"{TITLE}{TURNED}", "diagnostics": "javascript:alert(1)//"})
    (shard / "conformance.json").write_text(json.dumps(sent))
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "precious").write_text("precious")
    (out / "summary.md").symlink_to(tmp_path / "precious")

    assert main(["render", str(shard / "conformance.json"), str(out)]) == 0

    for path in out.iterdir():
        assert not [each for each in OBEYED if each in path.read_text(encoding="utf-8")], path
        assert "javascript:" not in path.read_text(encoding="utf-8")
    assert (tmp_path / "precious").read_text() == "precious"


def test_links_in_a_report_are_not_read(shard: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They may lead to any file of whoever renders or merges."""
    (tmp_path / "real.json").write_text(json.dumps(examples.violating()))
    (shard / "conformance.json").symlink_to(tmp_path / "real.json")

    codes = [main(["render", str(shard / "conformance.json"), str(tmp_path)]), main(["merge", str(shard), "-o", "x"])]

    assert codes == [2, 2]
    assert capsys.readouterr().err.count("is a link; give the file itself") == 2


def test_bundles_are_copied_without_their_links(shard: Path, tmp_path: Path) -> None:
    """Merging takes no file along that lies elsewhere."""
    bundle = shard / "diagnostics" / "tea"
    bundle.mkdir(parents=True)
    (bundle / bundles.INDEX).write_text("index")
    (tmp_path / "key").write_text(SECRET)
    (bundle / "key").symlink_to(tmp_path / "key")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / bundles.INDEX).write_text("not sent")
    (shard / "diagnostics" / "link").symlink_to(tmp_path / "elsewhere")

    bundles.copy([shard], tmp_path / "whole")

    copied = [path for path in (tmp_path / "whole").rglob("*") if path.is_file()]
    assert [(path.parent.name, path.name) for path in copied] == [("tea", bundles.INDEX)]


def test_junit_of_a_merge_is_clean(tmp_path: Path) -> None:
    """What a shard's file says is shown, not obeyed."""
    sent, whole = tmp_path / "sent.xml", tmp_path / "junit.xml"
    case_of_it = f'<testcase name="{TURNED}"><failure message="https://a:hunter22@b">{TURNED}</failure></testcase>'
    sent.write_text(f'<testsuites><testsuite name="x">{case_of_it}</testsuite></testsuites>', encoding="utf-8")

    junit.merge([junit.read(sent)], whole, examples.result())

    text = ElementTree.tostring(ElementTree.parse(whole).getroot(), "unicode")
    assert "\\u202egpj.exe" in text
    assert not [each for each in (*OBEYED, "hunter22") if each in text]
