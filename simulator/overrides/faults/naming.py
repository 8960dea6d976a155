# ruff: noqa: ARG005  (a replacement takes the arguments of the decision that it replaces)
"""Faults in the names that are derived from a VolumeSnapshot's uid."""

import hashlib

from simulator.overrides.registry import changed, fault

content_after_name = fault(
    "content-named-after-the-snapshot-object",
    breaks=("backup.name.content", "backup.name.uid", "backing-image.name.content", "snapshot.name.content"),
    decision="csi.content_name",
    says=r"snapcontent-\S+' == 'snapcontent-|VolumeSnapshotContent snapcontent-\S+ (should be named|does not carry)",
    summary="The content is named snapcontent-<namespace>-<name> and not after the uid.",
)(lambda original, snapshot: f"snapcontent-{snapshot['metadata']['namespace']}-{snapshot['metadata']['name']}")
content_after_half = fault(
    "content-named-after-half-the-uid",
    breaks=("backup.name.content", "backup.name.uid", "backing-image.name.content", "snapshot.name.content"),
    decision="csi.content_name",
    says=r"snapcontent-\S+' == 'snapcontent-|VolumeSnapshotContent snapcontent-\S+ (should be named|does not carry)",
    summary="The content's name ends after half of the uid.",
)(lambda original, snapshot: original(snapshot)[: -len(snapshot["metadata"]["uid"]) // 2])
snapshot_by_digest = fault(
    "snapshot-named-by-digest",
    breaks=("backup.name.snapshot", "backup.name.uid", "snapshot.name.snapshot"),
    decision="longhorn.snapshot_name",
    says=r"snapshot-[0-9a-f]{32}",
    summary="The Longhorn snapshot gets another name than snapshot-<uid>.",
)(lambda original, requested: "snapshot-" + hashlib.sha256(original(requested).encode()).hexdigest()[:32])
snapshot_without_dashes = fault(
    "snapshot-name-without-dashes",
    breaks=("backup.name.snapshot", "backup.name.uid", "snapshot.name.snapshot"),
    decision="csi.snapshot_name",
    says=r"snapshot-[0-9a-f]{32}",
    summary="The driver is asked for a snapshot whose name holds the uid without its dashes.",
)(changed(lambda name: "snapshot-" + name.removeprefix("snapshot-").replace("-", "")))
elsewhere = fault(
    "backup-url-of-another-target",
    breaks="backup.off-cluster",
    decision="longhorn.backup_url",
    says=r"the backup target at s3://",
    summary="A backup says that it is in another bucket than the backup target's.",
)(lambda original, target_url, volume, backup: original("s3://elsewhere@nowhere-1/", volume, backup))
