"""What is in a cluster right after Longhorn was installed."""

import base64
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from simulator.kubernetes.api import Api
from simulator.kubernetes.definitions import read
from simulator.kubernetes.resources import Obj, copy_of
from simulator.longhorn import names, objects
from simulator.longhorn.decisions import LonghornDecisions
from simulator.longhorn.version import Version

CREDENTIALS = "minio-secret"
POLL_INTERVAL = "5m0s"
DISK_SIZE = 100 << 30


def install(
    api: Api, decisions: LonghornDecisions, image: str, target_url: str, credentials: Mapping[str, str], now: str
) -> None:
    """Make the objects, with `target_url` as the default backup target, available from the beginning."""
    if api.find("namespaces", names.NAMESPACE) is None:
        api.create("namespaces", {"metadata": {"name": names.NAMESPACE}})
    version = decisions.version
    known = copy_of(read(Path(__file__).with_suffix(".yaml")))
    api.create("services", known["service"])
    settings = _since(known["settings"], version)
    chosen = {
        "default-backup-block-size": str(decisions.block_size()),
        "backup-compression-method": decisions.compression_method(),
    }
    settings |= {name: value for name, value in chosen.items() if name in settings}
    _settings(api, version, image, target_url, settings)
    _node(api, decisions.disks(), now)
    _engine_image(api, image, now)
    _backup_target(api, target_url, credentials, now)
    parameters = dict(decisions.storage_class_parameters(_since(known["parameters"], version)))
    storage_class = {**known["storage class"], "parameters": parameters}
    if not decisions.storage_class_is_default():
        del storage_class["metadata"]["annotations"]
    storage_class["metadata"]["name"] = decisions.storage_class_name()
    api.create("storageclasses.storage.k8s.io", storage_class)
    for snapshot_class in decisions.snapshot_classes():
        api.create("volumesnapshotclasses.snapshot.storage.k8s.io", snapshot_class)


def _since(first: Mapping[str, Mapping[str, str]], version: Version) -> dict[str, str]:
    """What `version` has of the entries by the version that they came with; a later one replaces an earlier one."""
    known = [entries for since, entries in first.items() if version.has(*map(int, since.split(".")[1:]))]
    return {name: value for entries in known for name, value in entries.items()}


def _settings(api: Api, version: Version, image: str, target_url: str, given: dict[str, str]) -> None:
    values = {**given, "default-engine-image": image}
    if version.has(5):
        values["current-longhorn-version"] = version.tag
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


def _node(api: Api, disks: Sequence[str], now: str) -> None:
    disk: Obj = {"allowScheduling": True, "diskType": "filesystem", "storageReserved": 0, "tags": []}
    paths = {name: f"/var/lib/longhorn{number or ''}/" for number, name in enumerate(disks)}
    specs = {name: {**disk, "path": path} for name, path in paths.items()}
    spec = {"allowScheduling": True, "disks": specs, "name": names.NODE, "tags": []}
    objects.create(api, names.NODES, names.NODE, spec, finalizers=[names.FINALIZER])
    conditions = [objects.condition(kind, True, now) for kind in ("Ready", "Schedulable", "MountPropagation")]
    room: Obj = {"storageAvailable": DISK_SIZE, "storageMaximum": DISK_SIZE, "storageScheduled": 0}
    room["conditions"] = [objects.condition(kind, True, now) for kind in ("Ready", "Schedulable")]
    statuses = {
        name: {**room, "diskName": name, "diskPath": path, "diskType": "filesystem", "diskUUID": str(uuid.uuid4())}
        for name, path in paths.items()
    }
    objects.set_status(api, names.NODES, names.NODE, conditions=conditions, diskStatus=statuses)


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
