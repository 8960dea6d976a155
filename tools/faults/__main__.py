"""Run the kill matrix, print it and write faults.json and faults.html; exit with 1 if the suite misses a fault."""

import argparse
import sys
import time
from collections.abc import Sequence

from fixtures.catalogue.clauses import load
from simulator.overrides.registry import OverrideError, faults
from tools import ROOT, matrices
from tools.faults import document, terminal, webpage
from tools.faults.document import Matrix
from tools.faults.judge import conforming_tests, never_red, trouble_of_control
from tools.faults.plan import PlanError, cases, without_fault
from tools.faults.runs import run_all


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 if all faults are killed and attributed, 1 if not, 2 for a wrong command line or catalogue."""
    parser = _parser()
    given = parser.parse_args(arguments)
    catalogue = load(ROOT / "conformance")
    try:
        known = faults()
        planned = list(cases(catalogue, known))
    except (OverrideError, PlanError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return matrices.USAGE
    matrices.check(parser, given, known, "fault")
    chosen = [case for case in planned if not given.names or case.fault.name in given.names]
    began = time.monotonic()
    runs = run_all(
        chosen,
        given.jobs,
        all_tests=given.all_tests,
        all_tests_of_control=given.all_tests or not given.names,
        control=not given.no_control,
    )
    order = {name: position for position, name in enumerate(catalogue.by_id())}
    verified = set() if given.names else {test for run in runs.controls.values() for test in conforming_tests(run)}
    matrix = Matrix(
        tuple(sorted(runs.results, key=lambda result: (order[result.case.clauses[0]], result.case.fault.name))),
        {version: trouble_of_control(run) for version, run in runs.controls.items()},
        () if given.names else tuple(without_fault(catalogue, known)),
        never_red(verified, runs.results),
        runs.left_out,
        complete=not given.names,
        seconds=time.monotonic() - began,
    )
    print(terminal.as_text(matrix))
    print(f"written: {document.write(given.report_dir, matrix)}, {webpage.write(given.report_dir, matrix)}")
    return 0 if matrix.good else 1


def _parser() -> argparse.ArgumentParser:
    parser = matrices.parser("python -m tools.faults", __doc__, "fault")
    parser.add_argument(
        "--all-tests", action="store_true", help="run all tests in every run, not only those that the faults concern"
    )
    parser.add_argument("--no-control", action="store_true", help="skip the run without a fault")
    return parser


if __name__ == "__main__":
    matrices.run(main)
