"""What VolumeSnapshots and contents do to images without a CSI call: nothing, according to the documentation."""

import asyncio

from simulator.clock import Clock
from simulator.csi.protocol import CsiError
from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.store import Change
from simulator.longhorn import names, objects
from simulator.longhorn.backing_images.decisions import BackingImageDecisions
from simulator.longhorn.backing_images.service import ImageService

VOLUME_SNAPSHOTS = "volumesnapshots.snapshot.storage.k8s.io"
CONTENTS = "volumesnapshotcontents.snapshot.storage.k8s.io"
SCHEME = "bi://"


class ContentController:
    """Asks the decisions about each new content, and when a VolumeSnapshot is gone."""

    def __init__(self, api: Api, clock: Clock, decisions: BackingImageDecisions, service: ImageService) -> None:
        self._api = api
        self._clock = clock
        self._decisions = decisions
        self._service = service
        self._left: asyncio.Queue[str] = asyncio.Queue()

    async def run(self) -> None:
        """Follow both kinds until cancelled."""
        ends = [self._api.subscribe(CONTENTS, self._content), self._api.subscribe(VOLUME_SNAPSHOTS, self._snapshot)]
        try:
            async with asyncio.TaskGroup() as waiting:
                while True:
                    image = await self._left.get()
                    waiting.create_task(self._expire(image))
        finally:
            for end in ends:
                end()

    def _content(self, change: Change) -> None:
        text = _handle(change.object)
        if change.type != "ADDED" or not text or not self._decisions.makes_image_with_content(text):
            return
        try:
            self._service.make_early(text)
        except CsiError:
            return

    def _snapshot(self, change: Change) -> None:
        bound = (change.object.get("status") or {}).get("boundVolumeSnapshotContentName")
        content = self._api.find(CONTENTS, bound) if change.type == "DELETED" and bound else None
        text = _handle(content) if content else ""
        if text:
            self._left.put_nowait(self._decisions.parse_handle(text).image)

    async def _expire(self, name: str) -> None:
        image = objects.find(self._api, names.BACKING_IMAGES, name)
        seconds = self._decisions.image_lifetime_after_snapshot(image) if image else None
        if seconds is not None:
            await self._clock.sleep(seconds)
            objects.delete(self._api, names.BACKING_IMAGES, name)


def _handle(content: Obj) -> str:
    """The handle of a backing image in a content, "" for any other."""
    status, source = content.get("status") or {}, content["spec"]["source"]
    text = str(status.get("snapshotHandle") or source.get("snapshotHandle") or "")
    return text if text.startswith(SCHEME) else ""
