"""BackupTarget and BackupVolume objects: whether the store can be used, and what is in it."""

import asyncio
from collections.abc import Iterable
from typing import Any

from simulator.clock import Clock
from simulator.kubernetes.api import Api
from simulator.kubernetes.controller import Controller, Key
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.resources import Obj
from simulator.longhorn import names, objects
from simulator.longhorn.backups import UNKNOWN, completed
from simulator.longhorn.backupstore import BackupInProgressError, BackupMissingError, StoredBackup, StoredVolume
from simulator.longhorn.backupstore_clients import BackupstoreClients, BackupstoreError, poll_interval
from simulator.longhorn.decisions import LonghornDecisions
from simulator.longhorn.engine_work import EngineWork

ONLY_OBJECT = "longhorn.io/delete-custom-resource-only"
SYNC = 0.4
INSPECTION = 2.5
"""Seconds from the end of a backup until its volume is listed anew, and that looking into the store takes."""

EMPTY_VOLUME: Obj = {
    **dict.fromkeys(("backingImageChecksum", "backingImageName", "createdAt", "dataStored", "lastBackupAt"), ""),
    **dict.fromkeys(("lastBackupName", "ownerID", "size", "storageClassName"), ""),
    **dict.fromkeys(("labels", "lastModificationTime", "lastSyncedAt", "messages"), None),
}
"""The status of a backup volume that was not yet inspected."""


class BackupTargets:
    """Watches the targets and brings their contents into the cluster."""

    def __init__(self, api: Api, clock: Clock, decisions: LonghornDecisions, backupstores: BackupstoreClients) -> None:
        self._api = api
        self._clock = clock
        self._decisions = decisions
        self._backupstores = backupstores
        self._synced: dict[str, tuple[Any, ...]] = {}
        self._volumes = BackupVolumes(api, clock, decisions, backupstores)
        self.changed = self._volumes.changed
        self.controller = Controller(api, clock, "longhorn-backup-target-controller", self._reconcile)
        self.controller.watch(names.BACKUP_TARGETS)

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as all_of_them:
            all_of_them.create_task(self.controller.run())
            all_of_them.create_task(self._volumes.controller.run())
            all_of_them.create_task(self._poll())

    async def _poll(self) -> None:
        """Look at each target in its interval, for what others changed in the store.

        That is work outside the cluster, so its time is not scaled.
        """
        while True:
            targets = objects.all_of(self._api, names.BACKUP_TARGETS)
            intervals = [seconds for each in targets if (seconds := poll_interval(each).total_seconds()) > 0]
            await asyncio.sleep(min(intervals, default=300.0))
            for each in targets:
                now = self._clock.timestamp()
                objects.set_spec(self._api, names.BACKUP_TARGETS, each["metadata"]["name"], syncRequestedAt=now)

    async def _reconcile(self, key: Key) -> None:
        name = key[1]
        target = objects.find(self._api, names.BACKUP_TARGETS, name)
        if target is None:
            self._synced.pop(name, None)
            return
        if objects.is_deleted(target):
            objects.release(self._api, names.BACKUP_TARGETS, name)
            return
        wanted = (target["metadata"]["uid"], target["metadata"]["generation"])
        if self._synced.get(name) == wanted:
            return
        failure, volumes = await self._look(target)
        now_is = objects.find(self._api, names.BACKUP_TARGETS, name)
        if now_is is None or now_is["metadata"]["generation"] != target["metadata"]["generation"]:
            return
        if failure:
            self._set(now_is, available=False, failure=failure, lastSyncedAt=None)
            if not target["spec"].get("backupTargetURL"):
                self._forget(name)
        else:
            self._set(target, available=True)
            self._list(target, volumes)
            objects.set_status(self._api, names.BACKUP_TARGETS, name, lastSyncedAt=self._clock.timestamp())
        self._synced[name] = wanted

    async def _look(self, target: Obj) -> tuple[str, list[str]]:
        """Why the target cannot be used, or the volumes that are in it."""
        url, error, volumes = target["spec"].get("backupTargetURL") or "", "", []
        if url:
            try:
                store = self._backupstores.of(target)
                await store.check()
                volumes = await store.volumes()
            except BackupstoreError as problem:
                error = str(problem)
        return self._decisions.target_failure(url, error), volumes

    def _set(self, target: Obj, *, available: bool, failure: str = "", **fields: object) -> None:
        reason = "" if available else "Unavailable"
        condition = objects.condition("Unavailable", not available, self._clock.timestamp(), reason, failure)
        fields["conditions"] = objects.with_condition(target["status"].get("conditions"), condition)
        name = target["metadata"]["name"]
        objects.set_status(self._api, names.BACKUP_TARGETS, name, available=available, ownerID=names.NODE, **fields)

    def _forget(self, target: str) -> None:
        """The objects of the target's backups go; the store is left alone."""
        for resource in (names.BACKUP_VOLUMES, names.BACKUPS):
            for each in objects.all_of(self._api, resource):
                if (each["metadata"].get("labels") or {}).get(names.BACKUP_TARGET_LABEL, "default") != target:
                    continue
                delete_object_only(self._api, resource, each)

    def _list(self, target: Obj, volumes: Iterable[str]) -> None:
        """A BackupVolume for each volume in the store, and none for others."""
        name = target["metadata"]["name"]
        known = {
            each["spec"].get("volumeName") or each["metadata"]["name"]: each
            for each in objects.all_of(self._api, names.BACKUP_VOLUMES)
            if (each["spec"].get("backupTargetName") or "default") == name
        }
        listed = set(volumes)
        for volume in sorted(listed):
            self._volumes.request(target, volume)
        for volume in sorted(known.keys() - listed):
            delete_object_only(self._api, names.BACKUP_VOLUMES, known[volume])


