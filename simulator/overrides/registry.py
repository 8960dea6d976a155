"""Named replacements of single decisions.

Faults break one documented behaviour, quirks are what real releases do, variations what correct ones may show as well.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import starmap
from pathlib import Path
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
    name: str, *, breaks: str | tuple[str, ...], decision: str, says: str, summary: str = ""
) -> Callable[[Replacement], Fault]:
    """Make a fault of one override from a function `f(original, *args)`; without `summary` its docstring is that."""

    def make(replace: Replacement) -> Fault:
        said = summary or _summary(name, replace)
        clauses = (breaks,) if isinstance(breaks, str) else breaks
        return Fault(name, clauses, says, said, (Override(name, decision, replace, said),))

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

    A fault that replaces several decisions has overrides of its name beside it. Raises OverrideError for a name that
    two faults have, and for an override without its fault.
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
        more = [value for value in held if isinstance(value, Override)]
        for each in own:
            if each.name in found:
                raise OverrideError(f"two {noun}s are named {each.name!r}")
            also = tuple(change for change in more if change.name == each.name)
            found[each.name] = replace(each, overrides=each.overrides + also)
        if stray := {change.name for change in more} - {each.name for each in own}:
            raise OverrideError(f"module {subject} overrides for a {noun} {min(stray)!r} that it does not define")
    return found


def _constant_fault(name: str, said: dict[str, Any]) -> Fault:
    return Fault(name, tuple(said["breaks"].split()), said["says"], said["summary"], _constants(name, said))


def _constant_variation(name: str, said: dict[str, Any]) -> Variation:
    return Variation(name, said["summary"], _constants(name, said))


def _constants(name: str, said: dict[str, Any]) -> tuple[Override, ...]:
    answers = {said["decision"]: said["answer"], **said.get("also", {})}
    return tuple(Override(name, each, always(answer), said["summary"]) for each, answer in answers.items())


def _summary(name: str, replace: Replacement) -> str:
    text = inspect.getdoc(replace)
    if not text:
        raise OverrideError(f"{name}: the replacement needs a docstring that says what it does")
    return " ".join(text.split("\n\n")[0].split())
