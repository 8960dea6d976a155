"""Which tests are run on a faulty simulator.

The tests of the clauses that the fault breaks, and the tests that cost almost nothing beside them, because they only
read the same scenarios. A test that creates something (a volume, a VolumeSnapshot, a claim) costs as much as the
fault's own tests, and only runs with `--all-tests`.
"""

import inspect
from collections.abc import Sequence

import pytest

MAKERS = frozenset({"existing", "make_namespace", "namespace", "object_store", "steps", "workloads"})
"""The fixtures with which a test creates something."""

PREPARED = frozenset({"applicable_clauses", "request"})


class Selection:
    """A pytest plugin that keeps the tests that concern a fault; `faults` are the clauses that each of them breaks."""

    def __init__(self, faults: Sequence[Sequence[str]]) -> None:
        self._faults = tuple(frozenset(clauses) for clauses in faults)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        chosen = set[pytest.Item]().union(*(concerned(items, clauses) for clauses in self._faults))
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = [item for item in items if item in chosen]


def concerned(items: Sequence[pytest.Item], clauses: frozenset[str]) -> set[pytest.Item]:
    """The tests of these clauses, and those that only read the same scenarios."""
    own = {item for item in items if clauses & clauses_of(item)}
    shared = PREPARED.union(*(fixtures_of(item) for item in own))
    return own | {item for item in items if fixtures_of(item) <= shared and only_reads(item)}


def clauses_of(item: pytest.Item) -> frozenset[str]:
    """The clauses that a test verifies."""
    return frozenset(name for mark in item.iter_markers("clause") for name in mark.args)


def fixtures_of(item: pytest.Item) -> frozenset[str]:
    """All fixtures of a test, including those of its fixtures."""
    names: list[str] = getattr(item, "fixturenames", [])
    return frozenset(names)


def only_reads(item: pytest.Item) -> bool:
    """Whether a test takes no fixture that creates something."""
    function = getattr(item, "function", None)
    return function is not None and MAKERS.isdisjoint(inspect.signature(function).parameters)
