"""The matrix of variations for a terminal, and as `variations.json`, described in docs/add-a-variation.md."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tools import matrices
from tools.variations.compare import Row

NAME = "variations.json"
SCHEMA_VERSION = 1
SHOWN = 4
"""Lines of a message that the terminal shows."""


@dataclass(frozen=True)
class Matrix:
    """All rows by name, what was wrong with the control ("" for nothing), and whether all variations ran."""

    rows: tuple[Row, ...]
    control: str
    complete: bool
    seconds: float

    @property
    def red(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.is_red)

    @property
    def good(self) -> bool:
        """Whether no verdict changed, and the control is clean."""
        return not (self.red or self.control)


def as_text(matrix: Matrix) -> str:
    """A line for each variation, then each verdict that changed with its reason."""
    width = max((len(row.variation.name) for row in matrix.rows), default=0)
    lines = ["", f"{'VARIATION':<{width}}        CHANGED  TESTS  SECONDS  VERDICTS THAT DIFFER"]
    for row in matrix.rows:
        word, clauses = "RED" if row.is_red else "same", sorted({each.clause for each in row.differences})
        lines.append(
            f"{row.variation.name:<{width}}  {word:4} {row.changed:4}/{row.asked:<5} {row.tests:3}  {row.seconds:7.1f}"
            f"  {', '.join(clauses)}".rstrip()
        )
    lines.append("")
    for row in matrix.red:
        lines += [f"RED      {row.variation.name}: {row.variation.summary}", *(f"    {text}" for text in row.problems)]
        if any(text.startswith("the run failed") for text in row.problems):
            lines += [f"      | {line}" for line in row.output.splitlines()[-20:]]
        for each in row.differences:
            lines.append(f"    {each.clause}: {each.verdict}, not {each.expected}, by {each.test}")
            lines += [f"      | {line}" for line in each.seen.splitlines()[:SHOWN]]
    if matrix.control:
        lines.append(f"CONTROL  {matrix.control}")
    shown = sum(len(row.variation.variations) for row in matrix.rows)
    lines.append(
        f"{len(matrix.red)} of {len(matrix.rows)} runs change a verdict, {shown} variations, {matrix.seconds:.0f} s"
    )
    return "\n".join(lines)


def as_data(matrix: Matrix) -> dict[str, Any]:
    """The document."""
    return {
        "schema_version": SCHEMA_VERSION,
        "good": matrix.good,
        "complete": matrix.complete,
        "seconds": round(matrix.seconds, 1),
        "control": matrix.control,
        "counts": {"runs": len(matrix.rows), "red": len(matrix.red)},
        "variations": [
            {
                "variation": row.variation.name,
                "summary": row.variation.summary,
                "decisions": list(row.variation.decisions),
                "tests": row.tests,
                "differences": [asdict(each) for each in row.differences],
                "problems": list(row.problems),
                "asked": row.asked,
                "changed": row.changed,
                "seconds": round(row.seconds, 2),
            }
            for row in matrix.rows
        ],
    }


def write(folder: Path, matrix: Matrix) -> Path:
    """Write it; its path."""
    return matrices.write(folder, NAME, as_data(matrix))
