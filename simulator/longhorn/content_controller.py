"""What VolumeSnapshots and contents do to backups and images without a CSI call: nothing, by the documentation."""

import asyncio
import contextlib
from dataclasses import dataclass

from simulator.clock import Clock
from simulator.csi.protocol import CsiError
from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.store import Change
from simulator.longhorn import names, objects
from simulator.longhorn.backing_images.decisions import BackingImageDecisions
from simulator.longhorn.backing_images.service import ImageService
from simulator.longhorn.decisions import LonghornDecisions

VOLUME_SNAPSHOTS = "volumesnapshots.snapshot.storage.k8s.io"
CONTENTS = "volumesnapshotcontents.snapshot.storage.k8s.io"
SCHEME = "bi://"


@dataclass(eq=False)
class ContentController:
    """Asks the decisions about each new content, and how long what a VolumeSnapshot was of lives on when it is gone."""

    _api: Api
    _clock: Clock
    _decisions: LonghornDecisions
    _image_decisions: BackingImageDecisions
    _service: ImageService

    def __post_init__(self) -> None:
        self._left: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    async def run(self) -> None:
        """Follow both kinds until cancelled."""
        ends = [self._api.subscribe(CONTENTS, self._content), self._api.subscribe(VOLUME_SNAPSHOTS, self._snapshot)]
        try:
            async with asyncio.TaskGroup() as waiting:
                while True:
                    resource, name = await self._left.get()
                    waiting.create_task(self._expire(resource, name))
        finally:
            for end in ends:
                end()

    def _content(self, change: Change) -> None:
        text = _handle(change.object)
        if change.type == "ADDED" and text and self._image_decisions.makes_image_with_content(text):
            with contextlib.suppress(CsiError):
                self._service.make_early(text)

    def _snapshot(self, change: Change) -> None:
        if change.type != "DELETED":
            return
        made = f"snapshot-{change.object['metadata']['uid']}"
        for _, backup in objects.keys(self._api, names.BACKUPS, lambda each: each["spec"].get("snapshotName") == made):
            self._left.put_nowait((names.BACKUPS, backup))
        bound = (change.object.get("status") or {}).get("boundVolumeSnapshotContentName")
        content = self._api.find(CONTENTS, bound) if bound else None
        text = _handle(content) if content else ""
        if text:
            self._left.put_nowait((names.BACKING_IMAGES, self._image_decisions.parse_handle(text).image))

    async def _expire(self, resource: str, name: str) -> None:
        found = objects.find(self._api, resource, name)
        if found is None:
            return
        if resource == names.BACKUPS:
            seconds = self._decisions.backup_lifetime_after_snapshot(found)
        else:
            seconds = self._image_decisions.image_lifetime_after_snapshot(found)
        if seconds is not None:
            await self._clock.sleep(seconds)
            objects.delete(self._api, resource, name)


def _handle(content: Obj) -> str:
    """The handle of a backing image in a content, "" for any other."""
    status, source = content.get("status") or {}, content["spec"]["source"]
    text = str(status.get("snapshotHandle") or source.get("snapshotHandle") or "")
    return text if text.startswith(SCHEME) else ""
