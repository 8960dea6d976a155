"""The life of a Volume object: creating, detached, attaching, attached, detaching, deleting."""

from collections.abc import Iterable
from dataclasses import dataclass

from simulator.clock import Clock
from simulator.kubernetes.api import Api
from simulator.kubernetes.controller import Controller, Key
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.names import CLAIMS
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.store import Change
from simulator.longhorn import names, objects
from simulator.longhorn.attachments import Attachments
from simulator.longhorn.backing_images.base_images import BaseImages
from simulator.longhorn.decisions import LonghornDecisions
from simulator.longhorn.disk import Disk
from simulator.longhorn.engine_polls import POLL, EnginePolls
from simulator.longhorn.engine_work import to_end
from simulator.longhorn.engines import Engines
from simulator.longhorn.restores import Restores
from simulator.longhorn.snapshot_chains import SnapshotChains

CREATION = 0.15
CLAIMED = 0.05
HEALTH = 0.1
"""Seconds that the creation of a volume takes, the answer to a ticket, and the verdict that a volume is well."""


def initial_status(node: str) -> Obj:
    """The status of a Volume that was just made."""
    empty = (
        *("currentImage", "currentMigrationNodeID", "currentNodeID", "lastBackup", "lastBackupAt", "lastDegradedAt"),
        *("remountRequestedAt", "robustness", "shareEndpoint", "shareState", "state"),
        *("currentEngineNodeID", "lastAutoSalvagedAt", "switchoverState"),
    )
    clone = ("nextAllowedAttemptAt", "snapshot", "sourceVolume", "state")
    return {
        **dict.fromkeys(empty, ""),
        "actualSize": 0,
        **dict.fromkeys(("expansionRequired", "frontendDisabled", "isStandby"), False),
        **dict.fromkeys(("restoreInitiated", "restoreRequired"), False),
        "cloneStatus": {**dict.fromkeys(clone, ""), "attemptCount": 0},
        "conditions": None,
        "kubernetesStatus": empty_kubernetes_status(),
        "ownerID": node,
    }


def empty_kubernetes_status() -> Obj:
    """What is known of the claim and the pods of a volume that has none."""
    fields = ("lastPVCRefAt", "lastPodRefAt", "namespace", "pvName", "pvStatus", "pvcName")
    return {**dict.fromkeys(fields, ""), "workloadsStatus": None}


