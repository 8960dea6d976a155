"""The matrix for a terminal."""

from collections.abc import Iterator

from tools.faults.document import Matrix
from tools.faults.judge import Result


def as_text(matrix: Matrix) -> str:
    """A line for each fault, then what is wrong and what was left out."""
    width = max((len(str(result.case)) for result in matrix.results), default=0)
    lines = ["", f"{'FAULT':<{width}}  {'':8}  CHANGED   TESTS  SECONDS  CLAUSES"]
    for result in matrix.results:
        clauses = ", ".join(f"{'' if hit.expected else '!'}{hit.clause}" for hit in result.hits)
        lines.append(
            f"{result.case!s:<{width}}  {_word(result):8}  {result.changed:3}/{result.asked:<4}"
            f"  {len(result.failures):5}  {result.seconds:7.1f}  {clauses}"
        )
    lines.append("")
    for result in matrix.faulty:
        lines += [f"WRONG      {result.case} ({', '.join(result.case.clauses)})", *_wrong(result)]
    lines += [f"NO FAULT   {name}: nothing proves that its tests can fail" for name in matrix.without_fault]
    lines += [f"NEVER RED  {name}: no fault makes it fail" for name in matrix.never_red]
    lines += [
        f"CONTROL    {version or 'newest'} version: {trouble}"
        for version, trouble in matrix.controls.items()
        if trouble
    ]
    if matrix.left_out:
        lines.append(f"LEFT OUT   the tests of {len(matrix.left_out)} clauses that no fault here breaks (--all-tests)")
    lines.append(f"{matrix.killed} of {len(matrix.results)} faults killed and attributed, {matrix.seconds:.0f} s")
    return "\n".join(lines)


def progress(result: Result) -> str:
    """A line about a run that has ended."""
    return f"{_word(result)}: {result.case} ({', '.join(result.case.clauses)}), {result.seconds:.1f} s"


def _wrong(result: Result) -> Iterator[str]:
    for problem in result.problems:
        yield f"    {problem}"
    if any(problem.startswith("the run failed") for problem in result.problems):
        yield from (f"      | {line}" for line in result.output.splitlines()[-20:])
        return
    for failure in result.failures:
        yield f"      {failure.test}"
        yield from (f"      | {line}" for line in failure.seen.splitlines()[:3])


def _word(result: Result) -> str:
    return "WRONG" if result.problems else "killed"
