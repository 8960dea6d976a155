"""The project's own catalogue: complete, well put, and each clause with its tests and its faults."""

import ast
import re
from collections import Counter
from itertools import groupby
from pathlib import Path

import pytest

from fixtures.catalogue import deviations
from fixtures.catalogue.clauses import DOCUMENTED, INTRODUCTION, Catalogue, Version, load
from fixtures.catalogue.markers import PAGES, THEMES
from simulator.overrides.registry import faults

CONFORMANCE = Path(__file__).parents[2] / "conformance"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """All clauses of the project."""
    return load(CONFORMANCE)


@pytest.fixture(scope="module")
def tested() -> Counter[str]:
    """How many tests name each clause, as their files say."""
    names: Counter[str] = Counter()
    for path in sorted(CONFORMANCE.glob("*/test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "clause":
                names.update(str(argument.value) for argument in node.args if isinstance(argument, ast.Constant))
    return names


def test_clauses_follow_the_documentation(catalogue: Catalogue) -> None:
    """The clauses stand in the order of the documents and their headings, and every heading listed has some."""
    for page in catalogue.pages:
        listed = [section for document in page.documents for section in document.sections]

        assert [section for section, _ in groupby(clause.section for clause in page.clauses)] == listed


def test_sources_are_in_the_documentation(catalogue: Catalogue) -> None:
    """A clause's link is to a version that was read, and to its own section; only an introduction has no anchor."""
    for clause in catalogue:
        address, _, anchor = clause.source.partition("#")
        version = address.removeprefix("https://longhorn.io/docs/").removeprefix("archives/").partition("/")[0]
        assert Version.parse(version) in DOCUMENTED, clause.id
        assert bool(anchor) == (clause.section != INTRODUCTION), clause.id


def test_statements_say_how_firmly(catalogue: Catalogue) -> None:
    """Each statement is one sentence with MUST or SHOULD; only what cannot be tested does without."""
    for clause in catalogue:
        assert clause.statement.endswith("."), clause.id
        assert clause.untestable or re.search(r"\b(MUST|SHOULD)\b", clause.statement), clause.id


def test_each_clause_has_a_test(catalogue: Catalogue, tested: Counter[str]) -> None:
    """Every clause that can be tested has a test."""
    assert not [clause.id for clause in catalogue if not clause.untestable and not tested[clause.id]]


def test_untestable_clauses_have_no_test(catalogue: Catalogue, tested: Counter[str]) -> None:
    """What is tested can be tested."""
    assert not [clause.id for clause in catalogue if clause.untestable and tested[clause.id]]


def test_tests_name_clauses_of_their_page(catalogue: Catalogue, tested: Counter[str]) -> None:
    """No test names a clause that does not exist."""
    assert tested.keys() <= catalogue.by_id().keys()


def test_each_tested_clause_has_a_fault(catalogue: Catalogue, tested: Counter[str]) -> None:
    """For each clause with a test there is a way to break it, so that the test is known to be able to fail."""
    broken = {clause for fault in faults().values() for clause in fault.breaks}

    assert {clause.id for clause in catalogue if tested[clause.id]} <= broken


def test_faults_break_known_clauses(catalogue: Catalogue) -> None:
    """No fault claims to break a clause that does not exist."""
    known = catalogue.by_id().keys()

    assert {clause for fault in faults().values() for clause in fault.breaks} <= known


def test_known_deviations_are_of_known_clauses(catalogue: Catalogue) -> None:
    """The list of known deviations can be read, and names each clause once for a release."""
    entries = deviations.load(CONFORMANCE / "deviations.toml", catalogue.by_id())

    assert [count for count in Counter((entry.clause, entry.since) for entry in entries).values() if count > 1] == []
    assert entries


def test_pages_have_a_marker(catalogue: Catalogue) -> None:
    """Each page can be selected with -m, and no marker stands for two things."""
    assert {page.name for page in catalogue.pages} == PAGES.keys()
    assert not PAGES.keys() & THEMES.keys()


def test_declared_markers_are_used() -> None:
    """A marker on the menu selects something."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in CONFORMANCE.glob("*/test_*.py"))

    assert set(re.findall(r"pytest\.mark\.(\w+)", text)) - {"parametrize", "usefixtures"} == THEMES.keys()
