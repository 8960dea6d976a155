"""Which tests the kill matrix runs for a fault."""

import re

import pytest

from tools import ROOT
from tools.faults.selection import MAKERS


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_the_fixtures_that_create_something_exist(name: str) -> None:
    """After a fixture is renamed, a test that takes it would run for every fault."""
    sources = [path.read_text() for folder in ("conformance", "fixtures") for path in (ROOT / folder).rglob("*.py")]

    assert any(re.search(rf"^@pytest\.fixture.*\n(async )?def {name}\(", text, re.MULTILINE) for text in sources)
