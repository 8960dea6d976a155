"""The custom resources of longhorn.io/v1beta2: names, printer columns, and the schemas as far as they decide anything.

Fields that are not named here are kept as they come. Versions before 1.3 served v1beta1 and had no Snapshot objects;
here they are served like the newer ones.
"""

from typing import Any

from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Column, Obj, Resource
from simulator.longhorn import names
from simulator.longhorn.version import Version

AGE = Column("Age", ".metadata.creationTimestamp", "date")
STRING: Obj = {"type": "string"}
BOOLEAN: Obj = {"type": "boolean"}
INTEGER: Obj = {"type": "integer", "format": "int64"}
TIME: Obj = {"type": "string", "format": "date-time", "nullable": True}
LABELS: Obj = {"type": "object", "additionalProperties": STRING, "nullable": True}
CONDITIONS: Obj = {
    "type": "array",
    "nullable": True,
    "items": {
        "type": "object",
        "properties": {
            "lastProbeTime": STRING,
            "lastTransitionTime": STRING,
            "message": STRING,
            "reason": STRING,
            "status": STRING,
            "type": STRING,
        },
    },
}


def register(api: Api, version: Version) -> None:
    """Add Longhorn's custom resources, as `version` has them, to what the API serves."""
    for resource in _resources(version):
        api.register(resource)


