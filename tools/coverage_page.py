"""`python -m tools.coverage_page`: write docs/coverage.md, what of the documentation the suite verifies, and how."""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fixtures.catalogue.clauses import Catalogue, CatalogueError, Clause, Document, Version, load, read_entries
from simulator.overrides.registry import faults
from tools import ROOT

CONFORMANCE = ROOT / "conformance"
DOCUMENT = ROOT / "docs" / "coverage.md"
UNCOVERED = CONFORMANCE / "uncovered.toml"

_TEXTS = ("page", "says", "since", "reason")
_SCHEMA = {
    "properties": {
        "sentence": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    **{key: {"type": "string"} for key in (*_TEXTS, "until")},
                    "sections": {"type": "array", "items": {"type": "string"}},
                },
                "required": [*_TEXTS, "sections"],
                "additionalProperties": False,
            },
        }
    },
    "additionalProperties": False,
}

_HEAD = """\
# Coverage

What Longhorn's documentation says about CSI snapshots, and what verifies it: for each page and
heading its sentences in our words, the documentation versions that have them, the clause, its tests
and the [faults](add-a-fault.md) that the tests must notice. The headings are links to the
documentation. Sentences without a clause are listed [at the end](#sentences-without-a-clause), with
the reason.

`python -m tools.coverage_page` writes this page from the catalogue, the tests and the faults.
"""


@dataclass(frozen=True)
class Uncovered:
    """Sentences without a clause: where they stand, what they are about, which versions have them, and the reason."""

    document: Document
    says: str
    since: Version
    until: Version | None
    reason: str

    @property
    def versions(self) -> str:
        """The versions that say so, for people."""
        return f"{self.since} to {self.until}" if self.until else f"since {self.since}"


def read_uncovered(path: Path = UNCOVERED) -> list[Uncovered]:
    """The sentences without a clause. CatalogueError for a file that is not as its head explains."""
    try:
        return [
            Uncovered(
                Document("", entry["page"], tuple(entry["sections"])),
                entry["says"],
                Version.parse(entry["since"]),
                Version.parse(entry["until"]) if "until" in entry else None,
                entry["reason"],
            )
            for entry in read_entries(path, path.name, _SCHEMA).get("sentence", [])
        ]
    except ValueError as error:
        raise CatalogueError(f"{path.name}: {error}") from error


def verifying_tests(folder: Path = CONFORMANCE) -> Mapping[str, tuple[str, ...]]:
    """The tests that name each clause, as `<path in the folder>::<name>`, as their files say."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*/test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for name in _clauses(node):
                    found.setdefault(name, []).append(f"{path.relative_to(folder).as_posix()}::{node.name}")
    return {name: tuple(dict.fromkeys(tests)) for name, tests in found.items()}


def _clauses(function: ast.FunctionDef) -> Iterator[str]:
    """The clauses in a test's decorators, those of single parameters among them."""
    for decorator in function.decorator_list:
        for node in ast.walk(decorator):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "clause":
                yield from (str(argument.value) for argument in node.args if isinstance(argument, ast.Constant))


def page() -> str:
    """The whole page."""
    catalogue = load(CONFORMANCE)
    return "".join(f"{line}\n" for line in _lines(catalogue, verifying_tests(), _faults_by_clause(), read_uncovered()))


def _faults_by_clause() -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for fault in faults().values():
        for name in fault.breaks:
            found.setdefault(name, []).append(fault.name)
    return {name: sorted(names) for name, names in found.items()}


def _lines(
    catalogue: Catalogue,
    tests: Mapping[str, tuple[str, ...]],
    broken_by: Mapping[str, list[str]],
    uncovered: list[Uncovered],
) -> Iterator[str]:
    yield from _HEAD.splitlines()
    for each in catalogue.pages:
        yield from ("", f"## {each.title}")
        for document in each.documents:
            yield from ("", f"### {document.title}", "")
            yield from ("| heading, sentence | versions | clause | tests | faults |", "|---|---|---|---|---|")
            for section in document.sections:
                yield f"| **[{_cell(section)}]({document.link(section)})** | | | | |"
                for clause in each.clauses:
                    if clause.section == section:
                        yield _row(clause, tests.get(clause.id, ()), broken_by.get(clause.id, ()))
    yield from ("", "## Sentences without a clause", "", "| heading | about | versions | reason |", "|---|---|---|---|")
    for missing in uncovered:
        document = missing.document
        where = ", ".join(f"[{_cell(section)}]({document.link(section)})" for section in document.sections)
        yield f"| {where} | {_cell(missing.says)} | {missing.versions} | {_cell(missing.reason)} |"


def _row(clause: Clause, tests: tuple[str, ...], broken_by: list[str] | tuple[()]) -> str:
    verified = "<br>".join(_test(test) for test in tests) or f"none: {_cell(clause.untestable)}"
    names = "<br>".join(f"`{name}`" for name in broken_by) or "none"
    return f"| {_cell(clause.statement)} | {clause.versions} | `{clause.id}` | {verified} | {names} |"


def _test(test: str) -> str:
    path, _, name = test.partition("::")
    return f"[{name}](../conformance/{path})"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def main() -> int:
    """Write the page; the exit status."""
    DOCUMENT.write_text(page(), encoding="utf-8")
    print(f"written: {DOCUMENT.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
