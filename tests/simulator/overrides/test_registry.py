"""Overrides: how they take the place of decisions, and that every fault and release fits."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from yaml import YAMLError

from simulator.decisions import decisions
from simulator.options import UsageError, parse
from simulator.overrides import occasional, releases
from simulator.overrides.override_counts import OverrideCount
from simulator.overrides.registry import Override, OverrideError, apply, fault, faults, override, variations

STOREYS = ("kubernetes", "csi", "longhorn", "backing_images", "backupstore", "s3", "timing")


class Storey:
    """Decisions as a storey has them."""

    def colour(self, name: str) -> str:
        return f"green {name}"

    def shape(self) -> str:
        return "square"

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
    def numbered(number: int) -> Override:
        @override("numbered", decision="house.colour")
        def replacement(original: Callable[[str], str], name: str) -> str:
            """Adds a number."""
            return f"{number}({original(name)})"

        return replacement

    storey = Storey()
    apply({"house": storey}, [numbered(1), numbered(2)])
    assert storey.colour("x") == "2(1(green x))"


@pytest.mark.parametrize(
    ("decision", "text"),
    [
        ("garden.colour", "x: there is no storey 'garden' in 'garden.colour' (known: house)"),
        ("house.size", "x: Storey takes no decision 'size'"),
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

    replaced = [(storey, method) for storey in STOREYS for method in vars(getattr(made, storey)) if method != "version"]
    assert {f"{storey}.{method}" for storey, method in replaced} == {change.decision for change in known.overrides}
    assert made.override_counts == {name: OverrideCount(asked=0, changed=0)}
    assert known.breaks
    re.compile(known.says)


@pytest.mark.parametrize("name", sorted(variations()))
def test_every_variation_fits_its_decisions(name: str) -> None:
    known = variations()[name]
    made = decisions(parse(["--kubeconfig", "file", "--variation", name]))

    replaced = [(storey, method) for storey in STOREYS for method in vars(getattr(made, storey)) if method != "version"]
    assert {f"{storey}.{method}" for storey, method in replaced} == {change.decision for change in known.overrides}
    assert made.override_counts == {name: OverrideCount(asked=0, changed=0)}


def test_chaos_has_its_own_timing() -> None:
    with pytest.raises(UsageError, match="--chaos has a timing of its own"):
        decisions(parse(["--kubeconfig", "file", "--variation", "events-late", "--chaos", "1"]))


@pytest.mark.parametrize("version", sorted(releases.RELEASES))
def test_every_release_fits_its_decisions(version: str) -> None:
    made = decisions(parse(["--kubeconfig", "file", "--release", version]))
    assert made.longhorn.version.text == version


def test_every_decision_has_an_override() -> None:
    """A decision that nothing replaces is a detour: the plain code says it."""
    made = decisions(parse(["--kubeconfig", "file"]))
    taken = {
        f"{storey}.{name}"
        for storey in STOREYS
        for name, method in vars(type(getattr(made, storey))).items()
        if inspect.isfunction(method) and not name.startswith("_")
    }
    changes = [*(fault.overrides for fault in faults().values()), *releases.RELEASES.values()]
    changes += [variation.overrides for variation in variations().values()]
    changes.append(tuple(occasional.QUIRKS.values()))

    taken.remove("timing.watch_broke")  # tells of something and decides nothing
    assert taken - {change.decision for overrides in changes for change in overrides} == set()


Package = Callable[..., str]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """Makes a package of these modules of faults; returns its name."""

    def make(**modules: str) -> str:
        folder = tmp_path / f"faults_{tmp_path.name}"
        folder.mkdir()
        for name, source in {"__init__": "", **modules}.items():
            (folder / f"{name}.py").write_text(f"from simulator.overrides.registry import fault, override\n\n{source}")
        return folder.name

    monkeypatch.syspath_prepend(tmp_path)
    return make


FIRST = """
@fault("both", breaks="a b", decision="house.colour", says="x", also={"house.shape": lambda original: "round"})
def first(original, name):
    '''First.'''
"""
OTHER = """
@fault("both", breaks="b", decision="house.shape", says="y")
def other(original):
    '''Other.'''
"""
MORE = """
@override("both", decision="house.shape")
def more(original):
    '''More.'''
"""


def test_a_fault_may_replace_several_decisions(package: Package) -> None:
    [known] = faults(package(one=FIRST)).values()

    assert (known.breaks, known.summary) == (("a", "b"), "First.")
    assert [change.decision for change in known.overrides] == ["house.colour", "house.shape"]


@pytest.mark.parametrize("modules", [{"one": FIRST + OTHER}, {"one": FIRST, "two": OTHER}], ids=["one", "two"])
def test_two_faults_of_one_name_are_refused(modules: dict[str, str], package: Package) -> None:
    with pytest.raises(OverrideError, match="two faults are named 'both'"):
        faults(package(**modules))


def test_an_override_without_a_fault_is_refused(package: Package) -> None:
    with pytest.raises(OverrideError, match="module two has an override 'both' that belongs to no fault"):
        faults(package(one=FIRST, two=MORE))


ENTRY = "both: {breaks: a b, decision: house.colour, answer: red, says: x, summary: Red., also: {house.shape: false}}\n"


def test_a_fault_with_constant_answers_is_an_entry_of_a_file(package: Package, tmp_path: Path) -> None:
    name = package()
    (tmp_path / name / "constant.yaml").write_text(ENTRY)

    [known] = faults(name).values()

    assert (known.breaks, known.says, known.summary) == (("a", "b"), "x", "Red.")
    assert {change.decision: change.replace(None, "sky") for change in known.overrides} == {
        "house.colour": "red",
        "house.shape": False,
    }


def test_a_fault_that_adds_to_the_right_answer_is_an_entry_too(package: Package, tmp_path: Path) -> None:
    name = package()
    (tmp_path / name / "constant.yaml").write_text(ENTRY.replace("answer: red", "plus: -red"))

    [known] = faults(name).values()

    assert [change.replace(lambda _: "sky", "door") for change in known.overrides] == ["sky-red", False]


@pytest.mark.parametrize("modules", [{"one": FIRST}, {"constant": FIRST}], ids=["one", "constant"])
def test_a_fault_of_a_file_and_one_of_a_module_with_one_name_are_refused(
    modules: dict[str, str], package: Package, tmp_path: Path
) -> None:
    name = package(**modules)
    (tmp_path / name / "constant.yaml").write_text(ENTRY)

    with pytest.raises(OverrideError, match="two faults are named 'both'"):
        faults(name)


def test_two_entries_of_one_name_in_a_file_are_refused(package: Package, tmp_path: Path) -> None:
    name = package()
    (tmp_path / name / "constant.yaml").write_text(ENTRY + ENTRY)

    with pytest.raises(YAMLError, match="two entries are named 'both'"):
        faults(name)
