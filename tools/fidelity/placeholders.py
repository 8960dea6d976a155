"""Placeholders for names, uids, times, addresses and whatever else differs on every run.

A placeholder says whose it is (`{claim src}` is the uid of that claim), so that a reference to the wrong object shows
as a difference. Names that are made of others by a rule (the attachment's hash, the directories of a backup volume)
become a placeholder only if the rule holds.
"""

import hashlib
import re
from collections.abc import Sequence

from tools.fidelity.scenario_events import Event, image_name

EXPORTING = "longhorn.io/for-exporting-backing-image"
"""The label of a Longhorn snapshot that is taken for an export: the name of the image."""
_DRIVER = "driver.longhorn.io"
_UUID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f])")

# What is random or timed wherever it appears, in the order in which it is replaced.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (_UUID, "{uid}"),
    (re.compile(r"\bpvc-\{uid\}-[0-9a-f]{8}\b"), "pvc-{uid}-{suffix}"),
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
    (re.compile(r"\b\d{10}\.(?:\d{9}\b|%N)"), "{stamp}"),
    (re.compile(r"\bSet realSize to \d+\b"), "Set realSize to {bytes}"),
    # The server, the bucket and the downloaded image of the real clusters and of the simulator.
    (
        re.compile(
            r"(?:(?:minio\.minio|s3\.conformance-s3)\.svc\.cluster\.local|minio\.longhorn-snapshot-s3)(?![a-z0-9.-])"
        ),
        "{s3}",
    ),
    (re.compile(r"(\{s3\}(?::|%3A)9000(?:/|%2F))(?:images|files)(/|%2F)(?:seq|plain)\.raw"), r"\1{image}"),
    (re.compile(r"\bs3://(?:backups|backupbucket)@"), "s3://{bucket}@"),
    (re.compile(r"\bcontainerd://[0-9a-f]{64}\b"), "containerd://{id}"),
)


class Placeholders:
    """The literal strings of one run with their placeholders, longest first."""

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
                self._add(metadata["uid"], f"{{uid {event['kind']} {bare(self.plain(event['name']))}}}")
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
                of = bare(self.plain(event["object"]["spec"].get("snapshotName", ""))).removeprefix("snapshot-")
                numbers[of] = numbers.get(of, 0) + 1
                more = f" #{numbers[of]}" if numbers[of] > 1 else ""
                self._add(event["name"], f"backup-{{backup {of}{more}}}")

    def _add_system_snapshots(self, history: Sequence[Event]) -> None:
        for event in history:
            if event["kind"] == "Snapshot" and _UUID.fullmatch(event["name"]):
                volume = bare(self.plain(event["object"]["spec"]["volume"]))
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
                self._add(image_name(f"snapshot-{uid}"), f"{{image {bare(placeholder)}}}")
        for event in history:
            if event["kind"] == "BackingImage":
                image = bare(self.plain(event["name"])).removeprefix("image ")
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
            volume, word = f"pvc-{uid}", bare(placeholder)
            checksum = hashlib.sha512(volume.encode()).hexdigest()
            self._add(f"{checksum[:2]}/{checksum[2:4]}/{volume}", f"{{checksum}}/pvc-{placeholder}")
            for node in nodes:
                attachment = hashlib.sha256(f"{volume}{_DRIVER}{node}".encode()).hexdigest()
                self._add(f"csi-{attachment}", f"csi-{{attachment {word.removeprefix('claim ')}}}")

    def plain(self, text: str) -> str:
        """`text` with everything that differs on every run replaced."""
        if self._pattern is None:
            ordered = sorted(self._literals, key=len, reverse=True)
            self._pattern = re.compile(rf"(?<![A-Za-z0-9])({'|'.join(map(re.escape, ordered))})(?![A-Za-z0-9])")
        text = self._pattern.sub(lambda match: self._literals[match.group()], text)
        for pattern, placeholder in _PATTERNS:
            text = pattern.sub(placeholder, text)
        return _ordered_body(text)

    def revision(self, uid: str, revision: str) -> str:
        """A reference to another object's revision: whether that object had it."""
        known = self._revisions.get(uid)
        if known is None:
            return "{revision}"
        return "{its revision}" if revision in known else f"{{not its revision: {revision}}}"


def bare(text: str) -> str:
    """A placeholder inside a placeholder, without its braces and its first word."""
    return re.sub(r"\{(?:claim|snapshot|backup) ([^{}]*)\}", r"\1", text).replace("{", "").replace("}", "")


def _ordered_body(text: str) -> str:
    """Longhorn's client prints the fields of an error from a Go map, whose order is random."""
    match = re.search(r"Body: \[(.*?)\](?= from \[|$)", text, re.DOTALL)
    if not match:
        return text
    fields = sorted(re.split(r", (?=(?:code|detail|message|actions|id|links|status|type)=)", match.group(1)))
    return f"{text[: match.start(1)]}{', '.join(fields)}{text[match.end(1) :]}"
