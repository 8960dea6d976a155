"""The runs of a matrix: the suite on every faulty simulator, and on one without a fault for each version."""

import multiprocessing
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
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


@dataclass(frozen=True)
class Runs:
    """The runs without a fault by version, the results by fault, and the clauses whose tests were in no run."""

    controls: dict[str, SuiteRun]
    results: list[Result]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """A run of the suite with the arguments `suite` on a simulator with the arguments `simulator`.

    It takes all tests, or those that concern one of the faults that break `clauses` (a tuple for each fault).
    """

    simulator: tuple[str, ...]
    suite: tuple[str, ...] = ()
    clauses: tuple[tuple[str, ...], ...] | None = None


def run_all(chosen: Sequence[Case], jobs: int, *, all_tests: bool, all_tests_of_control: bool, control: bool) -> Runs:
    """Run the suite on every faulty simulator, and as `control` on every version among them without a fault.

    A run takes the tests that concern its fault, a control those that concern any of the faults on its version, unless
    all tests are wanted. Prints a line when a run has ended.
    """
    # A walk comes to clauses that a fault breaks as well, but not first of all.
    points = ("--no-walks",)
    patience = (f"--idle-timeout={IDLE_TIMEOUT}", *points)
    by_task = {
        Task(
            (*of_version(case.version), "--fault", case.fault.name), patience, None if all_tests else (case.clauses,)
        ): case
        for case in chosen
    }
    versions = sorted({case.version for case in chosen}) if control else []
    broken = {version: tuple(case.clauses for case in chosen if case.version == version) for version in versions}
    unbroken = {
        Task(of_version(version), points, None if all_tests_of_control else broken[version]): version
        for version in versions
    }
    controls: dict[str, SuiteRun] = {}
    results: list[Result] = []
    unselected: list[set[str]] = []
    planned = {"fault": len(chosen), "control": len(versions)}
    counts = " and ".join(f"{count} {noun}{'s' * (count != 1)}" for noun, count in planned.items())
    print(f"{counts}, {jobs} at a time", flush=True)

    def ended(task: Task, run: SuiteRun) -> str:
        unselected.append({entry["id"] for entry in run.entries if entry["reason"] == NOT_SELECTED})
        if task in unbroken:
            controls[unbroken[task]] = run
            return f"{trouble_of_control(run) or 'conforms'}: no fault, {unbroken[task] or 'newest'} version"
        results.append(judge(by_task[task], run))
        return terminal.progress(results[-1])

    run_tasks([*unbroken, *by_task], jobs, ended)
    return Runs(controls, results, tuple(sorted(set.intersection(*unselected))))


def run_tasks(tasks: Sequence[Task], jobs: int, ended: Callable[[Task, SuiteRun], str]) -> None:
    """Run the suite for each task, up to `jobs` at a time; prints what `ended` says of each when it has ended."""
    forked.load()
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="faults-") as scratch,
        multiprocessing.get_context("fork").Pool(min(jobs, len(tasks)), _leave_interrupts_to_the_parent) as pool,
    ):
        for done, (task, run) in enumerate(pool.imap_unordered(partial(_run, Path(scratch)), tasks), 1):
            line = ended(task, run)
            spent = time.monotonic() - began
            left = spent / done * (len(tasks) - done)
            print(f"[{done:3}/{len(tasks)}, {spent:4.0f} s, {left:4.0f} s left] {line}", flush=True)


def of_version(version: str) -> tuple[str, ...]:
    """The simulator's arguments for a documented version, "" for the newest."""
    return ("--longhorn-version", version) if version else ()


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run(scratch: Path, task: Task) -> tuple[Task, SuiteRun]:
    plugins = [] if task.clauses is None else [Selection(task.clauses)]
    return task, forked.run_suite(task.simulator, ["conformance", *task.suite], plugins, scratch=scratch)
