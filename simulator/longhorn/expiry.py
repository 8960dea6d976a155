"""Backups whose VolumeSnapshot is gone without their deletion: Longhorn keeps them."""

import asyncio

from simulator.clock import Clock
from simulator.kubernetes.api import Api
from simulator.kubernetes.store import Change
from simulator.longhorn import names, objects
from simulator.longhorn.decisions import LonghornDecisions

VOLUME_SNAPSHOTS = "volumesnapshots.snapshot.storage.k8s.io"


class Expiry:
    """Asks how long such a backup lives on, and deletes it then; by default never."""

    def __init__(self, api: Api, clock: Clock, decisions: LonghornDecisions) -> None:
        self._api = api
        self._clock = clock
        self._decisions = decisions
        self._left: asyncio.Queue[str] = asyncio.Queue()

    async def run(self) -> None:
        """Follow the VolumeSnapshots until cancelled."""
        end = self._api.subscribe(VOLUME_SNAPSHOTS, self._changed)
        try:
            async with asyncio.TaskGroup() as waiting:
                while True:
                    uid = await self._left.get()
                    for seconds, backup in self._expiring(uid):
                        waiting.create_task(self._delete(backup, seconds))
        finally:
            end()

    def _changed(self, change: Change) -> None:
        if change.type == "DELETED":
            self._left.put_nowait(change.object["metadata"]["uid"])

    def _expiring(self, uid: str) -> list[tuple[float, str]]:
        made = f"snapshot-{uid}"
        listed = self._api.view(names.BACKUPS, names.NAMESPACE)
        backups = [each for each in listed if each["spec"].get("snapshotName") == made]
        left = [(self._decisions.backup_lifetime_after_snapshot(each), each["metadata"]["name"]) for each in backups]
        return [(seconds, name) for seconds, name in left if seconds is not None]

    async def _delete(self, backup: str, seconds: float) -> None:
        await self._clock.sleep(seconds)
        objects.delete(self._api, names.BACKUPS, backup)
