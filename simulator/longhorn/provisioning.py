"""What volume CreateVolume makes of a request: its parameters and the source of its data."""

from collections.abc import Mapping

from simulator.csi.protocol import Code, CreateVolumeRequest, CsiError
from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj
from simulator.longhorn import names, objects
from simulator.longhorn.backing_images.handle import ImageHandle
from simulator.longhorn.backing_images.service import ImageService
from simulator.longhorn.decisions import LonghornDecisions
from simulator.longhorn.failures import api_failure, backup_not_found, check
from simulator.longhorn.handles import Handle

NUMBERS = ("numberOfReplicas", "staleReplicaTimeout", "replicaRebuildingBandwidthLimit", "rebuildConcurrentSyncLimit")
WORDS = (
    *("dataLocality", "replicaAutoBalance", "replicaSoftAntiAffinity", "replicaZoneSoftAntiAffinity"),
    *("replicaDiskSoftAntiAffinity", "snapshotDataIntegrity", "restoreVolumeRecurringJob", "dataEngine"),
    *("unmapMarkSnapChainRemoved", "freezeFilesystemForSnapshot", "backupTargetName", "backupBlockSize"),
    *("fromBackup", "cloneMode", "dataSource"),
)
SWITCHES = ("encrypted", "migratable", "disableRevisionCounter")
LISTS = ("diskSelector", "nodeSelector")

Wanted = tuple[Obj, Obj, dict[str, str]]
"""Metadata and spec of the Volume, and what is added to the volume context."""


