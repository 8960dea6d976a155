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
NUMBER: Obj = {"type": "integer"}
INTEGER: Obj = {"type": "integer", "format": "int64"}
TIME: Obj = {"type": "string", "format": "date-time", "nullable": True}
LABELS: Obj = {"type": "object", "additionalProperties": STRING, "nullable": True}
TEXTS: Obj = {"type": "array", "nullable": True, "items": STRING}
CONDITION_FIELDS = ("lastProbeTime", "lastTransitionTime", "message", "reason", "status", "type")
CONDITIONS: Obj = {
    "type": "array",
    "nullable": True,
    "items": {"type": "object", "properties": dict.fromkeys(CONDITION_FIELDS, STRING)},
}


def register(api: Api, version: Version) -> None:
    """Add Longhorn's custom resources, as `version` has them, to what the API serves."""
    for resource in _resources(version):
        api.register(resource)


def _open(**properties: Any) -> Obj:
    """An object of which only some fields are described."""
    return {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": properties}


def _map(of: Obj) -> Obj:
    return {"type": "object", "additionalProperties": of}


def _one_of(*values: str) -> Obj:
    return {"type": "string", "enum": list(values)}


def _resource(
    kind: str,
    short_name: str,
    *columns: Column,
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
        plural=f"{kind.lower()}s",
        singular=kind.lower(),
        kind=kind,
        namespaced=True,
        short_names=(short_name,),
        status_subresource=True,
        schema={"type": "object", "properties": {**parts, **more}},
        columns=(*columns, AGE),
    )


def _resources(version: Version) -> list[Resource]:
    bundle = (
        Column("State", ".status.state"),
        Column("Issue", ".spec.issueURL"),
        Column("Description", ".spec.description"),
    )
    bundles = [_resource("SupportBundle", "lhbundle", *bundle)] if version.has(4) else []
    return [*_volumes_and_snapshots(), *_backups(version), *_runtime(), *_backing_images(), *bundles]


def _volumes_and_snapshots() -> list[Resource]:
    ticket = _open(id=STRING, type=STRING, nodeID=STRING, parameters=LABELS, generation=INTEGER)
    answer = _open(id=STRING, satisfied=BOOLEAN, generation=INTEGER, conditions=CONDITIONS)
    workloads: Obj = {"type": "array", "nullable": True, "items": _map(STRING)}
    children: Obj = {**_map(BOOLEAN), "nullable": True}
    return [
        _resource(
            "Volume",
            "lhv",
            Column("Data Engine", ".spec.dataEngine"),
            Column("State", ".status.state"),
            Column("Robustness", ".status.robustness"),
            Column("Scheduled", ".status.conditions[?(@.type=='Scheduled')].status"),
            Column("Size", ".spec.size"),
            Column("Node", ".status.currentNodeID"),
            spec=_open(
                size=STRING,
                numberOfReplicas=NUMBER,
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
            ),
            status=_open(conditions=CONDITIONS, kubernetesStatus=_open(workloadsStatus=workloads)),
        ),
        _resource(
            "VolumeAttachment",
            "lhva",
            spec={
                "type": "object",
                "required": ["volume"],
                "properties": {"volume": STRING, "attachmentTickets": _map(ticket)},
            },
            status={"type": "object", "properties": {"attachmentTicketStatuses": _map(answer)}},
        ),
        _resource(
            "Snapshot",
            "lhsnap",
            Column("Volume", ".spec.volume"),
            Column("CreationTime", ".status.creationTime"),
            Column("ReadyToUse", ".status.readyToUse", "boolean"),
            Column("RestoreSize", ".status.restoreSize"),
            Column("Size", ".status.size"),
            spec={**_open(volume=STRING, createSnapshot=BOOLEAN, labels=LABELS), "required": ["volume"]},
            status=_open(children=children, labels=LABELS, readyToUse=BOOLEAN, size=INTEGER, restoreSize=INTEGER),
        ),
    ]


def _backups(version: Version) -> list[Resource]:
    return [
        _resource(
            "Backup",
            "lhb",
            Column("SnapshotName", ".status.snapshotName"),
            Column("SnapshotSize", ".status.size"),
            Column("SnapshotCreatedAt", ".status.snapshotCreatedAt"),
            Column("BackupTarget", ".status.backupTargetName"),
            Column("State", ".status.state"),
            Column("LastSyncedAt", ".status.lastSyncedAt"),
            spec=_open(
                snapshotName=STRING,
                labels=LABELS,
                backupMode=_one_of("full", "incremental") if version.has(9) else STRING,
                backupBlockSize=_one_of("-1", "2097152", "16777216"),
                syncRequestedAt=TIME,
            ),
            status=_open(labels=LABELS, messages=LABELS, lastSyncedAt=TIME, progress=NUMBER),
        ),
        _resource(
            "BackupVolume",
            "lhbv",
            Column("BackupTarget", ".spec.backupTargetName"),
            Column("CreatedAt", ".status.createdAt"),
            Column("LastBackupName", ".status.lastBackupName"),
            Column("LastBackupAt", ".status.lastBackupAt"),
            Column("LastSyncedAt", ".status.lastSyncedAt"),
            spec=_open(backupTargetName=STRING, volumeName=STRING, syncRequestedAt=TIME),
            status=_open(labels=LABELS, messages=LABELS, lastSyncedAt=TIME, lastModificationTime=TIME),
        ),
        _resource(
            "BackupTarget",
            "lhbt",
            Column("URL", ".spec.backupTargetURL"),
            Column("Credential", ".spec.credentialSecret"),
            Column("LastBackupAt", ".spec.pollInterval"),
            Column("Available", ".status.available", "boolean"),
            Column("LastSyncedAt", ".status.lastSyncedAt"),
            spec=_open(backupTargetURL=STRING, credentialSecret=STRING, pollInterval=STRING, syncRequestedAt=TIME),
            status=_open(available=BOOLEAN, conditions=CONDITIONS, lastSyncedAt=TIME),
        ),
    ]


def _runtime() -> list[Resource]:
    process = (
        Column("Data Engine", ".spec.dataEngine"),
        Column("State", ".status.currentState"),
        Column("Node", ".spec.nodeID"),
        Column("Image", ".status.currentImage"),
    )
    value, applied = Column("Value", ".value"), Column("Applied", ".status.applied", "boolean")
    return [
        _resource("Engine", "lhe", *process),
        _resource("Replica", "lhr", *process),
        _resource("Setting", "lhs", value, applied, value=STRING),
        _resource(
            "Node",
            "lhn",
            Column("Ready", ".status.conditions[?(@.type=='Ready')].status"),
            Column("AllowScheduling", ".spec.allowScheduling", "boolean"),
            Column("Schedulable", ".status.conditions[?(@.type=='Schedulable')].status"),
            status=_open(conditions=CONDITIONS),
        ),
        _resource(
            "EngineImage",
            "lhei",
            Column("State", ".status.state"),
            Column("Image", ".spec.image"),
            Column("RefCount", ".status.refCount", "integer"),
            status=_open(conditions=CONDITIONS),
        ),
    ]


def _backing_images() -> list[Resource]:
    maps: Obj = {"nullable": True, **_map(_open())}
    return [
        _resource(
            "BackingImage",
            "lhbi",
            Column("UUID", ".status.uuid"),
            Column("SourceType", ".spec.sourceType"),
            Column("Size", ".status.size"),
            Column("VirtualSize", ".status.virtualSize"),
            spec=_open(
                checksum=STRING,
                sourceType=_one_of("download", "upload", "export-from-volume", "restore", "clone"),
                sourceParameters=LABELS,
                minNumberOfCopies=NUMBER,
                nodeSelector=TEXTS,
                diskSelector=TEXTS,
                dataEngine=_one_of("v1", "v2"),
            ),
            status=_open(
                size=INTEGER, virtualSize=INTEGER, realSize=INTEGER, diskFileStatusMap=maps, diskLastRefAtMap=LABELS
            ),
        ),
        _resource(
            "BackingImageDataSource",
            "lhbids",
            Column("UUID", ".spec.uuid"),
            Column("State", ".status.currentState"),
            Column("SourceType", ".spec.sourceType"),
            Column("Size", ".status.size"),
            Column("Node", ".spec.nodeID"),
            status=_open(progress=NUMBER, size=INTEGER, runningParameters=LABELS),
        ),
        _resource(
            "BackingImageManager",
            "lhbim",
            Column("State", ".status.currentState"),
            Column("Image", ".spec.image"),
            Column("Node", ".spec.nodeID"),
            Column("DiskUUID", ".spec.diskUUID"),
            Column("DiskPath", ".spec.diskPath"),
            status=_open(backingImageFileMap=maps),
        ),
    ]
