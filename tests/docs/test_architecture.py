"""The page on the architecture: its rooms, storeys and modules are those of the code."""

import re
import tomllib
from itertools import pairwise

import pytest

from tools import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


def listed(heading: str) -> list[set[str]]:
    """The names in the first cells of the table under a heading, row by row."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [set(re.findall(r"`(\w+)`", row.split(" | ")[0])) for row in section.splitlines() if row.startswith("| `")]


def test_rooms_are_those_of_the_contract() -> None:
    """In that order, from the top."""
    (layers,) = [each["layers"] for each in CONTRACTS if each.get("containers") == ["fixtures"]]

    assert listed("The rooms of `fixtures/`") == [set(re.split(r"\W+", layer)) for layer in layers]


def test_storeys_are_those_of_the_contract() -> None:
    """In that order, from the top; a row may hold several."""
    (layers,) = [each["layers"] for each in CONTRACTS if each.get("containers") == ["simulator"]]
    order = [set(re.split(r"\W+", layer)) for layer in layers]
    rows = listed("The storeys of `simulator/`")

    assert set().union(*rows) == set().union(*order)
    position = {name: index for index, names in enumerate(order) for name in names}
    for above, below in pairwise(rows):
        assert max(position[name] for name in above) < min(position[name] for name in below)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"[\w/]+\.py\b", PAGE))))
def test_modules_exist(name: str) -> None:
    """Every module of the pictures; those of the simulator's are written without its name."""
    assert (ROOT / name).exists() or (ROOT / "simulator" / name).exists()
