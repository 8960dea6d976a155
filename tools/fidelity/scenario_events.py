"""The events that belong to a scenario: those of its namespace, its volumes and their snapshots and backups.

The client watches whole kinds, and so also sees objects of others.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

Event = Mapping[str, Any]

# Kinds that are polled in the background, except in the scenario about the backup target.
_BACKGROUND = {"BackupTarget"}
_IMAGES = {"BackingImage", "BackingImageDataSource"}


def scenario_events(history: Sequence[Event], namespace: str, *, background: bool) -> list[Event]:
    """The events of `history` about `namespace` and its objects elsewhere, in order of revision.

    With `background` also those of kinds that are polled in the background.
    """
    volumes = {
        event["name"]
        for event in history
        if event["kind"] == "PersistentVolume" and _claim(event["object"]).get("namespace") == namespace
    }

    def named_after(kind: str, prefix: str) -> set[str]:
        own = (event["object"] for event in history if event["kind"] == kind and event["ns"] == namespace)
        return {f"{prefix}-{obj['metadata']['uid']}" for obj in own}

    volumes |= named_after("PersistentVolumeClaim", "pvc")
    snapshots = named_after("VolumeSnapshot", "snapshot")
    images = {image_name(snapshot) for snapshot in snapshots}
    images |= {event["name"] for event in history if event["kind"] == "BackingImage" and namespace in event["name"]}
    mine = [event for event in history if _belongs(event, namespace, volumes, snapshots, images, background)]
    return sorted(mine, key=lambda event: int(event["rv"]))


def image_name(requested: str, limit: int = 40) -> str:
    """Longhorn's name for a backing image: a name that is too long is cut, and a hash of it is added."""
    if len(requested) <= limit:
        return requested
    return f"{requested[: limit - 9].rstrip('-')}-{hashlib.sha512(requested.encode()).hexdigest()[:8]}"


def _claim(volume: Mapping[str, Any]) -> Mapping[str, Any]:
    claim: Mapping[str, Any] = volume.get("spec", {}).get("claimRef") or {}
    return claim


def _belongs(
    event: Event, namespace: str, volumes: set[str], snapshots: set[str], images: set[str], background: bool
) -> bool:
    kind, obj = event["kind"], event["object"]
    if kind in _IMAGES:
        return event["name"] in images
    if kind == "Event":
        about = obj.get("involvedObject", {})
        name = about.get("name", "")
        return bool(
            event["ns"] == namespace
            or any(name.startswith(volume) for volume in volumes)
            or name in snapshots
            or (about.get("kind") in {*_IMAGES, "Snapshot"} and any(name.startswith(image) for image in images))
            or (about.get("kind") == "BackingImageManager" and any(image in obj["message"] for image in images))
            or name.removeprefix("snapcontent-") in {snapshot.removeprefix("snapshot-") for snapshot in snapshots}
            or (about.get("kind") == "VolumeSnapshotContent" and namespace in name)
            or (about.get("kind") == "Backup" and any(volume in str(obj) for volume in volumes))
        )
    if kind == "VolumeSnapshotContent":
        return bool(obj["spec"]["volumeSnapshotRef"].get("namespace") == namespace)
    if kind == "VolumeSnapshotClass":
        return True
    if kind in _BACKGROUND:
        return background
    if event["ns"] == namespace or event["name"] in volumes:
        return True
    labels = obj["metadata"].get("labels") or {}
    spec = obj.get("spec") or {}
    return bool(
        spec.get("volume") in volumes
        or spec.get("volumeName") in volumes
        or labels.get("backup-volume") in volumes
        or (spec.get("source") or {}).get("persistentVolumeName") in volumes
    )
