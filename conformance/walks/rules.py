"""What users do: a rule for each kind of step, with the clauses by which its outcome is judged.

`choices` says to what a rule can be applied, `apply` what it makes of the volumes and VolumeSnapshots.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from conformance.walks.model import (
    BACKUP,
    CLAUSES,
    DELETE,
    EXPANDED,
    FIRST_DATA,
    IN_CLUSTER,
    MOST_SNAPSHOTS,
    MOST_VOLUMES,
    PATTERNS,
    RETAIN,
    SOURCE_DELETED,
    Model,
    Volume,
)
from fixtures.longhorn.volumes import SIZE


@dataclass(frozen=True)
class Step:
    """One thing that a user does: a rule by its name, what it makes, and to what it is applied."""

    rule: str
    made: tuple[str, ...]
    to: tuple[str, ...]

    def __str__(self) -> str:
        return RULES[self.rule].words.format(*self.made, *self.to)


Choices = Iterator[tuple[str, ...]]


@dataclass(frozen=True)
class Rule:
    """`makes` are the prefixes of the names that a step makes; `words` take these and then what it is applied to."""

    words: str
    makes: str
    choices: Callable[[Model], Choices]
    apply: Callable[..., object]
    clauses: Callable[..., Iterable[str]]
    weight: int = 1
    """How often it is chosen, compared with the others."""


def _none(model: Model, *names: str) -> Iterable[str]:
    del model, names
    return ()


def _room(model: Model, volumes: int = 0, snapshots: int = 0) -> bool:
    """Whether a walk may have so many more."""
    living = sum(1 for _ in model.ready())
    return len(model.volumes) + volumes <= MOST_VOLUMES and living + snapshots <= MOST_SNAPSHOTS


# A new volume, and writes


def _new_choices(model: Model) -> Choices:
    if _room(model, volumes=1):
        yield ()


def _new(model: Model, volume: str) -> None:
    model.volumes[volume] = Volume(((FIRST_DATA, volume),))


def _write_choices(model: Model) -> Choices:
    return ((volume, pattern) for volume in model.volumes for pattern in PATTERNS)


def _write(model: Model, volume: str, pattern: str) -> None:
    of = model.volumes[volume]
    model.volumes[volume] = replace(of, content=(*of.content, (pattern, f"{volume}-{len(of.content)}")))


def _volume_choices(model: Model) -> Choices:
    return ((volume,) for volume in model.volumes)


def _read_clauses(model: Model, volume: str) -> Iterable[str]:
    if model.volumes[volume].restored:
        yield model.clause_of(volume)


def _expand_choices(model: Model) -> Choices:
    return ((name,) for name, each in model.volumes.items() if each.size == SIZE and not each.base)


def _expand(model: Model, volume: str) -> None:
    model.volumes[volume] = replace(model.volumes[volume], size=2 * SIZE)


# VolumeSnapshots


def _snap_choices(model: Model) -> Choices:
    if _room(model, snapshots=1):
        for volume in model.volumes:
            for type_ in model.types:
                yield from ((volume, type_, policy) for policy in (DELETE, RETAIN))


def _snap(model: Model, snapshot: str, volume: str, type_: str, policy: str) -> None:
    model.snap(snapshot, type_, volume, policy)


def _snap_clauses(model: Model, snapshot: str, volume: str, type_: str, policy: str) -> Iterable[str]:
    del model, snapshot, volume, policy
    return CLAUSES[type_].ready, CLAUSES[type_].content


def _two_choices(model: Model) -> Choices:
    if _room(model, snapshots=2):
        yield from ((volume,) for volume in model.volumes)


def _two(model: Model, one: str, two: str, volume: str) -> None:
    for each in one, two:
        model.snap(each, BACKUP, volume, DELETE)


def _two_clauses(model: Model, one: str, two: str, volume: str) -> Iterable[str]:
    del model, one, two, volume
    return CLAUSES[BACKUP].ready, CLAUSES[BACKUP].content


def _again_choices(model: Model) -> Choices:
    if _room(model, snapshots=1):
        taken = {each.called for _, each in model.ready()}
        free = [name for name, each in model.snapshots.items() if not each.there and each.called not in taken]
        yield from ((volume, earlier) for volume in model.volumes for earlier in free)


def _again(model: Model, snapshot: str, volume: str, earlier: str) -> None:
    model.snap(snapshot, BACKUP, volume, DELETE, model.snapshots[earlier].called)


def _again_clauses(model: Model, snapshot: str, volume: str, earlier: str) -> Iterable[str]:
    return _two_clauses(model, snapshot, earlier, volume)


def _give_up_choices(model: Model) -> Choices:
    return ((volume, type_) for volume in model.volumes for type_ in model.types if type_ != IN_CLUSTER)


def _give_up(model: Model, volume: str, type_: str) -> None:
    del volume
    model.class_of(type_, DELETE)


def _give_up_clauses(model: Model, volume: str, type_: str) -> Iterable[str]:
    del model, volume
    yield CLAUSES[type_].deleted


# Restores


def _restore_choices(model: Model) -> Choices:
    if _room(model, volumes=1):
        needed = {name: {each.data, each.base} - {""} for name, each in model.ready()}
        yield from ((name,) for name, data in needed.items() if data <= model.data)


def _restore(model: Model, volume: str, snapshot: str) -> None:
    model.restore(volume, snapshot)


def _restore_clauses(model: Model, volume: str, snapshot: str) -> Iterable[str]:
    del volume
    of = model.snapshots[snapshot]
    source = model.volumes.get(of.volume)
    has_grown = source is not None and source.size > of.size
    yield EXPANDED[of.type] if has_grown and of.type in EXPANDED else CLAUSES[of.type].restored


def _restore_two_choices(model: Model) -> Choices:
    return _restore_choices(model) if _room(model, volumes=2) else iter(())


def _restore_two(model: Model, one: str, two: str, snapshot: str) -> None:
    for each in one, two:
        model.restore(each, snapshot)


def _restore_two_clauses(model: Model, one: str, two: str, snapshot: str) -> Iterable[str]:
    return _restore_clauses(model, one + two, snapshot)


# Deletions


def _delete_choices(model: Model) -> Choices:
    # The deletion of an image in use waits for its volumes, which a test of its own is about.
    return ((name,) for name, each in model.ready() if not (each.policy == DELETE and model.used(each.data)))


def _delete(model: Model, snapshot: str) -> None:
    of = model.snapshots[snapshot]
    model.snapshots[snapshot] = replace(of, there=False, bound=of.policy == RETAIN)
    if of.policy == DELETE:
        model.data.discard(of.data)


def _delete_clauses(model: Model, snapshot: str) -> Iterable[str]:
    of = model.snapshots[snapshot]
    clauses = CLAUSES[of.type]
    if of.data not in model.data:
        yield SOURCE_DELETED
    else:
        yield clauses.deleted if of.policy == DELETE else clauses.retained
    yield clauses.others


def _release_choices(model: Model) -> Choices:
    return ((name,) for name, each in model.snapshots.items() if each.bound and not each.there)


def _release(model: Model, snapshot: str) -> None:
    model.snapshots[snapshot] = replace(model.snapshots[snapshot], bound=False)


def _release_clauses(model: Model, snapshot: str) -> Iterable[str]:
    yield CLAUSES[model.snapshots[snapshot].type].retained


def _use_again_choices(model: Model) -> Choices:
    if not _room(model, snapshots=1):
        return
    in_use = {each.data for each in model.snapshots.values() if each.there}
    for name, each in model.snapshots.items():
        if each.data in model.data - in_use and each.data == name:
            yield from ((name, policy) for policy in (DELETE, RETAIN))


def _use_again(model: Model, snapshot: str, earlier: str, policy: str) -> None:
    again = replace(model.snapshots[earlier], policy=policy, class_="", called=snapshot, there=True, bound=True)
    model.snapshots[snapshot] = again


def _use_again_clauses(model: Model, snapshot: str, earlier: str, policy: str) -> Iterable[str]:
    del snapshot, policy
    yield CLAUSES[model.snapshots[earlier].type].used_again


def _delete_volume(model: Model, volume: str) -> None:
    del model.volumes[volume]
    model.data -= {each.data for each in model.snapshots.values() if each.type == IN_CLUSTER and each.volume == volume}


def _delete_class_choices(model: Model) -> Choices:
    in_use = {each.class_ for _, each in model.ready()}
    return (kind for kind, name in model.classes.items() if name in in_use)


def _delete_class(model: Model, type_: str, policy: str) -> None:
    del model.classes[type_, policy]


RULES: Mapping[str, Rule] = {
    "new": Rule("Make a volume {0} with data.", "v", _new_choices, _new, _none),
    "write": Rule("Write {1} {0}.", "", _write_choices, _write, _none, 4),
    "read": Rule("Read {0}.", "", _volume_choices, _none, _read_clauses),
    "expand": Rule("Expand {0} to twice its size.", "", _expand_choices, _expand, _none),
    "snap": Rule("Take a VolumeSnapshot {0} of {1}, type {2}, {3}.", "s", _snap_choices, _snap, _snap_clauses, 5),
    "snap two": Rule(
        "Take the VolumeSnapshots {0} and {1} of {2} at once, type bak.", "ss", _two_choices, _two, _two_clauses
    ),
    "snap again": Rule(
        "Take a VolumeSnapshot {0} of {1}, type bak, which has the name that {2} had.",
        "s",
        _again_choices,
        _again,
        _again_clauses,
        4,
    ),
    "give up": Rule(
        "Take a VolumeSnapshot of {0}, type {1}, and delete it once it has its handle.",
        "",
        _give_up_choices,
        _give_up,
        _give_up_clauses,
    ),
    "restore": Rule("Restore {1} as {0}.", "v", _restore_choices, _restore, _restore_clauses, 4),
    "restore two": Rule(
        "Restore {2} twice at once, as {0} and {1}.", "vv", _restore_two_choices, _restore_two, _restore_two_clauses
    ),
    "delete": Rule("Delete the VolumeSnapshot {0}.", "", _delete_choices, _delete, _delete_clauses, 5),
    "release": Rule("Delete the content that {0} left behind.", "", _release_choices, _release, _release_clauses, 6),
    "use again": Rule(
        "Make a content and a VolumeSnapshot {0} for the handle that {1} had, {2}.",
        "s",
        _use_again_choices,
        _use_again,
        _use_again_clauses,
        6,
    ),
    "delete volume": Rule("Delete the claim {0}.", "", _volume_choices, _delete_volume, _none),
    "delete class": Rule(
        "Delete the VolumeSnapshotClass of type {0} and policy {1}.", "", _delete_class_choices, _delete_class, _none
    ),
}


def possible(model: Model) -> dict[str, list[tuple[str, ...]]]:
    """To what each rule can be applied now; rules that have nothing are left out."""
    found = {name: list(rule.choices(model)) for name, rule in RULES.items()}
    return {name: choices for name, choices in found.items() if choices}


def can(model: Model, step: Step) -> bool:
    """Whether a step is possible now; a sequence from which steps were taken may have lost what it needs."""
    return step.to in list(RULES[step.rule].choices(model)) and not {*step.made} & {*model.volumes, *model.snapshots}


def apply(model: Model, step: Step) -> None:
    """What is there after a step."""
    RULES[step.rule].apply(model, *step.made, *step.to)


def clauses(model: Model, step: Step) -> tuple[str, ...]:
    """The clauses by which the outcome of a step is judged, asked before it is applied."""
    return tuple(RULES[step.rule].clauses(model, *step.made, *step.to))
