"""What the comparison with a website finds, on pages that were made up."""

import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.catalogue.clauses import CatalogueError, load
from fixtures.input_files import BadInput
from tools import ROOT
from tools.docs_drift import record
from tools.docs_drift.compare import compare
from tools.docs_drift.record import Record
from tools.docs_drift.website import Website, digests

TEA = "kitchen/tea"
PAGE = """\
---
title: Tea
weight: 1
---

How to make it.

## Water
It boils.
```sh
# no heading
```

## Milk
Comes second.
"""


def write(checkout: Path, version: str, text: str, page: str = TEA) -> None:
    """Put a page into a version."""
    archives = "archives/" if version < "1.3" else ""
    file = checkout / "content/docs" / f"{archives}{version}" / f"{page}.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def read(checkout: Path, *pages: str) -> Record:
    """The record of a website as it is."""
    website = Website(checkout)
    found = {page: {each: website.page(each, page) for each in website.versions} for page in pages or (TEA,)}
    return Record({page: {each: now for each, now in known.items() if now} for page, known in found.items()})


def drifts(checkout: Path, known: Record, *pages: str) -> list[str]:
    return [str(each) for each in compare(Website(checkout), known, pages or (TEA,))]


def test_parts_are_told_apart_by_their_headings() -> None:
    found = digests(PAGE)

    assert list(found) == ["Introduction", "Water", "Milk"]
    assert len(set(found.values())) == 3


def test_heading_that_comes_again_is_numbered() -> None:
    assert list(digests("## `Note`\nOne.\n## Note\nTwo.\n")) == ["Note", "Note (2)"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PAGE.replace("It boils.", "It\n   boils."), id="line-break"),
        pytest.param(PAGE.replace("\n", "\r\n"), id="line-ends"),
        pytest.param(PAGE.replace("weight: 1", "weight: 2"), id="front-matter"),
    ],
)
def test_layout_is_no_change(text: str) -> None:
    assert digests(text) == digests(PAGE)


def test_what_was_read_is_not_listed(tmp_path: Path) -> None:
    write(tmp_path, "1.2.0", PAGE)
    write(tmp_path, "1.10.0", PAGE)

    assert Website(tmp_path).versions == ["1.2.0", "1.10.0"]
    assert drifts(tmp_path, read(tmp_path)) == []


def test_change_of_a_version_names_its_headings(tmp_path: Path) -> None:
    write(tmp_path, "1.3.0", PAGE)
    known = read(tmp_path)
    write(tmp_path, "1.3.0", PAGE.replace("boils", "simmers").replace("## Milk", "## Cream"))

    assert drifts(tmp_path, known) == [
        "1.3.0: kitchen/tea: changed since it was read: changed: 'Water'; new: 'Cream'; removed: 'Milk'"
    ]


def test_new_version_is_compared_with_the_one_before(tmp_path: Path) -> None:
    write(tmp_path, "1.9.0", PAGE)
    write(tmp_path, "1.10.0", PAGE.replace("second", "first"))
    known = read(tmp_path)
    write(tmp_path, "1.11.0", PAGE.replace("second", "first"))
    write(tmp_path, "1.12.0", PAGE.replace("boils", "simmers").replace("second", "first"))

    assert drifts(tmp_path, known) == [
        "1.11.0: kitchen/tea: never read; the same text since 1.10.0",
        "1.12.0: kitchen/tea: never read; changed: 'Water' since 1.10.0",
    ]


def test_page_that_nobody_read_is_listed(tmp_path: Path) -> None:
    write(tmp_path, "1.3.0", PAGE)
    known = read(tmp_path)
    write(tmp_path, "1.3.0", PAGE, page="kitchen/coffee")

    assert drifts(tmp_path, known, TEA, "kitchen/coffee") == ["1.3.0: kitchen/coffee: never read"]
    assert Website(tmp_path).pages_in("kitchen") == {TEA, "kitchen/coffee"}


def test_page_that_went_is_listed(tmp_path: Path) -> None:
    write(tmp_path, "1.3.0", PAGE)
    known = read(tmp_path)
    (tmp_path / "content/docs/1.3.0/kitchen/tea.md").unlink()
    write(tmp_path, "1.4.0", PAGE, page="kitchen/coffee")

    assert drifts(tmp_path, known) == ["1.3.0: kitchen/tea: the page is gone"]


def test_page_that_a_new_version_dropped_is_listed(tmp_path: Path) -> None:
    write(tmp_path, "1.3.0", PAGE)
    known = read(tmp_path)
    write(tmp_path, "1.4.0", PAGE, page="kitchen/coffee")

    assert drifts(tmp_path, known) == ["1.4.0: kitchen/tea: not in this version, which was never read; 1.3.0 has it"]


def test_page_is_the_same_before_it_got_a_folder(tmp_path: Path) -> None:
    write(tmp_path, "1.2.0", PAGE, page=TEA)
    write(tmp_path, "1.3.0", PAGE, page=f"{TEA}/tea")

    assert set(read(tmp_path, f"{TEA}/tea").pages[f"{TEA}/tea"]) == {"1.2.0", "1.3.0"}


def test_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    write(tmp_path, "1.2.0", PAGE)
    write(tmp_path, "1.10.0", PAGE)
    write(tmp_path, "1.11.0", PAGE.replace("boils", "simmers").replace("## Milk", '## "Milk" \\ cream'))
    known, file = read(tmp_path), tmp_path / "digests.toml"

    file.write_text(record.as_text(known), encoding="utf-8")

    assert record.load(file) == known
    assert file.read_text(encoding="utf-8").count("\n[[text]]") == 2
    assert "boils" not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[text]]\npage = 'a'\n", "versions"),
        ("[[text]]\npage = 'a'\nversions = ['1.2.0']\nheadings = {a = 1}\n", "is not a text"),
        ("[[text]]\npage = 'a'\nversions = ['1.2.0', '1.2.0']\nheadings = {}\n", "a has two texts in 1.2.0"),
    ],
)
def test_record_that_is_wrong_is_one_line(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "digests.toml").write_text(text)

    with pytest.raises(CatalogueError, match=why):
        record.load(tmp_path / "digests.toml")


@pytest.mark.parametrize("folder", ["", "content/docs"])
def test_folder_that_is_no_checkout_is_one_line(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tools.docs_drift", "--website", str(tmp_path)]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == 2
    assert "content/docs" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr


def test_version_that_is_not_text_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "1.3.0", "")
    (tmp_path / "content/docs/1.3.0/kitchen/tea.md").write_bytes(b"\xff")

    with pytest.raises(BadInput, match="not a text file"):
        Website(tmp_path).page("1.3.0", TEA)


def test_catalogue_and_record_agree() -> None:
    """Each document of the catalogue was read in the version that it names, and has the headings that clauses refer to.

    A page that is not published yet cannot have been: its clauses say so.
    """
    known = record.load()
    for page in load(ROOT / "conformance").pages:
        for document in page.documents:
            if any(clause.section in document.sections and not clause.untestable for clause in page.clauses):
                assert set(document.sections) <= known.pages[document.path][document.version].keys(), document.title
