"""The csi-attacher sidecar 4.12: has the driver attach and detach volumes as VolumeAttachments say."""

from collections.abc import Iterable

from simulator.csi import names
from simulator.csi.protocol import CsiError, Driver
from simulator.csi.snapshot_status import Failed
from simulator.kubernetes import delays, objects
from simulator.kubernetes.api import Api, Change
from simulator.kubernetes.controller import Controller, Key
from simulator.kubernetes.names import ATTACHMENTS, VOLUMES
from simulator.kubernetes.resources import Obj

MANAGER = "csi-attacher"


class Attacher:
    """The sidecar of one driver: a queue of VolumeAttachments and one of PersistentVolumes."""

    def __init__(self, api: Api, driver: Driver) -> None:
        self._api = api
        self._driver = driver
        self._finalizer = names.attacher_finalizer(driver.name)
        self._attachments = Controller(api, api.clock, f"{MANAGER}-attachments", self._sync, expected=(Failed,))
        self._attachments.watch(ATTACHMENTS, _relevant)
        self._volumes = Controller(api, api.clock, f"{MANAGER}-volumes", self._sync_volume)
        self._volumes.watch(VOLUMES)
        self._volumes.watch(ATTACHMENTS, _volume_of_deleted)
        self.controllers = (self._attachments, self._volumes)

    async def _sync(self, key: Key) -> None:
        attachment = self._api.find(ATTACHMENTS, key[1])
        if attachment is None or attachment["spec"]["attacher"] != self._driver.name:
            return
        await self._api.clock.sleep(delays.CALL)
        if objects.is_deleting(attachment):
            await self._detach(attachment)
        elif not objects.status(attachment).get("attached"):
            await self._attach(attachment)

    async def _attach(self, attachment: Obj) -> None:
        try:
            handle = await self._prepare(attachment)
            await self._driver.controller_publish_volume(handle, attachment["spec"]["nodeName"])
        except (CsiError, Failed) as error:
            problem = {"message": str(error), "time": self._api.clock.timestamp()}
            self._report(attachment, attached=False, attachError=problem)
            raise Failed(str(error)) from error
        self._report(attachment, attached=True, attachError=None)

    async def _prepare(self, attachment: Obj) -> str:
        """The volume handle, once volume and attachment carry the attacher's finalizer. Raises Failed."""
        name = objects.attached_volume(attachment)
        volume = self._api.find(VOLUMES, name)
        if volume is None:
            raise Failed(f'persistentvolume "{name}" not found')
        if self._finalizer not in objects.finalizers(volume):
            if objects.is_deleting(volume):
                raise Failed(f'PersistentVolume "{name}" is marked for deletion')
            objects.add_finalizers(self._api, VOLUMES, volume, [self._finalizer], manager=MANAGER)
            await self._api.clock.sleep(delays.CALL)
        fresh = objects.current(self._api, ATTACHMENTS, attachment)
        if self._finalizer not in objects.finalizers(fresh):
            node = fresh["spec"]["nodeName"]
            fresh["metadata"]["finalizers"] = [*objects.finalizers(fresh), self._finalizer]
            fresh["metadata"]["annotations"] = {**objects.annotations(fresh), names.NODE_ID: node}
            self._api.update(ATTACHMENTS, fresh, manager=MANAGER)
            await self._api.clock.sleep(delays.CALL)
        return str(volume["spec"]["csi"]["volumeHandle"])

    async def _detach(self, attachment: Obj) -> None:
        if self._finalizer not in objects.finalizers(attachment):
            return
        volume = self._api.find(VOLUMES, objects.attached_volume(attachment))
        if volume is not None:
            handle, node = volume["spec"]["csi"]["volumeHandle"], attachment["spec"]["nodeName"]
            try:
                await self._driver.controller_unpublish_volume(handle, node)
            except CsiError as error:
                problem = {"message": str(error), "time": self._api.clock.timestamp()}
                attached = bool(objects.status(attachment).get("attached"))
                self._report(attachment, attached=attached, detachError=problem)
                raise Failed(str(error)) from error
        objects.remove_finalizers(self._api, ATTACHMENTS, attachment, [self._finalizer], manager=MANAGER)

    def _report(self, attachment: Obj, *, attached: bool, **errors: Obj | None) -> None:
        name = attachment["metadata"]["name"]
        patch: Obj = {"status": {"attached": attached, **errors}}
        self._api.patch(ATTACHMENTS, name, "", patch, subresource="status", manager=MANAGER)

    async def _sync_volume(self, key: Key) -> None:
        """Release a deleted PersistentVolume that is not attached."""
        volume = self._api.find(VOLUMES, key[1])
        if volume is None or not objects.is_deleting(volume) or self._finalizer not in objects.finalizers(volume):
            return
        await delays.calls(self._api.clock, 2)
        if not any(objects.attached_volume(each) == key[1] for each in self._api.list(ATTACHMENTS)):
            objects.remove_finalizers(self._api, VOLUMES, volume, [self._finalizer], manager=MANAGER)


def _volume_of_deleted(change: Change) -> Iterable[Key]:
    return [("", objects.attached_volume(change.object))] if change.type == "DELETED" else []


def _relevant(change: Change) -> Iterable[Key]:
    """The attacher's own error reports must not cause a retry before the back-off ends."""
    if change.type == "DELETED":
        return []
    if change.old is not None and _without_reports(change.object) == _without_reports(change.old):
        return []
    return [change.key]


def _without_reports(attachment: Obj) -> Obj:
    metadata = {k: v for k, v in attachment["metadata"].items() if k not in {"resourceVersion", "managedFields"}}
    status = {k: v for k, v in objects.status(attachment).items() if k not in {"attachError", "detachError"}}
    return {"spec": attachment["spec"], "metadata": metadata, "status": status}
