"""Run all tests under every variation, print the differences and write variations.json; exit with 1 if there is one."""

import sys
import time
from collections.abc import Sequence

from simulator.overrides.registry import OverrideError, variations
from tools import matrices
from tools.faults.forked import SuiteRun
from tools.faults.judge import trouble_of_control
from tools.faults.runs import Task, run_tasks
from tools.variations import document
from tools.variations.compare import Row, compare
from tools.variations.document import Matrix


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 if no verdict changes, 1 if one does or the control is not clean, 2 for a wrong command."""
    parser = matrices.parser("python -m tools.variations", __doc__, "variation")
    given = parser.parse_args(arguments)
    try:
        known = variations()
    except OverrideError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return matrices.USAGE
    matrices.check(parser, given, known, "variation")
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


if __name__ == "__main__":
    matrices.run(main)
