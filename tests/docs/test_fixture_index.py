"""The index of fixtures in docs/fixtures.md."""

from tools import ROOT
from tools.fixture_index import DOCUMENT, indexed, modules, rows, updated


def test_index_is_up_to_date() -> None:
    """Each fixture stands there as its code says, and nothing else does."""
    text = DOCUMENT.read_text(encoding="utf-8")

    assert text == updated(text), "run `python -m tools.fixture_index`"


def test_index_covers_every_module() -> None:
    """No module with fixtures is left out."""
    assert sorted(indexed(DOCUMENT.read_text(encoding="utf-8"))) == sorted(modules())


def test_fixtures_are_described() -> None:
    """Each says what it gives, by type and in words."""
    for module in modules():
        for row in rows(ROOT / module):
            assert "``" not in row, row
            assert not row.endswith("|  |"), row
