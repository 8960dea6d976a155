"""The documentation as a model: what must be there after what users did, and which clause says so.

It asks no cluster: what a walk expects is known before its first step. What users do is in `rules.py`. Names are those
of the walk (v1, s2), no object's.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

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

    def stored(self) -> dict[str, Snapshot]:
        """By the name of each backup or image that must exist, a snapshot that stands for it."""
        return {each.data: each for each in self.snapshots.values() if each.data in self.data}

    def class_of(self, type_: str, policy: str) -> str:
        """The class of a type and a policy that is in use, or a new one."""
        return self.classes.setdefault((type_, policy), self.name("class"))

    def clause_of(self, volume: str) -> str:
        """The clause by which a volume holds what it does; one that was not restored must not change by a restore."""
        origin = self.snapshots.get(self.volumes[volume].restored)
        return CLAUSES[origin.type if origin else BACKUP].restored

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
