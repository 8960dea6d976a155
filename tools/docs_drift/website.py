"""A checkout of Longhorn's website: its versions, and digests of a page's text by heading."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from fixtures.catalogue.clauses import INTRODUCTION, version_key
from fixtures.input_files import BadInput, read_text

_DIGITS = 16
"""Hexadecimal digits of a digest that are kept: enough to notice a change, too few to fill the file."""

EMPTY = hashlib.sha256(b"").hexdigest()[:_DIGITS]
"""The digest of a heading without a text."""

Digests = Mapping[str, str]
"""The digest of each part of a page, by its heading."""


class Website:
    """The folder `content/docs` of a checkout. BadInput if there is none."""

    def __init__(self, checkout: Path) -> None:
        self._folder = checkout / "content" / "docs"
        if not self._folder.is_dir():
            raise BadInput(f"{checkout} is not a checkout of github.com/longhorn/website: it has no content/docs")
        candidates = [*self._folder.iterdir(), *(self._folder / "archives").glob("*")]
        self._places = {place.name: place for place in candidates if place.is_dir() and _is_version(place.name)}
        if not self._places:
            raise BadInput(f"{self._folder} has no version of the documentation")

    @property
    def versions(self) -> list[str]:
        """All of them, the oldest first."""
        return sorted(self._places, key=version_key)

    def page(self, version: str, path: str) -> Digests | None:
        """The digests of a page, None if the version has no such page. BadInput if it cannot be read."""
        names = [f"{path}.md", f"{path}/_index.md"]
        parent, _, name = path.rpartition("/")
        if parent.endswith(f"/{name}"):
            # Before it got a folder of its own.
            names.append(f"{parent}.md")
        file = next((each for name in names if (each := self._places[version] / name).is_file()), None)
        return digests(read_text(file)) if file is not None else None

    def pages_in(self, folder: str) -> set[str]:
        """The pages of a folder, of all versions."""
        files = [file for place in self._places.values() for file in (place / folder).glob("*.md")]
        return {f"{folder}/{file.stem}" for file in files if file.stem != "_index"}


def digests(text: str) -> dict[str, str]:
    """The digest of each part of a page; what stands before the first heading is its introduction.

    Line breaks and spaces do not count. A heading that comes again is numbered.
    """
    parts: dict[str, list[str]] = {}
    for heading, line in _lines(text):
        parts.setdefault(heading, []).append(line)
    words = {heading: " ".join(" ".join(lines).split()) for heading, lines in parts.items()}
    return {heading: hashlib.sha256(each.encode()).hexdigest()[:_DIGITS] for heading, each in words.items()}


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Each line with the heading above it. The front matter is left out, and a `#` in a code block is no heading."""
    body = re.sub(r"\A---\n.*?\n---\n", "", text.replace("\r\n", "\n"), count=1, flags=re.DOTALL)
    heading, fence, seen = INTRODUCTION, "", {INTRODUCTION: 1}
    for line in body.splitlines():
        if found := re.match(r"\s*(```+|~~~+)", line):
            if not fence:
                fence = found[1]
            elif line.strip().startswith(fence):
                fence = ""
        title = re.fullmatch(r"#{1,6}\s+(.*?)[\s#]*", line) if not fence else None
        if title:
            name = title[1].replace("`", "")
            seen[name] = seen.get(name, 0) + 1
            heading = name if seen[name] == 1 else f"{name} ({seen[name]})"
        yield heading, "" if title else line


def _is_version(name: str) -> bool:
    return re.fullmatch(r"\d+\.\d+\.\d+", name) is not None
