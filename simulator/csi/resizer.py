"""The csi-resizer sidecar 2.2: expands the volume of a bound claim that requests more."""

from simulator.csi.protocol import CsiError, Driver
from simulator.csi.snapshot_status import Failed
from simulator.kubernetes import delays, objects
from simulator.kubernetes.api import Api
from simulator.kubernetes.controller import Controller, Key
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.names import CLAIMS, VOLUMES
from simulator.kubernetes.quantities import binary, to_bytes
from simulator.kubernetes.resources import Obj

MANAGER = "csi-resizer"


class Resizer:
    """The sidecar of one driver. The driver expands the file system as well, so the node need not."""

    def __init__(self, api: Api, driver: Driver) -> None:
        self._api = api
        self._driver = driver
        self._events = EventRecorder(api, f"external-resizer {driver.name}")
        self.controller = Controller(api, api.clock, f"{MANAGER}-{driver.name}", self._sync, expected=(Failed,))
        self.controller.watch(CLAIMS)

    async def _sync(self, key: Key) -> None:
        claim = self._api.find(CLAIMS, key[1], key[0])
        if claim is None or objects.status(claim).get("phase") != "Bound":
            return
        volume = self._api.find(VOLUMES, claim["spec"].get("volumeName", ""))
        if volume is None or volume["spec"].get("csi", {}).get("driver") != self._driver.name:
            return
        wanted = objects.requested_bytes(claim)
        if to_bytes(objects.status(claim)["capacity"]["storage"]) >= wanted:
            return
        await delays.calls(self._api.clock, 2)
        self._set_resizing(claim)
        text = f"External resizer is resizing volume {volume['metadata']['name']}"
        self._events.record(claim, "Normal", "Resizing", text)
        try:
            size = await self._driver.controller_expand_volume(volume["spec"]["csi"]["volumeHandle"], wanted)
        except CsiError as error:
            text = f'resize volume "{volume["metadata"]["name"]}" by resizer "{self._driver.name}" failed: {error}'
            self._events.record(claim, "Warning", "VolumeResizeFailed", text)
            raise Failed(text) from error
        self._grow_volume(volume, size)
        await self._api.clock.sleep(delays.CALL)
        self._grow_claim(claim, size)

    def _set_resizing(self, claim: Obj) -> None:
        fresh = objects.current(self._api, CLAIMS, claim)
        condition = {"type": "Resizing", "status": "True", "lastTransitionTime": self._api.clock.timestamp()}
        conditions = [each for each in objects.status(fresh).get("conditions") or () if each["type"] != "Resizing"]
        status = {**objects.status(fresh), "conditions": [*conditions, condition]}
        self._api.update_status(CLAIMS, {**fresh, "status": status}, manager=MANAGER)

    def _grow_volume(self, volume: Obj, size: int) -> None:
        patch: Obj = {"spec": {"capacity": {"storage": binary(size)}}}
        self._api.patch(VOLUMES, volume["metadata"]["name"], "", patch, manager=MANAGER)

    def _grow_claim(self, claim: Obj, size: int) -> None:
        fresh = objects.current(self._api, CLAIMS, claim)
        status = {**objects.status(fresh), "capacity": {"storage": binary(size)}}
        status.pop("conditions", None)
        fresh = self._api.update_status(CLAIMS, {**fresh, "status": status}, manager=MANAGER)
        self._events.record(fresh, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded")
