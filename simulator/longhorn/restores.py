"""Volumes that begin with data: restored from a backup, or cloned from a snapshot of another volume.

Such a volume attaches itself, gets its data, and is not handed to a pod before that.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from simulator.clock import Clock
from simulator.kubernetes.api import Api
from simulator.kubernetes.controller import Controller, Key, Result
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.resources import Obj
from simulator.longhorn import attachments, names, objects
from simulator.longhorn.attachments import Attachments
from simulator.longhorn.backupstore.target import parse_backup_url
from simulator.longhorn.backupstore_clients import Backupstore, BackupstoreClients, BackupstoreError
from simulator.longhorn.decisions import LonghornDecisions
from simulator.longhorn.disk import Disk
from simulator.longhorn.engine_work import EngineWork, to_end
from simulator.longhorn.snapshot_chains import SnapshotChains

COMPLETION_NOTICED = 5.0
CLONE_RETRY = timedelta(seconds=30)
RESTORE, CLONE = "volume-restore-controller", "volume-clone-controller"


def source_of(data_source: str) -> tuple[str, str]:
    """The volume and the snapshot that `spec.dataSource` names; the snapshot is "" for a whole volume."""
    volume, _, snapshot = data_source.partition("://")[2].partition("/")
    return volume, snapshot


@dataclass(eq=False)
class Restores:
    """Restores volumes from backups, and clones them."""

    _api: Api
    _clock: Clock
    _decisions: LonghornDecisions
    _disk: Disk
    _tickets: Attachments
    _chains: SnapshotChains
    _backupstores: BackupstoreClients

    def __post_init__(self) -> None:
        self._events = EventRecorder(self._api, "longhorn-volume-controller")
        self._work = EngineWork()
        self.controller = Controller(self._api, self._clock, "longhorn-volume-restore-controller", self._reconcile)
        self.controller.watch(names.VOLUMES)

    def announce(self, volume: Obj) -> None:
        """Before a clone is created: have its source attached."""
        name, data_source = volume["metadata"]["name"], volume["spec"].get("dataSource")
        if data_source:
            self._tickets.add(source_of(data_source)[0], f"{CLONE}-{name}", CLONE, attachments.ANY)

    def status(self, volume: Obj) -> Obj:
        """What the status of a volume in creation says about where its data will come from."""
        spec = volume["spec"]
        if spec.get("fromBackup"):
            restored: Obj = {"restoreInitiated": True, "restoreRequired": self._decisions.restores_data(volume)}
            known = self._kubernetes_status(spec["fromBackup"])
            return {**restored, **({"kubernetesStatus": known} if known else {})}
        if spec.get("dataSource"):
            source, snapshot = source_of(spec["dataSource"])
            message = f"source volume {source}, snapshot {snapshot}"
            self._events.record(volume, "Normal", "VolumeCloneInitiated", message)
            again = (self._clock.now() + CLONE_RETRY).strftime("%Y-%m-%dT%H:%M:%SZ")
            state = {"attemptCount": 1, "nextAllowedAttemptAt": again, "state": "initiated"}
            return {"cloneStatus": {**state, "sourceVolume": source, "snapshot": snapshot}}
        return {}

    def claim(self, volume: Obj) -> None:
        """Ask for the attachment of a new volume that is to get data."""
        name = volume["metadata"]["name"]
        kind = CLONE if volume["spec"].get("dataSource") else RESTORE
        self._tickets.add(name, f"{kind}-{name}", kind, attachments.HIDDEN)

    def latest_backup(self, volume: Obj) -> Obj:
        """While it is being restored a volume shows the newest backup of the volume that it comes from."""
        source = volume["metadata"].get("labels", {}).get(names.BACKUP_VOLUME_LABEL)
        if not volume["spec"].get("fromBackup") or not source:
            return {}
        listed = objects.all_of(self._api, names.BACKUP_VOLUMES, f"{names.BACKUP_VOLUME_LABEL}={source}")
        if not listed:
            return {}
        status = listed[0]["status"]
        return {"lastBackup": status.get("lastBackupName", ""), "lastBackupAt": status.get("lastBackupAt", "")}

    def attached(self, volume: Obj) -> Obj:
        """What changes in the status of a volume that gets attached: a restore begins."""
        if not volume["status"].get("restoreRequired"):
            return {}
        now = self._clock.timestamp()
        begun = objects.condition("Restore", True, now, "RestoreInProgress")
        return {"conditions": objects.with_condition(volume["status"].get("conditions"), begun)}

    def detached(self, volume: Obj) -> Obj:
        """What changes in the status of a volume that gets detached: a restore is over."""
        status = volume["status"]
        over = objects.condition("Restore", False, self._clock.timestamp())
        conditions = objects.with_condition(status.get("conditions"), over)
        if conditions == status.get("conditions") or status.get("restoreRequired"):
            return {}
        return {"conditions": conditions, "lastBackup": "", "lastBackupAt": ""}

    def _kubernetes_status(self, url: str) -> Obj | None:
        """What the backup remembers of the claim and the pods that its volume had."""
        backup = objects.find(self._api, names.BACKUPS, parse_backup_url(url)[2])
        labels: Mapping[str, str] = (backup["status"].get("labels") if backup else None) or {}
        if backup is None or not labels.get("KubernetesStatus"):
            return None
        known: dict[str, Any] = json.loads(labels["KubernetesStatus"])
        then = backup["status"].get("snapshotCreatedAt", "")
        known["pvName"] = known["pvStatus"] = ""
        if known.get("pvcName") and not known.get("lastPVCRefAt"):
            known["lastPVCRefAt"] = then
        if known.get("workloadsStatus") and not known.get("lastPodRefAt"):
            known["lastPodRefAt"] = then
        return known

    async def _reconcile(self, key: Key) -> Result | None:
        volume = objects.find(self._api, names.VOLUMES, key[1])
        if volume is None or objects.is_deleted(volume):
            return None
        status = volume["status"]
        if status.get("restoreRequired"):
            return await self._restore(volume)
        if status.get("restoreInitiated"):
            self._conclude_restore(volume)
        state = (status.get("cloneStatus") or {}).get("state")
        if state == "initiated":
            return await self._clone(volume)
        if state:
            self._conclude_clone(volume)
        return None

    async def _restore(self, volume: Obj) -> Result | None:
        name = volume["metadata"]["name"]
        if volume["status"].get("state") == "detached":
            self.claim(volume)
        if not objects.serves(volume):
            return None
        _, source, wanted = parse_backup_url(volume["spec"]["fromBackup"])
        try:
            target = self._decisions.restoring_target(volume["spec"].get("backupTargetName") or "default")
            store = await self._backupstores.of_target(target)
            await self._work.outcome(name, lambda: self._fill(store, name, source, wanted))
        except BackupstoreError as error:
            self._work.forget(name)
            self._events.record(volume, "Warning", "FailedRestore", f"failed to restore backup {wanted}: {error}")
            return Result(again=True)
        await self._clock.sleep(COMPLETION_NOTICED)
        await self._chains.publish(name)
        objects.set_status(self._api, names.VOLUMES, name, restoreRequired=False)
        self._conclude_restore(volume)
        return None

    async def _fill(self, store: Backupstore, name: str, source: str, wanted: str) -> None:
        await store.restore(self._disk, name, source, wanted, lambda _: None)
        await self._chains.take(name, str(uuid.uuid4()))

    def _conclude_restore(self, volume: Obj) -> None:
        name = volume["metadata"]["name"]
        self._work.forget(name)
        self._tickets.remove(name, f"{RESTORE}-{name}")

    async def _clone(self, volume: Obj) -> Result | None:
        name = volume["metadata"]["name"]
        if volume["status"].get("state") == "detached":
            self.claim(volume)
        source, snapshot = source_of(volume["spec"]["dataSource"])
        if not objects.serves(volume) or not self._tickets.is_satisfied(source, f"{CLONE}-{name}"):
            return Result(after=1.0) if objects.serves(volume) else None
        if snapshot and snapshot not in self._chains.layers(source):
            message = f"cannot find snapshot {snapshot} in the source volume {source}"
            self._events.record(volume, "Warning", "VolumeCloneFailed", message)
            self._end_clone(volume, "failed")
            return None
        snapshot = await self._work.outcome(name, lambda: self._duplicate(source, snapshot, name))
        await self._clock.sleep(COMPLETION_NOTICED)
        await self._chains.publish(source)
        await self._chains.publish(name)
        waiting = "Waiting for volume to be fully HA before marking the clone as completed"
        copied = f"copied the data from snapshot {snapshot} of the source volume {source}. {waiting}"
        self._events.record(volume, "Warning", "VolumeCloneCopyCompleteAwaitingHealthy", copied)
        finished = f"finished cloning snapshot {snapshot} from source volume {source}"
        self._events.record(volume, "Normal", "VolumeCloneCompleted", finished)
        self._end_clone(volume, "completed")
        return None

    async def _duplicate(self, source: str, snapshot: str, name: str) -> str:
        """Copy a snapshot of the source, a new one if none is named; the snapshot's name."""
        if snapshot:
            snapshot = self._decisions.snapshot_to_clone(self._chains.layers(source), snapshot)
        if not snapshot:
            snapshot = str(uuid.uuid4())
            await self._chains.take(source, snapshot)
        await to_end(self._disk.clone, source, snapshot, name)
        await self._chains.take(name, self._decisions.cloned_snapshot(snapshot))
        return snapshot

    def _conclude_clone(self, volume: Obj) -> None:
        name = volume["metadata"]["name"]
        self._work.forget(name)
        for held in (source_of(volume["spec"].get("dataSource") or "")[0], name):
            self._tickets.remove(held, f"{CLONE}-{name}")

    def _end_clone(self, volume: Obj, state: str) -> None:
        name = volume["metadata"]["name"]
        found = objects.find(self._api, names.VOLUMES, name)
        if found is not None:
            status = {**found["status"]["cloneStatus"], "state": state}
            objects.set_status(self._api, names.VOLUMES, name, cloneStatus=status)
        self._conclude_clone(volume)
