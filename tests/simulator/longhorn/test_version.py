"""What the objects of one Longhorn version have, and those of another have not."""

import pytest

from simulator.longhorn.version import Version

SPEC = {"size": "1", "dataLayout": {}, "engineNodeID": "", "rebuildConcurrentSyncLimit": 0}


@pytest.mark.parametrize(
    ("version", "kept"),
    [
        ("1.10.2", {"size"}),
        ("1.11.0", {"size", "rebuildConcurrentSyncLimit"}),
        ("1.12.0", {"size", "rebuildConcurrentSyncLimit", "engineNodeID"}),
        ("1.12.1", set(SPEC)),
    ],
)
def test_newer_fields_are_left_out(version: str, kept: set[str]) -> None:
    """A spec or a status has no field that came with a later version."""
    assert Version.parse(version).fields(SPEC).keys() == kept