@dataclass(eq=False)
class Volumes:
    """Brings volumes from the state that they are in to the one that their spec wants."""

    _api: Api
    _clock: Clock
    _decisions: LonghornDecisions
    _disk: Disk
    _engines: Engines
    _polls: EnginePolls
    _attachments: Attachments
    _chains: SnapshotChains
    _restores: Restores
    _base_images: BaseImages
    _image: str

    def __post_init__(self) -> None:
        self._events = EventRecorder(self._api, "longhorn-volume-controller")
        self._written: set[str] = set()
        self._unexpanded: set[str] = set()
        self._lingering: dict[str, float] = {}
        self.controller = Controller(self._api, self._clock, "longhorn-volume-controller", self._reconcile)
        self.controller.watch(names.VOLUMES)
        self.controller.watch(names.BACKING_IMAGES, self._waiting)

    def _waiting(self, change: Change) -> Iterable[Key]:
        """The volumes that cannot be attached before their image has changed as it did now."""
        name = change.object["metadata"]["name"]
        return objects.keys(
            self._api,
            names.VOLUMES,
            lambda each: (
                each["spec"].get("backingImage") == name and objects.status_of(each).get("state") == "attaching"
            ),
        )

    def linger(self, name: str) -> bool:
        """Whether the deletion of a volume is answered while it, its engine and its replicas still exist."""
        if name not in self._lingering:
            self._lingering[name] = self._api.timing.removal_lag(name)
        return self._lingering[name] > 0

    def loses_expansion(self, name: str) -> bool:
        """Whether the volume does not grow from now on, whatever its spec says."""
        if self._decisions.loses_expansion(name):
            self._unexpanded.add(name)
        return name in self._unexpanded

    def has_lost_expansion(self, name: str) -> bool:
        """Whether it was so for an earlier size."""
        return name in self._unexpanded

    def poll(self, name: str) -> None:
        """Check the volume's disk, which was written."""
        self._written.add(name)
        self.controller.enqueue((names.NAMESPACE, name))

    async def _reconcile(self, key: Key) -> None:
        name = key[1]
        volume = objects.find(self._api, names.VOLUMES, name)
        if volume is None:
            return
        state = volume["status"].get("state", "")
        if objects.is_deleted(volume):
            await self._delete(volume, state)
        elif state in {"", "creating"}:
            await self._create(volume)
        elif state == "attaching" and not volume["spec"].get("nodeID"):
            await self._detach(volume)
        elif state == "attaching" or (state == "detached" and volume["spec"].get("nodeID")):
            await self._attach(volume)
        elif state == "detaching" or (state == "attached" and not volume["spec"].get("nodeID")):
            await self._detach(volume)
        else:
            await self._expand(volume)
            await self._check_engine(volume, state)

    async def _create(self, volume: Obj) -> None:
        name = volume["metadata"]["name"]
        if not volume["status"]:
            status = self._decisions.version.fields(initial_status(names.NODE))
            objects.set_status(self._api, names.VOLUMES, name, **status)
        self._restores.announce(volume)
        if objects.find(self._api, names.ATTACHMENTS, name) is None:
            self._attachments.create(volume)
        await self._clock.sleep(CREATION)
        if not self._disk.exists(name):
            await to_end(self._disk.create, name, int(volume["spec"]["size"]))
        now = self._clock.timestamp()
        conditions = [
            objects.condition("WaitForBackingImage", False, now),
            *self._base_images.conditions(volume, now),
            objects.condition("TooManySnapshots", False, now),
            objects.condition("Scheduled", True, now),
        ]
        origin = self._restores.status(volume)
        self._set(name, conditions=conditions, currentImage=self._image, state="creating", **origin)
        self._engines.create(volume)
        if self._decisions.version.has(11):
            conditions = [*conditions, objects.condition("OfflineRebuilding", False, now)]
            self._set(name, conditions=conditions)
        if volume["spec"].get("dataSource"):
            await self._claim(volume)
        conditions = [*conditions, objects.condition("Restore", False, now)]
        latest = self._restores.latest_backup(volume)
        self._set(name, conditions=conditions, robustness="unknown", state="detaching", **latest)
        if origin.get("restoreRequired"):
            await self._claim(volume)
        self._set(name, state="detached")
        self._events.record(volume, "Normal", "Detached", f"volume {name} has been detached")

    async def _claim(self, volume: Obj) -> None:
        """Have the volume attached as soon as it can be, for the data that it begins with."""
        self._restores.claim(volume)
        await self._clock.sleep(CLAIMED)

    async def _attach(self, volume: Obj) -> None:
        name, node = volume["metadata"]["name"], volume["spec"]["nodeID"]
        hidden = bool(volume["spec"].get("disableFrontend"))
        self._set(name, state="attaching", **({"frontendDisabled": True} if hidden else {}))
        if self._base_images.is_missing(volume) and not await self._add_base_image(name):
            return
        await self._engines.start(name, node)
        current = objects.find(self._api, names.VOLUMES, name)
        if current is None or objects.is_deleted(current) or not current["spec"].get("nodeID"):
            return
        self._events.record(volume, "Normal", "Attached", f"volume {name} has been attached to {node}")
        self._set(name, currentNodeID=node, state="attached", **self._restores.attached(volume))
        self._polls.begin(name)

    async def _add_base_image(self, name: str) -> bool:
        """Put the volume's image under it; False when that must wait, which the conditions show."""
        volume = objects.find(self._api, names.VOLUMES, name)
        if volume is None:
            return False
        placed = await self._base_images.put_under(volume)
        if not placed:
            self._engines.announce(name)
        told = self._base_images.verdict(volume, placed, self._clock.timestamp())
        conditions = volume["status"].get("conditions") or []
        for each in told:
            conditions = objects.with_condition(conditions, each)
        if conditions != volume["status"].get("conditions"):
            self._set(name, conditions=conditions)
        return placed

    async def _check_engine(self, volume: Obj, state: str) -> None:
        """Notice what was written, and how well a volume is that was attached a while ago."""
        name = volume["metadata"]["name"]
        if state != "attached":
            return
        if name in self._written:
            self._written.discard(name)
            await self._chains.publish(name)
        if volume["status"].get("robustness") != "unknown":
            return
        left = POLL + HEALTH - self._polls.age(name)
        if left > 0:
            self.controller.enqueue((names.NAMESPACE, name), after=left)
        else:
            self._set(name, **self._robustness(volume))

    def _robustness(self, volume: Obj) -> Obj:
        """A volume with more replicas than there are nodes lacks some of them."""
        if volume["spec"]["numberOfReplicas"] <= len(self._api.list(names.NODES, names.NAMESPACE)):
            return {"robustness": "healthy"}
        return {"robustness": "degraded", "lastDegradedAt": self._clock.timestamp()}

    async def _detach(self, volume: Obj) -> None:
        name = volume["metadata"]["name"]
        gone = {"frontendDisabled": False} if volume["status"].get("frontendDisabled") else {}
        self._set(name, robustness="unknown", state="detaching", **gone, **self._restores.detached(volume))
        await self._engines.stop(name)
        self._set(name, currentNodeID="", state="detached")
        self._events.record(volume, "Normal", "Detached", f"volume {name} has been detached")

    async def _expand(self, volume: Obj) -> None:
        name, size = volume["metadata"]["name"], int(volume["spec"]["size"])
        if self._disk.exists(name) and self._disk.size(name) < size and name not in self._unexpanded:
            await to_end(self._disk.expand, name, size)

    async def _delete(self, volume: Obj, state: str) -> None:
        name = volume["metadata"]["name"]
        if names.FINALIZER not in volume["metadata"].get("finalizers", []):
            return
        self._events.record(volume, "Normal", "Delete", f"Deleting volume {name}")
        self._set(name, state="deleting")
        await self._delete_claim_of(volume)
        if state in {"attached", "attaching", "detaching"}:
            await self._engines.stop(name)
        await self._clock.sleep_unscaled(self._lingering.get(name, 0.0))
        self._engines.delete(name)
        await to_end(self._disk.delete, name)
        self._polls.forget(name)
        self._lingering.pop(name, None)
        objects.release(self._api, names.VOLUMES, name)

    async def _delete_claim_of(self, volume: Obj) -> None:
        delay = self._decisions.deletes_claim_by_name(volume["metadata"]["name"])
        known = volume["status"].get("kubernetesStatus") or {}
        if delay is None or not known.get("pvcName"):
            return
        await self._clock.sleep_unscaled(delay)
        if self._api.find(CLAIMS, known["pvcName"], known["namespace"]) is not None:
            self._api.delete(CLAIMS, known["pvcName"], known["namespace"])

    def _set(self, name: str, **fields: object) -> None:
        objects.set_status(self._api, names.VOLUMES, name, **fields)
