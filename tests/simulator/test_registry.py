"""Overrides: how they take the place of decisions, and that every fault and release fits."""

import asyncio
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.decisions import decisions
from simulator.options import parse
from simulator.overrides import releases
from simulator.overrides.override_counts import OverrideCount
from simulator.overrides.registry import OverrideError, apply, fault, faults, override


class Storey:
    """Decisions as a storey has them."""

    def colour(self, name: str) -> str:
        return f"green {name}"

    async def slow(self) -> int:
        return 1

    def _inner(self) -> int:
        return 0


def test_a_replacement_gets_the_original_and_the_arguments() -> None:
    @override("red", decision="house.colour")
    def red(original: Callable[[str], str], name: str) -> str:
        """Paints
        it red.

        More about it.
        """
        return f"red over {original(name)}"

    storey, other = Storey(), Storey()
    apply({"house": storey}, [red])

    assert storey.colour("door") == "red over green door"
    assert other.colour("door") == "green door"
    assert red.summary == "Paints it red."


def test_a_later_override_wraps_an_earlier_one() -> None:
    @override("one", decision="house.colour")
    def one(original: Callable[[str], str], name: str) -> str:
        """One."""
        return f"1({original(name)})"

    @override("two", decision="house.colour")
    def two(original: Callable[[str], str], name: str) -> str:
        """Two."""
        return f"2({original(name)})"

    storey = Storey()
    apply({"house": storey}, [one, two])
    assert storey.colour("x") == "2(1(green x))"


def test_an_asynchronous_decision_can_be_replaced() -> None:
    @override("double", decision="house.slow")
    async def double(original: Callable[[], "asyncio.Future[int]"]) -> int:
        """Doubles."""
        return 2 * await original()

    storey = Storey()
    apply({"house": storey}, [double])

    async def ask() -> int:
        return await storey.slow()

    assert asyncio.run(ask()) == 2


@pytest.mark.parametrize(
    ("decision", "text"),
    [
        ("garden.colour", "x: there is no storey 'garden' in 'garden.colour' (known: house)"),
        ("house.shape", "x: Storey takes no decision 'shape'"),
        ("house._inner", "x: Storey takes no decision '_inner'"),
        ("house", "x: Storey takes no decision ''"),
    ],
)
def test_an_override_that_does_not_fit_is_refused(decision: str, text: str) -> None:
    @override("x", decision=decision)
    def replacement(original: object) -> None:
        """Never asked."""

    with pytest.raises(OverrideError, match=f"^{re.escape(text)}$"):
        apply({"house": Storey()}, [replacement])


def test_a_replacement_must_say_what_it_does() -> None:
    with pytest.raises(OverrideError, match="needs a docstring"):
        fault("x", breaks="a.b", decision="house.colour", says="")(lambda _: None)


def test_an_unknown_release_names_the_known() -> None:
    with pytest.raises(OverrideError, match=r"unknown release '1\.0' \(known: .*1\.12\.1"):
        releases.release("1.0")


@pytest.mark.parametrize("name", sorted(faults()))
def test_every_fault_fits_its_decisions(name: str) -> None:
    known = faults()[name]
    made = decisions(parse(["--kubeconfig", "file", "--fault", name]))

    storeys = {"kubernetes", "machinery", "longhorn", "images", "backupstore"}
    replaced = [(storey, method) for storey in storeys for method in vars(getattr(made, storey)) if method != "version"]
    assert {f"{storey}.{method}" for storey, method in replaced} == {change.decision for change in known.overrides}
    assert made.override_counts == {name: OverrideCount(asked=0, changed=0)}
    assert known.breaks
    re.compile(known.says)


@pytest.mark.parametrize("version", sorted(releases.RELEASES))
def test_every_release_fits_its_decisions(version: str) -> None:
    made = decisions(parse(["--kubeconfig", "file", "--release", version]))
    assert made.longhorn.version.text == version


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty package for faults, `faultpackage`."""
    package = tmp_path / "faultpackage"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == package.name]:
        monkeypatch.delitem(sys.modules, name)
    return package


BOTH = """
from simulator.overrides.registry import fault, override


@fault("both", breaks="a", decision="house.colour", says="x")
def first(original, name):
    '''First.'''


@override("both", decision="house.slow")
def second(original):
    '''Second.'''
"""


def test_a_fault_may_replace_several_decisions(collection: Path) -> None:
    (collection / "one.py").write_text(BOTH)

    [known] = faults("faultpackage").values()

    assert (known.breaks, known.summary) == (("a",), "First.")
    assert [change.decision for change in known.overrides] == ["house.colour", "house.slow"]


def test_an_override_without_its_fault_is_refused(collection: Path) -> None:
    (collection / "one.py").write_text(BOTH.replace('override("both"', 'override("neither"'))

    with pytest.raises(OverrideError, match=r"an override of house\.slow names the unknown fault 'neither'"):
        faults("faultpackage")


@pytest.mark.parametrize("second", ["one.py", "two.py"], ids=["in-one-module", "in-two-modules"])
def test_two_faults_of_one_name_are_refused(second: str, collection: Path) -> None:
    (collection / "one.py").write_text(BOTH)
    with (collection / second).open("a") as module:
        module.write(BOTH.replace("def first", "def other"))

    with pytest.raises(OverrideError, match="two faults are named 'both'"):
        faults("faultpackage")
