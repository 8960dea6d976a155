"""docs/coverage.md is what catalogue, tests and faults say now, and leaves no heading out."""

from pathlib import Path

import pytest

from fixtures.catalogue.clauses import CatalogueError, load
from tools import ROOT
from tools.coverage_page import CONFORMANCE, DOCUMENT, page, read_uncovered, verifying_tests
from tools.docs_drift import record
from tools.docs_drift.website import EMPTY

SENTENCE = """
[[sentence]]
page = "https://longhorn.io/docs/1.13.0/tea/"
sections = ["Milk"]
says = "milk"
since = "1.3"
reason = "No cow."
"""


def test_page_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == page(), "run `python -m tools.coverage_page`"


def test_every_heading_has_a_clause_or_a_reason() -> None:
    """Of each page that the catalogue knows, in the versions that it links to."""
    known = record.load().pages
    documents = [document for each in load(CONFORMANCE).pages for document in each.documents]
    listed: dict[str, set[str]] = {}
    for document in [*documents, *(each.document for each in read_uncovered())]:
        listed.setdefault(document.path, set()).update(document.sections)

    for document in documents:
        parts = known.get(document.path, {}).get(document.version, {})
        headings = {heading for heading, digest in parts.items() if digest != EMPTY}
        assert headings <= listed[document.path], document.title


def test_sentences_without_a_clause_are_under_headings_that_exist() -> None:
    known = record.load().pages
    for each in read_uncovered():
        if each.document.path in known:
            assert set(each.document.sections) <= known[each.document.path][each.document.version].keys(), each.says


def test_tests_are_found_by_their_decorators(tmp_path: Path) -> None:
    (tmp_path / "tea").mkdir()
    (tmp_path / "tea" / "test_tea.py").write_text(
        '@clause("tea.water", "tea.milk")\ndef test_order():\n    pass\n\n\n'
        '@pytest.mark.parametrize("cup", [pytest.param(1, marks=clause("tea.cup"))])\n'
        '@clause("tea.milk")\ndef test_cup(cup):\n    pass\n'
    )

    assert verifying_tests(tmp_path) == {
        "tea.water": ("tea/test_tea.py::test_order",),
        "tea.milk": ("tea/test_tea.py::test_order", "tea/test_tea.py::test_cup"),
        "tea.cup": ("tea/test_tea.py::test_cup",),
    }


def test_every_testable_clause_is_shown_with_a_test() -> None:
    found = verifying_tests()

    assert [clause.id for clause in load(CONFORMANCE) if bool(found.get(clause.id)) == bool(clause.untestable)] == []
    assert all((ROOT / "conformance" / test.partition("::")[0]).exists() for tests in found.values() for test in tests)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (SENTENCE.replace('reason = "No cow."', ""), "reason"),
        (SENTENCE.replace("says", "sais"), "sais|says"),
        (SENTENCE.replace('["Milk"]', '"Milk"'), "sections"),
        (SENTENCE.replace('"1.3"', '"new"'), "'new' is not a version"),
    ],
)
def test_wrong_entry_is_one_line(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "uncovered.toml").write_text(text)

    with pytest.raises(CatalogueError, match=why) as raised:
        read_uncovered(tmp_path / "uncovered.toml")

    assert "\n" not in str(raised.value)
