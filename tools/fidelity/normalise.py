"""From a client's history and notes to the normal form, which is the same for two runs that differ by chance only.

Names, uids, times, revisions, addresses and compressed sizes become placeholders in braces.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tools.fidelity.notes import COMPRESSED_SIZES, DROPPED_EVENTS, normalised_notes
from tools.fidelity.placeholders import Placeholders
from tools.fidelity.recording import NEWEST, Leaf, Leaves, Recording, Write, differences, leaves
from tools.fidelity.scenario_events import Event, scenario_events

# What happens in the last seconds before the client leaves may still be on its way to other objects.
_TAIL = 1.5
# What the client chose for its pods, and what changes with every run.
_IMAGE_LEAVES = {"image", "imageID"}
_DROPPED = {"resourceVersion", "count", "selfLink"}
# The number of blocks that a file system touches is its own decision.
_FILESYSTEM_SIZES = {
    ("Volume", "status.actualSize"),
    ("Snapshot", "status.size"),
    ("Backup", "status.size"),
    ("BackupVolume", "status.dataStored"),
}
# Scenarios of which only the notes are compared: digests in pods, and the content of the bucket.
_NOTES_ONLY = {"chain"}


def normalise(scenario: str, history: Iterable[Event], notes: Mapping[str, Any], release: str = NEWEST) -> Recording:
    """The normal form of one run of `scenario` as the client wrote it (`history.jsonl`, `notes.json`)."""
    end = float(notes["t_start"]) + float(notes["seconds"])
    during = [event for event in history if event["t"] <= end]
    events = scenario_events(during, notes["namespace"], background=scenario == "no_target")
    names = Placeholders(events, notes["namespace"])
    noted = dict(normalised_notes(scenario, names.plain, notes))
    if scenario in _NOTES_ONLY:
        return Recording(scenario, (), noted, 0, release)
    writer = _Writer(names, scenario, events, float(notes["t_start"]))
    writes = list(writer.writes(event for event in events if event["t"] <= end - _TAIL))
    tail = writer.writes(event for event in events if event["t"] > end - _TAIL)
    return Recording(scenario, (*writes, *tail), noted, len(writes), release)


class _Writer:
    def __init__(self, names: Placeholders, scenario: str, events: Sequence[Event], start: float) -> None:
        self._names = names
        self._scenario = scenario
        self._start = start
        self._states: dict[str, Leaves] = {}
        self._generations: dict[str, int] = {}
        self._taken = _snapshot_times(events)

    def writes(self, events: Iterable[Event]) -> Iterator[Write]:
        for event in events:
            if event["kind"] == "Event" and event["object"].get("reason") in DROPPED_EVENTS:
                continue
            write = self._write(event)
            if write is not None:
                yield replace(write, at=round(event["t"] - self._start, 2))

    def _write(self, event: Event) -> Write | None:
        subject = self._subject(event)
        if event["type"] == "DELETED":
            if event["kind"] == "Event":
                return None
            self._states.pop(subject, None)
            return Write(subject, "DELETED", {})
        state = dict(self._leaves(event))
        before = self._states.get(subject)
        self._states[subject] = state
        generation = int(event["object"]["metadata"].get("generation", 0))
        risen = generation > self._generations.get(subject, 0)
        self._generations[subject] = generation
        if before is None:
            # An object that was there before the client came has a past.
            first: Leaf = generation if event["type"] == "ADDED" else "{generation}"
            return Write(subject, event["type"], {**state, **({"metadata.generation": first} if risen else {})})
        changed, removed = differences(before, state)
        if not changed and not removed:
            return None
        return Write(subject, "MODIFIED", {**changed, **({"metadata.generation": "{next}"} if risen else {})}, removed)

    def _subject(self, event: Event) -> str:
        obj, plain = event["object"], self._names.plain
        if event["kind"] == "Event":
            about = obj["involvedObject"]
            return plain(
                f"Event {about.get('kind')} {about.get('name', '')} {obj['type']} {obj['reason']}: {obj['message']}"
            )
        kind = "StorageVolumeAttachment" if event["api"] == "storage.k8s.io/v1" else event["kind"]
        return f"{kind} {plain(event['name'])}"

    def _leaves(self, event: Event) -> Iterator[tuple[str, Leaf]]:
        kind, uid = event["kind"], event["object"]["metadata"]["uid"]
        for path, value in leaves(event["object"]):
            last = path.rpartition(".")[2]
            if path == "metadata.generation" or (last in _DROPPED and path.count(".") < 2):
                continue
            if last == "resourceVersion":
                yield path, self._reference(event["object"], path, str(value))
            else:
                yield self._names.plain(path), self._value(kind, uid, path, last, value)

    def _reference(self, obj: Mapping[str, Any], path: str, revision: str) -> str:
        holder: Any = obj
        for part in path.split(".")[:-1]:
            holder = holder[part]
        return self._names.revision(holder.get("uid", ""), revision)

    def _value(self, kind: str, uid: str, path: str, last: str, value: Leaf) -> Leaf:
        if kind == "Pod" and last in _IMAGE_LEAVES and value:
            return "{image}"
        if last in COMPRESSED_SIZES and value not in ("", "0", 0):
            return "{bytes}"
        if self._scenario == "bi_race" and path == "status.checksum" and value:
            return "{checksum of data that tell the time}"
        if kind == "BackingImage" and path == "status.realSize" and value:
            return "{bytes}"
        if self._scenario == "filesystem" and (kind, path) in _FILESYSTEM_SIZES and value not in ("", "0", 0):
            return "{bytes}"
        if path == "status.creationTime" and kind in ("VolumeSnapshot", "VolumeSnapshotContent") and value:
            return self._moment(kind, uid, value)
        if kind == "Event" and path == "metadata.name":
            value = re.sub(r"\.[0-9a-f]{16}$", ".{hex}", str(value))
        return self._names.plain(value) if isinstance(value, str) else value

    def _moment(self, kind: str, uid: str, value: Leaf) -> str:
        seconds = str(value) if isinstance(value, str) else _rfc3339(int(value or 0) // 1_000_000_000)
        taken = self._taken.get((kind, uid))
        unit = "" if isinstance(value, str) else " in nanoseconds"
        if seconds in (taken or ()):
            return f"{{time of the Longhorn snapshot{unit}}}"
        return f"{{time{unit}}}" if not seconds.startswith("1970") else f"{seconds}{unit}"


def _rfc3339(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _snapshot_times(events: Iterable[Event]) -> dict[tuple[str, str], set[str]]:
    """When the Longhorn snapshot of each VolumeSnapshot and content was taken, by kind and uid."""
    events = list(events)
    times: dict[str, set[str]] = {}
    for event in events:
        if event["kind"] == "Snapshot":
            taken = (event["object"].get("status") or {}).get("creationTime")
            if taken:
                times.setdefault(event["name"].removeprefix("snapshot-"), set()).add(taken)
    found: dict[tuple[str, str], set[str]] = {}
    for event in events:
        uid = event["object"]["metadata"]["uid"]
        if event["kind"] == "VolumeSnapshot":
            found[event["kind"], uid] = times.get(uid, set())
        elif event["kind"] == "VolumeSnapshotContent":
            of = event["object"]["spec"]["volumeSnapshotRef"].get("uid", "")
            found[event["kind"], uid] = times.get(of, set())
    return found
