"""The life of a Backup object: from the request over the copy in the store to its deletion there."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from zlib import crc32

from simulator.clock import Clock
from simulator.kubernetes.api import Api
from simulator.kubernetes.controller import Controller, Key
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.store import Change
from simulator.longhorn import attachments, names, objects
from simulator.longhorn.attachments import Attachments
from simulator.longhorn.backupstore import BackupMissingError, BackupRequest, BackupResult, StoredBackup, StoredVolume
from simulator.longhorn.backupstore_clients import BackupstoreClients, BackupstoreError
from simulator.longhorn.decisions import LonghornDecisions
from simulator.longhorn.disk import Disk, DiskError
from simulator.longhorn.engine_work import EngineWork
from simulator.longhorn.go_format import go_map
from simulator.longhorn.snapshot_chains import SnapshotChains

PREPARATION = 2.1
MONITOR = 2.0
DELETION_NOTICED = 12.0
"""Seconds until a backup begins, between two checks of it, and from its deletion in the store to that of the object."""

DELETION_BACKOFF = (60.0, 86400.0)
PATIENCE = 2.0
"""Seconds, not scaled, of copying after which a backup is shown to be in progress."""

UNFINISHED = frozenset({"", "Pending", "InProgress"})

TEXTS = (
    *("backupCreatedAt", "backupTargetName", "compressionMethod", "newlyUploadDataSize", "ownerID"),
    *("reUploadedDataSize", "replicaAddress", "size", "snapshotCreatedAt", "snapshotName", "state", "url"),
    *("volumeBackingImageName", "volumeCreated", "volumeName", "volumeSize"),
)
UNKNOWN: Obj = {**dict.fromkeys(TEXTS, ""), "labels": None, "lastSyncedAt": None, "messages": None, "progress": 0}
"""The status of a backup that has only been requested."""


def completed(
    api: Api, decisions: LonghornDecisions, target: str, stored: StoredBackup, volume: StoredVolume, now: str
) -> Obj:
    """What the status of a backup in the store says of it, and of its volume there."""
    found = objects.find(api, names.BACKUP_TARGETS, target)
    url = found["spec"].get("backupTargetURL", "") if found else ""
    return {
        "backupCreatedAt": stored.created,
        "backupTargetName": target,
        "compressionMethod": stored.compression,
        "lastSyncedAt": now,
        "newlyUploadDataSize": str(stored.newly_uploaded),
        "progress": 100,
        "reUploadedDataSize": str(stored.reuploaded),
        "size": str(stored.size),
        "snapshotCreatedAt": stored.snapshot_created,
        "snapshotName": stored.snapshot,
        "state": "Completed",
        "url": decisions.backup_url(url, volume.name, stored.name),
        "volumeCreated": volume.created,
        "volumeName": volume.name,
        "volumeSize": str(volume.size),
    }


@dataclass(eq=False)
class Backups:
    """Makes and deletes backups; `_changed` gets volume and target of each that came into the store or left it."""

    _api: Api
    _clock: Clock
    _decisions: LonghornDecisions
    _disk: Disk
    _tickets: Attachments
    _chains: SnapshotChains
    _backupstores: BackupstoreClients
    _changed: Callable[[str, str], None]

    def __post_init__(self) -> None:
        self._events = EventRecorder(self._api, "longhorn-backup-controller")
        self._work = EngineWork()
        self._api.activity.watch(self._work.is_busy)
        self.controller = Controller(self._api, self._clock, "longhorn-backup-controller", self._reconcile)
        self.controller.watch(names.BACKUPS)
        self.controller.watch(names.VOLUMES, self._waiting)
        self.controller.watch(names.SNAPSHOTS, self._waiting_for_snapshot)
        self._deletions = Controller(
            self._api,
            self._clock,
            "longhorn-backup-deletion",
            self._delete,
            backoff=DELETION_BACKOFF,
            expected=(BackupstoreError,),
        )
        self._collections = Controller(
            self._api, self._clock, "longhorn-backup-collection", self._collect, expected=(BackupstoreError,)
        )

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as running:
            for each in (self.controller, self._deletions, self._collections):
                running.create_task(each.run())

    def _waiting(self, change: Change) -> Iterable[Key]:
        """The unfinished backups of a volume that changed its state."""
        return objects.keys(
            self._api,
            names.BACKUPS,
            lambda each: _state(each) in UNFINISHED or objects.is_deleted(each),
            f"{names.BACKUP_VOLUME_LABEL}={change.object['metadata']['name']}",
        )

    def _waiting_for_snapshot(self, change: Change) -> Iterable[Key]:
        """The backups that wait for a snapshot to be ready."""
        if not (change.object.get("status") or {}).get("readyToUse"):
            return []
        name = change.object["metadata"]["name"]
        return objects.keys(
            self._api, names.BACKUPS, lambda each: _state(each) == "Pending" and each["spec"]["snapshotName"] == name
        )

    async def _reconcile(self, key: Key) -> None:
        backup = objects.find(self._api, names.BACKUPS, key[1])
        if backup is None:
            return
        if objects.is_deleted(backup):
            self._begin_deletion(backup)
        elif not backup["status"]:
            status = {**UNKNOWN, "ownerID": names.NODE}
            objects.set_status(self._api, names.BACKUPS, key[1], **status)
        elif backup["spec"].get("snapshotName") and backup["status"].get("state") in UNFINISHED:
            await self._make(backup)
        elif backup["spec"].get("snapshotName"):
            self._conclude(backup)

    async def _make(self, backup: Obj) -> None:
        name, of = backup["metadata"]["name"], _label(backup, names.BACKUP_VOLUME_LABEL)
        volume = objects.find(self._api, names.VOLUMES, of)
        snapshot = objects.find(self._api, names.SNAPSHOTS, backup["spec"]["snapshotName"])
        if volume is None or snapshot is None:
            missing = f"Volume {of}" if volume is None else f"Snapshot {backup['spec']['snapshotName']}"
            self._fail(name, f"Failed to get the {missing}")
            return
        if not snapshot["status"].get("readyToUse"):
            waiting = {"info": f"Waiting for the snapshot {snapshot['metadata']['name']} to be ready"}
            objects.set_status(self._api, names.BACKUPS, name, state="Pending", messages=waiting)
            return
        ticket = f"backup-controller-{name}"
        self._tickets.add(of, ticket, "backup-controller", attachments.ANY)
        if not objects.serves(volume):
            return
        await self._clock.sleep(PREPARATION)
        created = snapshot["status"].get("creationTime", "")
        size = str(volume["spec"]["size"])
        objects.set_status(self._api, names.BACKUPS, name, messages={}, snapshotCreatedAt=created, volumeSize=size)
        late = not self._decisions.reports_completion_after_copy(backup)
        if late:
            objects.set_status(self._api, names.BACKUPS, name, state="Completed", progress=100)
        try:
            await self._clock.sleep(MONITOR)
            result = await self._work.outcome(name, lambda: self._copy(backup, volume, snapshot))
        except (BackupstoreError, DiskError) as error:
            self._fail(name, str(error))
        else:
            if lost := self._decisions.lost_status(backup, *self._crowd(of)):
                objects.set_status(self._api, names.BACKUPS, name, progress=100)
                self._fail(name, lost)
            else:
                self._complete(backup, volume, result)
        self._conclude(backup)

    def _crowd(self, of: str) -> tuple[int, bool]:
        """How many backups of a volume are being made, and whether a pod uses it."""
        label = f"{names.BACKUP_VOLUME_LABEL}={of}"
        unfinished = objects.keys(self._api, names.BACKUPS, lambda each: _state(each) in UNFINISHED, label)
        attachment = objects.find(self._api, names.ATTACHMENTS, of)
        tickets = (attachment["spec"].get("attachmentTickets") or {}).values() if attachment else ()
        return len(unfinished), any(each["type"] == "csi-attacher" for each in tickets)

    def _conclude(self, backup: Obj) -> None:
        """The backup is made, or failed: its volume is no longer needed for it, and maybe not its snapshot."""
        name, of = backup["metadata"]["name"], _label(backup, names.BACKUP_VOLUME_LABEL)
        self._work.forget(name)
        if not self._tickets.remove(of, f"backup-controller-{name}"):
            return
        snapshot = objects.find(self._api, names.SNAPSHOTS, backup["spec"]["snapshotName"])
        wanted = objects.setting(self._api, "auto-cleanup-snapshot-after-on-demand-backup-completed") == "true"
        if snapshot is not None and wanted:
            objects.delete(self._api, names.SNAPSHOTS, snapshot["metadata"]["name"])

    async def _copy(self, backup: Obj, volume: Obj, snapshot: Obj) -> BackupResult:
        of, taken = volume["metadata"]["name"], snapshot["metadata"]["name"]
        late = self._decisions.snapshot_delay(snapshot)
        if late:
            await self._clock.sleep(late)
        if late and self._chains.is_parent_of_head(of, taken):
            await self._chains.remove(of, taken)
            await self._chains.take(of, taken)
        image = objects.find(self._api, names.BACKING_IMAGES, volume["spec"].get("backingImage") or "")
        request = BackupRequest(
            volume=of,
            snapshot=taken,
            backup=backup["metadata"]["name"],
            size=int(volume["spec"]["size"]),
            snapshot_created=self._clock.timestamp(),
            labels={**(backup["spec"].get("labels") or {}), "VolumeRecurringJobInfo": "{}"},
            mode=backup["spec"].get("backupMode") or self._decisions.default_backup_mode(),
            block_size=int(backup["spec"].get("backupBlockSize") or names.BLOCK),
            compression=volume["spec"].get("backupCompressionMethod") or "gzip",
            storage_class=self._storage_class(volume),
            data_engine=volume["spec"].get("dataEngine") or "v1",
            backing_image=image["metadata"]["name"] if image else "",
            backing_image_checksum=image["status"].get("checksum", "") if image else "",
        )
        target = _label(backup, names.BACKUP_TARGET_LABEL) or "default"
        store = await self._backupstores.of_target(self._decisions.storing_target(target))
        for percent in self._decisions.shown_progress(backup):
            name = backup["metadata"]["name"]
            objects.set_status(self._api, names.BACKUPS, name, state="InProgress", progress=percent)
            await self._clock.sleep(MONITOR)
        begun = asyncio.get_running_loop().time()

        def progress(percent: int) -> None:
            if asyncio.get_running_loop().time() - begun > PATIENCE:
                name = backup["metadata"]["name"]
                objects.set_status(self._api, names.BACKUPS, name, state="InProgress", progress=percent)

        return await store.create_backup(self._disk, request, progress)

    def _storage_class(self, volume: Obj) -> str:
        known = volume["status"].get("kubernetesStatus") or {}
        claim = self._api.find("persistentvolumeclaims", known.get("pvcName", ""), known.get("namespace", ""))
        return str(claim["spec"].get("storageClassName") or "") if claim else ""

    def _complete(self, backup: Obj, volume: Obj, result: BackupResult) -> None:
        name, of = backup["metadata"]["name"], volume["metadata"]["name"]
        labels = dict(backup["spec"].get("labels") or {})
        target = _label(backup, names.BACKUP_TARGET_LABEL) or "default"
        message = f"Snapshot {backup['spec']['snapshotName']} backup {name} label {go_map(labels)}"
        self._events.record(volume, "Normal", "Completed", message)
        objects.set_status(
            self._api,
            names.BACKUPS,
            name,
            **completed(self._api, self._decisions, target, result.backup, result.volume, self._clock.timestamp()),
            labels=labels,
            messages=None,
            replicaAddress=f"tcp://10.244.0.24:{10000 + crc32(name.encode()) % 10000}",
            volumeBackingImageName=result.volume.backing_image,
        )
        self._changed(of, target)
        self._keep_image(result.volume.backing_image)

    def _keep_image(self, image: str) -> None:
        """From 1.6 on the image under a volume is backed up with it, once; only the object of that is simulated."""
        known = not self._decisions.version.has(6) or objects.find(self._api, names.BACKUP_BACKING_IMAGES, image)
        if image and not known:
            objects.create(self._api, names.BACKUP_BACKING_IMAGES, image, {"backingImage": image, "userCreated": False})

    def _fail(self, name: str, error: str) -> None:
        state = self._decisions.state_of_failed_backup(name)
        objects.set_status(self._api, names.BACKUPS, name, state=state, error=error if state == "Error" else "")

    def _begin_deletion(self, backup: Obj) -> None:
        name = backup["metadata"]["name"]
        if backup["status"].get("state") != "Deleting":
            objects.set_status(self._api, names.BACKUPS, name, messages={}, state="Deleting")
        self._deletions.enqueue((names.NAMESPACE, name))

    async def _delete(self, key: Key) -> None:
        name = key[1]
        backup = objects.find(self._api, names.BACKUPS, name)
        if backup is None or names.FINALIZER not in backup["metadata"].get("finalizers", []):
            return
        of = _label(backup, names.BACKUP_VOLUME_LABEL)
        only_object = "longhorn.io/delete-custom-resource-only" in backup["metadata"].get("labels", {})
        if not only_object and self._decisions.deletes_stored_backup(backup):
            using = self._restoring(of, name)
            if using:
                raise BackupstoreError(f"backup {name} cannot be deleted due to the ongoing volume {using} restoration")
            await self._delete_stored(backup, of)
            await self._clock.sleep(DELETION_NOTICED)
            self._changed(of, _label(backup, names.BACKUP_TARGET_LABEL) or "default")
        if not only_object:
            await self._clock.sleep(DELETION_NOTICED)
        wanted = objects.setting(self._api, "auto-cleanup-when-delete-backup") == "true"
        if wanted or self._decisions.deletes_snapshot_with_backup(backup):
            objects.delete(self._api, names.SNAPSHOTS, backup["spec"].get("snapshotName") or "")
        if self._decisions.removes_deleted_backup(backup):
            self._tickets.remove(of, f"backup-controller-{name}")
            objects.release(self._api, names.BACKUPS, name)

    async def _delete_stored(self, backup: Obj, of: str) -> None:
        name, target = backup["metadata"]["name"], _label(backup, names.BACKUP_TARGET_LABEL) or "default"
        late = self._decisions.collection_delay()
        try:
            store = await self._backupstores.of_target(target)
            await self._work.once(("deletion", name), lambda: store.delete_backup(of, name, collect=not late))
            if late:
                self._collections.enqueue((target, of), after=late / self._clock.pace)
        except BackupMissingError:
            return
        except BackupstoreError as error:
            text = f"Failed to delete the backup {name} in the backupstore, err {error}"
            objects.set_status(self._api, names.BACKUPS, name, messages={"error": text})
            self._events.record(backup, "Warning", "FailedDeleting", text)
            raise

    async def _collect(self, key: Key) -> None:
        """Remove the blocks of deleted backups, of the target and the volume in the key."""
        target, of = key
        await (await self._backupstores.of_target(target)).collect(of)

    def _restoring(self, of: str, backup: str) -> str:
        """A volume that is being restored from the backup."""
        for volume in objects.all_of(self._api, names.VOLUMES, f"{names.BACKUP_VOLUME_LABEL}={of}"):
            wanted = f"backup={backup}&" in volume["spec"].get("fromBackup", "")
            if wanted and volume["status"].get("restoreRequired"):
                return str(volume["metadata"]["name"])
        return ""


def _label(backup: Obj, label: str) -> str:
    return str(backup["metadata"].get("labels", {}).get(label, ""))


def _state(backup: Obj) -> str:
    return str((backup.get("status") or {}).get("state", ""))
