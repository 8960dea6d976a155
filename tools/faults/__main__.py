"""`python -m tools.faults`: run the kill matrix, print it, write it; exit 1 if the suite misses or misnames a fault."""

import argparse
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from fixtures.catalogue.clauses import load
from simulator.overrides.registry import faults
from tools.faults import document, forked, webpage
from tools.faults.document import Matrix
from tools.faults.forked import ROOT, SuiteRun
from tools.faults.judge import Result, judge
from tools.faults.plan import Case, PlanError, cases, without_fault
from tools.faults.selection import Selection

QUIET_LIMIT = 1.5
"""Seconds without any change in the cluster after which a wait is given up: a simulated step takes milliseconds."""

MOST = 180.0
"""Seconds for one run of the suite; more is a run that hangs."""

USAGE = 2

INTERRUPTED = 130

NO_FAULT = ""
"""In the place of a fault's name: the suite on a simulator that does what is documented."""


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 all killed and attributed, 1 not so, 2 for a wrong command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.faults", description=__doc__, allow_abbrev=False)
    parser.add_argument("names", nargs="*", metavar="FAULT", help="only these faults (all)")
    parser.add_argument("--jobs", type=int, default=3 * (os.cpu_count() or 1), metavar="N", help="runs at a time")
    parser.add_argument("--report-dir", type=Path, default=Path("report"), metavar="DIR", help="for faults.json, .html")
    parser.add_argument("--whole", action="store_true", help="run all tests for each fault, not those that it concerns")
    parser.add_argument("--without-control", action="store_true", help="skip the run in which nothing is broken")
    given = parser.parse_args(arguments)
    known = faults()
    for name in given.names:
        if name not in known:
            parser.error(f"unknown fault {name!r}; `python -m simulator --list-faults` shows all")
    if given.jobs < 1:
        parser.error("--jobs must be at least 1")
    catalogue = load(ROOT / "conformance")
    try:
        planned = list(cases(catalogue, known))
    except PlanError as error:
        print(f"python -m tools.faults: {error}", file=sys.stderr)
        return USAGE
    chosen = [case for case in planned if not given.names or case.fault.name in given.names]
    order = {name: position for position, name in enumerate(catalogue.by_id())}
    missing = [] if given.names else without_fault(catalogue, known)
    began = time.monotonic()
    controls, results = run_all(chosen, given.jobs, whole=given.whole, control=not given.without_control)
    verified = set() if given.names else {test for run in controls.values() for test in conforming_tests(run)}
    troubles = {version: trouble_of_control(run) for version, run in controls.items()}
    results.sort(key=lambda result: (order[result.case.clauses[0]], result.case.fault.name))
    matrix = Matrix(
        tuple(results),
        troubles,
        tuple(missing),
        never_red(verified, results),
        complete=not given.names,
        seconds=time.monotonic() - began,
    )
    print(as_text(matrix))
    print(f"written: {document.write(given.report_dir, matrix)}, {webpage.write(given.report_dir, matrix)}")
    return 0 if matrix.good else 1


def run_all(
    chosen: Sequence[Case], jobs: int, *, whole: bool, control: bool
) -> tuple[dict[str, SuiteRun], list[Result]]:
    """Run the suite on every faulty simulator, and as `control` on every version among them without a fault.

    Of the suite the tests that concern the fault, or the `whole`. Prints a line when one is done.
    """
    versions = sorted({case.version for case in chosen}) if control else []
    by_task = {(case.version, case.fault.name): case for case in chosen}
    own = {key: () if whole else case.clauses for key, case in by_task.items()}
    tasks = [*((version, NO_FAULT, ()) for version in versions), *((*key, own[key]) for key in by_task)]
    forked.load()
    controls: dict[str, SuiteRun] = {}
    results: list[Result] = []
    began = time.monotonic()
    print(f"{len(chosen)} faults and {len(versions)} controls, {min(jobs, len(tasks))} at a time", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="faults-") as scratch,
        multiprocessing.get_context("fork").Pool(min(jobs, len(tasks)), _leave_interrupts_to_the_parent) as pool,
    ):
        for done, (task, run) in enumerate(pool.imap_unordered(partial(_run, Path(scratch)), tasks), 1):
            version, fault, _ = task
            if fault == NO_FAULT:
                controls[version] = run
                said = f"{trouble_of_control(run) or 'conforms'}: no fault, {version or 'newest'} version"
            else:
                results.append(judge(by_task[version, fault], run))
                said = _progress(results[-1])
            spent = time.monotonic() - began
            left = spent / done * (len(tasks) - done)
            print(f"[{done:3}/{len(tasks)}, {spent:4.0f} s, {left:4.0f} s left] {said}", flush=True)
    return controls, results


