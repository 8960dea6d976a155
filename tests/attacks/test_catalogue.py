"""Catalogue files whose contents are wrong are refused in one line that says where."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.catalogue import deviations
from fixtures.catalogue.clauses import CatalogueError, load
from tests.attacks.bad_input import FUZZ, NASTY, assert_one_line, spoiled_text
from tests.fixtures.catalogue.example_page import PAGE

DEVIATIONS = """
[[deviation]]
clause = "tea.water"
since = "1.1.0"
until = "1.3.0"
seen = "It is cold."
measured = ["1.1.0", "1.2.3"]
evidence = "A thermometer."
read = "kettle.go, 1.1.0 to 1.3.0"
failure = "cold.*"
occasional = "3 of 70"
"""

VALUES = [
    "1.5",
    "true",
    "[]",
    "[1]",
    "{}",
    "2001-01-01",
    "''",
    "nan",
    '"\\u0000"',
    "[[1]]",
    '["block", 1]',
    '"("',
    "9" * 30,
]
WRONG = st.sampled_from(VALUES) | st.sampled_from(NASTY).map(
    lambda text: '"' + "".join(f"\\U{ord(c):08x}" for c in text) + '"'
)


def spoiled_toml(text: str) -> st.SearchStrategy[bytes]:
    """The file with one to three of its lines removed or given another value."""
    lines = text.splitlines()
    entries = [number for number, line in enumerate(lines) if "=" in line]
    changes = st.tuples(
        st.sampled_from(entries) | st.integers(1, len(lines) - 1),
        WRONG | WRONG | WRONG | st.just("") | st.just("[[") | st.just("= 1"),
    )
    return st.lists(changes, min_size=1, max_size=2).map(lambda found: _changed(lines, found))


def attack_clauses(content: bytes) -> None:
    """Read a page's clauses: they are right, or refused in one line."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tea" / "clauses.toml"
        path.parent.mkdir()
        path.write_bytes(content)
        try:
            load(Path(folder))
        except CatalogueError as error:
            assert_one_line(str(error))


def attack_deviations(content: bytes) -> None:
    """Read the known deviations: they are right, or refused in one line."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deviations.toml"
        path.write_bytes(content)
        try:
            deviations.load(path, ["tea.water"])
        except CatalogueError as error:
            assert_one_line(str(error))


@FUZZ
@given(spoiled_toml(PAGE))
def test_wrong_clauses(content: bytes) -> None:
    """Types, names and values other than those that belong there."""
    attack_clauses(content)


@FUZZ
@given(spoiled_toml(DEVIATIONS))
def test_wrong_deviations(content: bytes) -> None:
    """The same for known deviations."""
    attack_deviations(content)


@FUZZ
@given(spoiled_text(PAGE))
def test_broken_clauses(content: bytes) -> None:
    """Text that is cut, is no TOML or not even text."""
    attack_clauses(content)


@FUZZ
@given(spoiled_text(DEVIATIONS))
def test_broken_deviations(content: bytes) -> None:
    """The same for known deviations."""
    attack_deviations(content)


def _changed(lines: list[str], changes: list[tuple[int, str]]) -> bytes:
    lines = list(lines)
    for number, value in changes:
        name, equals, _ = lines[number].partition("=")
        lines[number] = f"{name}= {value}" if equals and value and value != "= 1" else value
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('since = "1.1"', "since = 1.5", "clause[0].since: 1.5 is not a text"),
        ('needs = ["block"]', 'needs = "block"', "clause[0].needs: 'block' is not a list"),
        ('sections = ["Introduction"', "sections = [1", "page.documents[0].sections[0]: 1 is not a text"),
        ("[page]", "[[page]]", "page: a list is not a table of values"),
        ("[[clause]]", "[clause]", "clause: a table of values is not a list"),
        ("boil", "\x00", "Illegal character"),
        ('since = "1.1"', 'since = "١.١"', "'١.١' is not a version such as 1.12"),
        ('since = "1.1"', 'since = "' + 30 * "9" + '.1"', "is not a version such as 1.12"),
        ('needs = ["block"]', f"needs = {'[' * 5000}", "nested too deeply"),
    ],
)
def test_says_where_a_clause_is_wrong(tmp_path: Path, old: str, new: str, words: str) -> None:
    """The file, the entry, and what is there."""
    (tmp_path / "tea").mkdir()
    (tmp_path / "tea" / "clauses.toml").write_text(PAGE.replace(old, new))

    with pytest.raises(CatalogueError) as caught:
        load(tmp_path)

    assert str(caught.value).startswith("tea/clauses.toml: ")
    assert words in str(caught.value)
    assert_one_line(str(caught.value))


def test_says_where_a_deviation_is_wrong(tmp_path: Path) -> None:
    """`since = 1.5` without quotes."""
    (tmp_path / "deviations.toml").write_text(DEVIATIONS.replace('since = "1.1.0"', "since = 1.5"))

    with pytest.raises(CatalogueError, match=r"^deviations.toml: deviation\[0\].since: 1.5 is not a text$"):
        deviations.load(tmp_path / "deviations.toml", ["tea.water"])


def test_a_pattern_that_means_something_else_later(tmp_path: Path) -> None:
    """Python warns of it, wherever the warning would go."""
    (tmp_path / "deviations.toml").write_text(DEVIATIONS.replace("cold.*", "[[cold]"))

    with pytest.raises(CatalogueError, match=r"tea\.water: Possible nested set") as caught:
        deviations.load(tmp_path / "deviations.toml", ["tea.water"])
    assert_one_line(str(caught.value))
