"""A recording in normal form: which writes a client saw, in order, and what it noted at each step.

A write is one revision of one object: the leaves that changed and the leaves that went. An object's first write
holds all its leaves. Leaves are addressed by dotted path (`status.conditions[Restore].status`); their values are
JSON scalars, `{}` and `[]` standing for emptiness. The normal form is kept in `recordings/<release>/<scenario>.json`,
one line a write, so that it can be read and compared by eye.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Leaf = str | int | float | bool | None
Leaves = dict[str, Leaf]

NEWEST = "1.12.1"
"""The newest release that was recorded."""


@dataclass(frozen=True)
class Write:
    """`subject` is `<kind> <name>`; `verb` is ADDED, MODIFIED or DELETED; `removed` are the paths taken away.

    `at` is when the client saw it, in seconds of the cluster since the scenario began.
    """

    subject: str
    verb: str
    changed: Mapping[str, Leaf]
    removed: tuple[str, ...] = ()
    at: float = 0.0

    @property
    def kind(self) -> str:
        return self.subject.partition(" ")[0]

    @property
    def name(self) -> str:
        return self.subject.partition(" ")[2]


@dataclass(frozen=True)
class Recording:
    """Writes in the order of their revisions, and the client's notes as leaves.

    Only the first `settled` writes had time to be followed by what they lead to: the client left soon after the others.
    """

    scenario: str
    writes: tuple[Write, ...]
    notes: Mapping[str, Leaf]
    settled: int
    release: str = NEWEST

    @property
    def label(self) -> str:
        """`<release>/<scenario>`."""
        return f"{self.release}/{self.scenario}"

    def subjects(self) -> dict[str, list[Write]]:
        """Each object's writes, objects in order of appearance."""
        found: dict[str, list[Write]] = {}
        for write in self.writes:
            found.setdefault(write.subject, []).append(write)
        return found


def leaves(value: object, path: str = "") -> Iterator[tuple[str, Leaf]]:
    """Every scalar in `value` with its path. Lists of named things are addressed by that name, others by position."""
    if isinstance(value, Mapping):
        if not value:
            yield path, "{}"
        for key, child in value.items():
            yield from leaves(child, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        if not value:
            yield path, "[]"
        for index, child in enumerate(value):
            yield from leaves(child, f"{path}[{_identity(child, index)}]")
    elif value is None or isinstance(value, str | int | float | bool):
        yield path, value
    else:
        raise TypeError(f"{path}: {type(value).__name__} is no JSON")


def _identity(item: object, index: int) -> str:
    if isinstance(item, Mapping):
        if "type" in item and "status" in item:
            return str(item["type"])
        for key in ("name", "podName", "Offset"):
            if key in item:
                return str(item[key])
    return str(index)


def differences(before: Mapping[str, Leaf], after: Mapping[str, Leaf]) -> tuple[Leaves, tuple[str, ...]]:
    """What must be set and what must be removed to make `after` of `before`."""
    absent = object()
    changed = {path: value for path, value in after.items() if _differs(before.get(path, absent), value)}
    return changed, tuple(path for path in before if path not in after)


def _differs(one: object, other: object) -> bool:
    return type(one) is not type(other) or one != other


def dump(recording: Recording) -> str:
    """The readable file: one line a note, one line a write."""

    def line(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False)

    notes = ",\n".join(f"  {line(key)}: {line(value)}" for key, value in recording.notes.items())
    writes = ",\n".join(
        "  " + line([w.at, w.verb, w.subject, dict(w.changed), *([list(w.removed)] if w.removed else [])])
        for w in recording.writes
    )
    return (
        f'{{\n "release": {line(recording.release)},\n "scenario": {line(recording.scenario)},\n'
        f' "settled": {recording.settled},\n'
        f' "notes": {{\n{notes}\n }},\n "writes": [\n{writes}\n ]\n}}\n'
    )


def load(path: Path) -> Recording:
    """Reads what `dump` wrote."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return Recording(data["scenario"], tuple(_writes(data["writes"])), data["notes"], data["settled"], data["release"])


def _writes(rows: Iterable[list[Any]]) -> Iterator[Write]:
    for at, verb, subject, changed, *removed in rows:
        yield Write(subject, verb, changed, tuple(removed[0]) if removed else (), at)
