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
from tools.variations.bundles import Bundle, bundled
from tools.variations.compare import Row, compare
from tools.variations.document import Matrix


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 if no verdict changes, 1 if one does or the control is not clean, 2 for a wrong command."""
    parser = matrices.parser("python -m tools.variations", __doc__, "variation")
    parser.add_argument(
        "--together", type=int, default=1, metavar="N", help="how many variations one run shows at once (default: 1)"
    )
    given = parser.parse_args(arguments)
    if given.together < 1:
        parser.error("--together must be at least 1")
    try:
        known = variations()
    except OverrideError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return matrices.USAGE
    matrices.check(parser, given, known, "variation")
    began = time.monotonic()
    chosen = [each for name, each in sorted(known.items()) if not given.names or name in given.names]
    control = Task(())
    by_task = {
        Task(tuple(f"--variation={name}" for name in bundle.parts)): bundle
        for bundle in bundled(chosen, given.together)
    }
    runs: dict[Task, SuiteRun] = {}
    rows: dict[Bundle, Row] = {}

    def ended(task: Task, run: SuiteRun) -> str:
        runs[task] = run
        if task is not control and control not in runs:
            return f"ran: {by_task[task].name}"
        for other in by_task.keys() & runs.keys() - {each for each in by_task if by_task[each] in rows}:
            bundle = by_task[other]
            rows[bundle] = compare(bundle, runs[control], runs[other])
        if task == control:
            return f"{trouble_of_control(run) or 'conforms'}: no variation"
        return rows[by_task[task]].progress()

    print(f"{len(chosen)} variations in {len(by_task)} runs, and 1 control, {given.jobs} at a time", flush=True)
    run_tasks([control, *by_task], given.jobs, ended)
    matrix = Matrix(
        tuple(rows[bundle] for bundle in by_task.values()),
        trouble_of_control(runs[control]),
        complete=not given.names,
        seconds=time.monotonic() - began,
    )
    print(document.as_text(matrix))
    print(f"written: {document.write(given.report_dir, matrix)}")
    return 0 if matrix.good else 1


if __name__ == "__main__":
    matrices.run(main)
