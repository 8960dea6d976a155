"""What is in a cluster right after Longhorn was installed."""

import base64
import hashlib
import uuid
from collections.abc import Mapping

from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj
from simulator.longhorn import names, objects
from simulator.longhorn.decisions import LonghornDecisions
from simulator.longhorn.version import Version

CREDENTIALS = "minio-secret"
POLL_INTERVAL = "5m0s"
DISK = "default-disk-100000000000"
DISK_SIZE = 100 << 30


def install(
    api: Api, decisions: LonghornDecisions, image: str, target_url: str, credentials: Mapping[str, str], now: str
) -> None:
    """Make the objects, with `target_url` as the default backup target, available from the beginning."""
    if api.find("namespaces", names.NAMESPACE) is None:
        api.create("namespaces", {"metadata": {"name": names.NAMESPACE}})
    version = decisions.version
    _service(api)
    _settings(api, version, image, target_url)
    _node(api, now)
    _engine_image(api, image, now)
    _backup_target(api, target_url, credentials, now)
    api.create("storageclasses.storage.k8s.io", _storage_class(decisions.storage_class_name(), version))
    for snapshot_class in decisions.snapshot_classes():
        api.create("volumesnapshotclasses.snapshot.storage.k8s.io", snapshot_class)


def _service(api: Api) -> None:
    spec = {
        "type": "ClusterIP",
        "selector": {"app": "longhorn-manager"},
        "ports": [{"name": "manager", "port": 9500, "targetPort": "manager", "protocol": "TCP"}],
    }
    metadata = {"name": "longhorn-backend", "namespace": names.NAMESPACE, "labels": {"app": "longhorn-manager"}}
    api.create("services", {"metadata": metadata, "spec": spec})


def _settings(api: Api, version: Version, image: str, target_url: str) -> None:
    values = {
        "allow-volume-creation-with-degraded-availability": "true",
        "backing-image-cleanup-wait-interval": "60",
        "backing-image-recovery-wait-interval": "300",
        "default-data-path": "/var/lib/longhorn/",
        "default-engine-image": image,
        "default-replica-count": '{"v1":"3","v2":"3"}' if version.has(10) else "3",
    }
    since: list[tuple[tuple[int, int], dict[str, str]]] = [
        ((3, 3), {"failed-backup-ttl": "1440"}),
        ((5, 0), {"backup-compression-method": "lz4", "backup-concurrent-limit": "2", "restore-concurrent-limit": "2"}),
        ((5, 0), {"current-longhorn-version": version.tag}),
        ((5, 4), {"disable-snapshot-purge": "false"}),
        ((6, 0), {"snapshot-max-count": "250"}),
        ((7, 0), {"auto-cleanup-when-delete-backup": "false", "default-min-number-of-backing-image-copies": "3"}),
        ((8, 0), {"backup-execution-timeout": "1"}),
        ((9, 0), {"auto-cleanup-snapshot-after-on-demand-backup-completed": "false"}),
        ((10, 0), {"default-backup-block-size": "2"}),
    ]
    for (minor, patch), more in since:
        if version.has(minor, patch):
            values |= more
    if not version.has(8):
        values |= {
            "backup-target": target_url,
            "backup-target-credential-secret": CREDENTIALS,
            "backupstore-poll-interval": "300",
        }
    for name, value in values.items():
        api.create(names.SETTINGS, {"metadata": {"name": name, "namespace": names.NAMESPACE}, "value": value})
        if version.has(7):
            objects.set_status(api, names.SETTINGS, name, applied=True)


def _node(api: Api, now: str) -> None:
    disk = {"allowScheduling": True, "diskType": "filesystem", "path": "/var/lib/longhorn/", "storageReserved": 0}
    spec = {"allowScheduling": True, "disks": {DISK: {**disk, "tags": []}}, "name": names.NODE, "tags": []}
    objects.create(api, names.NODES, names.NODE, spec, finalizers=[names.FINALIZER])
    conditions = [objects.condition(kind, True, now) for kind in ("Ready", "Schedulable", "MountPropagation")]
    room: Obj = {"storageAvailable": DISK_SIZE, "storageMaximum": DISK_SIZE, "storageScheduled": 0}
    room |= {"diskName": DISK, "diskPath": disk["path"], "diskType": disk["diskType"], "diskUUID": str(uuid.uuid4())}
    disks = {DISK: {**room, "conditions": [objects.condition(kind, True, now) for kind in ("Ready", "Schedulable")]}}
    objects.set_status(api, names.NODES, names.NODE, conditions=conditions, diskStatus=disks)


def _engine_image(api: Api, image: str, now: str) -> None:
    name = f"ei-{hashlib.sha512(image.encode()).hexdigest()[:8]}"
    objects.create(api, names.ENGINE_IMAGES, name, {"image": image}, finalizers=[names.FINALIZER])
    ready = [objects.condition("ready", True, now)]
    deployed = {names.NODE: True}
    objects.set_status(
        api, names.ENGINE_IMAGES, name, conditions=ready, nodeDeploymentMap=deployed, refCount=0, state="deployed"
    )


def _backup_target(api: Api, target_url: str, credentials: Mapping[str, str], now: str) -> None:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in credentials.items()}
    metadata = {"name": CREDENTIALS, "namespace": names.NAMESPACE}
    api.create("secrets", {"metadata": metadata, "type": "Opaque", "data": data})
    spec = {
        "backupTargetURL": target_url,
        "credentialSecret": CREDENTIALS,
        "pollInterval": POLL_INTERVAL,
        "syncRequestedAt": now,
    }
    objects.create(api, names.BACKUP_TARGETS, "default", spec)
    objects.set_status(
        api,
        names.BACKUP_TARGETS,
        "default",
        available=True,
        conditions=[objects.condition("Unavailable", False, now)],
        lastSyncedAt=now,
        ownerID=names.NODE,
    )


def _storage_class(name: str, version: Version) -> Obj:
    parameters = {
        "numberOfReplicas": "3",
        "staleReplicaTimeout": "30",
        "fromBackup": "",
        "fsType": "ext4",
        "dataLocality": "disabled",
        "unmapMarkSnapChainRemoved": "ignored",
        "disableRevisionCounter": "true",
    }
    if version.has(6):
        parameters["dataEngine"] = "v1"
    if version.has(8):
        parameters["backupTargetName"] = "default"
    return {
        "metadata": {"name": name, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": names.DRIVER,
        "allowVolumeExpansion": True,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
        "parameters": parameters,
    }
