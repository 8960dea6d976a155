"""The life of a BackingImage: its uuid, its data source, its copies on disks, its deletion."""

import uuid
from collections.abc import Iterable

from simulator.clock import Clock
from simulator.kubernetes.api import Api
from simulator.kubernetes.controller import Controller, Key
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.store import Change
from simulator.longhorn import names, objects
from simulator.longhorn.backing_images import disks, states
from simulator.longhorn.backing_images.decisions import EXPORT, BackingImageDecisions
from simulator.longhorn.backing_images.files import ImageFiles
from simulator.longhorn.backing_images.image_managers import ImageManagers
from simulator.longhorn.engine_work import to_end

NOTICED = 0.1
COPYING = 3.1
"""Seconds until the controller does its next step, and that a copy to another disk takes."""


def users(api: Api, image: str) -> list[str]:
    """The volumes that have replicas with this image."""
    found = objects.keys(api, names.VOLUMES, lambda each: each["spec"].get("backingImage") == image)
    return [name for _, name in found]


class Images:
    """Brings images to the state that their spec wants."""

    def __init__(
        self, api: Api, clock: Clock, decisions: BackingImageDecisions, files: ImageFiles, managers: ImageManagers
    ) -> None:
        self._api = api
        self._clock = clock
        self._decisions = decisions
        self._files = files
        self._managers = managers
        self._events = EventRecorder(api, "longhorn-backing-image-controller")
        self.controller = Controller(api, clock, "longhorn-backing-image-controller", self._reconcile)
        self.controller.watch(names.BACKING_IMAGES)
        self.controller.watch(names.BACKING_IMAGE_DATA_SOURCES)
        self.controller.watch(names.VOLUMES, self._used)
        self.controller.watch(names.NODES, self._all)

    def _used(self, change: Change) -> Iterable[Key]:
        """The image of a volume that got its replicas, or went."""
        now, before = (objects.status_of(each or {}).get("state") for each in (change.object, change.old))
        if change.type != "DELETED" and (now != "creating" or before == "creating"):
            return []
        image = (change.object.get("spec") or {}).get("backingImage")
        return [(names.NAMESPACE, image)] if image else []

    def _all(self, change: Change) -> Iterable[Key]:
        """A disk more or less matters to every image."""
        if change.type == "MODIFIED" and change.object.get("spec") == (change.old or {}).get("spec"):
            return []
        return objects.keys(self._api, names.BACKING_IMAGES, lambda _: True)

    async def _reconcile(self, key: Key) -> None:
        name = key[1]
        image = objects.find(self._api, names.BACKING_IMAGES, name)
        source = objects.find(self._api, names.BACKING_IMAGE_DATA_SOURCES, name)
        if image is None:
            return
        if objects.is_deleted(image):
            await self._delete(image)
        elif not image["status"]:
            self._set(name, **states.NEW_IMAGE)
        elif not image["status"].get("uuid"):
            await self._name(image)
        elif source is None:
            if not states.ready_disks(image):
                self._begin(image)
        elif objects.is_deleted(source) or not source["status"]:
            return
        elif not image["status"].get("diskFileStatusMap"):
            now = self._clock.timestamp()
            states.set_file(self._api, name, source["spec"]["diskUUID"], now, "", diskLastRefAtMap={})
        else:
            await self._keep(image, source)

    async def _name(self, image: Obj) -> None:
        await self._clock.sleep(NOTICED)
        made = uuid.uuid4().hex[:8]
        if self._set(image["metadata"]["name"], uuid=made) is not None:
            self._events.record(image, "Normal", "Update", f"Initialized UUID to {made}")

    def _begin(self, image: Obj) -> None:
        """Make the data source, on the first disk that may hold a copy; without one the image waits for it."""
        chosen = next(iter(disks.eligible(self._api, image)), None)
        if chosen is None:
            return
        name, spec = image["metadata"]["name"], states.source_spec(image, chosen)
        parameters = spec["parameters"]
        label = {names.EXPORT_LABEL: parameters.get("volume-name", "")} if spec["sourceType"] == EXPORT else {}
        metadata = objects.owned(image, label)
        metadata["ownerReferences"][0] |= {"blockOwnerDeletion": True, "controller": True}
        objects.create(self._api, names.BACKING_IMAGE_DATA_SOURCES, name, spec, **metadata)

    async def _keep(self, image: Obj, source: Obj) -> None:
        name, disk = image["metadata"]["name"], source["spec"]["diskUUID"]
        if not image["spec"].get("diskFileSpecMap"):
            self._expect(image, disk)
        found = self._managers.register(image, self._disk(disk))
        if found:
            text = f"created default backing image manager {found} in disk {disk} on node {source['spec']['nodeID']}"
            self._events.record(image, "Normal", "Create", text)
        self._note_use(name)
        if source["spec"].get("fileTransferred"):
            await self._replenish(name)

    def _note_use(self, name: str) -> None:
        """For each copy that no volume uses: since when."""
        image = objects.find(self._api, names.BACKING_IMAGES, name)
        if image is None:
            return
        known = image["status"].get("diskLastRefAtMap") or {}
        used = any(objects.has_any(self._api, names.REPLICAS, each) for each in users(self._api, name))
        free = {} if used else dict.fromkeys(image["spec"].get("diskFileSpecMap") or {}, "")
        noted = {disk: known.get(disk) or self._clock.timestamp() for disk in free}
        if noted != known:
            self._set(name, diskLastRefAtMap=noted)

    async def _replenish(self, name: str) -> None:
        """Copy the file to more disks until there are as many copies as are wanted, or as there are disks."""
        while True:
            image = objects.find(self._api, names.BACKING_IMAGES, name)
            if image is None or objects.is_deleted(image) or not states.ready_disks(image):
                return
            wanted, held = int(image["spec"].get("minNumberOfCopies") or 1), image["spec"].get("diskFileSpecMap") or {}
            unfinished = [disk for disk in held if states.file_state(image, disk) != states.READY]
            further = [each.uuid for each in disks.eligible(self._api, image) if each.uuid not in held]
            target = next(iter(unfinished), None) or (further[0] if further and len(held) < wanted else None)
            if target is None:
                return
            await self._copy(image, target)

    async def _copy(self, image: Obj, disk: str) -> None:
        name, made = image["metadata"]["name"], image["status"]["uuid"]
        self._expect(image, disk)
        self._managers.register(image, self._disk(disk))
        states.set_file(self._api, name, disk, self._clock.timestamp(), states.PENDING)
        await self._clock.sleep(COPYING)
        first = self._files.path(states.ready_disks(image)[0], name, made)
        await to_end(self._files.copy, first, disk, name, made)
        states.set_file(self._api, name, disk, self._clock.timestamp(), states.READY, 100)

    def _expect(self, image: Obj, disk: str) -> None:
        entry = {"dataEngine": image["spec"].get("dataEngine") or "v1", "evictionRequested": False}
        files = {**(image["spec"].get("diskFileSpecMap") or {}), disk: entry}
        objects.set_spec(self._api, names.BACKING_IMAGES, image["metadata"]["name"], diskFileSpecMap=files)

    def _disk(self, disk: str) -> disks.NodeDisk:
        known = {each.uuid: each for each in disks.all_disks(self._api)}
        return known.get(disk) or disks.NodeDisk(disk, "", names.NODE)

    async def _delete(self, image: Obj) -> None:
        name = image["metadata"]["name"]
        if names.FINALIZER not in image["metadata"].get("finalizers", []):
            return
        if "foregroundDeletion" in image["metadata"]["finalizers"] or not self._decisions.removes_deleted_image(image):
            return
        await self._clock.sleep(NOTICED)
        await self._files.work.settled(name)
        await to_end(self._files.remove, name, image["status"].get("uuid", ""))
        self._managers.forget(image)
        objects.release(self._api, names.BACKING_IMAGES, name)

    def _set(self, name: str, **fields: object) -> Obj | None:
        return objects.set_status(self._api, names.BACKING_IMAGES, name, **fields)
