"""Named replacements of single decisions.

Faults break one documented behaviour, quirks are what real releases do, variations what correct ones may show as well.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from simulator.kubernetes.definitions import read
from simulator.overrides.override_counts import OverrideCount, counted

Replacement = Callable[..., Any]
"""Called with the original (bound) method and then its arguments; returns the new answer."""


class OverrideError(Exception):
    """An override that does not fit: no such decision, fault or release, or a name given twice."""


@dataclass(frozen=True)
class Override:
    """Another answer to one decision.

    `decision` is `<storey>.<method>`, the storeys being `kubernetes`, `csi`, `longhorn`, `backing_images` and
    `backupstore`, the folders that hold the decisions.
    """

    name: str
    decision: str
    replace: Replacement
    summary: str


@dataclass(frozen=True)
class Fault:
    """A deliberate break of documented behaviour.

    `breaks` holds the ids of the clauses that must notice it; `says` is a regular expression for the reason that the
    failing test gives.
    """

    name: str
    breaks: tuple[str, ...]
    says: str
    summary: str
    overrides: tuple[Override, ...]


@dataclass(frozen=True)
class Variation:
    """What a correct Longhorn, cluster or store may show as well; no verdict may change under it."""

    name: str
    summary: str
    overrides: tuple[Override, ...]


Named = TypeVar("Named", Fault, Variation)


def override(name: str, *, decision: str, summary: str = "") -> Callable[[Replacement], Override]:
    """Make an override of `decision` from a function `f(original, *args)`; without `summary` its docstring is that."""

    def make(replace: Replacement) -> Override:
        return Override(name, decision, replace, summary or _summary(name, replace))

    return make


def fault(
    name: str,
    *,
    breaks: str | tuple[str, ...],
    decision: str,
    says: str,
    summary: str = "",
    also: Mapping[str, Replacement] = MappingProxyType({}),
) -> Callable[[Replacement], Fault]:
    """Make a fault from a function `f(original, *args)`; without `summary` its docstring is that.

    `breaks` may be a text with the clauses separated by blanks; `also` has further decisions with their replacements.
    """

    def make(replace: Replacement) -> Fault:
        said = summary or _summary(name, replace)
        clauses = tuple(breaks.split()) if isinstance(breaks, str) else breaks
        replaced = {decision: replace, **also}.items()
        return Fault(name, clauses, says, said, tuple(Override(name, each, put, said) for each, put in replaced))

    return make


def variation(name: str, *, decision: str, summary: str = "") -> Callable[[Replacement], Variation]:
    """Make a variation of one override, as `fault` does."""

    def make(replace: Replacement) -> Variation:
        said = summary or _summary(name, replace)
        return Variation(name, said, (Override(name, decision, replace, said),))

    return make


def always(answer: object) -> Replacement:
    """The replacement that gives one answer, whatever is asked."""
    return lambda original, *args, **named: answer  # noqa: ARG005


def changed(change: Callable[[Any], object]) -> Replacement:
    """The replacement that makes something else of the answer."""
    return lambda original, *args, **named: change(original(*args, **named))


def apply(decisions: Mapping[str, object], overrides: Iterable[Override]) -> dict[str, OverrideCount]:
    """Put each override in the place of the method that it names; a later one wraps an earlier one.

    `decisions` maps a storey to its decisions object. Returns counters, by the overrides' names, of their calls
    from now on. Raises OverrideError for an unknown storey or method.
    """
    counts: dict[str, OverrideCount] = {}
    for change in overrides:
        storey, _, method = change.decision.partition(".")
        target = decisions.get(storey)
        if target is None:
            known = ", ".join(sorted(decisions))
            raise OverrideError(f"{change.name}: there is no storey {storey!r} in {change.decision!r} (known: {known})")
        if method.startswith("_") or not inspect.isfunction(getattr(type(target), method, None)):
            raise OverrideError(f"{change.name}: {type(target).__name__} takes no decision {method!r}")
        count = counts.setdefault(change.name, OverrideCount())
        setattr(target, method, counted(change.replace, getattr(target, method), count))
    return counts


def faults(collection: str = "simulator.overrides.faults") -> dict[str, Fault]:
    """Every fault, by name: the Fault objects in the modules of the package `collection`, and those in its YAML files.

    Raises OverrideError for a name that two faults have, and for an override that belongs to no fault.
    """
    return _collected(collection, Fault, _constant_fault)


def variations(collection: str = "simulator.overrides.variations") -> dict[str, Variation]:
    """Every variation, by name, kept and found as faults are."""
    return _collected(collection, Variation, _constant_variation)


def _collected(
    collection: str, kind: type[Named], constant: Callable[[str, dict[str, Any]], Named]
) -> dict[str, Named]:
    package, noun = importlib.import_module(collection), kind.__name__.lower()
    modules = {entry.name for entry in pkgutil.iter_modules(package.__path__)}
    files = {path.stem: path for path in Path(package.__path__[0]).glob("*.yaml")}
    found: dict[str, Named] = {}
    for subject in sorted(modules | files.keys()):
        held = vars(importlib.import_module(f"{package.__name__}.{subject}")).values() if subject in modules else ()
        own = [value for value in held if isinstance(value, kind)]
        own += starmap(constant, read(files[subject]).items() if subject in files else ())
        for each in own:
            if each.name in found:
                raise OverrideError(f"two {noun}s are named {each.name!r}")
            found[each.name] = each
        if stray := [value.name for value in held if isinstance(value, Override)]:
            raise OverrideError(f"module {subject} has an override {stray[0]!r} that belongs to no {noun}")
    return found


def _constant_fault(name: str, said: dict[str, Any]) -> Fault:
    given = {"also": {}, **said}
    plus, further = given.pop("plus", None), given.pop("also")
    replace = always(given.pop("answer")) if plus is None else changed(lambda right: right + plus)
    return fault(name, also={decision: always(each) for decision, each in further.items()}, **given)(replace)


def _constant_variation(name: str, said: dict[str, Any]) -> Variation:
    answers = {said["decision"]: said["answer"], **said.get("also", {})}
    overrides = (Override(name, each, always(answer), said["summary"]) for each, answer in answers.items())
    return Variation(name, said["summary"], tuple(overrides))


def _summary(name: str, replace: Replacement) -> str:
    text = inspect.getdoc(replace)
    if not text:
        raise OverrideError(f"{name}: the replacement needs a docstring that says what it does")
    return " ".join(text.split("\n\n")[0].split())
