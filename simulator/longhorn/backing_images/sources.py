"""The life of a BackingImageDataSource: the first file of an image comes from a volume, a URL or a client.

What fails is done again after one minute, then two, up to five; an upload is not, since only a client can repeat it.
"""

import asyncio
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from simulator.clock import Clock
from simulator.kubernetes.api import Api
from simulator.kubernetes.controller import Controller, Key
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.store import Change
from simulator.longhorn import names, objects
from simulator.longhorn.backing_images import image_data, states
from simulator.longhorn.backing_images.decisions import CLONE, DOWNLOAD, EXPORT, UPLOAD, BackingImageDecisions
from simulator.longhorn.backing_images.download import Downloader, DownloadError
from simulator.longhorn.backing_images.exports import Exports
from simulator.longhorn.backing_images.files import FileFacts, ImageFiles
from simulator.longhorn.backing_images.image_managers import ImageManagers
from simulator.longhorn.backing_images.qcow2 import BadImageError
from simulator.longhorn.disk import DiskError
from simulator.longhorn.engine_work import to_end

POD_START = 6.7
SNAPSHOT_NOTICED = 4.1
POLL = 3.0
CLEAN_UP = 2.0
"""Seconds until the program that makes a file answers, until its snapshot is known, between two checks of the file, and
until a failed one is gone."""

BACKOFF = (60.0, 300.0)
PATIENCE = 5.0
"""Seconds, not scaled, between two checks of a download's progress."""

ADDRESS = "10.244.0.25"
DELETED = "backing image is deleted, requesting manager to clean up the tmp file of backing image data source"


STALLED = "failed to process sync file: failed to wait for processing begin in 60 seconds, current state starting"


class SourceError(Exception):
    """The file could not be made; `checksum` is that of a complete one that is not wanted."""

    def __init__(self, message: str, facts: FileFacts | None = None) -> None:
        super().__init__(message)
        self.facts = facts


