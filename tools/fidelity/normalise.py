"""From a client's history and notes to the normal form: what differs on every run gets a name that says what it is.

Names, uids, times, revisions, addresses and compressed sizes become placeholders in braces. A placeholder says
whose it is (`{claim src}` is the uid of that claim), so that a reference to the wrong object shows as a difference.
Names that are made of others by a rule (the attachment's hash, the directories of a backup volume) become a
placeholder only if the rule holds.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tools.fidelity.recording import Leaf, Leaves, Recording, Write, differences, leaves
from tools.fidelity.scenario_events import Event, image_name, scenario_events

_DRIVER = "driver.longhorn.io"
EXPORTING = "longhorn.io/for-exporting-backing-image"
# What happens in the last seconds before the client leaves may still be on its way to other objects.
_TAIL = 1.5
_UUID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f])")

# What is random or timed wherever it appears, in the order in which it is replaced.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (_UUID, "{uid}"),
    (re.compile(r"\b(?!1970|0001)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"), "{time}"),
    (re.compile(r"\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b"), "{address}"),
    (re.compile(r"\bbackup-(?!0{16})[0-9a-f]{16}\b"), "backup-{hex}"),
    (re.compile(r"-r-[0-9a-f]{8}\b"), "-r-{hex}"),
    (re.compile(r"\binstance-manager-[0-9a-f]{32}\b"), "instance-manager-{hex}"),
    (re.compile(r"\bkube-api-access-[a-z0-9]{5}\b"), "kube-api-access-{suffix}"),
    (
        re.compile(
            r"(?<![a-z0-9])(csi-(?:provisioner|attacher|resizer|snapshotter))-[a-z0-9]+-[a-z0-9]{5}(?![a-z0-9])"
        ),
        r"\1-{pod}",
    ),
    (re.compile(r"\b\d{13}-\d{1,4}-driver\.longhorn\.io"), "{identity}-driver.longhorn.io"),
    (re.compile(r"\bbim-[0-9a-f]{56}\b"), "bim-{hex}"),
    (re.compile(r"\b\d{10}\.\d{9}\b"), "{stamp}"),
    (re.compile(r"\bSet realSize to \d+\b"), "Set realSize to {bytes}"),
    # Where the downloaded image lies, in the cluster of the one and of the other.
    (re.compile(r"minio\.(?:minio\.svc\.cluster\.local|longhorn-snapshot-s3)(?![a-z0-9.-])"), "{s3}"),
    (re.compile(r"\bcontainerd://[0-9a-f]{64}\b"), "containerd://{id}"),
)

# What the client itself chose for its pods, and what tells of the moment and not of the object.
_IMAGE_LEAVES = {"image", "imageID"}
_DROPPED = {"resourceVersion", "count", "selfLink"}
# Sizes of compressed data depend on the compressor's version.
_COMPRESSED = {"newlyUploadDataSize", "NewlyUploadedDataSize", "reUploadedDataSize", "ReUploadedDataSize"}
# A file system decides for itself how many blocks it touches.
_FILESYSTEM_SIZES = {
    ("Volume", "status.actualSize"),
    ("Snapshot", "status.size"),
    ("Backup", "status.size"),
    ("BackupVolume", "status.dataStored"),
}
_DROPPED_EVENTS = {"Scheduled", "Pulled", "Pulling"}
# Only what the client was told is compared: digests in pods, and the bucket with zeros, holes and a last byte.
_NOTES_ONLY = {"chain"}


class Names:
    """The literal strings of one run that get a placeholder, longest first."""

    def __init__(self, history: Sequence[Event], namespace: str) -> None:
        self._literals: dict[str, str] = {namespace: "{namespace}"}
        self._revisions: dict[str, set[str]] = {}
        self._pattern: re.Pattern[str] | None = None
        self._add_uids(history, "PersistentVolumeClaim", "claim")
        self._add_uids(history, "VolumeSnapshot", "snapshot")
        self._add_uids(history, "Pod", "pod")
        self._add_nodes(history)
        self._add_backups(history)
        self._add_system_snapshots(history)
        self._add_backup_volumes(history)
        self._add_images(history)
        self._add_directories()
        for event in history:
            metadata = event["object"]["metadata"]
            if event["kind"] != "Event" and metadata["uid"] not in self._literals:
                self._add(metadata["uid"], f"{{uid {event['kind']} {_bare(self.plain(event['name']))}}}")
            self._revisions.setdefault(metadata["uid"], set()).add(str(event["rv"]))

    def _add(self, literal: str, placeholder: str) -> None:
        self._literals.setdefault(literal, placeholder)
        self._pattern = None

    def _add_uids(self, history: Sequence[Event], kind: str, word: str) -> None:
        for event in history:
            if event["kind"] == kind:
                self._add(event["object"]["metadata"]["uid"], f"{{{word} {event['name']}}}")

    def _add_nodes(self, history: Sequence[Event]) -> None:
        for event in history:
            node = event["object"].get("spec", {}).get("nodeName") if "spec" in event["object"] else None
            owner = (event["object"].get("status") or {}).get("ownerID")
            for name in filter(None, (node, owner)):
                self._add(name, "{node}")

    def _add_backups(self, history: Sequence[Event]) -> None:
        numbers: dict[str, int] = {}
        for event in history:
            if event["kind"] == "Backup" and event["name"] not in self._literals:
                of = _bare(self.plain(event["object"]["spec"].get("snapshotName", ""))).removeprefix("snapshot-")
                numbers[of] = numbers.get(of, 0) + 1
                more = f" #{numbers[of]}" if numbers[of] > 1 else ""
                self._add(event["name"], f"backup-{{backup {of}{more}}}")

    def _add_system_snapshots(self, history: Sequence[Event]) -> None:
        for event in history:
            if event["kind"] == "Snapshot" and _UUID.fullmatch(event["name"]):
                volume = _bare(self.plain(event["object"]["spec"]["volume"]))
                self._add(event["name"], f"{{system-snapshot {volume.removeprefix('pvc-')}}}")

    def _add_backup_volumes(self, history: Sequence[Event]) -> None:
        for event in history:
            if event["kind"] == "BackupVolume":
                volume = event["object"]["spec"].get("volumeName") or ""
                suffix = event["name"].removeprefix(f"{volume}-")
                if re.fullmatch(r"[0-9a-f]{8}", suffix):
                    self._add(event["name"], f"{self.plain(volume)}-{{suffix}}")

    def _add_images(self, history: Sequence[Event]) -> None:
        for uid, placeholder in tuple(self._literals.items()):
            if placeholder.startswith("{snapshot "):
                self._add(image_name(f"snapshot-{uid}"), f"{{image {_bare(placeholder)}}}")
        for event in history:
            if event["kind"] == "BackingImage":
                image = _bare(self.plain(event["name"])).removeprefix("image ")
                made = (event["object"].get("status") or {}).get("uuid")
                if made:
                    self._add(made, f"{{uuid of image {image}}}")
            elif event["kind"] == "Snapshot" and EXPORTING in (
                (event["object"].get("status") or {}).get("labels") or {}
            ):
                name, _, suffix = event["name"].rpartition("-")
                if re.fullmatch(r"[0-9a-f]{8}", suffix):
                    self._add(event["name"], f"{self.plain(name)}-{{hex}}")

    def _add_directories(self) -> None:
        nodes = [literal for literal, placeholder in self._literals.items() if placeholder == "{node}"]
        claims = {u: p for u, p in self._literals.items() if p.startswith("{claim ")}
        for uid, placeholder in claims.items():
            volume, word = f"pvc-{uid}", _bare(placeholder)
            checksum = hashlib.sha512(volume.encode()).hexdigest()
            self._add(f"{checksum[:2]}/{checksum[2:4]}/{volume}", f"{{checksum}}/pvc-{placeholder}")
            for node in nodes:
                attachment = hashlib.sha256(f"{volume}{_DRIVER}{node}".encode()).hexdigest()
                self._add(f"csi-{attachment}", f"csi-{{attachment {word.removeprefix('claim ')}}}")

    def plain(self, text: str) -> str:
        """`text` with everything that belongs to this run replaced."""
        if self._pattern is None:
            ordered = sorted(self._literals, key=len, reverse=True)
            self._pattern = re.compile(rf"(?<![A-Za-z0-9])({'|'.join(map(re.escape, ordered))})(?![A-Za-z0-9])")
        text = self._pattern.sub(lambda match: self._literals[match.group()], text)
        for pattern, placeholder in _PATTERNS:
            text = pattern.sub(placeholder, text)
        return _ordered_body(text)

    def revision(self, uid: str, revision: str) -> str:
        """A reference to another object's revision: whether there was such a one."""
        known = self._revisions.get(uid)
        if known is None:
            return "{revision}"
        return "{its revision}" if revision in known else f"{{not its revision: {revision}}}"


