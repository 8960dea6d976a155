"""The comparison itself: nothing is reported of a recording against itself, and every kind of departure is."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tools.fidelity.__main__ import LABELS, known_behaviour, real_recordings
from tools.fidelity.compare import KnownBehaviour, compare
from tools.fidelity.recording import Leaf, Recording, Write

Mutation = Callable[[Recording], Recording]
Wanted = Callable[[Write], bool]

SNAPSHOT = "VolumeSnapshot s1"
CONTENT = "VolumeSnapshotContent snapcontent-{snapshot s1}"
BACKUP = "Backup backup-{backup s1}"
SECOND_BACKUP = "Backup backup-{backup s1 #2}"
LONGHORN_SNAPSHOT = "Snapshot snapshot-{snapshot s1}"
SOURCE = "Volume pvc-{claim src}"
READY_EVENT = "Event VolumeSnapshot s1 Normal SnapshotReady:"
RESTORE = "status.conditions[Restore].status"
BACKUP_FILE = "backupstore/volumes/{checksum}/pvc-{claim src}/backups/backup_backup-{backup s1}.cfg"
BEING_CREATED = "metadata.annotations.snapshot.storage.kubernetes.io/volumesnapshot-being-created"


@pytest.fixture(scope="module")
def recordings() -> dict[str, Recording]:
    return real_recordings()


@pytest.fixture(scope="module")
def known(recordings: dict[str, Recording]) -> KnownBehaviour:
    return known_behaviour(recordings)


@pytest.mark.parametrize("label", LABELS)
def test_a_recording_does_not_differ_from_itself(
    label: str, recordings: dict[str, Recording], known: KnownBehaviour
) -> None:
    assert list(compare(recordings[label], recordings[label], known)) == []


def test_repeated_cycles_do_not_count(recordings: dict[str, Recording], known: KnownBehaviour) -> None:
    """The driver may be asked once more or once less: the mark comes and goes with every question."""
    real = recordings["1.12.1/bak"]
    answered = index(real, lambda w: w.subject == CONTENT and w.removed == (BEING_CREATED,))
    again = (Write(CONTENT, "MODIFIED", {}, (BEING_CREATED,)), Write(CONTENT, "MODIFIED", {BEING_CREATED: "yes"}))

    longer = replace(real, writes=(*real.writes[:answered], *again, *real.writes[answered:]))

    assert list(compare(real, longer, known)) == []


def where(subject: str, path: str = "", value: object = None, verb: str = "") -> Wanted:
    """Writes of an object that set a path (to a value), or are of a kind."""

    def wanted(write: Write) -> bool:
        sets = write.changed.get(path) == value if value is not None else not path or path in write.changed
        return write.subject == subject and sets and write.verb in (verb, verb or write.verb)

    return wanted


def ready(subject: str) -> Wanted:
    return where(subject, "status.readyToUse", True)


def index(recording: Recording, wanted: Wanted) -> int:
    return next(index for index, write in enumerate(recording.writes) if wanted(write))


def each_write(change: Callable[[Write], Write | None]) -> Mutation:
    """Each write changed, or left out for None."""
    return lambda real: replace(real, writes=tuple(new for write in real.writes if (new := change(write)) is not None))


def changed(wanted: Wanted, path: str, value: str) -> Mutation:
    return each_write(lambda w: replace(w, changed={**w.changed, path: value}) if wanted(w) else w)


def without(gone: Wanted) -> Mutation:
    return each_write(lambda w: None if gone(w) else w)


def without_path(subject: str, path: str, value: object = None) -> Mutation:
    """Without the writes of a path (of one of its values), and without its removal."""

    def left(write: Write) -> Write:
        if write.subject != subject:
            return write
        kept = {p: v for p, v in write.changed.items() if p != path or value not in (None, v)}
        return replace(write, changed=kept, removed=tuple(p for p in write.removed if p != path))

    return each_write(left)


def moved(what: Wanted, before: Wanted) -> Mutation:
    def move(real: Recording) -> Recording:
        writes = list(real.writes)
        writes.insert(index(real, before), writes.pop(index(real, what)))
        return replace(real, writes=tuple(writes))

    return move


def two_writes_in_one(real: Recording) -> Recording:
    first = index(real, where(SNAPSHOT, "metadata.finalizers[0]"))
    bound = index(real, where(SNAPSHOT, "status.boundVolumeSnapshotContentName"))
    writes = list(real.writes)
    writes[bound] = replace(writes[bound], changed={**writes[first].changed, **writes[bound].changed})
    del writes[first]
    return replace(real, writes=tuple(writes))


def notes(change: Callable[[dict[str, Leaf]], dict[str, Leaf]]) -> Mutation:
    return lambda real: replace(real, notes=change(dict(real.notes)))


def is_ready_event(write: Write) -> bool:
    return write.subject.startswith(READY_EVENT)


DEPARTURES: dict[str, tuple[Mutation, tuple[str, str, str]]] = {
    "field changed": (
        changed(where(CONTENT, verb="ADDED"), "spec.deletionPolicy", "Retain"),
        ("field", CONTENT, "spec.deletionPolicy"),
    ),
    "field missing": (without_path(BACKUP, "spec.backupMode"), ("field", BACKUP, "spec.backupMode")),
    "finalizer missing": (
        without_path(SNAPSHOT, "metadata.finalizers[1]"),
        ("field", SNAPSHOT, "metadata.finalizers[1]"),
    ),
    "annotation missing": (without_path(CONTENT, BEING_CREATED), ("field", CONTENT, BEING_CREATED)),
    "condition changed": (
        changed(lambda w: w.changed.get(RESTORE) == "True", RESTORE, "Unknown"),
        ("field", "Volume pvc-{claim dst}", RESTORE),
    ),
    "reference to another object": (
        changed(where(CONTENT, verb="ADDED"), "spec.volumeSnapshotRef.uid", "{snapshot s2}"),
        ("field", CONTENT, "spec.volumeSnapshotRef.uid"),
    ),
    "event missing": (without(is_ready_event), ("object", READY_EVENT, "missing")),
    "event of another text": (
        each_write(lambda w: replace(w, subject=w.subject.replace("is ready to use.", "is ready."))),
        ("object", READY_EVENT, "extra"),
    ),
    "event of another component": (
        changed(is_ready_event, "source.component", "csi-snapshotter"),
        ("field", READY_EVENT, "source.component"),
    ),
    "object missing": (
        without(lambda w: w.kind == "BackupVolume"),
        ("object", "BackupVolume pvc-{claim src}", "missing"),
    ),
    "object extra": (
        lambda real: replace(real, writes=(Write(SECOND_BACKUP, "ADDED", {"kind": "Backup"}), *real.writes)),
        ("object", SECOND_BACKUP, "extra"),
    ),
    "object not deleted": (without(where(CONTENT, verb="DELETED")), ("field", CONTENT, "object")),
    "state left out": (without_path(SOURCE, "status.state", "attaching"), ("field", SOURCE, "status.state")),
    "ready before the handle": (
        moved(ready(CONTENT), before=where(CONTENT, "status.snapshotHandle")),
        ("field", CONTENT, "status.readyToUse"),
    ),
    "backup before the snapshot is ready": (
        moved(where(BACKUP, verb="ADDED"), before=ready(LONGHORN_SNAPSHOT)),
        ("order", LONGHORN_SNAPSHOT, "first status.readyToUse"),
    ),
    "snapshot ready before its content": (
        moved(ready(SNAPSHOT), before=ready(CONTENT)),
        ("order", CONTENT, "first status.readyToUse"),
    ),
    "content gone after its snapshot": (
        moved(where(SNAPSHOT, verb="DELETED"), before=where(CONTENT, verb="DELETED")),
        ("order", CONTENT, "first object"),
    ),
    "two writes in one": (two_writes_in_one, ("write", SNAPSHOT, "metadata.finalizers[0], status.bound")),
    "key missing": (
        notes(lambda real: {k: v for k, v in real.items() if not k.endswith(".blk]")}),
        ("note", "client", "s3.after["),
    ),
    "key left behind": (
        notes(lambda real: {**real, f"s3.deleted[{BACKUP_FILE}].Name": "backup-{backup s1}"}),
        ("note", "client", "s3.deleted["),
    ),
    "backup file changed": (
        notes(lambda real: {**real, next(k for k in real if k.endswith("].CompressionMethod")): "gzip"}),
        ("note", "client", "s3.after["),
    ),
    "data changed": (
        notes(lambda real: {**real, "dst.sum.log": "0" * 64 + "  /dev/vol\n"}),
        ("note", "client", "dst.sum.log"),
    ),
}


@pytest.mark.parametrize(("mutation", "named"), DEPARTURES.values(), ids=DEPARTURES)
def test_a_departure_is_found_and_named(
    mutation: Mutation, named: tuple[str, str, str], recordings: dict[str, Recording], known: KnownBehaviour
) -> None:
    real = recordings["1.12.1/bak"]
    aspect, subject, detail = named

    found = list(compare(real, mutation(real), known))

    assert any(
        each.aspect == aspect and each.subject.startswith(subject) and each.detail.startswith(detail) for each in found
    ), "\n".join(map(str, found))


def test_another_error_text_is_found(recordings: dict[str, Recording], known: KnownBehaviour) -> None:
    real = recordings["1.12.1/api"]
    changed = {k: v.replace("exactly one of", "one of") if isinstance(v, str) else v for k, v in real.notes.items()}

    found = list(compare(real, replace(real, notes=changed), known))

    assert {"both.body.message", "none.body.message", "imm.add.body.message"} <= {each.detail for each in found}
