"""`faults.html`: the matrix for people, in one file that needs no network."""

from pathlib import Path

import jinja2

from tools.faults.document import Matrix

NAME = "faults.html"


def write(folder: Path, matrix: Matrix) -> Path:
    """Write it; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    path.write_text(render(matrix), encoding="utf-8")
    return path


def render(matrix: Matrix) -> str:
    """The whole page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(f"{NAME}.jinja").render(matrix=matrix)