def _bare(text: str) -> str:
    """A placeholder inside a placeholder, without its braces and its first word."""
    return re.sub(r"\{(?:claim|snapshot|backup) ([^{}]*)\}", r"\1", text).replace("{", "").replace("}", "")


def _ordered_body(text: str) -> str:
    """Longhorn's client prints the fields of an error from a Go map, in an order of its own at each time."""
    match = re.search(r"Body: \[(.*?)\](?= from \[|$)", text, re.DOTALL)
    if not match:
        return text
    fields = sorted(re.split(r", (?=(?:code|detail|message|actions|id|links|status|type)=)", match.group(1)))
    return f"{text[: match.start(1)]}{', '.join(fields)}{text[match.end(1) :]}"


def normalise(scenario: str, history: Iterable[Event], notes: Mapping[str, Any]) -> Recording:
    """The normal form of one run of `scenario` as record.py wrote it (`history.jsonl`, `notes.json`)."""
    end = float(notes["t_start"]) + float(notes["seconds"])
    during = [event for event in history if event["t"] <= end]
    events = scenario_events(during, notes["namespace"], background=scenario == "no_target")
    names = Names(events, notes["namespace"])
    if scenario in _NOTES_ONLY:
        return Recording(scenario, (), dict(_notes(scenario, names, notes)), 0)
    writer = _Writer(names, scenario, events, float(notes["t_start"]))
    writes = list(writer.writes(event for event in events if event["t"] <= end - _TAIL))
    tail = writer.writes(event for event in events if event["t"] > end - _TAIL)
    return Recording(scenario, (*writes, *tail), dict(_notes(scenario, names, notes)), len(writes))


