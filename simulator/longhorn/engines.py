"""Engine and Replica objects of a volume, which only show that something runs, and the events about them."""

import secrets

from simulator.clock import Clock
from simulator.kubernetes.api import Api
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.resources import Obj
from simulator.longhorn import names, objects

REPLICA_START = 0.2
ENGINE_START = 0.7
BLOCK_DEVICE = 2.6
ENGINE_STOP = 0.9
REPLICA_STOP = 1.5
"""Seconds that the steps of attaching and detaching take."""


class Engines:
    """Starts and stops what would serve a volume's blocks."""

    def __init__(self, api: Api, clock: Clock, image: str) -> None:
        self._api = api
        self._clock = clock
        self._image = image
        self._engine_events = EventRecorder(api, "longhorn-engine-controller")
        self._replica_events = EventRecorder(api, "longhorn-replica-controller")

    def create(self, volume: Obj) -> None:
        """Make the stopped engine and replicas of a new volume."""
        name, spec = volume["metadata"]["name"], volume["spec"]
        metadata = objects.owned(volume, {names.VOLUME_LABEL: name})
        common = {"volumeName": name, "volumeSize": spec["size"], "nodeID": "", "desireState": "stopped"}
        common |= {"dataEngine": spec["dataEngine"], "image": self._image}
        engine = names.engine_of(name)
        if objects.find(self._api, names.ENGINES, engine) is None:
            objects.create(self._api, names.ENGINES, engine, {**common, "frontend": spec["frontend"]}, **metadata)
            objects.set_status(self._api, names.ENGINES, engine, currentState="stopped", currentImage="")
        if not objects.of_volume(self._api, names.REPLICAS, name):
            replica = f"{name}-r-{secrets.token_hex(4)}"
            objects.create(self._api, names.REPLICAS, replica, {**common, "engineName": engine}, **metadata)
            objects.set_status(self._api, names.REPLICAS, replica, currentState="stopped", currentImage="")

    def announce(self, volume: str) -> None:
        """Tell that replicas are to start, though something is missing for that yet."""
        for each in objects.of_volume(self._api, names.REPLICAS, volume):
            self._replica_events.record(each, "Normal", "Start", f"Starts {each['metadata']['name']}")

    async def start(self, volume: str, node: str) -> None:
        """Start replicas and engine; takes some seconds."""
        for resource, events, seconds in (
            (names.REPLICAS, self._replica_events, REPLICA_START),
            (names.ENGINES, self._engine_events, ENGINE_START),
        ):
            await self._clock.sleep(seconds)
            for each in objects.of_volume(self._api, resource, volume):
                self._turn(resource, each, "running", node)
                events.record(each, "Normal", "Start", f"Starts {each['metadata']['name']}")
        await self._clock.sleep(BLOCK_DEVICE)

    async def stop(self, volume: str) -> None:
        """Stop engine and replicas; takes some seconds."""
        for resource, events, seconds in (
            (names.ENGINES, self._engine_events, ENGINE_STOP),
            (names.REPLICAS, self._replica_events, REPLICA_STOP),
        ):
            for each in objects.of_volume(self._api, resource, volume):
                events.record(each, "Normal", "Stop", f"Stops {each['metadata']['name']}")
                self._turn(resource, each, "stopped", "")
                events.record(each, "Normal", "Stop", f"Stops {each['metadata']['name']}")
            await self._clock.sleep(seconds)

    def delete(self, volume: str) -> None:
        """Remove the engine and the replicas."""
        for resource in (names.ENGINES, names.REPLICAS):
            for each in objects.of_volume(self._api, resource, volume):
                objects.delete(self._api, resource, each["metadata"]["name"])
                objects.release(self._api, resource, each["metadata"]["name"])

    def _turn(self, resource: str, each: Obj, state: str, node: str) -> None:
        name = each["metadata"]["name"]
        objects.set_spec(self._api, resource, name, desireState=state, nodeID=node)
        image = self._image if state == "running" else ""
        objects.set_status(self._api, resource, name, currentState=state, currentImage=image)
