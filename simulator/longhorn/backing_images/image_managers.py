"""BackingImageManager objects: one for each disk with images, telling of the files there."""

import hashlib

from simulator.kubernetes.api import Api
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.resources import Obj
from simulator.longhorn import names, objects
from simulator.longhorn.backing_images.disks import NodeDisk

API_VERSION = 3


class ImageManagers:
    """Keeps these objects; `program` is the image that such a manager runs."""

    def __init__(self, api: Api, program: str) -> None:
        self._api = api
        self._program = program
        self._events = EventRecorder(api, "longhorn-backing-image-manager-controller")

    def register(self, image: Obj, disk: NodeDisk) -> str:
        """Have the manager of a disk look after an image's copy; its name if it was made for that, else ""."""
        name, entry = self._name(disk.uuid), {image["metadata"]["name"]: image["status"]["uuid"]}
        found = objects.find(self._api, names.BACKING_IMAGE_MANAGERS, name)
        if found is not None:
            known = found["spec"]["backingImages"]
            if not entry.items() <= known.items():
                self._keep(name, {**known, **entry})
            return ""
        where = {"diskPath": disk.path, "diskUUID": disk.uuid, "nodeID": disk.node}
        spec = {"backingImages": entry, "image": self._program, **where}
        labels = {"longhorn.io/component": "backing-image-manager", "longhorn.io/managed-by": "longhorn-manager"}
        objects.create(self._api, names.BACKING_IMAGE_MANAGERS, name, spec, finalizers=[names.FINALIZER], labels=labels)
        versions = {"apiMinVersion": API_VERSION, "apiVersion": API_VERSION}
        running = {"currentState": "running", "ownerID": disk.node, "backingImageFileMap": {}}
        objects.set_status(self._api, names.BACKING_IMAGE_MANAGERS, name, **versions, **running)
        return name

    def fetched(self, image: str, disk: str) -> None:
        """Tell that the manager of a disk has begun to take over a file."""
        manager = objects.find(self._api, names.BACKING_IMAGE_MANAGERS, self._name(disk))
        if manager is not None:
            where = f"in disk {disk} on node {manager['spec']['nodeID']}"
            text = f"Fetched the first file for backing image {image} {where}"
            self._events.record(manager, "Normal", "Fetching", text)

    def hold(self, image: str, disk: str, facts: Obj) -> None:
        """Tell of a file that the manager of a disk has."""
        manager = objects.find(self._api, names.BACKING_IMAGE_MANAGERS, self._name(disk))
        if manager is not None:
            held = {**(manager["status"].get("backingImageFileMap") or {}), image: {"name": image, **facts}}
            self._show(manager["metadata"]["name"], held)

    def forget(self, image: Obj) -> None:
        """The image is deleted: no manager looks after it any longer. A manager without images goes."""
        name = image["metadata"]["name"]
        for manager in objects.all_of(self._api, names.BACKING_IMAGE_MANAGERS):
            own, known = manager["metadata"]["name"], manager["spec"]["backingImages"]
            held = manager["status"].get("backingImageFileMap") or {}
            if name in held:
                self._show(own, {key: value for key, value in held.items() if key != name})
            if name in known:
                self._keep(own, {key: value for key, value in known.items() if key != name})
                where = f"in disk {manager['spec']['diskUUID']} on node {manager['spec']['nodeID']}"
                self._events.record(manager, "Normal", "Delete", f"Deleted backing image {name} {where}")
            if not known.keys() - {name}:
                objects.delete(self._api, names.BACKING_IMAGE_MANAGERS, own)
                objects.release(self._api, names.BACKING_IMAGE_MANAGERS, own)

    def _name(self, disk: str) -> str:
        return f"bim-{hashlib.sha512(f'{self._program}{disk}'.encode()).hexdigest()[:56]}"

    def _keep(self, manager: str, images: Obj) -> None:
        objects.set_spec(self._api, names.BACKING_IMAGE_MANAGERS, manager, backingImages=images)

    def _show(self, manager: str, held: Obj) -> None:
        objects.set_status(self._api, names.BACKING_IMAGE_MANAGERS, manager, backingImageFileMap=held)
