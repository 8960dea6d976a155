"""What CI shows: `summary.md`, the step's summary, and the badge."""

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.report import badge, outputs, summary
from tests.report import examples
from tests.report.conftest import CONFORMS, MadeUp

pytest_plugins = ["pytester"]


def test_summary_of_a_violation() -> None:
    """The verdict first, then counts, then each violated clause with what was seen and how to run it."""
    text = summary.render(examples.violating())
    lines = text.splitlines()

    assert lines[0] == "## ❌ Longhorn 1.12.1 does not conform"
    assert "| 1 | 2 | 1 | 1 | 1 |" in lines
    assert "**The water MUST boil.** (`tea.water`)" in lines
    assert "pytest conformance/tea/test_tea.py::test_water --target=cluster" in lines
    assert "- The cup SHOULD be `warm`. (`tea.cup`) Instead: It is cold, as in `1.12.1`." in lines
    assert "- cannot be tested: Tastes.: `tea.taste`" in lines
    assert "leftover in `conformance/tea/test_tea.py::test_water` and 1 more" in lines
    order = ["### What is wrong", "### Problems of the run", "### Known deviations", "### Not verified"]
    assert [line for line in lines if line.startswith("### ")] == order


def test_messages_are_never_markup() -> None:
    """What a cluster answered stands in blocks of code, or with its special characters taken for themselves."""
    for kind in (examples.violating, examples.blocked):
        text = summary.render(kind())
        outside = re.sub(r"^(`{3,})text\n.*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)

        assert "<script>" not in outside
        assert "<img" not in outside


@pytest.mark.parametrize("message", ["```", "a ```` b", "````\ntext", "no ticks"])
def test_a_block_ends_where_it_should(message: str) -> None:
    """The fence is longer than any run of backticks in it."""
    first, *content, last = summary.fenced(message)

    assert content == message.splitlines()
    assert first == f"{last}text"
    assert not any(line.startswith(last) for line in content)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a `b_c` d_e", "a `b_c` d\\_e"),
        ("one ` tick", "one \\` tick"),
        ("<b> & | *x*", "&lt;b&gt; &amp; \\| \\*x\\*"),
        ("two\nlines", "two lines"),
    ],
)
def test_escaped(text: str, shown: str) -> None:
    """Sentences look as they are written; what is code in them stays code."""
    assert summary.escaped(text) == shown


def test_a_target_that_never_came_up_is_no_list_of_clauses() -> None:
    """The problem says it all; a simulation is called one."""
    assert "> **Simulation.**" in summary.render(examples.simulated())
    assert "### Not verified" in summary.render(examples.selected())
    assert "### Not verified" not in summary.render(examples.blocked())
    assert "no kettle" in summary.render(examples.blocked())


def test_added_to_the_summary_of_the_step(made_up: MadeUp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What other commands of the step have written stays; the terminal names exactly the files that were written."""
    step = tmp_path / "step.md"
    step.write_text("Before.\n")
    monkeypatch.setenv(outputs.STEP_SUMMARY, str(step))

    ran = made_up.run(tests=CONFORMS)

    assert ran.exit_code == 0
    assert step.read_text() == "Before.\n" + (made_up.path / "report" / "summary.md").read_text()
    names = {entry.name for entry in (made_up.path / "report").iterdir()}
    assert names == {outputs.PAGE, *outputs.OTHERS}
    assert "report    report/conformance.html" in ran.lines
    (line,) = [line for line in ran.lines if "and beside it" in line]
    assert set(re.findall(r"[a-z]+\.[a-z]+", line)) == set(outputs.OTHERS)


def test_a_step_summary_that_cannot_be_written(made_up: MadeUp, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says so, the report is complete, and the run does not pass for a good one."""
    monkeypatch.setenv(outputs.STEP_SUMMARY, "/nowhere/step.md")

    ran = made_up.run(tests=CONFORMS)

    assert ran.exit_code == 1
    assert "cannot write the report: /nowhere/step.md: No such file or directory" in ran.text
    assert "Traceback" not in ran.text
    assert (ran.report["verdict"], ran.report["exit_code"]) == ("failed", 1)
    assert ran.page


@pytest.mark.parametrize(
    ("kind", "message", "colour"),
    [
        (examples.conforming, "Longhorn 1.12.1 conforms", "green"),
        (examples.deviating, "Longhorn 1.12.1 conforms but for 1", "yellowgreen"),
        (examples.violating, "Longhorn 1.12.1 violates 2", "red"),
        (examples.simulated, "simulated 1.12.1 conforms", "blue"),
        (examples.blocked, "no verdict", "lightgrey"),
        (examples.selected, "Longhorn 1.12.1 conforms in 1 of 6 clauses", "lightgrey"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_badge(kind: Callable[[], dict[str, Any]], message: str, colour: str, tmp_path: Path) -> None:
    """The endpoint file has the keys of shields.io's schema; the drawing says the same and stands alone."""
    as_json, as_svg = badge.write(tmp_path, kind())

    assert json.loads(as_json.read_text()) == {
        "schemaVersion": 1,
        "label": "snapshot conformance",
        "message": message,
        "color": colour,
    }
    drawing = ElementTree.parse(as_svg).getroot()
    texts = [element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["snapshot conformance", message]
    assert drawing.attrib["aria-label"] == f"snapshot conformance: {message}"
    assert not re.search(r"href|url\(|<image|<script", as_svg.read_text())
