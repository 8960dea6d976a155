"""The JSON documents of the backupstore, byte for byte as Longhorn writes them.

Fields come in the order of Longhorn's own structures, sizes are strings, and some strings are quoted twice. Which
fields there are depends on the version.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from simulator.longhorn.backupstore.models import Block, StoredBackup, StoredVolume
from simulator.longhorn.version import Version

_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def dump(document: Mapping[str, Any]) -> bytes:
    """JSON as Go's encoder writes it: no spaces, UTF-8, and the characters escaped that HTML minds."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    for character, escape in _ESCAPED.items():
        text = text.replace(character, escape)
    return text.encode()


def dump_volume(volume: StoredVolume, version: Version) -> bytes:
    """A volume.cfg."""
    document: dict[str, Any] = {
        "Name": volume.name,
        "Size": str(volume.size),
        "Labels": _sorted(volume.labels),
        "CreatedTime": volume.created,
        "LastBackupName": volume.last_backup,
        "LastBackupAt": volume.last_backup_at,
        "BlockCount": str(volume.block_count),
        "BackingImageName": _quoted(volume.backing_image),
        "BackingImageChecksum": _quoted(volume.backing_image_checksum),
    }
    if version.has(5):
        document["CompressionMethod"] = _quoted(volume.compression)
        document["StorageClassName"] = _quoted(volume.storage_class)
        document["DataEngine"] = _quoted(volume.data_engine)
    return dump(document)


def load_volume(data: bytes, last_modified: datetime | None = None) -> StoredVolume:
    """Reads a volume.cfg of any version. Raises ValueError or KeyError for what is none."""
    document = json.loads(data)
    return StoredVolume(
        name=document["Name"],
        size=int(document["Size"]),
        labels=document.get("Labels") or {},
        created=document["CreatedTime"],
        last_backup=document["LastBackupName"],
        last_backup_at=document["LastBackupAt"],
        block_count=int(document["BlockCount"]),
        backing_image=_unquoted(document.get("BackingImageName")),
        backing_image_checksum=_unquoted(document.get("BackingImageChecksum")),
        compression=_unquoted(document.get("CompressionMethod")) or "gzip",
        storage_class=_unquoted(document.get("StorageClassName")),
        data_engine=_unquoted(document.get("DataEngine")) or "v1",
        last_modified=last_modified,
    )


def dump_backup(backup: StoredBackup, version: Version) -> bytes:
    """A backup_<name>.cfg; that of a backup in progress has all but its names and its compression left empty."""
    document: dict[str, Any] = {
        "Name": backup.name,
        "VolumeName": backup.volume,
        "SnapshotName": backup.snapshot,
        "SnapshotCreatedAt": backup.snapshot_created,
        "CreatedTime": backup.created,
        "Size": str(backup.size),
        "Labels": _sorted(backup.labels),
    }
    if version.has(7):
        document["Parameters"] = _sorted(backup.parameters)
    document["IsIncremental"] = backup.incremental
    if version.has(5):
        document["CompressionMethod"] = backup.compression
    if version.has(7):
        document["NewlyUploadedDataSize"] = str(backup.newly_uploaded)
        document["ReUploadedDataSize"] = str(backup.reuploaded)
    if version.has(5):
        document["ProcessingBlocks"] = None if backup.incremental or backup.in_progress else {}
    if backup.blocks:
        document["Blocks"] = [{"Offset": block.offset, "BlockChecksum": block.checksum} for block in backup.blocks]
    document["SingleFile"] = {"FilePath": ""}
    return dump(document)


def load_backup(data: bytes) -> StoredBackup:
    """Reads a backup_<name>.cfg of any version. Raises ValueError or KeyError for what is none."""
    document = json.loads(data)
    return StoredBackup(
        name=document["Name"],
        volume=document["VolumeName"],
        snapshot=document["SnapshotName"],
        snapshot_created=document["SnapshotCreatedAt"],
        created=document["CreatedTime"],
        size=int(document["Size"]),
        labels=document.get("Labels"),
        parameters=document.get("Parameters"),
        incremental=document["IsIncremental"],
        compression=document.get("CompressionMethod") or "gzip",
        newly_uploaded=int(document.get("NewlyUploadedDataSize", 0)),
        reuploaded=int(document.get("ReUploadedDataSize", 0)),
        blocks=tuple(Block(entry["Offset"], entry["BlockChecksum"]) for entry in document.get("Blocks") or ()),
    )


def _sorted(values: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if values is None else {key: values[key] for key in sorted(values)}


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _unquoted(value: str | None) -> str:
    return str(json.loads(value)) if value else ""
