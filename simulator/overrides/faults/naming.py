# ruff: noqa: ARG001  (a replacement takes the arguments of the decision that it replaces)
"""Faults in the names that are derived from a VolumeSnapshot's uid."""

import hashlib
from collections.abc import Callable

from simulator.kubernetes.resources import Obj
from simulator.overrides.registry import fault


@fault(
    "content-named-after-the-snapshot-object",
    breaks=("backup.name.content", "backup.name.uid", "backing-image.name.content"),
    decision="csi.content_name",
    says=r"snapcontent-\S+' == 'snapcontent-|VolumeSnapshotContent snapcontent-\S+ (should be named|does not carry)",
)
def content_after_name(original: Callable[[Obj], str], snapshot: Obj) -> str:
    """The content is named snapcontent-<namespace>-<name> and not after the uid."""
    return f"snapcontent-{snapshot['metadata']['namespace']}-{snapshot['metadata']['name']}"


@fault(
    "content-named-after-half-the-uid",
    breaks=("backup.name.content", "backup.name.uid", "backing-image.name.content"),
    decision="csi.content_name",
    says=r"snapcontent-\S+' == 'snapcontent-|VolumeSnapshotContent snapcontent-\S+ (should be named|does not carry)",
)
def content_after_half(original: Callable[[Obj], str], snapshot: Obj) -> str:
    """The content's name ends after half of the uid."""
    return original(snapshot)[: -len(snapshot["metadata"]["uid"]) // 2]


@fault(
    "snapshot-named-by-digest",
    breaks=("backup.name.snapshot", "backup.name.uid"),
    decision="longhorn.snapshot_name",
    says=r"snapshot-[0-9a-f]{32}",
)
def snapshot_by_digest(original: Callable[[str], str], requested: str) -> str:
    """The Longhorn snapshot gets another name than snapshot-<uid>."""
    return "snapshot-" + hashlib.sha256(original(requested).encode()).hexdigest()[:32]


@fault(
    "snapshot-name-without-dashes",
    breaks=("backup.name.snapshot", "backup.name.uid"),
    decision="csi.snapshot_name",
    says=r"snapshot-[0-9a-f]{32}",
)
def snapshot_without_dashes(original: Callable[[Obj], str], content: Obj) -> str:
    """The driver is asked for a snapshot whose name holds the uid without its dashes."""
    prefix, _, uid = original(content).partition("-")
    return f"{prefix}-{uid.replace('-', '')}"


@fault(
    "backup-url-of-another-target",
    breaks="backup.off-cluster",
    decision="longhorn.backup_url",
    says=r"the backup target at s3://",
)
def elsewhere(original: Callable[[str, str, str], str], target_url: str, volume: str, backup: str) -> str:
    """A backup says that it is in another bucket than the backup target's."""
    return original("s3://elsewhere@nowhere-1/", volume, backup)
