"""`conformance/digests.toml`: what each page said when it was read for the catalogue, as digests by heading."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fixtures.catalogue.clauses import Catalogue, CatalogueError, read_entries, version_key
from tools import ROOT
from tools.docs_drift.website import Digests

FILE = ROOT / "conformance" / "digests.toml"

_SCHEMA = {
    "properties": {
        "text": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "page": {"type": "string"},
                    "versions": {"type": "array", "items": {"type": "string"}},
                    "headings": {"type": "object", "additionalProperties": {"type": "string"}},
                },
                "required": ["page", "versions", "headings"],
                "additionalProperties": False,
            },
        }
    },
    "additionalProperties": False,
}

_HEAD = """\
# Digests of the pages of Longhorn's documentation as they were read for the catalogue, by heading. No text of a page.
# A [[text]] is one wording of a page and the versions that have it. Written by
#   python -m tools.docs_drift --website DIR --record
# after what it lists was read and the clauses agree with it.
"""


@dataclass(frozen=True)
class Record:
    """The digests by page and version."""

    pages: Mapping[str, Mapping[str, Digests]]

    @property
    def versions(self) -> frozenset[str]:
        """All versions of which a page was read."""
        return frozenset(version for known in self.pages.values() for version in known)


def load(path: Path = FILE) -> Record:
    """The record. CatalogueError for a file that is not as it was written."""
    pages: dict[str, dict[str, Digests]] = {}
    for entry in read_entries(path, path.name, _SCHEMA).get("text", []):
        known = pages.setdefault(entry["page"], {})
        for version in entry["versions"]:
            if version in known:
                raise CatalogueError(f"{path.name}: {entry['page']} has two texts in {version}")
            known[version] = entry["headings"]
    return Record(pages)


def as_text(record: Record) -> str:
    """The record as a file: each wording of a page once."""
    return _HEAD + "".join(_entries(record))


def _entries(record: Record) -> Iterator[str]:
    for page, known in sorted(record.pages.items()):
        wordings: dict[tuple[tuple[str, str], ...], list[str]] = {}
        for version in sorted(known, key=version_key):
            wordings.setdefault(tuple(known[version].items()), []).append(version)
        for headings, versions in wordings.items():
            yield f"\n[[text]]\npage = {json.dumps(page)}\nversions = {json.dumps(versions)}\n\n[text.headings]\n"
            for heading, digest in headings:
                yield f"{json.dumps(heading, ensure_ascii=False)} = {json.dumps(digest)}\n"


def pages_of(catalogue: Catalogue) -> list[str]:
    """The pages that the catalogue's clauses come from, by their paths in a version."""
    return sorted({document.path for page in catalogue.pages for document in page.documents})