class _Writer:
    def __init__(self, names: Names, scenario: str, events: Sequence[Event], start: float) -> None:
        self._names = names
        self._scenario = scenario
        self._start = start
        self._states: dict[str, Leaves] = {}
        self._generations: dict[str, int] = {}
        self._taken = _snapshot_times(events)

    def writes(self, events: Iterable[Event]) -> Iterator[Write]:
        for event in events:
            if event["kind"] == "Event" and event["object"].get("reason") in _DROPPED_EVENTS:
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
        if last in _COMPRESSED and value not in ("", "0", 0):
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


def _notes(scenario: str, names: Names, notes: Mapping[str, Any]) -> Iterator[tuple[str, Leaf]]:
    unread = {"namespace", "began", "t_start", "seconds"}
    for key, value in notes.items():
        if key in unread:
            continue
        yield from _note(scenario, names.plain, key, value)


def _note(scenario: str, plain: Callable[[str], str], key: str, value: Any) -> Iterator[tuple[str, Leaf]]:
    if isinstance(value, Mapping) and {"kind", "apiVersion"} <= value.keys():
        yield key, f"a {value['kind']}"
    elif isinstance(value, Mapping) and "ready" in value:
        yield f"{key}.ready", value["ready"]
        yield from _note(scenario, plain, f"{key}.vs", value.get("vs"))
    elif isinstance(value, Mapping) and "phase" in value:
        yield f"{key}.phase", value["phase"]
        yield f"{key}.log", _log(scenario, plain, value.get("log"))
    elif isinstance(value, Mapping) and "magic" in value:
        yield from _download(plain, key, value)
    elif isinstance(value, Mapping) and "body" in value:
        yield f"{key}.status", value["status"]
        yield from _body(plain, f"{key}.body", value["body"])
    elif isinstance(value, Mapping) and all(isinstance(v, Mapping) and "size" in v for v in value.values()):
        yield from _listing(plain, key, value)
    elif isinstance(value, list) and all(isinstance(row, list) and len(row) == 3 for row in value) and value:
        for row in sorted(
            {tuple(plain(str(cell)) for cell in row) for row in value if str(row[1]) not in _DROPPED_EVENTS}
        ):
            yield f"{key}[{': '.join(row)}]", True
    elif isinstance(value, list):
        for name, status in value:
            yield from ((f"{key}[{plain(name)}].{plain(path)}", _plain(plain, v)) for path, v in leaves(status))
    elif isinstance(value, float):
        yield key, "gone"
    elif key == "EXCEPTION":
        yield key, plain(str(value).strip().rpartition("\n")[2])
    else:
        yield from ((plain(path), _plain(plain, v)) for path, v in leaves(value, key))


