"""Every testable clause has a fault. The kill matrix itself is `tox -e faults`."""

from fixtures.catalogue.clauses import load
from simulator.overrides.registry import faults
from tools import ROOT
from tools.faults.plan import without_fault


def test_each_testable_clause_has_a_fault() -> None:
    """Without one nobody knows that its tests can fail."""
    assert without_fault(load(ROOT / "conformance"), faults()) == []
