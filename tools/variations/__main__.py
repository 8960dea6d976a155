"""Run all tests under every variation, print the differences and write variations.json; exit with 1 if there is one."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from simulator.overrides.registry import OverrideError, variations
from tools.faults.forked import SuiteRun
from tools.faults.judge import trouble_of_control
from tools.faults.runs import Task, run_tasks
from tools.variations import document
from tools.variations.compare import Row, compare
from tools.variations.document import Matrix

USAGE = 2
INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 if no verdict changes, 1 if one does or the control is not clean, 2 for a wrong command."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        known = variations()
    except OverrideError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return USAGE
    unknown = [name for name in given.names if name not in known]
    if unknown:
        parser.error(f"unknown variation {unknown[0]!r}; `python -m simulator --list-variations` shows all")
    if given.jobs < 1:
        parser.error("--jobs must be at least 1")
    began = time.monotonic()
    chosen = {name: each for name, each in sorted(known.items()) if not given.names or name in given.names}
    control = Task(())
    by_task = {Task(("--variation", name)): name for name in chosen}
    runs: dict[Task, SuiteRun] = {}
    rows: dict[str, Row] = {}

    def ended(task: Task, run: SuiteRun) -> str:
        runs[task] = run
        if task is not control and control not in runs:
            return f"ran: {by_task[task]}"
        for other in by_task.keys() & runs.keys() - {each for each in by_task if by_task[each] in rows}:
            name = by_task[other]
            rows[name] = compare(chosen[name], runs[control], runs[other])
        if task == control:
            return f"{trouble_of_control(run) or 'conforms'}: no variation"
        return rows[by_task[task]].progress()

    print(f"{len(chosen)} variations and 1 control, {given.jobs} at a time", flush=True)
    run_tasks([control, *by_task], given.jobs, ended)
    matrix = Matrix(
        tuple(rows[name] for name in chosen),
        trouble_of_control(runs[control]),
        complete=not given.names,
        seconds=time.monotonic() - began,
    )
    print(document.as_text(matrix))
    print(f"written: {document.write(given.report_dir, matrix)}")
    return 0 if matrix.good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.variations", description=__doc__, allow_abbrev=False)
    parser.add_argument("names", nargs="*", metavar="NAME", help="run only these variations (default: all)")
    parser.add_argument(
        "--jobs",
        type=int,
        default=3 * (os.cpu_count() or 1),
        metavar="N",
        help="how many runs at the same time (default: three per processor)",
    )
    parser.add_argument(
        "--report-dir", type=Path, default=Path("report"), metavar="DIR", help="where to write (default: report/)"
    )
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("interrupted: nothing is written", file=sys.stderr)
        sys.exit(INTERRUPTED)