class BackupVolumes:
    """Keeps BackupVolume objects, and the Backup objects below them, as the store has them."""

    def __init__(self, api: Api, clock: Clock, decisions: LonghornDecisions, backupstores: BackupstoreClients) -> None:
        self._api = api
        self._clock = clock
        self._decisions = decisions
        self._backupstores = backupstores
        self._synced: dict[str, tuple[Any, ...]] = {}
        self._requests: dict[str, int] = {}
        self._work = EngineWork()
        self.controller = Controller(
            api, clock, "longhorn-backup-volume-controller", self._reconcile, expected=(BackupstoreError,)
        )
        self.controller.watch(names.BACKUP_VOLUMES)

    def request(self, target: Obj, volume: str) -> None:
        """Inspect a volume of the store; it gets its object if it has none."""
        name = names.backup_volume(volume, target["metadata"]["name"], self._decisions.version)
        self._requests[name] = self._requests.get(name, 0) + 1
        self.controller.enqueue((names.NAMESPACE, name))
        if objects.find(self._api, names.BACKUP_VOLUMES, name) is not None:
            objects.set_spec(self._api, names.BACKUP_VOLUMES, name, syncRequestedAt=self._clock.timestamp())
            return
        spec = {"backupTargetName": target["metadata"]["name"], "syncRequestedAt": None, "volumeName": volume}
        labels = names.backup_labels(volume, target["metadata"]["name"], self._decisions.version)
        objects.create(self._api, names.BACKUP_VOLUMES, name, spec, **objects.owned(target, labels))

    def changed(self, volume: str, target: str) -> None:
        """A backup has come into the store or left it."""
        asyncio.get_running_loop().call_later(SYNC * self._clock.pace, self._sync_soon, volume, target)

    def _sync_soon(self, volume: str, target: str) -> None:
        found = objects.find(self._api, names.BACKUP_TARGETS, target)
        if found is not None and volume and self._decisions.creates_backup_volume(volume):
            self.request(found, volume)

    async def _reconcile(self, key: Key) -> None:
        name = key[1]
        found = objects.find(self._api, names.BACKUP_VOLUMES, name)
        if found is None:
            self._synced.pop(name, None)
            return
        if objects.is_deleted(found):
            await self._delete(found)
            return
        if not found["status"]:
            status = {**EMPTY_VOLUME, "ownerID": names.NODE}
            objects.set_status(self._api, names.BACKUP_VOLUMES, name, **status)
            return
        wanted = (found["metadata"]["uid"], found["spec"].get("syncRequestedAt"), self._requests.get(name))
        if not found["status"].get("lastSyncedAt") or self._synced.get(name) != wanted:
            await self._clock.sleep(INSPECTION)
            await self._sync(found)
            self._synced[name] = wanted

    async def _sync(self, found: Obj) -> None:
        name, target = found["metadata"]["name"], found["spec"].get("backupTargetName") or "default"
        volume = found["spec"].get("volumeName") or name
        store = await self._backupstores.of_target(target)
        listed = await store.backups(volume)
        self._own(found, volume, target, listed)
        known = {each["metadata"]["name"] for each in self._backups_of(volume, target) if _is_described(each)}
        for missing in sorted(set(listed) - known):
            try:
                stored = await store.inspect_backup(volume, missing)
            except (BackupInProgressError, BackupMissingError):
                continue
            self._adopt(found, target, stored, await store.inspect_volume(volume))
        try:
            self._describe(found, await store.inspect_volume(volume))
        except BackupMissingError:
            if self._decisions.forgets_unlisted(found):
                delete_object_only(self._api, names.BACKUP_VOLUMES, found)
            return
        now = self._clock.timestamp()
        for each in self._backups_of(volume, target):
            if each["metadata"]["name"] in listed and each["status"].get("state") == "Completed":
                objects.set_status(self._api, names.BACKUPS, each["metadata"]["name"], lastSyncedAt=now)

    def _backups_of(self, volume: str, target: str) -> list[Obj]:
        labels = names.backup_labels(volume, target, self._decisions.version)
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        return objects.all_of(self._api, names.BACKUPS, selector)

    def _own(self, found: Obj, volume: str, target: str, listed: Iterable[str]) -> None:
        """Backups get their volume as owner; completed ones that left the store leave the cluster."""
        present = set(listed)
        for each in self._backups_of(volume, target):
            name, state = each["metadata"]["name"], each["status"].get("state")
            if objects.is_deleted(each) or state != "Completed" or not each["status"].get("url"):
                continue
            if name not in present and self._decisions.forgets_unlisted(each):
                delete_object_only(self._api, names.BACKUPS, each)
            elif name in present and not each["metadata"].get("ownerReferences"):
                each["metadata"]["ownerReferences"] = [objects.owner(found)]
                each["spec"]["syncRequestedAt"] = self._clock.timestamp()
                self._api.update(names.BACKUPS, each, manager=objects.MANAGER)

    def _adopt(self, found: Obj, target: str, stored: StoredBackup, volume: StoredVolume) -> None:
        """Make the object of a backup that is in the store only."""
        labels = names.backup_labels(volume.name, target, self._decisions.version)
        spec = {"labels": None, "snapshotName": "", "syncRequestedAt": self._clock.timestamp()}
        try:
            objects.create(self._api, names.BACKUPS, stored.name, spec, **objects.owned(found, labels))
        except ApiError as error:
            if error.reason != "AlreadyExists":
                return
        known = completed(self._api, self._decisions, target, stored, volume, self._clock.timestamp())
        status = {**UNKNOWN, **known, "labels": dict(stored.labels or {}), "ownerID": names.NODE}
        objects.set_status(self._api, names.BACKUPS, stored.name, **status)

    def _describe(self, found: Obj, stored: StoredVolume) -> None:
        """Bring the status, and the last backup of the volume itself, up to date."""
        now = self._clock.timestamp()
        modified = stored.last_modified
        objects.set_status(
            self._api,
            names.BACKUP_VOLUMES,
            found["metadata"]["name"],
            backingImageChecksum=stored.backing_image_checksum,
            backingImageName=stored.backing_image,
            createdAt=stored.created,
            dataStored=str(stored.data_stored),
            labels=dict(stored.labels),
            lastBackupAt=stored.last_backup_at,
            lastBackupName=stored.last_backup,
            lastModificationTime=modified.strftime("%Y-%m-%dT%H:%M:%SZ") if modified else None,
            lastSyncedAt=now,
            messages={},
            size=str(stored.size),
            storageClassName=stored.storage_class,
        )
        volume = objects.find(self._api, names.VOLUMES, stored.name)
        if volume is not None and not volume["status"].get("restoreRequired"):
            latest = {"lastBackup": stored.last_backup, "lastBackupAt": stored.last_backup_at}
            objects.set_status(self._api, names.VOLUMES, stored.name, **latest)

    async def _delete(self, found: Obj) -> None:
        """A deleted BackupVolume takes everything of the volume out of the store, unless only the object is meant."""
        if names.FINALIZER not in found["metadata"].get("finalizers", []):
            return
        target = found["spec"].get("backupTargetName") or "default"
        volume = found["spec"].get("volumeName") or found["metadata"]["name"]
        if ONLY_OBJECT not in (found["metadata"].get("labels") or {}):
            store = await self._backupstores.of_target(target)
            await self._work.once(found["metadata"]["name"], lambda: store.delete_volume(volume))
        for each in self._backups_of(volume, target):
            delete_object_only(self._api, names.BACKUPS, each)
        objects.release(self._api, names.BACKUP_VOLUMES, found["metadata"]["name"])


def _is_described(backup: Obj) -> bool:
    """Whether a backup has a status, or is to get one when it is made."""
    return bool(backup["spec"].get("snapshotName") or backup["status"].get("state"))


def delete_object_only(api: Api, resource: str, obj: Obj) -> None:
    """Delete an object of which the store has no counterpart (any more), or shall keep it."""
    name = obj["metadata"]["name"]
    found = api.find(resource, name, names.NAMESPACE)
    if found is None:
        return
    found["metadata"].setdefault("labels", {})[ONLY_OBJECT] = ""
    api.update(resource, found, manager=objects.MANAGER)
    objects.delete(api, resource, name)
