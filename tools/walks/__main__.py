"""Take walks with new seeds on simulators; exit with 1 if one finds a violation.

Arguments that this program does not know are the simulator's, for example `--fault NAME` or `--release X.Y.Z`.
"""

import argparse
import os
import random
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from conformance.walks.planning import SEEDS, plan, usual_seeds
from conformance.walks.rules import RULES
from fixtures.report.model import Verdict
from tools import matrices
from tools.faults.forked import SuiteRun
from tools.faults.runs import IDLE_TIMEOUT, Task, run_tasks
from tools.walks.coverage import choose, states

BATCH = 6
"""Walks on one simulator."""

_LARGEST = 10**9
_SEED = re.compile(r"test_walk\[(\d+)\]$")


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 if no walk finds anything, 1 if one does or a run fails, 2 for a wrong command line."""
    parser = _parser()
    given, simulator = parser.parse_known_args(arguments)
    if given.choose is not None:
        return _choose(given.choose)
    if not 0 < given.minutes <= 24 * 60:
        parser.error("--minutes must be more than 0, and not more than a day")
    if given.jobs < 1:
        parser.error("--jobs must be at least 1")
    # Where something is broken on purpose, waits in vain are many.
    patience = (f"--idle-timeout={IDLE_TIMEOUT}",) if simulator else ()
    chance = random.Random(given.seed)
    end, taken, found, broken = time.monotonic() + 60 * given.minutes, list[int](), dict[int, str](), list[str]()

    def ended(task: Task, run: SuiteRun) -> str:
        seeds = [int(seed) for seed in task.suite[1].split(",")]
        taken.extend(seeds)
        new = dict(violations(run))
        found.update(new)
        if run.trouble or (run.exit_code != 0 and not new):
            broken.append(f"{run.trouble or f'exit code {run.exit_code} without a violation'}\n{run.output}")
        return f"{len(seeds)} walks, {'nothing found' if not new else f'FOUND by {sorted(new)}'}"

    print(f"walks for {given.minutes:g} minutes, {given.jobs} simulators at a time, chosen by --seed {given.seed}")
    while time.monotonic() < end and not broken and not (found and given.stop):
        batches = [[str(chance.randrange(_LARGEST)) for _ in range(BATCH)] for _ in range(given.jobs)]
        tasks = [Task(tuple(simulator), ("--walk", ",".join(seeds), "-m", "walk", *patience)) for seeds in batches]
        run_tasks(tasks, given.jobs, ended)
    print(_summary(taken, found, broken))
    if found and not simulator:
        _keep(found)
    return 1 if found or broken else 0


def violations(run: SuiteRun) -> Iterator[tuple[int, str]]:
    """The seeds of the walks that found something, or during which an observer did, with what was seen."""
    for entry in run.entries:
        for test in entry["tests"]:
            seed = _SEED.search(test["test"]) or _SEED.search(test["where"])
            if seed and test["verdict"] == Verdict.VIOLATES:
                yield int(seed[1]), f"{entry['id']}: {test['seen']}"


def _summary(taken: Sequence[int], found: dict[int, str], broken: Sequence[str]) -> str:
    plans = [plan(seed) for seed in taken]
    rules = Counter(step.rule for steps in plans for step in steps)
    lines = [*found.values(), *dict.fromkeys(broken)]
    lines += [f"{name:14} {rules[name]:6}" + ("  NEVER" if not rules[name] else "") for name in RULES]
    steps, distinct = sum(rules.values()), len({state for each in plans for state in states(each)})
    lines.append(f"{len(plans)} walks, {steps} steps, {distinct} distinct states, {len(found)} found something")
    return "\n".join(lines)


def _keep(found: dict[int, str]) -> None:
    """Add what found something to the usual walks."""
    with SEEDS.open("a", encoding="utf-8") as file:
        for seed, seen in found.items():
            if seed not in usual_seeds():
                file.write(f"{seed}  # found: {seen.splitlines()[0][:80]}\n")
    print(f"kept in {SEEDS.relative_to(Path.cwd())}" if SEEDS.is_relative_to(Path.cwd()) else f"kept in {SEEDS}")


def _choose(count: int) -> int:
    chosen = choose(count, range(1, 1000))
    SEEDS.write_text("".join(f"{seed}\n" for seed in chosen), encoding="utf-8")
    print(f"written: {SEEDS}: {', '.join(map(str, chosen))}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.walks", description=__doc__, allow_abbrev=False)
    parser.add_argument("--minutes", type=float, default=1.0, metavar="N", help="how long to begin new walks (1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="simulators at a time")
    parser.add_argument("--seed", type=int, default=random.randrange(_LARGEST), metavar="N", help="repeat the same")
    parser.add_argument("--stop", action="store_true", help="end when something was found")
    parser.add_argument("--choose", type=int, metavar="N", help="choose N usual walks that reach much, and end")
    return parser


if __name__ == "__main__":
    matrices.run(main)
