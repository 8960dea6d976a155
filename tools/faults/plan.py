"""Which faults are run, on which documented version, and which clauses must be hit there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fixtures.catalogue.clauses import DOCUMENTED, Catalogue
from simulator.overrides.registry import Fault


class PlanError(Exception):
    """A fault that breaks a clause which is not in the catalogue."""


@dataclass(frozen=True)
class Case:
    """A fault in a simulator of one documented version ("" is its newest), and its clauses that must be hit there."""

    fault: Fault
    version: str
    clauses: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.fault.name}@{self.version}" if self.version else self.fault.name


def cases(catalogue: Catalogue, faults: Mapping[str, Fault]) -> Iterator[Case]:
    """Each fault with the newest version of each clause that it breaks. Raises PlanError."""
    clauses = catalogue.by_id()
    for fault in faults.values():
        unknown = [name for name in fault.breaks if name not in clauses]
        if unknown:
            raise PlanError(f"fault {fault.name} breaks an unknown clause {unknown[0]!r}")
        broken = [clauses[name] for name in fault.breaks]
        for last in sorted({clause.until or DOCUMENTED[-1] for clause in broken}):
            applicable = tuple(clause.id for clause in broken if not clause.why_not_applicable(last))
            yield Case(fault, "" if last == DOCUMENTED[-1] else str(last), applicable)


def without_fault(catalogue: Catalogue, faults: Mapping[str, Fault]) -> list[str]:
    """The testable clauses that no fault breaks."""
    broken = {name for fault in faults.values() for name in fault.breaks}
    return [clause.id for clause in catalogue.by_id().values() if not clause.untestable and clause.id not in broken]
