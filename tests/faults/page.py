"""`faults.html`: the matrix for people, in one file."""

from html import escape
from pathlib import Path

from tests.faults.document import Matrix
from tests.faults.judge import Result

NAME = "faults.html"


def write(folder: Path, matrix: Matrix) -> Path:
    """Write it; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    path.write_text(render(matrix), encoding="utf-8")
    return path


def render(matrix: Matrix) -> str:
    """The whole page."""
    rows = "".join(_row(result) for result in matrix.results)
    return f"<!doctype html><title>Kill matrix</title><table>{rows}</table>"


def _row(result: Result) -> str:
    return f"<tr><td>{escape(str(result.case))}</td></tr>"
