"""The runs of a matrix: the suite on every faulty simulator, and on one without a fault for each version."""

import multiprocessing
import signal
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fixtures.report.verdicts import NOT_SELECTED
from tools.faults import forked, terminal
from tools.faults.forked import SuiteRun
from tools.faults.judge import Result, judge, trouble_of_control
from tools.faults.plan import Case
from tools.faults.selection import Selection

IDLE_TIMEOUT = 1.5
"""Seconds without any change in the cluster after which a wait is given up: a simulated step takes milliseconds."""

NO_FAULT = ""
"""In the place of a fault's name: the suite on a simulator that does what is documented."""


@dataclass(frozen=True)
class Runs:
    """The runs without a fault by version, the results by fault, and the clauses whose tests were in no run."""

    controls: dict[str, SuiteRun]
    results: list[Result]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class _Task:
    """A run of all tests, or of those that concern one of the faults that break `clauses` (a tuple for each fault)."""

    version: str
    fault: str
    all_tests: bool
    clauses: tuple[tuple[str, ...], ...]


def run_all(chosen: Sequence[Case], jobs: int, *, all_tests: bool, all_tests_of_control: bool, control: bool) -> Runs:
    """Run the suite on every faulty simulator, and as `control` on every version among them without a fault.

    A run takes the tests that concern its fault, a control those that concern any of the faults on its version, unless
    all tests are wanted. Prints a line when a run has ended.
    """
    by_task = {_Task(case.version, case.fault.name, all_tests, (case.clauses,)): case for case in chosen}
    versions = sorted({case.version for case in chosen}) if control else []
    broken = {version: tuple(case.clauses for case in chosen if case.version == version) for version in versions}
    tasks = [_Task(version, NO_FAULT, all_tests_of_control, broken[version]) for version in versions] + list(by_task)
    forked.load()
    controls: dict[str, SuiteRun] = {}
    results: list[Result] = []
    unselected: list[set[str]] = []
    planned = {"fault": len(chosen), "control": len(versions)}
    began = time.monotonic()
    counts = " and ".join(f"{count} {noun}{'s' * (count != 1)}" for noun, count in planned.items())
    print(f"{counts}, {min(jobs, len(tasks))} at a time", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="faults-") as scratch,
        multiprocessing.get_context("fork").Pool(min(jobs, len(tasks)), _leave_interrupts_to_the_parent) as pool,
    ):
        for done, (task, run) in enumerate(pool.imap_unordered(partial(_run, Path(scratch)), tasks), 1):
            unselected.append({entry["id"] for entry in run.entries if entry["reason"] == NOT_SELECTED})
            if task.fault == NO_FAULT:
                controls[task.version] = run
                line = f"{trouble_of_control(run) or 'conforms'}: no fault, {task.version or 'newest'} version"
            else:
                results.append(judge(by_task[task], run))
                line = terminal.progress(results[-1])
            spent = time.monotonic() - began
            left = spent / done * (len(tasks) - done)
            print(f"[{done:3}/{len(tasks)}, {spent:4.0f} s, {left:4.0f} s left] {line}", flush=True)
    return Runs(controls, results, tuple(sorted(set.intersection(*unselected))))


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run(scratch: Path, task: _Task) -> tuple[_Task, SuiteRun]:
    simulator = ["--longhorn-version", task.version] if task.version else []
    suite = ["conformance"]
    if task.fault != NO_FAULT:
        simulator += ["--fault", task.fault]
        suite += [f"--idle-timeout={IDLE_TIMEOUT}"]
    plugins = [] if task.all_tests else [Selection(task.clauses)]
    return task, forked.run_suite(simulator, suite, plugins, scratch=scratch)
