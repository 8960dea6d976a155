"""The PersistentVolume controller: binds claims and PersistentVolumes, and releases them."""

from collections.abc import Iterable

from simulator.kubernetes import delays, names, objects
from simulator.kubernetes.api import Api, Change
from simulator.kubernetes.controller import Controller, Key, Result
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.objects import claims_of, quoted
from simulator.kubernetes.quantities import to_bytes
from simulator.kubernetes.resources import Obj

MANAGER = "kube-controller-manager"
WAITING = (
    "Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the system "
    "administrator. If volume creation is delayed, please verify that the provisioner is running and correctly "
    "registered."
)
NO_CLASS = "no persistent volumes available for this claim and no storage class is set"


class Binder:
    """A queue of claims and one of PersistentVolumes, as the controller in kube-controller-manager has them."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._events = EventRecorder(api, "persistentvolume-controller")
        self._claims = Controller(api, api.clock, "persistentvolume-claims", self._sync_claim)
        self._claims.watch(names.CLAIMS, lambda change: [] if change.type == "DELETED" else [change.key])
        self._claims.watch(names.VOLUMES, self._claims_of_volume)
        self._claims.watch(names.STORAGE_CLASSES, self._claims_of_class)
        self._volumes = Controller(api, api.clock, "persistentvolume-volumes", self._sync_volume)
        self._volumes.watch(names.VOLUMES)
        self._volumes.watch(names.CLAIMS, _volume_of_claim)
        self.controllers = (self._claims, self._volumes)

    def _claims_of_volume(self, change: Change) -> Iterable[Key]:
        """The claim of a bound or deleted volume; all waiting claims for a new volume without one."""
        reference = change.object["spec"].get("claimRef")
        if reference is not None:
            bound = objects.status(change.object).get("phase") == "Bound"
            return [(reference["namespace"], reference["name"])] if bound or change.type == "DELETED" else []
        return self._waiting() if change.type != "DELETED" else []

    def _claims_of_class(self, change: Change) -> Iterable[Key]:
        return self._waiting(change.object["metadata"]["name"]) if change.type == "ADDED" else []

    def _waiting(self, storage_class: str | None = None) -> list[Key]:
        return [
            objects.key_of(claim)
            for claim in self._api.view(names.CLAIMS)
            if objects.status(claim).get("phase") == "Pending"
            and storage_class in {None, claim["spec"].get("storageClassName")}
        ]

    # Claims

    async def _sync_claim(self, key: Key) -> Result | None:
        claim = self._api.find(names.CLAIMS, key[1], key[0])
        if claim is None:
            return None
        if objects.annotations(claim).get(names.BIND_COMPLETED) == "yes":
            self._check_bound(claim)
            return None
        volume = self._volume_for(claim)
        if volume is not None:
            await self._bind(claim, volume)
            return None
        if objects.is_deleting(claim):
            return None
        return await self._request_volume(claim)

    def _volume_for(self, claim: Obj) -> Obj | None:
        """The PersistentVolume that is reserved for a claim, or else the smallest one that fits."""
        name = claim["spec"].get("volumeName")
        if name:
            volume = self._api.find(names.VOLUMES, name)
            return volume if volume is not None and _is_free_for(volume, claim) else None
        candidates = []
        for volume in self._api.view(names.VOLUMES):
            reserved = "claimRef" in volume["spec"]
            if not _is_free_for(volume, claim) or objects.is_deleting(volume):
                continue
            if reserved and volume["spec"]["claimRef"].get("uid"):
                return self._api.get(names.VOLUMES, volume["metadata"]["name"])
            available = objects.status(volume).get("phase") in {"Available", "Pending"}
            if (reserved or available) and _fits(volume, claim) and not claim["spec"].get("selector"):
                size = to_bytes(volume["spec"]["capacity"]["storage"])
                candidates.append((not reserved, size, volume["metadata"]["name"]))
        return self._api.get(names.VOLUMES, min(candidates)[2]) if candidates else None

    async def _bind(self, claim: Obj, volume: Obj) -> None:
        """The four writes of a binding; each is omitted if done already."""
        volume = self._reserve(claim, volume)
        if objects.status(volume).get("phase") != "Bound":
            self._set_phase(volume, "Bound")
        await delays.calls(self._api.clock, 3)
        fresh = objects.current(self._api, names.CLAIMS, claim)
        annotations = {names.BIND_COMPLETED: "yes"}
        if not fresh["spec"].get("volumeName"):
            annotations[names.BOUND_BY_CONTROLLER] = "yes"
        fresh["spec"]["volumeName"] = volume["metadata"]["name"]
        fresh["metadata"]["annotations"] = {**objects.annotations(fresh), **annotations}
        fresh = self._api.update(names.CLAIMS, fresh, manager=MANAGER)
        await self._api.clock.sleep(delays.CALL)
        self._complete(objects.current(self._api, names.CLAIMS, fresh), volume)

    def _reserve(self, claim: Obj, volume: Obj) -> Obj:
        if (volume["spec"].get("claimRef") or {}).get("uid") == claim["metadata"]["uid"]:
            return volume
        if "claimRef" not in volume["spec"]:
            volume["metadata"]["annotations"] = {**objects.annotations(volume), names.BOUND_BY_CONTROLLER: "yes"}
        volume["spec"]["claimRef"] = objects.claim_reference(claim)
        return self._api.update(names.VOLUMES, volume, manager=MANAGER)

    def _complete(self, claim: Obj, volume: Obj) -> None:
        status = {
            **objects.status(claim),
            "phase": "Bound",
            "accessModes": volume["spec"]["accessModes"],
            "capacity": {"storage": volume["spec"]["capacity"]["storage"]},
        }
        self._api.update_status(names.CLAIMS, {**claim, "status": status}, manager=MANAGER)

    def _check_bound(self, claim: Obj) -> None:
        volume = self._api.find(names.VOLUMES, claim["spec"].get("volumeName", ""))
        if volume is not None:
            if objects.status(claim).get("phase") != "Bound":
                self._complete(claim, volume)
            return
        if objects.status(claim).get("phase") != "Lost":
            status = {**objects.status(claim), "phase": "Lost"}
            fresh = self._api.update_status(names.CLAIMS, {**claim, "status": status}, manager=MANAGER)
            text = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
            self._events.record(fresh, "Warning", "ClaimLost", text)

    async def _request_volume(self, claim: Obj) -> Result | None:
        """Mark the claim for its provisioner; checked again after the resync period."""
        name = claim["spec"].get("storageClassName") or ""
        if not name:
            self._events.record(claim, "Normal", "FailedBinding", NO_CLASS)
            return Result(after=delays.RESYNC)
        storage_class = self._api.find(names.STORAGE_CLASSES, name)
        if storage_class is None:
            text = f"storageclass.storage.k8s.io {quoted(name)} not found"
            self._events.record(claim, "Warning", "ProvisioningFailed", text)
            return Result(after=delays.RESYNC)
        if objects.waits_for_consumer(storage_class) and names.SELECTED_NODE not in objects.annotations(claim):
            self._announce_wait(claim)
            return Result(after=delays.RESYNC)
        provisioner = storage_class["provisioner"]
        await self._api.clock.sleep(delays.CALL)
        marks: dict[str, str | None] = {
            names.BETA_STORAGE_PROVISIONER: provisioner,
            names.STORAGE_PROVISIONER: provisioner,
        }
        fresh = objects.annotate(self._api, names.CLAIMS, claim, marks, manager=MANAGER)
        text = WAITING.format(provisioner=provisioner)
        self._events.record(fresh, "Normal", "ExternalProvisioning", text)
        return Result(after=delays.RESYNC)

    def _announce_wait(self, claim: Obj) -> None:
        namespace, name = objects.key_of(claim)
        users = [
            pod["metadata"]["name"] for pod in self._api.list(names.PODS, namespace) if name in claims_of(pod).values()
        ]
        reason, text = "WaitForFirstConsumer", "waiting for first consumer to be created before binding"
        if users:
            reason, text = "WaitForPodScheduled", f"waiting for pod {users[0]} to be scheduled"
        self._events.record(claim, "Normal", reason, text)

    # PersistentVolumes

    async def _sync_volume(self, key: Key) -> None:
        volume = self._api.find(names.VOLUMES, key[1])
        if volume is None:
            return
        reference = volume["spec"].get("claimRef")
        phase = objects.status(volume).get("phase")
        if reference is None or not reference.get("uid"):
            if phase != "Available":
                self._set_phase(volume, "Available")
            return
        claim = self._api.find(names.CLAIMS, reference["name"], reference["namespace"])
        if claim is None or claim["metadata"]["uid"] != reference["uid"]:
            if phase not in {"Released", "Failed"}:
                await self._api.clock.sleep(delays.CALL)
                self._set_phase(objects.current(self._api, names.VOLUMES, volume), "Released")
        elif claim["spec"].get("volumeName") == key[1] and phase != "Bound":
            self._set_phase(volume, "Bound")
        elif not claim["spec"].get("volumeName"):
            self._claims.enqueue(objects.key_of(claim))

    def _set_phase(self, volume: Obj, phase: str) -> None:
        status = {**objects.status(volume), "phase": phase, "lastPhaseTransitionTime": self._api.clock.timestamp()}
        self._api.update_status(names.VOLUMES, {**volume, "status": status}, manager=MANAGER)


def _volume_of_claim(change: Change) -> Iterable[Key]:
    """The volume of a deleted claim, which is released."""
    name = change.object["spec"].get("volumeName")
    return [("", name)] if name and change.type == "DELETED" else []


def _is_free_for(volume: Obj, claim: Obj) -> bool:
    reference = volume["spec"].get("claimRef")
    if reference is None:
        return True
    metadata = claim["metadata"]
    same = (reference.get("namespace"), reference.get("name")) == (metadata["namespace"], metadata["name"])
    return same and reference.get("uid", "") in {"", metadata["uid"]}


def _fits(volume: Obj, claim: Obj) -> bool:
    wanted, offered = claim["spec"], volume["spec"]
    return (
        (offered.get("storageClassName") or "") == (wanted.get("storageClassName") or "")
        and offered.get("volumeMode", "Filesystem") == wanted.get("volumeMode", "Filesystem")
        and set(wanted["accessModes"]) <= set(offered["accessModes"])
        and to_bytes(offered["capacity"]["storage"]) >= objects.requested_bytes(claim)
    )