@dataclass(eq=False)
class DataSources:
    """Makes the first files of images."""

    _api: Api
    _clock: Clock
    _decisions: BackingImageDecisions
    _files: ImageFiles
    _managers: ImageManagers
    _exports: Exports
    _downloader: Downloader

    def __post_init__(self) -> None:
        self._events = EventRecorder(self._api, "longhorn-backing-image-controller")
        self._work = self._files.work
        self._api.activity.watch(self._work.is_busy)
        self._attempts: dict[str, tuple[int, float]] = {}
        self.controller = Controller(
            self._api, self._clock, "longhorn-backing-image-data-source-controller", self._reconcile
        )
        self.controller.watch(names.BACKING_IMAGE_DATA_SOURCES)
        self.controller.watch(names.VOLUMES, self._exported)
        self.controller.watch(names.BACKING_IMAGES)

    def _exported(self, change: Change) -> Iterable[Key]:
        """The images that are exported from a volume."""
        return objects.keys(
            self._api,
            names.BACKING_IMAGE_DATA_SOURCES,
            lambda each: not each["spec"]["fileTransferred"] and self._exports.is_of(each, change.object),
        )

    async def _reconcile(self, key: Key) -> None:
        name = key[1]
        source = objects.find(self._api, names.BACKING_IMAGE_DATA_SOURCES, name)
        image = objects.find(self._api, names.BACKING_IMAGES, name)
        if source is None or objects.is_deleted(source):
            self._forget(name)
            if source is not None:
                self._end(source)
        elif not source["status"]:
            states.set_source(self._api, name, **states.NEW_SOURCE)
        elif image is None or not image["spec"].get("diskFileSpecMap"):
            return
        elif source["spec"]["fileTransferred"]:
            self._conclude(source)
        elif source["status"]["currentState"] in {states.READY_FOR_TRANSFER, states.READY}:
            await self._transfer(source)
        elif source["status"]["currentState"] == states.FAILED:
            await self._clock.sleep(CLEAN_UP)
            self._set(name, currentState=states.FAILED_AND_CLEANUP)
        elif source["status"]["currentState"] == states.FAILED_AND_CLEANUP:
            self._begin_again(source)
        else:
            await self._make(source)

    def _end(self, source: Obj) -> None:
        """The data source is deleted; what was made so far goes with its image."""
        name = source["metadata"]["name"]
        if source["status"] and source["status"]["currentState"] not in {states.READY, states.FAILED_AND_CLEANUP}:
            states.set_source(self._api, name, currentState=states.FAILED, message=DELETED)
        objects.release(self._api, names.BACKING_IMAGE_DATA_SOURCES, name)

    async def _make(self, source: Obj) -> None:
        name, kind = source["metadata"]["name"], source["spec"]["sourceType"]
        if kind == UPLOAD:
            self._set(name, currentState=states.PENDING)
        elif kind == EXPORT:
            await self._export(source)
        else:
            states.set_source(self._api, name, runningParameters=dict(source["spec"]["parameters"]))
            await self._start(source, 0.0)
            await self._outcome(name)

    async def _export(self, source: Obj) -> None:
        name, volume = source["metadata"]["name"], self._exports.volume_of(source)
        if volume is None:
            return
        running = source["status"]["runningParameters"]
        if not self._exports.is_possible(source, volume):
            if running is None:
                states.set_source(self._api, name, runningParameters=dict(source["spec"]["parameters"]))
            return
        if "snapshot-name" not in (running or {}):
            while not self._decisions.begins_export(volume["metadata"]["name"]):
                await self._clock.sleep(POLL)
            prepared = await self._exports.prepared(source, volume)
            states.set_source(self._api, name, runningParameters=prepared)
        await self._clock.sleep(SNAPSHOT_NOTICED)
        await self._exports.publish(volume["metadata"]["name"], name)
        await self._start(source, SNAPSHOT_NOTICED)
        await self._outcome(name)

    async def _start(self, source: Obj, waited: float) -> None:
        """Wait until the program that makes the file has started."""
        if not source["status"]["ip"]:
            await self._clock.sleep(POD_START - waited)
            states.set_source(self._api, source["metadata"]["name"], ip=ADDRESS, storageIP=ADDRESS)
        await self._clock.sleep(POLL)

    async def _outcome(self, name: str) -> None:
        """Do the work, or wait for it, and report its outcome."""
        for percent in self._decisions.shown_progress(name):
            self._set(name, currentState=states.IN_PROGRESS, progress=percent)
            await self._clock.sleep(POLL)
        try:
            facts = await self._work.outcome(name, lambda: self._file(name))
        except SourceError as error:
            self._work.forget(name)
            known = {} if error.facts is None else states.completed(error.facts)
            self._set(name, currentState=states.FAILED, message=str(error), **known)
            states.set_source(self._api, name, ip="", storageIP="")
            return
        self._work.forget(name)
        self._set(name, currentState=states.READY_FOR_TRANSFER, **states.completed(facts))

    async def _file(self, name: str) -> FileFacts:
        source = objects.find(self._api, names.BACKING_IMAGE_DATA_SOURCES, name)
        image = objects.find(self._api, names.BACKING_IMAGES, name)
        if source is None or image is None or objects.is_deleted(image):
            raise SourceError(DELETED)
        if self._decisions.stalls(name):
            raise SourceError(STALLED)
        path = self._files.begin(source["spec"]["diskUUID"], name, source["spec"]["uuid"])
        try:
            await self._write(source, path)
            return await self._accepted(source, path)
        except (DownloadError, BadImageError, DiskError, OSError) as error:
            raise SourceError(str(error)) from error

    async def _accepted(self, source: Obj, path: Path) -> FileFacts:
        """What is known of a file that was written. Raises SourceError when it is not the expected one."""
        facts, expected = await self._facts(path), source["spec"]["checksum"]
        failure = self._decisions.checksum_failure(expected, facts.checksum)
        if failure:
            raise SourceError(f"failed to process sync file: {failure}", facts)
        self._files.complete(path, source["metadata"]["name"], source["spec"]["uuid"], expected, facts)
        return facts

    async def _facts(self, path: Path) -> FileFacts:
        facts = await to_end(self._files.facts, path)
        return FileFacts(
            self._decisions.reported_file_size(facts.size),
            self._decisions.reported_virtual_size(facts.virtual_size),
            facts.real_size,
            self._decisions.stored_checksum(facts.checksum),
        )

    async def _write(self, source: Obj, path: Path) -> None:
        name, kind, parameters = source["metadata"]["name"], source["spec"]["sourceType"], source["spec"]["parameters"]
        if kind == EXPORT:
            await self._exports.write(source, path)
        elif kind == DOWNLOAD:
            seen = asyncio.get_running_loop().time()

            def progress(percent: int) -> None:
                nonlocal seen
                now = asyncio.get_running_loop().time()
                if now - seen > PATIENCE:
                    seen = now
                    self._set(name, currentState=states.IN_PROGRESS, progress=percent)

            await self._downloader.fetch(self._decisions.downloaded_url(parameters["url"]), path, progress)
            await to_end(self._cut, path)
        elif kind == CLONE:
            await self._clone(parameters.get("backing-image", ""), path)
        else:
            raise SourceError(f"there is no backup of a backing image at {parameters.get('backup-url', '')}")

    def _cut(self, path: Path) -> None:
        os.truncate(path, self._decisions.downloaded_length(path.stat().st_size))

    async def _clone(self, of: str, path: Path) -> None:
        image = objects.find(self._api, names.BACKING_IMAGES, of)
        disks = states.ready_disks(image) if image else []
        if image is None or not disks:
            raise SourceError(f"backing image {of} is not ready")
        original = self._files.path(disks[0], of, image["status"]["uuid"])
        await to_end(image_data.write_raw, path, image_data.RawImageData(original))

    async def uploaded(self, name: str, data: bytes) -> None:
        """A client sends the file of an image of type upload. Raises SourceError."""
        source = objects.find(self._api, names.BACKING_IMAGE_DATA_SOURCES, name)
        if source is None or source["spec"]["sourceType"] != UPLOAD or source["spec"]["fileTransferred"]:
            raise SourceError(f"backing image {name} does not wait for an upload")
        if len(data) % 512:
            directly = "should be a multiple of 512 bytes since Longhorn uses directIO by default"
            raise SourceError(f"the uploading file size {len(data)} {directly}")
        path = self._files.begin(source["spec"]["diskUUID"], name, source["spec"]["uuid"])
        await to_end(path.write_bytes, data)
        try:
            facts = await self._accepted(source, path)
        except BadImageError as error:
            raise SourceError(str(error)) from error
        except SourceError as error:
            known = states.completed(error.facts) if error.facts else {}
            self._set(name, currentState=states.FAILED, message=str(error), **known)
            raise
        self._set(name, currentState=states.READY_FOR_TRANSFER, **states.completed(facts))

    async def _transfer(self, source: Obj) -> None:
        """The manager of the disk takes the file over."""
        name, spec = source["metadata"]["name"], source["spec"]
        disk, made = spec["diskUUID"], spec["uuid"]
        if source["status"]["currentState"] != states.READY:
            self._managers.fetched(name, disk)
            await self._clock.sleep(POLL)
            states.set_source(self._api, name, currentState=states.READY)
        facts = await self._facts(self._files.path(disk, name, made))
        held = {"state": states.READY, "size": facts.size, "uuid": made, "currentChecksum": facts.checksum}
        self._managers.hold(name, disk, held)
        await self._show_ready(name, disk, facts)
        objects.set_spec(self._api, names.BACKING_IMAGE_DATA_SOURCES, name, fileTransferred=True)

    async def _show_ready(self, name: str, disk: str, facts: FileFacts) -> None:
        sizes = {"virtualSize": facts.virtual_size, "realSize": facts.real_size}
        image = objects.find(self._api, names.BACKING_IMAGES, name)
        known: Obj = {"size": facts.size, "checksum": facts.checksum, **sizes}
        delays = {field: self._decisions.fact_delay(field) for field in known}
        told = {field: states.NEW_IMAGE[field] if delays[field] else value for field, value in known.items()}
        states.set_file(self._api, name, disk, self._clock.timestamp(), states.READY, 100, **told)
        for field in sorted(filter(delays.get, known), key=delays.__getitem__):
            await self._clock.sleep_unscaled(delays[field])
            objects.set_status(self._api, names.BACKING_IMAGES, name, **{field: known[field]})
        for field, size in sizes.items():
            if image is not None:
                self._events.record(image, "Normal", "Update", f"Set {field} to {size}")

    def _conclude(self, source: Obj) -> None:
        name = source["metadata"]["name"]
        self._forget(name)
        if source["status"]["ip"]:
            states.set_source(self._api, name, ip="", storageIP="")

    def _forget(self, name: str) -> None:
        self._work.forget(name)
        self._attempts.pop(name, None)
        self._exports.let_go(name)

    def _begin_again(self, source: Obj) -> None:
        """Try once more, when the pause is over."""
        name, loop = source["metadata"]["name"], asyncio.get_running_loop()
        if source["spec"]["sourceType"] == UPLOAD:
            return
        number, due = self._attempts.get(name, (0, 0.0))
        if not due:
            pause = min(BACKOFF[0] * 2**number, BACKOFF[1])
            due = loop.time() + pause * self._clock.pace
            self._attempts[name] = number, due
        left = due - loop.time()
        if left > 0:
            self.controller.enqueue((names.NAMESPACE, name), after=left / self._clock.pace)
            return
        self._attempts[name] = number + 1, 0.0
        self._set(name, checksum="", currentState="", message="", progress=0)

    def _set(self, name: str, **fields: object) -> None:
        """Write the data source's status, and show the same in the image."""
        states.set_source(self._api, name, **fields)
        states.mirror(self._api, name, self._clock.timestamp())
