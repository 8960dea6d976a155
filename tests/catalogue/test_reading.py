"""Catalogue files that cannot be right are refused in one line."""

from pathlib import Path

import pytest

from fixtures.catalogue.clauses import Catalogue, CatalogueError, Version, load, version_key

PAGE = """
[page]
name = "tea"
title = "Making tea"

[[page.documents]]
title = "Tea for beginners"
url = "https://longhorn.io/docs/1.12.0/drinks/tea/"
sections = ["Introduction", "The `Water` (2.1, hot)"]

[[clause]]
id = "tea.water"
section = "The `Water` (2.1, hot)"
statement = "The water MUST boil."
since = "1.1"
until = "1.3"
needs = ["block"]
"""


def read(folder: Path, text: str) -> Catalogue:
    """The catalogue of a folder with one page."""
    (folder / "tea").mkdir(exist_ok=True)
    (folder / "tea" / "clauses.toml").write_text(text)
    return load(folder)


def test_clause_is_read(tmp_path: Path) -> None:
    """An entry becomes a Clause with its versions and needs, and a link to the heading that says it."""
    (clause,) = read(tmp_path, PAGE)

    assert (clause.id, clause.page, clause.section) == ("tea.water", "tea", "The `Water` (2.1, hot)")
    assert clause.source == "https://longhorn.io/docs/1.12.0/drinks/tea/#the-water-21-hot"
    assert (clause.since, clause.until, clause.needs) == (Version(1, 1), Version(1, 3), frozenset({"block"}))


def test_introduction_has_no_anchor(tmp_path: Path) -> None:
    """What stands before the first heading is found at the page's own address."""
    (clause,) = read(tmp_path, PAGE.replace('section = "The `Water` (2.1, hot)"', 'section = "Introduction"'))

    assert clause.source == "https://longhorn.io/docs/1.12.0/drinks/tea/"


@pytest.mark.parametrize(
    ("profile", "why"),
    [
        (Version(1, 0), "documented since 1.1, the profile is 1.0"),
        (Version(1, 1), ""),
        (Version(1, 3), ""),
        (Version(1, 4), "documented until 1.3, the profile is 1.4"),
        (Version(1, 10), "documented until 1.3, the profile is 1.10"),
    ],
    ids=str,
)
def test_applies_to_the_versions_that_say_so(tmp_path: Path, profile: Version, why: str) -> None:
    """Both ends count, and 1.10 is later than 1.3."""
    (clause,) = read(tmp_path, PAGE)

    assert clause.why_not_applicable(profile) == why


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ('until = "1.3"', "untill = 1", "tea.water: unknown key 'untill'"),
        ('since = "1.1"\n', "", "tea.water: 'since' is missing"),
        ('since = "1.1"', 'since = "1.1"\nsource = "TEA-01"', "tea.water: unknown key 'source'"),
        ('section = "The `Water`', 'section = "Milk', "tea.water: no document of the page has a section 'Milk (2.1"),
        ('"Introduction", ', '"The `Water` (2.1, hot)", ', "two sections of one name"),
        ("https://longhorn.io/", "http://longhorn.io/", "'http://longhorn.io/docs/1.12.0/drinks/tea/' is not a page"),
        ("longhorn.io/", "longhorn.io.example/", "'https://longhorn.io.example/docs/1.12.0/drinks/tea/' is not a page"),
        ("/1.12.0/", "/latest/", "'https://longhorn.io/docs/latest/drinks/tea/' is not a page"),
        ("/tea/", "/tea/#milk", "'https://longhorn.io/docs/1.12.0/drinks/tea/#milk' is not a page"),
        ("url = ", "link = ", "a document of the page has title, url and sections, and nothing else"),
        ('id = "tea.water"', 'id = "coffee.water"', "coffee.water: an id is dotted words that start with 'tea'"),
        ('id = "tea.water"', 'id = "tea.water.2"', "tea.water.2: an id is dotted words"),
        ('id = "tea.water"', 'id = "tea"', "tea: an id is dotted words"),
        ('needs = ["block"]', 'needs = ["blocks"]', "tea.water: unknown feature 'blocks'; known: attach"),
        ('since = "1.1"', 'since = "1"', "tea.water: '1' is not a version"),
        ('until = "1.3"', 'until = "1.0"', "tea.water: until 1.0 is before since 1.1"),
        ('name = "tea"', 'name = "coffee"', "the page is named 'coffee', its folder 'tea'"),
        ('title = "Making tea"', "", "[page] needs name, title and documents"),
        ("[page]", "[page", "tea/clauses.toml: "),
    ],
    ids=[
        "key",
        "missing",
        "source",
        "section",
        "sections",
        "scheme",
        "host",
        "release",
        "anchor",
        "document",
        "page",
        "number",
        "one word",
        "feature",
        "version",
        "order",
        "folder",
        "title",
        "syntax",
    ],
)
def test_wrong_entry(tmp_path: Path, old: str, new: str, error: str) -> None:
    """One mistake each, told with the file and the clause."""
    assert old in PAGE
    with pytest.raises(CatalogueError) as caught:
        read(tmp_path, PAGE.replace(old, new))

    assert error in str(caught.value)
    assert str(caught.value).startswith("tea/clauses.toml: ")
    assert "\n" not in str(caught.value)


def test_same_id_twice(tmp_path: Path) -> None:
    """An id stands for one clause."""
    with pytest.raises(CatalogueError, match=r"clause tea\.water is defined twice"):
        read(tmp_path, PAGE + PAGE[PAGE.index("[[clause]]") :])


@pytest.mark.parametrize(
    ("text", "key"),
    [("1.12.1", (1, 12, 1)), ("v1.13.0-rc1", (1, 13, 0)), ("1.2", (1, 2, 0)), ("1.10.0+build", (1, 10, 0))],
)
def test_version_key(text: str, key: tuple[int, int, int]) -> None:
    """Versions as Longhorn and its documentation write them."""
    assert version_key(text) == key


@pytest.mark.parametrize("text", ["", "1", "1.x", "latest", "1.12.1.1", " 1.12"])
def test_no_version(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match="is not a version such as"):
        version_key(text)
