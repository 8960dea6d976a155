"""`python -m tools.fixture_index`: renew the tables of docs/fixtures.md from the fixtures' own docstrings."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tools import ROOT

DOCUMENT = ROOT / "docs" / "fixtures.md"

SOURCES = ("fixtures/plugin/*.py", "conformance/conftest.py", "conformance/*/conftest.py")
"""Where the fixtures are that a conformance test can use."""

_TABLE = re.compile(r"(<!-- fixtures of (\S+) -->\n)(?:\|.*\n)*")


def modules() -> Iterator[str]:
    """The modules that define fixtures, relative to the root."""
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            if any(rows(path)):
                yield path.relative_to(ROOT).as_posix()


def indexed(text: str) -> list[str]:
    """The modules that a document has a table for."""
    return [found[2] for found in _TABLE.finditer(text)]


def updated(text: str) -> str:
    """The document with each table as the fixtures are now."""
    return _TABLE.sub(lambda found: found[1] + table(ROOT / found[2]), text)


def table(path: Path) -> str:
    """The fixtures of a module, in its order."""
    head = ["| fixture | gives | lives for | what |", "|---|---|---|---|"]
    return "".join(f"{line}\n" for line in [*head, *rows(path)])


def rows(path: Path) -> Iterator[str]:
    """A row for each fixture of a module."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            if ast.unparse(decorator).partition("(")[0] == "pytest.fixture":
                yield _row(node, decorator)


def _row(function: ast.FunctionDef, decorator: ast.expr) -> str:
    given = decorator.keywords if isinstance(decorator, ast.Call) else []
    options = {each.arg: ast.literal_eval(each.value) for each in given}
    gives = ast.unparse(function.returns) if function.returns else ""
    if yielded := re.fullmatch(r"Iterator\[(.*)\]", gives):
        gives = yielded[1]
    scope = {"session": "session", "function": "test"}[options.get("scope", "function")]
    what = " ".join((ast.get_docstring(function) or "").split("\n\n")[0].split())
    cells = (f"`{options.get('name', function.name)}`", f"`{gives}`", scope, what)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main() -> int:
    """Renew the document; the exit status."""
    text = updated(DOCUMENT.read_text(encoding="utf-8"))
    DOCUMENT.write_text(text, encoding="utf-8")
    print(f"written: {DOCUMENT.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
