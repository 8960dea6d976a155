"""Images as the base of volumes: put under a volume once the image exists, and never changed by the volume."""

import os
from pathlib import Path

from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj
from simulator.longhorn import names, objects
from simulator.longhorn.backing_images import image_data, states
from simulator.longhorn.backing_images.decisions import BackingImageDecisions
from simulator.longhorn.backing_images.files import ImageFiles
from simulator.longhorn.disk import Disk
from simulator.longhorn.disk.extents import Extent
from simulator.longhorn.disk.sparse import chunks, opened, pwrite
from simulator.longhorn.engine_work import to_end

WAITING, INCOMPATIBLE = "WaitForBackingImage", "BackingImageIncompatible"


class BaseImages:
    """Puts images under volumes."""

    def __init__(self, api: Api, decisions: BackingImageDecisions, disk: Disk, files: ImageFiles) -> None:
        self._api = api
        self._decisions = decisions
        self._disk = disk
        self._files = files

    def is_missing(self, volume: Obj) -> bool:
        """Whether a volume has an image that is not under it yet."""
        name = volume["metadata"]["name"]
        wanted = self._decisions.base_image_of(volume)
        return bool(wanted) and self._disk.exists(name) and not self._disk.has_base(name)

    def is_too_large(self, volume: Obj) -> tuple[int, int] | None:
        """Virtual size of the image and size of the volume, if the image does not fit."""
        image = objects.find(self._api, names.BACKING_IMAGES, self._decisions.base_image_of(volume))
        virtual, size = int((image or {"status": {}})["status"].get("virtualSize") or 0), int(volume["spec"]["size"])
        return (virtual, size) if virtual > size else None

    def conditions(self, volume: Obj, now: str) -> list[Obj]:
        """The conditions that only a new volume with an image has; from 1.12 on."""
        if not self._decisions.base_image_of(volume) or not self._decisions.version.has(12):
            return []
        return [objects.condition(INCOMPATIBLE, False, now)]

    def verdict(self, volume: Obj, placed: bool, now: str) -> list[Obj]:
        """The conditions of a volume whose image was put under it, or could not be."""
        too_large = self.is_too_large(volume)
        waiting = objects.condition(WAITING, not placed, now, "" if placed else "Waiting")
        if not self._decisions.version.has(12):
            return [waiting]
        if too_large is None:
            return [waiting, objects.condition(INCOMPATIBLE, False, now)]
        virtual, size = too_large
        text = f"backing image virtual size {virtual} is larger than volume size {size}"
        return [objects.condition(INCOMPATIBLE, True, now, "BackingImageVirtualSizeTooLarge", text)]

    async def put_under(self, volume: Obj) -> bool:
        """Put its image under a volume; False when there is no complete copy, or it does not fit."""
        path = self._file(self._decisions.base_image_of(volume))
        if path is None or self.is_too_large(volume):
            return False
        found = image_data.of_file(path)
        await to_end(self._disk.add_base, volume["metadata"]["name"], BaseImageData(found, self._decisions))
        return True

    async def written(self, volume: Obj) -> None:
        """A pod has unmounted a volume."""
        for image in self._decisions.images_written_to(volume, self._api.view(names.BACKING_IMAGES, names.NAMESPACE)):
            path = self._file(image)
            if path is not None:
                await to_end(self._overwrite, path, volume["metadata"]["name"])

    def _overwrite(self, path: Path, volume: str) -> None:
        with opened(path, os.O_WRONLY) as fd:
            for offset, length in chunks([(0, path.stat().st_size)]):
                pwrite(fd, self._disk.read(volume, None, offset, length), offset)

    def _file(self, name: str) -> Path | None:
        image = objects.find(self._api, names.BACKING_IMAGES, name)
        for disk in states.ready_disks(image) if image else ():
            path = self._files.path(disk, name, image["status"]["uuid"] if image else "")
            if (path.parent / "backing.cfg").exists():
                return path
        return None


class BaseImageData:
    """An image as a volume reads it."""

    def __init__(self, image: image_data.ImageData, decisions: BackingImageDecisions) -> None:
        self._image = image
        self._decisions = decisions
        self.size = image.size

    def extents(self) -> list[Extent]:
        """The ranges that the image holds."""
        return self._image.extents()

    def read(self, offset: int, length: int) -> bytes:
        """The bytes there."""
        return self._decisions.base_image_bytes(offset, self._image.read(offset, length))
