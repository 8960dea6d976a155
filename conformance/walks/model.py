"""The documentation as a model: what users do, what must be there afterwards, and which clause says so.

A walk is a list of steps. Each step follows a rule of this module: `choices` says to what it can be applied, `apply`
what it makes of the volumes and VolumeSnapshots, `clauses` by what documentation its outcome is judged. Nothing here
asks a cluster: what a walk expects is known before its first step. Names are those of the walk (v1, s2), no object's.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from fixtures.longhorn.volumes import (
    BLOCK,
    FIRST_AND_LAST_UNIT,
    OVERWRITES,
    SIZE,
    WRITE_UNIT,
)

BACKUP, IMAGE, IN_CLUSTER = "bak", "bi", "snap"
"""The types of VolumeSnapshots, as the classes name them."""

DELETE, RETAIN = "Delete", "Retain"

MOST_VOLUMES, MOST_SNAPSHOTS = 4, 6

ZEROS, EQUAL = "zeros over data of", "two equal blocks to"

Ranges = tuple[tuple[int, int], ...]
PATTERNS: Mapping[str, Ranges] = {
    "new data over a part of": OVERWRITES,
    "new data at both ends of": FIRST_AND_LAST_UNIT,
    ZEROS: ((WRITE_UNIT, WRITE_UNIT), (BLOCK, BLOCK), (SIZE - WRITE_UNIT, WRITE_UNIT)),
    EQUAL: ((2 * BLOCK, 2 * BLOCK), (6 * BLOCK, BLOCK)),
}
"""What a write changes, as offsets and lengths in bytes, by its words."""

Content = tuple[tuple[str, str], ...]
"""What a volume holds: all writes so far, in order, each as a pattern and a word that its data carry."""

FIRST_DATA = "first data to"


@dataclass(frozen=True)
class Claims:
    """The clauses about one type of VolumeSnapshot."""

    ready: str
    content: str
    restored: str
    deleted: str
    retained: str
    others: str
    used_again: str


CLAUSES: Mapping[str, Claims] = {
    BACKUP: Claims(
        "backup.ready",
        "backup.point-in-time",
        "backup.restore",
        "backup.delete",
        "backup.retain",
        "backup.delete.others",
        "backup.pre-provisioned.retained",
    ),
    IMAGE: Claims(
        "backing-image.ready",
        "backing-image.create.point-in-time",
        "backing-image.restore",
        "backing-image.delete",
        "backing-image.retain",
        "backing-image.delete.others",
        "backing-image.pre-provisioned.export",
    ),
    # What an in-cluster snapshot holds shows when it is restored.
    IN_CLUSTER: Claims(
        "snapshot.ready",
        "snapshot.create",
        "snapshot.restore",
        "snapshot.delete",
        "snapshot.retain",
        "snapshot.delete.others",
        "snapshot.retain",
    ),
}
EXPANDED = {BACKUP: "backup.restore.size.expanded", IN_CLUSTER: "snapshot.restore.size.expanded"}
"""The clauses about what was taken before its volume was expanded."""

SOURCE_DELETED = "snapshot.delete.source-deleted"


@dataclass(frozen=True)
class Volume:
    """A claim with its volume: what it holds, its size in bytes, and which VolumeSnapshot it restored, "" for none.

    `base` is the image that it stands on, "" for none.
    """

    content: Content
    size: int = SIZE
    restored: str = ""
    base: str = ""


@dataclass(frozen=True)
class Snapshot:
    """A VolumeSnapshot, and the backup or image that it stands for; `content` and `size` are what that must hold.

    `data` names what it stands for: the snapshot that led to it, or this one. `base` is the image that a backup needs
    beside what is in the backupstore. `called` is the snapshot that first had its name on the cluster. `there` is
    whether the VolumeSnapshot itself is; `bound` whether its content object is, which under Retain stays behind.
    """

    type: str
    volume: str
    content: Content
    size: int
    policy: str
    class_: str
    data: str
    base: str = ""
    called: str = ""
    there: bool = True
    bound: bool = True


@dataclass(frozen=True)
class Step:
    """One thing that a user does: a rule by its name, what it makes, and to what it is applied."""

    rule: str
    made: tuple[str, ...]
    to: tuple[str, ...]

    def __str__(self) -> str:
        return RULES[self.rule].words.format(*self.made, *self.to)


@dataclass
class Model:
    """What must be there: volumes and VolumeSnapshots by name, and which data (backups, images) exist."""

    types: tuple[str, ...] = (BACKUP, IMAGE, IN_CLUSTER)
    volumes: dict[str, Volume] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    data: set[str] = field(default_factory=set)
    classes: dict[tuple[str, str], str] = field(default_factory=dict)
    """The class in use by type and policy."""
    names: Counter[str] = field(default_factory=Counter)

    def name(self, prefix: str) -> str:
        """A name that the walk has not used."""
        self.names[prefix] += 1
        return f"{prefix}{self.names[prefix]}"

    def can(self, step: Step) -> bool:
        """Whether a step is possible now; a sequence from which steps were taken may have lost what it needs."""
        rule = RULES[step.rule]
        return step.to in list(rule.choices(self)) and not {*step.made} & {*self.volumes, *self.snapshots}

    def apply(self, step: Step) -> None:
        """What is there after a step."""
        RULES[step.rule].apply(self, *step.made, *step.to)

    def clauses(self, step: Step) -> tuple[str, ...]:
        """The clauses by which the outcome of a step is judged, asked before it is applied."""
        return tuple(RULES[step.rule].clauses(self, *step.made, *step.to))

    def possible(self) -> dict[str, list[tuple[str, ...]]]:
        """To what each rule can be applied now; rules that have nothing are left out."""
        found = {name: list(rule.choices(self)) for name, rule in RULES.items()}
        return {name: choices for name, choices in found.items() if choices}

    def stored(self) -> dict[str, Snapshot]:
        """By the name of each backup or image that must exist, a snapshot that stands for it."""
        return {each.data: each for each in self.snapshots.values() if each.data in self.data}

    def class_of(self, type_: str, policy: str) -> str:
        """The class of a type and a policy that is in use, or a new one."""
        return self.classes.setdefault((type_, policy), self.name("class"))

    def clause_of(self, volume: str) -> str:
        """The clause by which a volume holds what it does, whatever happens around it."""
        origin = self.snapshots.get(self.volumes[volume].restored)
        return CLAUSES[origin.type if origin else BACKUP].restored

    # What rules have in common

    def snap(self, name: str, type_: str, volume: str, policy: str, called: str = "") -> None:
        """A new VolumeSnapshot of a volume as it is now."""
        of = self.volumes[volume]
        class_ = self.class_of(type_, policy)
        base = "" if type_ == IMAGE else of.base
        self.snapshots[name] = Snapshot(type_, volume, of.content, of.size, policy, class_, name, base, called or name)
        self.data.add(name)

    def restore(self, name: str, snapshot: str) -> None:
        """A new volume from a VolumeSnapshot."""
        of = self.snapshots[snapshot]
        self.volumes[name] = Volume(of.content, of.size, snapshot, of.data if of.type == IMAGE else of.base)

    def used(self, data: str) -> bool:
        """Whether a volume stands on an image."""
        return any(volume.base == data for volume in self.volumes.values())

    def ready(self) -> Iterator[tuple[str, Snapshot]]:
        """The VolumeSnapshots that are there."""
        return ((name, each) for name, each in self.snapshots.items() if each.there)


Choices = Iterator[tuple[str, ...]]


@dataclass(frozen=True)
class Rule:
    """`makes` are the prefixes of the names that a step makes; `words` take these and then what it is applied to."""

    words: str
    makes: str
    choices: Callable[[Model], Choices]
    apply: Callable[..., None]
    clauses: Callable[..., Iterable[str]]
    weight: int = 1
    """How often it is chosen, compared with the others."""


def _none(model: Model, *names: str) -> Iterable[str]:
    del model, names
    return ()


def _nothing(model: Model, *names: str) -> None:
    del model, names


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
    "read": Rule("Read {0}.", "", _volume_choices, _nothing, _read_clauses),
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