def _open(**properties: Any) -> Obj:
    """An object of which only some fields are described."""
    return {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": properties}


def _maps() -> Obj:
    return {"type": "object", "nullable": True, "additionalProperties": _open()}


def _one_of(*values: str) -> Obj:
    return {"type": "string", "enum": list(values)}


def _resource(
    plural: str,
    kind: str,
    short_name: str,
    columns: tuple[Column, ...],
    spec: Obj | None = None,
    status: Obj | None = None,
    **more: Obj,
) -> Resource:
    parts: Obj = {"apiVersion": STRING, "kind": STRING, "metadata": {"type": "object"}, "status": status or _open()}
    if not more:
        parts["spec"] = spec or _open()
    return Resource(
        group=names.GROUP,
        version="v1beta2",
        plural=plural,
        singular=plural.removesuffix("s"),
        kind=kind,
        namespaced=True,
        short_names=(short_name,),
        status_subresource=True,
        schema={"type": "object", "properties": {**parts, **more}},
        columns=(*columns, AGE),
    )


def _resources(version: Version) -> list[Resource]:
    return [
        _volumes(),
        _attachments(),
        _snapshots(),
        _backups(version),
        _backup_volumes(),
        _backup_targets(),
        _engines(),
        _replicas(),
        _settings(),
        _nodes(),
        _engine_images(),
        _backing_images(),
        _backing_image_data_sources(),
        _backing_image_managers(),
        *([_support_bundles()] if version.has(4) else []),
    ]


def _volumes() -> Resource:
    columns = (
        Column("Data Engine", ".spec.dataEngine"),
        Column("State", ".status.state"),
        Column("Robustness", ".status.robustness"),
        Column("Scheduled", ".status.conditions[?(@.type=='Scheduled')].status"),
        Column("Size", ".spec.size"),
        Column("Node", ".status.currentNodeID"),
    )
    spec = _open(
        size=STRING,
        numberOfReplicas={"type": "integer"},
        frontend=_one_of("blockdev", "iscsi", "nvmf", "ublk", ""),
        accessMode=_one_of("rwo", "rwx", "rwop"),
        dataEngine=_one_of("v1", "v2"),
        dataLocality=_one_of("disabled", "best-effort", "strict-local"),
        backupCompressionMethod=_one_of("none", "lz4", "gzip"),
        backupBlockSize=_one_of("2097152", "16777216"),
        encrypted=BOOLEAN,
        fromBackup=STRING,
        dataSource=STRING,
        nodeID=STRING,
    )
    workload = {"type": "object", "additionalProperties": STRING}
    workloads: Obj = {"type": "array", "nullable": True, "items": workload}
    status = _open(conditions=CONDITIONS, kubernetesStatus=_open(workloadsStatus=workloads))
    return _resource("volumes", "Volume", "lhv", columns, spec, status)


def _attachments() -> Resource:
    ticket = _open(id=STRING, type=STRING, nodeID=STRING, parameters=LABELS, generation=INTEGER)
    tickets: Obj = {"type": "object", "additionalProperties": ticket}
    answer = _open(id=STRING, satisfied=BOOLEAN, generation=INTEGER, conditions=CONDITIONS)
    statuses: Obj = {"type": "object", "additionalProperties": answer}
    spec: Obj = {
        "type": "object",
        "required": ["volume"],
        "properties": {"volume": STRING, "attachmentTickets": tickets},
    }
    status = {"type": "object", "properties": {"attachmentTicketStatuses": statuses}}
    return _resource("volumeattachments", "VolumeAttachment", "lhva", (), spec, status)


def _snapshots() -> Resource:
    columns = (
        Column("Volume", ".spec.volume"),
        Column("CreationTime", ".status.creationTime"),
        Column("ReadyToUse", ".status.readyToUse", "boolean"),
        Column("RestoreSize", ".status.restoreSize"),
        Column("Size", ".status.size"),
    )
    spec = _open(volume=STRING, createSnapshot=BOOLEAN, labels=LABELS)
    spec["required"] = ["volume"]
    children: Obj = {"type": "object", "additionalProperties": BOOLEAN, "nullable": True}
    status = _open(children=children, labels=LABELS, readyToUse=BOOLEAN, size=INTEGER, restoreSize=INTEGER)
    return _resource("snapshots", "Snapshot", "lhsnap", columns, spec, status)


def _backups(version: Version) -> Resource:
    columns = (
        Column("SnapshotName", ".status.snapshotName"),
        Column("SnapshotSize", ".status.size"),
        Column("SnapshotCreatedAt", ".status.snapshotCreatedAt"),
        Column("BackupTarget", ".status.backupTargetName"),
        Column("State", ".status.state"),
        Column("LastSyncedAt", ".status.lastSyncedAt"),
    )
    mode = _one_of("full", "incremental") if version.has(9) else STRING
    spec = _open(
        snapshotName=STRING,
        labels=LABELS,
        backupMode=mode,
        backupBlockSize=_one_of("-1", "2097152", "16777216"),
        syncRequestedAt=TIME,
    )
    messages = LABELS
    status = _open(labels=LABELS, messages=messages, lastSyncedAt=TIME, progress={"type": "integer"})
    return _resource("backups", "Backup", "lhb", columns, spec, status)


def _backup_volumes() -> Resource:
    columns = (
        Column("BackupTarget", ".spec.backupTargetName"),
        Column("CreatedAt", ".status.createdAt"),
        Column("LastBackupName", ".status.lastBackupName"),
        Column("LastBackupAt", ".status.lastBackupAt"),
        Column("LastSyncedAt", ".status.lastSyncedAt"),
    )
    spec = _open(backupTargetName=STRING, volumeName=STRING, syncRequestedAt=TIME)
    status = _open(labels=LABELS, messages=LABELS, lastSyncedAt=TIME, lastModificationTime=TIME)
    return _resource("backupvolumes", "BackupVolume", "lhbv", columns, spec, status)


def _backup_targets() -> Resource:
    columns = (
        Column("URL", ".spec.backupTargetURL"),
        Column("Credential", ".spec.credentialSecret"),
        Column("LastBackupAt", ".spec.pollInterval"),
        Column("Available", ".status.available", "boolean"),
        Column("LastSyncedAt", ".status.lastSyncedAt"),
    )
    spec = _open(backupTargetURL=STRING, credentialSecret=STRING, pollInterval=STRING, syncRequestedAt=TIME)
    status = _open(available=BOOLEAN, conditions=CONDITIONS, lastSyncedAt=TIME)
    return _resource("backuptargets", "BackupTarget", "lhbt", columns, spec, status)


def _engines() -> Resource:
    columns = (
        Column("Data Engine", ".spec.dataEngine"),
        Column("State", ".status.currentState"),
        Column("Node", ".spec.nodeID"),
        Column("Image", ".status.currentImage"),
    )
    return _resource("engines", "Engine", "lhe", columns)


def _replicas() -> Resource:
    columns = (
        Column("Data Engine", ".spec.dataEngine"),
        Column("State", ".status.currentState"),
        Column("Node", ".spec.nodeID"),
        Column("Image", ".status.currentImage"),
    )
    return _resource("replicas", "Replica", "lhr", columns)


def _settings() -> Resource:
    columns = (Column("Value", ".value"), Column("Applied", ".status.applied", "boolean"))
    return _resource("settings", "Setting", "lhs", columns, value=STRING)


def _nodes() -> Resource:
    columns = (
        Column("Ready", ".status.conditions[?(@.type=='Ready')].status"),
        Column("AllowScheduling", ".spec.allowScheduling", "boolean"),
        Column("Schedulable", ".status.conditions[?(@.type=='Schedulable')].status"),
    )
    return _resource("nodes", "Node", "lhn", columns, None, _open(conditions=CONDITIONS))


def _engine_images() -> Resource:
    columns = (
        Column("State", ".status.state"),
        Column("Image", ".spec.image"),
        Column("RefCount", ".status.refCount", "integer"),
    )
    return _resource("engineimages", "EngineImage", "lhei", columns, None, _open(conditions=CONDITIONS))


def _backing_images() -> Resource:
    columns = (
        Column("UUID", ".status.uuid"),
        Column("SourceType", ".spec.sourceType"),
        Column("Size", ".status.size"),
        Column("VirtualSize", ".status.virtualSize"),
    )
    texts: Obj = {"type": "array", "nullable": True, "items": STRING}
    spec = _open(
        checksum=STRING,
        sourceType=_one_of("download", "upload", "export-from-volume", "restore", "clone"),
        sourceParameters=LABELS,
        minNumberOfCopies={"type": "integer"},
        nodeSelector=texts,
        diskSelector=texts,
        dataEngine=_one_of("v1", "v2"),
    )
    status = _open(
        size=INTEGER, virtualSize=INTEGER, realSize=INTEGER, diskFileStatusMap=_maps(), diskLastRefAtMap=LABELS
    )
    return _resource("backingimages", "BackingImage", "lhbi", columns, spec, status)


def _backing_image_data_sources() -> Resource:
    columns = (
        Column("UUID", ".spec.uuid"),
        Column("State", ".status.currentState"),
        Column("SourceType", ".spec.sourceType"),
        Column("Size", ".status.size"),
        Column("Node", ".spec.nodeID"),
    )
    status = _open(progress={"type": "integer"}, size=INTEGER, runningParameters=LABELS)
    return _resource("backingimagedatasources", "BackingImageDataSource", "lhbids", columns, None, status)


def _backing_image_managers() -> Resource:
    columns = (
        Column("State", ".status.currentState"),
        Column("Image", ".spec.image"),
        Column("Node", ".spec.nodeID"),
        Column("DiskUUID", ".spec.diskUUID"),
        Column("DiskPath", ".spec.diskPath"),
    )
    status = _open(backingImageFileMap=_maps())
    return _resource("backingimagemanagers", "BackingImageManager", "lhbim", columns, None, status)


def _support_bundles() -> Resource:
    columns = (
        Column("State", ".status.state"),
        Column("Issue", ".spec.issueURL"),
        Column("Description", ".spec.description"),
    )
    return _resource("supportbundles", "SupportBundle", "lhbundle", columns)