class Provisioner:
    """Reads CreateVolume requests."""

    def __init__(self, api: Api, decisions: LonghornDecisions, images: ImageService) -> None:
        self._api = api
        self._decisions = decisions
        self._images = images

    def wanted(self, request: CreateVolumeRequest, name: str, size: int) -> Wanted:
        """The volume to make. Raises CsiError when its source cannot be had."""
        shared = any(mode.access_mode == "MULTI_NODE_MULTI_WRITER" for mode in request.capabilities)
        counting = self._decisions.class_parameters(request.parameters, request.source_snapshot_id)
        spec = {"size": str(size), "accessMode": "rwx" if shared else "rwo", **_spec(counting)}
        if request.source_snapshot_id is not None:
            return self._from_snapshot(request.source_snapshot_id, name, size, spec, request.parameters)
        if request.source_volume_id is not None:
            return self._from_volume(request.source_volume_id, size, spec)
        image = self._images.from_parameters(request.parameters)
        if image is not None:
            return self._from_image(image, name, size, spec, request.parameters)
        return {}, spec, {}

    def _from_image(self, image: ImageHandle, name: str, size: int, spec: Obj, parameters: Mapping[str, str]) -> Wanted:
        more, context = self._images.prepare(image, name, size, parameters)
        return {}, {**spec, **more}, context

    def _from_volume(self, source: str, size: int, spec: Obj) -> Wanted:
        volume = objects.find(self._api, names.VOLUMES, source)
        if volume is None:
            raise CsiError(Code.NOT_FOUND, f"failed to clone volume: source volume {source} is not found")
        check(self._decisions.refuse_clone_of_volume(size, int(volume["spec"]["size"])))
        url = self._decisions.data_source_of_clone(source)
        return {}, {**spec, "dataSource": url}, {"dataSource": url}

    def _from_snapshot(self, snapshot: str, name: str, size: int, spec: Obj, parameters: Mapping[str, str]) -> Wanted:
        handle, version = self._decisions.parse_handle(snapshot), self._decisions.version
        not_found = CsiError(Code.NOT_FOUND, f"volume source snapshot {snapshot} is not found")
        if handle.type == "bi":
            return self._from_image(self._images.from_handle(snapshot), name, size, spec, parameters)
        if handle.type not in {"snap", "bak"}:
            if not version.has(5):
                raise not_found
            text = f"invalid CSI snapshot type: {handle.type}. Must be snap, bak or bi"
            raise CsiError(Code.INVALID_ARGUMENT, text)
        if not handle.id:
            raise not_found
        if handle.type == "snap":
            return self._from_in_cluster(handle, name, size, spec)
        return self._from_backup(snapshot, handle, size, spec)

    def _from_backup(self, snapshot: str, handle: Handle, size: int, spec: Obj) -> Wanted:
        of = self._decisions.volume_to_restore(handle, objects.all_of(self._api, names.BACKUPS))
        selector = f"{names.BACKUP_VOLUME_LABEL}={of}"
        listed = objects.all_of(self._api, names.BACKUP_VOLUMES, selector) if of else []
        if not listed:
            raise self._backup_volume_missing(snapshot, of)
        backups = objects.all_of(self._api, names.BACKUPS, selector)
        wanted = self._decisions.backup_to_restore(backups, handle.id)
        backup = next((each for each in backups if each["metadata"]["name"] == wanted), None)
        if backup is None or not backup["status"].get("url"):
            raise self._backup_missing(snapshot, handle.id, listed[0]["metadata"]["name"])
        recorded = int(backup["status"].get("volumeSize") or 0)
        check(self._decisions.refuse_source(objects.find(self._api, names.VOLUMES, of)))
        check(self._decisions.refuse_restore_size(snapshot, size, recorded))
        url = backup["status"]["url"]
        target = backup["metadata"].get("labels", {}).get(names.BACKUP_TARGET_LABEL, "default")
        spec = {**spec, "fromBackup": url, "backupTargetName": target}
        newest = int(listed[0]["status"].get("size") or recorded)
        spec["size"] = str(self._decisions.restored_size(size, recorded, newest))
        if image := self._decisions.restored_image(backup):
            spec["backingImage"] = image
        return {"labels": {names.BACKUP_VOLUME_LABEL: of}}, spec, {"fromBackup": url}

    def _backup_volume_missing(self, snapshot: str, volume: str) -> CsiError:
        if not self._decisions.version.has(8):
            return self._backup_missing(snapshot, "")
        text = f"failed to restore CSI snapshot {snapshot} of volume {volume}: there is no backup volume"
        return CsiError(Code.NOT_FOUND, text)

    def _backup_missing(self, snapshot: str, backup: str, listed: str = "") -> CsiError:
        version = self._decisions.version
        if version.has(8):
            text = f"failed to restore CSI snapshot {snapshot} : failed to get backup {backup}: "
            text += backup_not_found(backup, listed)
        elif version.has(5):
            text = f"failed to restore CSI snapshot {snapshot} backup {backup} unavailable"
        else:
            text = f"cannot restore csi snapshot {snapshot} backup {backup} unavailable"
        return CsiError(Code.NOT_FOUND, text)

    def _from_in_cluster(self, handle: Handle, name: str, size: int, spec: Obj) -> Wanted:
        source = objects.find(self._api, names.VOLUMES, handle.volume)
        if source is None and self._decisions.clones_nothing(handle.volume):
            return {}, spec, {}
        problem = self._clone_problem(handle, source, size)
        if problem:
            text = f"failed to create volume: unable to create volume {name}: failed to verify data source: {problem}"
            raise api_failure("volumes", text)
        url = f"snap://{handle.volume}/{handle.id}"
        return {}, {**spec, "dataSource": url}, {"dataSource": url}

    def _clone_problem(self, handle: Handle, volume: Obj | None, size: int) -> str:
        if volume is None:
            return f'{names.VOLUMES} "{handle.volume}" not found'
        if self._decisions.refuses_clone_in(volume["status"].get("state", "")):
            return f"cannot get client for volume {handle.volume}: engine is not running"
        snapshot = objects.find(self._api, names.SNAPSHOTS, handle.id)
        if snapshot is None or snapshot["spec"]["volume"] != handle.volume:
            if not self._decisions.version.has(5):
                return f"cannot find snapshot '{handle.id}' for volume '{handle.volume}'"
            return f'{names.SNAPSHOTS} "{handle.id}" not found'
        if not snapshot["status"].get("readyToUse"):
            return f"snapshot {handle.id} is not ready to use"
        return self._decisions.refuse_clone_size(size, self._decisions.size_to_clone(snapshot, volume))


def _spec(parameters: Mapping[str, str]) -> Obj:
    """The part of a Volume's spec that comes from the StorageClass."""
    spec: Obj = {key: int(parameters[key]) for key in NUMBERS if parameters.get(key)}
    spec |= {key: parameters[key] for key in WORDS if parameters.get(key)}
    spec |= {key: parameters[key] == "true" for key in SWITCHES if parameters.get(key)}
    spec |= {key: parameters[key].split(",") for key in LISTS if parameters.get(key)}
    if "disableRevisionCounter" in spec:
        spec["revisionCounterDisabled"] = spec.pop("disableRevisionCounter")
    return spec