def trouble_of_control(run: SuiteRun) -> str:
    """What is wrong with a run without a fault, "" for nothing."""
    if run.trouble:
        return run.trouble
    return "" if run.exit_code == 0 else f"the suite ends with exit code {run.exit_code} where nothing is broken"


def conforming_tests(run: SuiteRun) -> set[str]:
    """The tests that saw what is documented, where nothing is broken."""
    entries = (run.document or {"clauses": []})["clauses"]
    return {test["test"] for entry in entries for test in entry["tests"] if test["verdict"] == "conforms"}


def never_red(verified: set[str], results: Iterable[Result]) -> tuple[str, ...]:
    """The tests of which no fault has shown that they can fail."""
    failed = {failure.test for result in results for failure in result.failures}
    return tuple(sorted(verified - failed))


def as_text(matrix: Matrix) -> str:
    """The matrix for a terminal: a line for each fault, then what is wrong."""
    names = max((len(str(result.case)) for result in matrix.results), default=0)
    lines = ["", f"{'FAULT':<{names}}  {'':8}  CHANGED   TESTS  SECONDS  CLAUSES"]
    for result in matrix.results:
        clauses = ", ".join(f"{'' if hit.expected else '!'}{hit.clause}" for hit in result.hits)
        lines.append(
            f"{result.case!s:<{names}}  {_word(result):8}  {result.changed:3}/{result.asked:<4}"
            f"  {len(result.failures):5}  {result.seconds:7.1f}  {clauses}"
        )
    lines.append("")
    for result in matrix.faulty:
        lines += [f"NOT RIGHT  {result.case} ({', '.join(result.case.clauses)})", *_wrong(result)]
    lines += [f"NO FAULT   {name}: nothing proves that its tests can fail" for name in matrix.without_fault]
    lines += [f"NEVER RED  {name}: no fault makes it fail" for name in matrix.never_red]
    lines += [f"CONTROL    {version}: {trouble}" for version, trouble in matrix.controls.items() if trouble]
    killed = len(matrix.results) - len(matrix.faulty)
    lines.append(f"{killed} of {len(matrix.results)} faults killed and attributed, {matrix.seconds:.0f} s")
    return "\n".join(lines)


def _wrong(result: Result) -> Iterator[str]:
    for problem in result.problems:
        yield f"    {problem}"
    if any(problem.startswith("the run failed") for problem in result.problems):
        yield from (f"      | {line}" for line in result.output.splitlines()[-20:])
        return
    for failure in result.failures:
        yield f"      {failure.test}"
        yield from (f"      | {line}" for line in failure.seen.splitlines()[:3])


def _progress(result: Result) -> str:
    return f"{_word(result)}: {result.case} ({', '.join(result.case.clauses)}), {result.seconds:.1f} s"


def _word(result: Result) -> str:
    return "WRONG" if result.problems else "killed"


Task = tuple[str, str, tuple[str, ...]]
"""Version, fault, and the clauses whose tests (and those that come along) are run, () for all tests."""


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run(scratch: Path, task: Task) -> tuple[Task, SuiteRun]:
    version, fault, clauses = task
    simulator = ["--longhorn-version", version] if version else []
    suite = ["conformance"]
    if fault != NO_FAULT:
        simulator += ["--fault", fault]
        suite += [f"--idle-timeout={QUIET_LIMIT}"]
    plugins = [Selection(clauses)] if clauses else []
    return task, forked.run_suite(simulator, suite, plugins, scratch=scratch, most=MOST)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("interrupted: nothing is written", file=sys.stderr)
        sys.exit(INTERRUPTED)
