"""The comparison itself: nothing is reported of a recording against itself, and every kind of departure is."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tools.fidelity.__main__ import SCENARIOS, known_behaviour, real_recordings
from tools.fidelity.compare import Difference, KnownBehaviour, compare
from tools.fidelity.recording import Recording, Write

Mutation = Callable[[Recording], Recording]

SNAPSHOT = "VolumeSnapshot s1"
CONTENT = "VolumeSnapshotContent snapcontent-{snapshot s1}"
BACKUP = "Backup backup-{backup s1}"
LONGHORN_SNAPSHOT = "Snapshot snapshot-{snapshot s1}"
BEING_CREATED = "metadata.annotations.snapshot.storage.kubernetes.io/volumesnapshot-being-created"


@pytest.fixture(scope="module")
def recordings() -> dict[str, Recording]:
    return real_recordings()


@pytest.fixture(scope="module")
def known(recordings: dict[str, Recording]) -> KnownBehaviour:
    return known_behaviour(recordings)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_recording_does_not_differ_from_itself(
    scenario: str, recordings: dict[str, Recording], known: KnownBehaviour
) -> None:
    assert list(compare(recordings[scenario], recordings[scenario], known)) == []


def test_repeated_cycles_do_not_count(recordings: dict[str, Recording], known: KnownBehaviour) -> None:
    """The driver may be asked once more or once less: the mark comes and goes with every question."""
    real = recordings["bak"]
    answered = _index(real, lambda w: w.subject == CONTENT and w.removed == (BEING_CREATED,))
    again = (Write(CONTENT, "MODIFIED", {}, (BEING_CREATED,)), Write(CONTENT, "MODIFIED", {BEING_CREATED: "yes"}))

    longer = replace(real, writes=(*real.writes[:answered], *again, *real.writes[answered:]))

    assert list(compare(real, longer, known)) == []


def _index(recording: Recording, wanted: Callable[[Write], bool]) -> int:
    return next(index for index, write in enumerate(recording.writes) if wanted(write))


def _field_changed(real: Recording) -> Recording:
    return _rewritten(real, CONTENT, "ADDED", {"spec.deletionPolicy": "Retain"})


def _field_missing(real: Recording) -> Recording:
    return _without_path(real, BACKUP, "spec.backupMode")


def _finalizer_missing(real: Recording) -> Recording:
    return _without_path(real, SNAPSHOT, "metadata.finalizers[1]")


def _annotation_missing(real: Recording) -> Recording:
    return _without_path(real, CONTENT, BEING_CREATED)


def _condition_changed(real: Recording) -> Recording:
    path = "status.conditions[Restore].status"
    return _changed(real, lambda w: w.changed.get(path) == "True", {path: "Unknown"})


def _reference_to_another_object(real: Recording) -> Recording:
    return _rewritten(real, CONTENT, "ADDED", {"spec.volumeSnapshotRef.uid": "{snapshot s2}"})


def _event_missing(real: Recording) -> Recording:
    return _without(real, lambda w: "Normal SnapshotReady:" in w.subject)


def _event_of_another_text(real: Recording) -> Recording:
    writes = (replace(w, subject=w.subject.replace("is ready to use.", "is ready.")) for w in real.writes)
    return replace(real, writes=tuple(writes))


def _event_of_another_component(real: Recording) -> Recording:
    subject = next(w.subject for w in real.writes if "Normal SnapshotReady:" in w.subject)
    return _rewritten(real, subject, "ADDED", {"source.component": "csi-snapshotter"})


def _object_missing(real: Recording) -> Recording:
    return _without(real, lambda w: w.kind == "BackupVolume")


def _object_extra(real: Recording) -> Recording:
    return replace(real, writes=(Write("Backup backup-{backup s1 #2}", "ADDED", {"kind": "Backup"}), *real.writes))


def _object_not_deleted(real: Recording) -> Recording:
    return _without(real, lambda w: w.subject == CONTENT and w.verb == "DELETED")


def _state_left_out(real: Recording) -> Recording:
    volume = "Volume pvc-{claim src}"
    writes = (
        replace(w, changed={p: v for p, v in w.changed.items() if (p, v) != ("status.state", "attaching")})
        if w.subject == volume
        else w
        for w in real.writes
    )
    return replace(real, writes=tuple(writes))


def _ready_before_the_handle(real: Recording) -> Recording:
    ready = _index(real, lambda w: w.subject == CONTENT and w.changed.get("status.readyToUse") is True)
    handle = _index(real, lambda w: w.subject == CONTENT and "status.snapshotHandle" in w.changed)
    return _moved(real, ready, handle)


def _backup_before_the_snapshot_is_ready(real: Recording) -> Recording:
    backup = _index(real, lambda w: w.subject == BACKUP and w.verb == "ADDED")
    taken = _index(real, lambda w: w.subject == LONGHORN_SNAPSHOT and w.changed.get("status.readyToUse") is True)
    return _moved(real, backup, taken)


def _snapshot_ready_before_its_content(real: Recording) -> Recording:
    ready = _index(real, lambda w: w.subject == SNAPSHOT and w.changed.get("status.readyToUse") is True)
    content = _index(real, lambda w: w.subject == CONTENT and w.changed.get("status.readyToUse") is True)
    return _moved(real, ready, content)


def _content_gone_after_its_snapshot(real: Recording) -> Recording:
    gone = _index(real, lambda w: w.subject == SNAPSHOT and w.verb == "DELETED")
    content = _index(real, lambda w: w.subject == CONTENT and w.verb == "DELETED")
    return _moved(real, gone, content)


def _two_writes_in_one(real: Recording) -> Recording:
    first = _index(real, lambda w: w.subject == SNAPSHOT and "metadata.finalizers[0]" in w.changed)
    bound = _index(
        real, lambda w: w.subject == SNAPSHOT and w.changed.get("status.boundVolumeSnapshotContentName") is not None
    )
    both = replace(real.writes[bound], changed={**real.writes[first].changed, **real.writes[bound].changed})
    before, between, after = real.writes[:first], real.writes[first + 1 : bound], real.writes[bound + 1 :]
    return replace(real, writes=(*before, *between, both, *after))


def _key_missing(real: Recording) -> Recording:
    return replace(real, notes={k: v for k, v in real.notes.items() if not k.endswith(".blk]")})


def _key_left_behind(real: Recording) -> Recording:
    gone = "s3.deleted[backupstore/volumes/{checksum}/pvc-{claim src}/backups/backup_backup-{backup s1}.cfg].Name"
    return replace(real, notes={**real.notes, gone: "backup-{backup s1}"})


def _backup_file_changed(real: Recording) -> Recording:
    key = next(key for key in real.notes if key.endswith("].CompressionMethod"))
    return replace(real, notes={**real.notes, key: "gzip"})


def _data_changed(real: Recording) -> Recording:
    return replace(real, notes={**real.notes, "dst.sum.log": "0" * 64 + "  /dev/vol\n"})


def _rewritten(real: Recording, subject: str, verb: str, changed: dict[str, str]) -> Recording:
    return _changed(real, lambda w: w.subject == subject and w.verb == verb, changed)


def _changed(real: Recording, wanted: Callable[[Write], bool], changed: dict[str, str]) -> Recording:
    writes = (replace(w, changed={**w.changed, **changed}) if wanted(w) else w for w in real.writes)
    return replace(real, writes=tuple(writes))


def _without(real: Recording, gone: Callable[[Write], bool]) -> Recording:
    return replace(real, writes=tuple(w for w in real.writes if not gone(w)))


def _without_path(real: Recording, subject: str, path: str) -> Recording:
    writes = (
        replace(
            w,
            changed={p: v for p, v in w.changed.items() if p != path},
            removed=tuple(p for p in w.removed if p != path),
        )
        if w.subject == subject
        else w
        for w in real.writes
    )
    return replace(real, writes=tuple(writes))


def _moved(real: Recording, what: int, before: int) -> Recording:
    writes = list(real.writes)
    writes.insert(before, writes.pop(what))
    return replace(real, writes=tuple(writes))


@pytest.mark.parametrize(
    ("mutation", "aspect", "subject", "detail"),
    [
        (_field_changed, "field", CONTENT, "spec.deletionPolicy"),
        (_field_missing, "field", BACKUP, "spec.backupMode"),
        (_finalizer_missing, "field", SNAPSHOT, "metadata.finalizers[1]"),
        (_annotation_missing, "field", CONTENT, BEING_CREATED),
        (_condition_changed, "field", "Volume pvc-{claim dst}", "status.conditions[Restore].status"),
        (_reference_to_another_object, "field", CONTENT, "spec.volumeSnapshotRef.uid"),
        (_event_missing, "object", "Event VolumeSnapshot s1 Normal SnapshotReady:", "missing"),
        (_event_of_another_text, "object", "Event VolumeSnapshot s1 Normal SnapshotReady:", "extra"),
        (_event_of_another_component, "field", "Event VolumeSnapshot s1 Normal SnapshotReady:", "source.component"),
        (_object_missing, "object", "BackupVolume pvc-{claim src}", "missing"),
        (_object_extra, "object", "Backup backup-{backup s1 #2}", "extra"),
        (_object_not_deleted, "field", CONTENT, "object"),
        (_state_left_out, "field", "Volume pvc-{claim src}", "status.state"),
        (_ready_before_the_handle, "field", CONTENT, "status.readyToUse"),
        (_backup_before_the_snapshot_is_ready, "order", LONGHORN_SNAPSHOT, "first status.readyToUse"),
        (_snapshot_ready_before_its_content, "order", CONTENT, "first status.readyToUse"),
        (_content_gone_after_its_snapshot, "order", CONTENT, "first object"),
        (_two_writes_in_one, "write", SNAPSHOT, "metadata.finalizers[0], status.bound"),
        (_key_missing, "note", "client", "s3.after["),
        (_key_left_behind, "note", "client", "s3.deleted["),
        (_backup_file_changed, "note", "client", "s3.after["),
        (_data_changed, "note", "client", "dst.sum.log"),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
def test_a_departure_is_found_and_named(
    mutation: Mutation, aspect: str, subject: str, detail: str, recordings: dict[str, Recording], known: KnownBehaviour
) -> None:
    real = recordings["bak"]

    found = list(compare(real, mutation(real), known))

    assert any(_names(difference, aspect, subject, detail) for difference in found), "\n".join(map(str, found))


def test_another_error_text_is_found(recordings: dict[str, Recording], known: KnownBehaviour) -> None:
    real = recordings["api"]
    changed = {k: v.replace("exactly one of", "one of") if isinstance(v, str) else v for k, v in real.notes.items()}

    found = list(compare(real, replace(real, notes=changed), known))

    assert {"both.body.message", "none.body.message", "imm.add.body.message"} <= {each.detail for each in found}


def _names(difference: Difference, aspect: str, subject: str, detail: str) -> bool:
    return (
        difference.aspect == aspect and difference.subject.startswith(subject) and difference.detail.startswith(detail)
    )
