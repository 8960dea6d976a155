"""CreateSnapshot and DeleteSnapshot of the CSI driver."""

import json
from collections.abc import Mapping
from datetime import datetime
from uuid import uuid4

from simulator.clock import Clock
from simulator.csi.protocol import Code, CreateSnapshotRequest, CsiError, CsiSnapshot
from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.resources import Obj
from simulator.longhorn import names, objects
from simulator.longhorn.backing_images.service import ImageService
from simulator.longhorn.decisions import LonghornDecisions
from simulator.longhorn.failures import api_failure, check, existing_volume
from simulator.longhorn.version import Version
from simulator.longhorn.wait_for_objects import TICK, WAIT, until

SYNC_WAIT = 30.0
"""Seconds that the driver waits for a new backup to begin; never scaled."""

STATUS_FIELDS = ("pvName", "pvStatus", "namespace", "pvcName", "lastPVCRefAt", "workloadsStatus", "lastPodRefAt")


def kubernetes_label(status: Mapping[str, object]) -> str:
    """`status.kubernetesStatus` of a volume as the label that its backups carry."""
    return json.dumps({key: status[key] for key in STATUS_FIELDS if key in status}, separators=(",", ":"))


class SnapshotService:
    """Snapshots, backups and backing images, as the sidecar asks for them."""

    def __init__(self, api: Api, clock: Clock, decisions: LonghornDecisions, images: ImageService) -> None:
        self._api = api
        self._clock = clock
        self._decisions = decisions
        self._images = images

    async def create(self, request: CreateSnapshotRequest) -> CsiSnapshot:
        """Create what the class asks for, or report the progress of what an earlier call created. Raises CsiError."""
        kind = self._decisions.snapshot_type(request.parameters)
        version = self._decisions.version
        if kind not in {"snap", "bak"} and not (kind == "bi" and version.has(5)):
            raise CsiError(*self._decisions.refuse_type(kind))
        if not request.source_volume_id:
            raise CsiError(Code.INVALID_ARGUMENT, "Volume name must be provided")
        if not request.name:
            raise CsiError(Code.INVALID_ARGUMENT, "Snapshot name must be provided")
        if kind == "bi":
            return await self._images.create(request)
        volume = self._decisions.source_volume(request.source_volume_id)
        name = self._decisions.snapshot_name(request.name)
        if kind == "snap":
            return await self._create_snapshot(request, volume, name)
        return await self._create_backup(request, volume, name)

    async def _create_snapshot(self, request: CreateSnapshotRequest, of: str, name: str) -> CsiSnapshot:
        volume = existing_volume(self._api, of)
        if objects.find(self._api, names.SNAPSHOTS, name) is None:
            self._check_attached(volume)
        snapshot = await self._ready_snapshot(of, name, request.parameters)
        if self._decisions.backs_up_in_cluster_snapshot(name) and self._existing_backup(of, name) is None:
            self._new_backup(volume, name, request.parameters)
        status = snapshot["status"]
        return CsiSnapshot(
            self._decisions.in_cluster_handle(of, name),
            request.source_volume_id,
            self._decisions.reported_size(int(status.get("restoreSize") or volume["spec"]["size"])),
            _time(status.get("creationTime", "")),
            self._decisions.in_cluster_is_ready(snapshot),
        )

    async def _create_backup(self, request: CreateSnapshotRequest, of: str, name: str) -> CsiSnapshot:
        backup = self._existing_backup(of, name)
        if backup is None:
            volume = existing_volume(self._api, of)
            self._check_attached(volume)
            if self._decisions.answers_before_starting(name):
                return self._answer_without_backup(request, volume, name, "InProgress")
            target = volume["spec"].get("backupTargetName") or "default"
            if self._decisions.version.has(8, 1):
                self._check_target(target)
            await self._ready_snapshot(of, name, request.parameters)
            # Meanwhile a call that was made again, while this one was still served, may have made the backup.
            backup = self._existing_backup(of, name)
            if backup is None:
                backup = self._new_backup(volume, name, request.parameters)
            if backup is None:
                return self._answer_without_backup(request, volume, name, "Completed")
            backup = await self._begun(of, backup)
        failure = backup["status"].get("error")
        if failure and _reports_failures(self._decisions.version):
            raise CsiError(Code.INTERNAL, str(failure))
        return self._answer(request, of, name, backup)

    def _answer(self, request: CreateSnapshotRequest, of: str, name: str, backup: Obj) -> CsiSnapshot:
        status = backup["status"]
        snapshot = objects.find(self._api, names.SNAPSHOTS, name)
        taken = snapshot["status"].get("creationTime", "") if snapshot else status.get("snapshotCreatedAt", "")
        volume = objects.find(self._api, names.VOLUMES, of)
        size = int(status.get("volumeSize") or (volume["spec"]["size"] if volume else 0))
        return CsiSnapshot(
            self._decisions.backup_handle(of, self._decisions.backup_in_answer(self._backups_of(of), backup)),
            request.source_volume_id,
            self._decisions.reported_size(size),
            _time(taken),
            self._decisions.backup_is_ready(backup),
        )

    def _answer_without_backup(self, request: CreateSnapshotRequest, volume: Obj, name: str, state: str) -> CsiSnapshot:
        """What is answered by a release that makes no backup, or not yet: a handle that leads nowhere."""
        of = volume["metadata"]["name"]
        nothing: Obj = {"metadata": {"name": self._decisions.backup_name(of, name)}, "status": {"state": state}}
        nothing["status"]["volumeSize"] = volume["spec"]["size"]
        return self._answer(request, of, name, nothing)

    def _existing_backup(self, of: str, name: str) -> Obj | None:
        return self._decisions.existing_backup(self._backups_of(of), name)

    def _backups_of(self, of: str) -> list[Obj]:
        listed = objects.all_of(self._api, names.BACKUPS, f"{names.BACKUP_VOLUME_LABEL}={of}")
        return [each for each in listed if not objects.is_deleted(each)]

    def _check_attached(self, volume: Obj) -> None:
        name, state = volume["metadata"]["name"], volume["status"].get("state", "")
        if self._decisions.needs_attached_volume() and state != "attached":
            must = "Volume must be in attached state to take snapshot"
            raise CsiError(Code.FAILED_PRECONDITION, f"volume {name} invalid state {state} for taking snapshot. {must}")

    def _check_target(self, name: str) -> None:
        target = objects.find(self._api, names.BACKUP_TARGETS, name)
        check(self._decisions.refuse_target(name, bool(target["status"].get("available")) if target else None))

    async def _ready_snapshot(self, of: str, name: str, parameters: Mapping[str, str]) -> Obj:
        """The Longhorn snapshot, made if it is not there, when it is ready."""
        if objects.find(self._api, names.SNAPSHOTS, name) is None:
            if self._decisions.takes_recurring_snapshots(of):
                job = {"createSnapshot": True, "labels": {"RecurringJob": "hourly"}, "volume": of}
                objects.create(self._api, names.SNAPSHOTS, f"hourly-{uuid4()}", job)
            spec = {"createSnapshot": True, "labels": dict(parameters) or None, "volume": of}
            try:
                objects.create(self._api, names.SNAPSHOTS, name, spec)
            except ApiError as error:
                message = f"failed to create snapshot: {error}"
                raise api_failure(f"volumes/{of}?action=snapshotCRCreate", message) from error

        def look() -> Obj | None:
            found = objects.find(self._api, names.SNAPSHOTS, name)
            if objects.find(self._api, names.VOLUMES, of) is None:
                raise CsiError(Code.INTERNAL, f"waitForSnapshotToBeReady: volume {of} not found")
            return found if found is not None and found["status"].get("readyToUse") else None

        ready = await until(self._api, [names.SNAPSHOTS, names.VOLUMES], look, WAIT)
        if ready is None:
            found = objects.find(self._api, names.SNAPSHOTS, name)
            reason = found["status"].get("error") if found else ""
            text = f"waitForSnapshotToBeReady: timeout while waiting for snapshot {name} to be ready"
            raise CsiError(Code.INTERNAL, f"{text}: {reason}" if reason else text)
        await self._clock.sleep(TICK / 2)
        return ready

    def _new_backup(self, volume: Obj, snapshot: str, parameters: Mapping[str, str]) -> Obj | None:
        of = volume["metadata"]["name"]
        if not self._decisions.makes_backup(of, snapshot):
            return None
        path = f"volumes/{of}?action=snapshotBackup"
        for key, value in parameters.items():
            if not value:
                message = f"failed to backup snapshot: value for label with key {key} cannot be empty"
                raise api_failure(path, message)
        current = existing_volume(self._api, of)
        labels = {**parameters, "KubernetesStatus": kubernetes_label(current["status"].get("kubernetesStatus") or {})}
        target = current["spec"].get("backupTargetName") or "default"
        spec: Obj = {"snapshotName": snapshot, "labels": labels, "syncRequestedAt": None}
        mode = self._decisions.backup_mode(parameters)
        if mode:
            spec["backupMode"] = mode
        try:
            return objects.create(
                self._api,
                names.BACKUPS,
                self._decisions.backup_name(of, snapshot),
                spec,
                labels=names.backup_labels(of, target, self._decisions.version),
            )
        except ApiError as error:
            raise api_failure(path, f"failed to backup snapshot: {error}") from error

    async def _begun(self, of: str, backup: Obj) -> Obj:
        """The backup when it has begun, which is when its controller knows the snapshot's time."""
        name = backup["metadata"]["name"]
        waits = not self._decisions.answers_before_completion()

        def look() -> Obj | None:
            found = objects.find(self._api, names.BACKUPS, name)
            if found is None:
                return None
            status = found["status"]
            ended = status.get("state") in {"Completed", "Error"}
            return found if ended or (status.get("snapshotCreatedAt") and not waits) else None

        return await until(self._api, [names.BACKUPS], look, WAIT if waits else SYNC_WAIT) or self._not_begun(
            of, backup
        )

    def _not_begun(self, of: str, backup: Obj) -> Obj:
        snapshot, version = backup["spec"]["snapshotName"], self._decisions.version
        found = objects.find(self._api, names.BACKUPS, backup["metadata"]["name"])
        if version.has(12):
            if found is not None:
                return found
            missing = f"timeout waiting for Backup CR to be created for volume {of} snapshot {snapshot}"
            raise CsiError(Code.INTERNAL, f"waitForBackupControllerSync: {missing}")
        sync = f"timeout while waiting for backup controller to sync for volume {of} and snapshot {snapshot}"
        raise CsiError(Code.DEADLINE_EXCEEDED, f"waitForBackupControllerSync: {sync}")

    async def delete(self, snapshot_id: str) -> None:
        """Delete what a handle names; what is not there is no error. Raises CsiError."""
        if not snapshot_id:
            raise CsiError(Code.INVALID_ARGUMENT, "missing snapshot id in request")
        handle, version = self._decisions.parse_handle(snapshot_id), self._decisions.version
        not_found = CsiError(Code.NOT_FOUND, f"volume source snapshot {snapshot_id} is not found")
        if handle.type in {"snap", "bak"} and not handle.id and version.has(3):
            raise not_found
        if handle.type == "bi":
            self._images.delete(snapshot_id)
        elif handle.type == "bak":
            self._delete_backup(handle.volume, handle.id)
        elif handle.type == "snap":
            self._delete_snapshot(handle.volume, handle.id)
        elif not version.has(5):
            raise not_found

    def _delete_backup(self, volume: str, name: str) -> None:
        listed = objects.all_of(self._api, names.BACKUP_VOLUMES, f"{names.BACKUP_VOLUME_LABEL}={volume}")
        if not listed and not self._decisions.deletes_unlisted_backup():
            return
        orphaned = objects.find(self._api, names.VOLUMES, volume) is None
        if orphaned and not self._decisions.deletes_backup_without_source():
            return
        backup = objects.find(self._api, names.BACKUPS, name)
        if backup is not None and self._decisions.deletes_backup(backup):
            objects.delete(self._api, names.BACKUPS, name)

    def _delete_snapshot(self, volume: str, name: str) -> None:
        snapshot = objects.find(self._api, names.SNAPSHOTS, name)
        if snapshot is None or snapshot["spec"]["volume"] != volume:
            check(self._decisions.refuse_deletion_of_missing_snapshot(volume))
        elif self._decisions.deletes_in_cluster_snapshot(snapshot):
            objects.delete(self._api, names.SNAPSHOTS, name)


def _reports_failures(version: Version) -> bool:
    """Whether CreateSnapshot reports the error of a failed backup: from 1.5.2 on, and 1.4.4."""
    return version.has(5, 2) or (1, 4, 4) <= version.numbers < (1, 5, 0)


def _time(text: str) -> datetime | None:
    """RFC 3339 as a time; None for what is none, which leaves the field out of the answer."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
