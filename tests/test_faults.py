"""The kill matrix: each fault of the simulator makes the suite report the clause that it breaks, for the right reason.

A fault is run in a process of its own, with the tests of the clauses that it breaks; with LSC_FAULTS=full with all
tests, and then no other clause may be hit.
"""

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fixtures.catalogue import DOCUMENTED, Catalogue, load
from simulator.overrides.registry import Fault, faults

ROOT = Path(__file__).parent.parent

BUDGET_SCALE = "0.15"
"""Of the budgets: what a fault keeps from happening is given up after a few seconds."""

FULL = os.environ.get("LSC_FAULTS") == "full"


@dataclass(frozen=True)
class Run:
    """A fault in a simulator of one documented version ("" is the newest), and the clauses that must be hit there."""

    fault: Fault
    version: str
    clauses: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.fault.name}@{self.version}" if self.version else self.fault.name


def verifying_tests() -> dict[str, list[str]]:
    """The conformance tests (as pytest takes them) by the clauses that they verify."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "conformance").glob("*/test_*.py")):
        where = path.relative_to(ROOT)
        module = importlib.import_module(".".join(where.with_suffix("").parts))
        for name, function in vars(module).items():
            for mark in getattr(function, "pytestmark", ()):
                if mark.name == "clause":
                    for clause in mark.args:
                        found.setdefault(clause, []).append(f"{where}::{name}")
    return found


def runs(catalogue: Catalogue) -> Iterator[Run]:
    """Each fault with the newest version of each clause that it breaks."""
    clauses = catalogue.by_id()
    for fault in faults().values():
        unknown = [name for name in fault.breaks if name not in clauses]
        if unknown:
            raise ValueError(f"fault {fault.name} breaks an unknown clause {unknown[0]!r}")
        broken = [clauses[name] for name in fault.breaks]
        for last in sorted({clause.until or DOCUMENTED[-1] for clause in broken}):
            applicable = tuple(clause.id for clause in broken if not clause.why_not_applicable(last))
            yield Run(fault, "" if last == DOCUMENTED[-1] else str(last), applicable)


CATALOGUE = load(ROOT / "conformance")
TESTS = verifying_tests()


def conformance(run: Run, report: Path) -> dict[str, Any]:
    """Run the suite on the faulty simulator; what it found out."""
    tests = ["conformance"] if FULL else sorted({test for name in run.clauses for test in TESTS[name]})
    options = ["--fault", run.fault.name, "--keep", "--budget-scale", BUDGET_SCALE, "--report-dir", str(report)]
    if run.version:
        options += ["--longhorn-version", run.version]
    command = [sys.executable, "-m", "pytest", *tests, *options, "-q", "-p", "no:xdist"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1, f"exit code {done.returncode}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    found: dict[str, Any] = json.loads((report / "conformance.json").read_text())
    return found


@pytest.mark.parametrize("run", tuple(runs(CATALOGUE)), ids=str)
def test_fault_is_noticed(run: Run, tmp_path: Path) -> None:
    """The clause that the fault breaks is violated, and the failing test says why."""
    results = {result["id"]: result for result in conformance(run, tmp_path)["clauses"]}

    for name in run.clauses:
        result = results[name]
        said = "\n".join(test["seen"] for test in result["tests"] if test["verdict"] == "violates")
        assert result["verdict"] == "violates", f"{name} is {result['verdict']}: {result['reason']}\n{said}"
        assert re.search(run.fault.says, said), f"{name} fails for another reason than {run.fault.says!r}:\n{said}"
    if FULL:
        hit = [name for name, result in results.items() if result["verdict"] == "violates"]
        assert set(hit) == set(run.clauses)


def test_each_verified_clause_has_a_fault() -> None:
    """No test is there that no fault turns red."""
    broken = {name for fault in faults().values() for name in fault.breaks}

    assert sorted(TESTS.keys() - broken) == []
