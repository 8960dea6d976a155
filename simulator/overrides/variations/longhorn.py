# ruff: noqa: ARG005  (a replacement takes the arguments of the decision that it replaces)
"""Names, times, classes, objects and documents of Longhorn that no page fixes."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from simulator.kubernetes.resources import Obj, Resource
from simulator.longhorn.backupstore.models import BackupRequest, Block
from simulator.overrides.registry import Replacement, changed, variation

volume_names = variation(
    "longhorn-volumes-named-otherwise",
    decision="longhorn.volume_name",
    summary="A Longhorn volume has another name than its PersistentVolume, which refers to it by its handle.",
)(lambda original, requested: f"lhv-{hashlib.sha256(requested.encode()).hexdigest()[:20]}")
backup_names = variation(
    "backups-named-otherwise",
    decision="longhorn.backup_name",
    summary="A backup's name has another form.",
)(lambda original, volume, snapshot: f"b{hashlib.sha256((volume + snapshot).encode()).hexdigest()[:32]}.1")


def _shifted(seconds: int) -> Replacement:
    moved = timedelta(seconds=seconds)
    return changed(lambda now: (datetime.fromisoformat(now) + moved).strftime("%Y-%m-%dT%H:%M:%SZ"))


clock_ahead = variation(
    "engine-clock-ahead",
    decision="longhorn.engine_time",
    summary="The clock of the engine's node is a second ahead of the API server's.",
)(_shifted(1))
clock_behind = variation(
    "engine-clock-behind",
    decision="longhorn.engine_time",
    summary="The clock of the engine's node is a second behind the API server's.",
)(_shifted(-1))
parameters = variation(
    "storage-class-tuned",
    decision="longhorn.storage_class_parameters",
    summary="The StorageClass asks for one replica on the workload's node, and for xfs.",
)(changed(lambda shipped: {**shipped, "numberOfReplicas": "1", "dataLocality": "best-effort", "fsType": "xfs"}))

first_of_clone = variation(
    "clone-begins-with-another-snapshot",
    decision="longhorn.cloned_snapshot",
    summary="The first snapshot of a volume that restored one has a longer name than that one.",
)(lambda original, snapshot: f"{original(snapshot)}-copy")
_ANSWERS: Counter[str] = Counter()
"""How often the driver was asked for a snapshot; each simulator is a separate process."""


@variation("in-cluster-snapshot-ready-at-the-third-answer", decision="longhorn.in_cluster_is_ready")
def ready_later(original: Callable[[Obj], bool], snapshot: Obj) -> bool:
    """A snapshot of type snap has its handle at once, and is reported as ready when asked for the third time."""
    _ANSWERS[snapshot["metadata"]["uid"]] += 1
    return original(snapshot) and _ANSWERS[snapshot["metadata"]["uid"]] > 2


OTHER_CLASSES = [
    {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshotClass",
        "metadata": {"name": name, "annotations": {"snapshot.storage.kubernetes.io/is-default-class": "true"}},
        "driver": f"{name}.csi.example.com",
        "deletionPolicy": "Retain",
    }
    for name in ("archive", "zonal")
]
classes = variation(
    "classes-of-other-drivers",
    decision="longhorn.snapshot_classes",
    summary="The cluster has VolumeSnapshotClasses of other drivers, each its driver's default.",
)(lambda original: [*original(), *OTHER_CLASSES])

MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z")


def _retimed(replacement: str) -> Replacement:
    """Times in the status of Longhorn's objects, which are plain texts, written in another form of RFC 3339."""

    def retimed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: retimed(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [retimed(inner) for inner in value]
        return MOMENT.sub(replacement, value) if isinstance(value, str) and MOMENT.fullmatch(value) else value

    def replace(original: Callable[..., Obj], resource: Resource, obj: Obj, old: Obj | None) -> Obj:
        admitted = original(resource, obj, old)
        if resource.group != "longhorn.io" or not admitted.get("status"):
            return admitted
        return {**admitted, "status": retimed(admitted["status"])}

    return replace


fractions = variation(
    "times-with-fractions",
    decision="kubernetes.admitted",
    summary="Times in the status of Longhorn's objects have nine digits after the second.",
)(_retimed(r"\1.000000000Z"))
offsets = variation(
    "times-with-an-offset",
    decision="kubernetes.admitted",
    summary="Times in the status of Longhorn's objects end in +00:00.",
)(_retimed(r"\1+00:00"))


@variation("api-says-more", decision="longhorn.api_answer")
def say_more(original: Callable[[Obj], Obj], answer: Obj) -> Obj:
    """Longhorn's own API tells more of each object, and in another order."""
    said = original(answer)

    def fuller(item: Obj) -> Obj:
        return {"controllerID": "q1", **dict(sorted(item.items(), reverse=True)), "annotations": None}

    if isinstance(said.get("data"), list):
        return {**said, "sort": None, "data": [fuller(each) for each in reversed(said["data"])]}
    return fuller(said)


# Backing images


def _handle(values: Mapping[str, str], keys: Sequence[str], encoded: Callable[[str], str] = str) -> str:
    return "bi://backing?" + "&".join(f"{key}={encoded(values[key])}" for key in keys)


backwards = variation(
    "handle-parameters-backwards",
    decision="backing_images.handle_text",
    summary="The parameters in the handle of a new image are in another order.",
)(lambda original, values: _handle(values, sorted(values, reverse=True)))


def _escaped(value: str) -> str:
    return "".join(quote(each, safe="") if each.isalnum() else f"%{ord(each):02x}" for each in value)


escapes = variation(
    "handle-parameters-escaped",
    decision="backing_images.handle_text",
    summary="Values in the handle of a new image are percent-encoded where they need not be, in lower case.",
)(lambda original, values: _handle(values, sorted(values), _escaped))
checksum_late = variation(
    "checksum-after-ready",
    decision="backing_images.fact_delay",
    summary="An image's checksum is told 0.3 s after its file is ready.",
)(lambda original, field: 0.3 if field == "checksum" else original(field))
sizes_late = variation(
    "sizes-after-ready",
    decision="backing_images.fact_delay",
    summary="An image's sizes are told up to 0.6 s after its file is ready.",
)(lambda original, field: {"size": 0.2, "virtualSize": 0.2, "realSize": 0.2}.get(field, original(field)))

# The backupstore


@variation("documents-indented", decision="backupstore.document_text")
def indent(original: Callable[[bytes], bytes], document: bytes) -> bytes:
    """Documents in the store are indented, their keys sorted, and have a field more."""
    content = json.loads(original(document))
    return json.dumps({"FormatVersion": 2, **content}, indent=2, sort_keys=True).encode()


@variation("blocks-in-no-order", decision="backupstore.merged_blocks")
def shuffle(original: Callable[..., list[Block]], base: Sequence[Block], delta: Sequence[Block]) -> list[Block]:
    """The document of a backup lists its blocks in the order of their checksums, not of their offsets."""
    return sorted(original(base, delta), key=lambda block: block.checksum)


@variation("zeros-stored", decision="backupstore.blocks_to_copy")
def store_zeros(
    original: Callable[..., Sequence[int]], offsets: Sequence[int], request: BackupRequest
) -> Sequence[int]:
    """A backup of a whole volume stores the blocks as well that nobody ever wrote to."""
    chosen = original(offsets, request)
    everything = range(0, request.size, request.block_size)
    return everything if 0 in chosen and len(chosen) > 1 else chosen


MORE_HEADERS = {"x-amz-server-side-encryption": "AES256", "Vary": "Origin"}
tags = variation(
    "objects-tagged-otherwise",
    decision="s3.entity_tag",
    summary="ETags have the form of uploads in parts, and are no checksums.",
)(lambda original, tag: re.sub(r"([0-9a-f]{32})", lambda found: f"{found[0][::-1]}-1", original(tag)))
headers = variation(
    "store-sends-more-headers",
    decision="s3.answer_headers",
    summary="The store's answers have more headers.",
)(changed(lambda sent: {**sent, **MORE_HEADERS}))
pages = variation(
    "short-pages",
    decision="s3.page_size",
    summary="A page of a list in the store holds three keys.",
)(lambda original: 3)