def _plain(plain: Callable[[str], str], value: Leaf) -> Leaf:
    return plain(value) if isinstance(value, str) else value


def _log(scenario: str, plain: Callable[[str], str], log: str | None) -> Leaf:
    if scenario == "filesystem" and log:
        log = re.sub(r"[0-9a-f]{64}  /data/r", "{digest of random data}  /data/r", log)
    return plain(log) if log is not None else None


def _download(plain: Callable[[str], str], key: str, value: Mapping[str, Any]) -> Iterator[tuple[str, Leaf]]:
    """What Longhorn says of a file that it hands out; how small it becomes depends on the compressor."""
    yield f"{key}.status", value["status"]
    yield f"{key}.magic", value["magic"][:8]
    for header in ("Content-Disposition", "Content-Type", "Transfer-Encoding"):
        yield f"{key}.headers.{header}", plain(value["headers"].get(header, ""))


def _body(plain: Callable[[str], str], key: str, text: str) -> Iterator[tuple[str, Leaf]]:
    try:
        body = json.loads(text)
    except ValueError:
        yield key, plain(text)
    else:
        yield from ((f"{key}.{path}", _plain(plain, value)) for path, value in leaves(body))


def _listing(plain: Callable[[str], str], key: str, listing: Mapping[str, Any]) -> Iterator[tuple[str, Leaf]]:
    """The bucket under this scenario's volumes: each key, and the content of each file of text."""
    for name, entry in listing.items():
        path = f"{key}[{plain(name)}]"
        if "{claim " not in path:
            continue
        if "text" not in entry:
            yield path, "{bytes}" if entry["size"] else 0
            continue
        content = json.loads(entry["text"])
        compact = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
        yield f"{path}.form", "compact JSON" if compact == entry["text"] else "JSON of another form"
        yield f"{path}.fields", " ".join(content)
        for block in content.get("Blocks") or ():
            yield f"{path}.Blocks[{block.pop('Offset')}]", json.dumps(block, sort_keys=True)
        content.pop("Blocks", None)
        for leaf, value in leaves(content):
            compressed = leaf.rpartition(".")[2] in _COMPRESSED and value != "0"
            yield f"{path}.{plain(leaf)}", "{bytes}" if compressed else _plain(plain, value)
