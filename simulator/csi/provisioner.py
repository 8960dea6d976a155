"""The csi-provisioner sidecar 5.3.0: creates PersistentVolumes for claims, and deletes released ones."""

import random
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from simulator.csi import names
from simulator.csi.decisions import CsiDecisions
from simulator.csi.protocol import Code, CreateVolumeRequest, CsiError, CsiVolume, Driver, VolumeCapability
from simulator.csi.restore_source import OtherPopulator, RestoreSource
from simulator.csi.snapshot_status import Failed
from simulator.kubernetes import delays, objects
from simulator.kubernetes.api import Api, Change
from simulator.kubernetes.controller import Controller, Key
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.names import (
    ATTACHMENTS,
    BETA_STORAGE_PROVISIONER,
    CLAIMS,
    SELECTED_NODE,
    STORAGE_CLASSES,
    STORAGE_PROVISIONER,
    VOLUMES,
)
from simulator.kubernetes.quantities import binary
from simulator.kubernetes.resources import Obj

MANAGER = "csi-provisioner"
LEADER = "csi-provisioner-84f6b8dcc6-rzpkt"
"""The pod that holds the sidecar's lease."""

DEFAULT_FS_TYPE = "ext4"
FS_TYPE_PARAMETER = f"{names.PARAMETER_PREFIX}fstype"
_SINGLE_WRITER = "SINGLE_NODE_WRITER"
_IN_BACKGROUND = frozenset({Code.CANCELED, Code.DEADLINE_EXCEEDED, Code.UNAVAILABLE, Code.ABORTED})


@dataclass(frozen=True)
class _Order:
    """A claim with everything that its provisioning needs."""

    claim: Obj
    storage_class: Obj
    request: CreateVolumeRequest
    fs_type: str


class Provisioner:
    """The sidecar of one driver: a queue of claims and one of PersistentVolumes."""

    def __init__(self, api: Api, driver: Driver, decisions: CsiDecisions) -> None:
        self._api = api
        self._driver = driver
        self._decisions = decisions
        self._source = RestoreSource(api, decisions, driver.name)
        self._identity = f"{int(api.clock.now().timestamp() * 1000)}-{random.randrange(10_000)}-{driver.name}"
        self._events = EventRecorder(api, f"{driver.name}_{LEADER}_{uuid.uuid4()}")
        self._in_background: dict[Key, Obj] = {}
        """Claims whose volume the driver may still create; they are completed even if the claim is deleted."""
        self._claims = Controller(api, api.clock, f"{MANAGER}-claims", self._sync_claim, expected=(Failed,))
        self._claims.watch(CLAIMS, _claim_and_source)
        self._volumes = Controller(api, api.clock, f"{MANAGER}-volumes", self._sync_volume, expected=(Failed,))
        self._volumes.watch(VOLUMES)
        self.controllers = (self._claims, self._volumes)

    # Claims

    async def _sync_claim(self, key: Key) -> None:
        claim = self._api.find(CLAIMS, key[1], key[0])
        if claim is not None and names.CLONE_PROTECTION in objects.finalizers(claim):
            self._release_source(claim)
        begun = self._in_background.get(key)
        if begun is not None and (claim is None or claim["metadata"]["uid"] != begun["metadata"]["uid"]):
            claim = begun
        if claim is None or not self._should_provision(claim):
            return
        storage_class = self._api.find(STORAGE_CLASSES, claim["spec"].get("storageClassName") or "")
        if storage_class is None or not self._node_is_chosen(claim, storage_class):
            return
        if self._api.find(VOLUMES, self._decisions.volume_name(claim)) is not None:
            return
        await delays.calls(self._api.clock, 1)
        text = f'External provisioner is provisioning volume for claim "{objects.shown(claim)}"'
        self._events.record(claim, "Normal", "Provisioning", text)
        await self._api.clock.sleep(delays.CALL)
        try:
            await self._provision(key, claim, storage_class)
        except OtherPopulator:
            text = "Assuming an external populator will provision the volume"
            self._events.record(claim, "Normal", "Provisioning", text, component="external-provisioner")
        except (Failed, CsiError) as error:
            text = f'failed to provision volume with StorageClass "{storage_class["metadata"]["name"]}": {error}'
            text = self._decisions.refusal_text(claim, text)
            if self._decisions.reports_refusal(claim):
                self._events.record(claim, "Warning", "ProvisioningFailed", text)
            if self._decisions.retries_provisioning(claim, text):
                raise Failed(text) from error

    def _should_provision(self, claim: Obj) -> bool:
        annotations = objects.annotations(claim)
        provisioner = annotations.get(STORAGE_PROVISIONER) or annotations.get(BETA_STORAGE_PROVISIONER)
        return not claim["spec"].get("volumeName") and provisioner == self._driver.name

    def _node_is_chosen(self, claim: Obj, storage_class: Obj) -> bool:
        return not objects.waits_for_consumer(storage_class) or SELECTED_NODE in objects.annotations(claim)

    async def _provision(self, key: Key, claim: Obj, storage_class: Obj) -> None:
        order = self._order(claim, storage_class)
        self._in_background[key] = claim
        try:
            answer = await self._driver.create_volume(order.request)
            await self._api.clock.sleep_unscaled(self._decisions.answer_delay("CreateVolume"))
            if self._decisions.loses_answer("CreateVolume", order.request.name):
                raise CsiError(Code.DEADLINE_EXCEEDED, "context deadline exceeded")
        except CsiError as error:
            if error.code not in _IN_BACKGROUND:
                self._in_background.pop(key, None)
            raise
        await self._check_answer(key, order, answer)
        await self._api.clock.sleep(delays.CALL)
        self._api.create(VOLUMES, self._volume(order, answer), manager=MANAGER)
        self._in_background.pop(key, None)
        await delays.calls(self._api.clock, 2)
        self._events.record(
            claim, "Normal", "ProvisioningSucceeded", f"Successfully provisioned volume {order.request.name}"
        )

    def _order(self, claim: Obj, storage_class: Obj) -> _Order:
        source = self._source.check_kind(claim, self._driver.controller_capabilities)
        if claim["spec"].get("selector"):
            raise Failed("claim Selector is not supported")
        fs_type = self._decisions.file_system(claim, _fs_type(storage_class))
        snapshot_id = volume_id = None
        if source is not None and source["kind"] == "VolumeSnapshot":
            snapshot_id = self._source.snapshot_handle(claim, storage_class, source)
        elif source is not None:
            volume_id = self._source.cloned_volume(claim, storage_class, source)
            cloned = self._api.get(CLAIMS, source["name"], claim["metadata"]["namespace"])
            objects.add_finalizers(self._api, CLAIMS, cloned, [names.CLONE_PROTECTION], manager=MANAGER)
        parameters = storage_class.get("parameters") or {}
        request = CreateVolumeRequest(
            name=self._decisions.volume_name(claim),
            required_bytes=objects.requested_bytes(claim),
            parameters={k: v for k, v in parameters.items() if not k.startswith(names.PARAMETER_PREFIX)},
            capabilities=tuple(self._capability(mode, claim, fs_type) for mode in claim["spec"]["accessModes"]),
            source_snapshot_id=snapshot_id,
            source_volume_id=volume_id,
        )
        return _Order(claim, storage_class, request, fs_type)

    def _release_source(self, source: Obj) -> None:
        """Release a cloned claim when no clone of it is pending."""
        namespace, name = objects.key_of(source)
        for claim in self._api.list(CLAIMS, namespace):
            if _cloned_claim(claim) == name and objects.status(claim).get("phase") == "Pending":
                return
        objects.remove_finalizers(self._api, CLAIMS, source, [names.CLONE_PROTECTION], manager=MANAGER)

    def _capability(self, mode: str, claim: Obj, fs_type: str) -> VolumeCapability:
        multi = "SINGLE_NODE_MULTI_WRITER" in self._driver.controller_capabilities
        csi_mode = {
            "ReadWriteOnce": "SINGLE_NODE_MULTI_WRITER" if multi else _SINGLE_WRITER,
            "ReadWriteOncePod": "SINGLE_NODE_SINGLE_WRITER" if multi else _SINGLE_WRITER,
            "ReadWriteMany": "MULTI_NODE_MULTI_WRITER",
            "ReadOnlyMany": "MULTI_NODE_READER_ONLY",
        }[mode]
        block = claim["spec"].get("volumeMode") == "Block"
        return VolumeCapability(csi_mode, block, "" if block else fs_type)

    async def _check_answer(self, key: Key, order: _Order, answer: CsiVolume) -> None:
        wanted, got = order.request.required_bytes, answer.capacity_bytes or order.request.required_bytes
        problem = ""
        if got < wanted:
            problem = f"created volume capacity {got} less than requested capacity {wanted}"
        elif order.request.source_snapshot_id is not None and answer.source_snapshot_id is None:
            problem = "volume content source missing"
        if problem:
            await self._driver.delete_volume(answer.volume_id)
            self._in_background.pop(key, None)
            raise Failed(problem)

    def _volume(self, order: _Order, answer: CsiVolume) -> Obj:
        claim, storage_class = order.claim, order.storage_class
        block = claim["spec"].get("volumeMode") == "Block"
        csi: Obj = {"driver": self._driver.name, "volumeHandle": answer.volume_id}
        if not block:
            csi["fsType"] = order.fs_type
        csi["volumeAttributes"] = {**answer.context, names.PROVISIONER_IDENTITY: self._identity}
        spec: Obj = {
            "capacity": {"storage": binary(answer.capacity_bytes or order.request.required_bytes)},
            "csi": csi,
            "accessModes": claim["spec"]["accessModes"],
            "claimRef": objects.claim_reference(claim),
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "storageClassName": storage_class["metadata"]["name"],
            "volumeMode": claim["spec"].get("volumeMode", "Filesystem"),
        }
        if storage_class.get("mountOptions"):
            spec["mountOptions"] = storage_class["mountOptions"]
        return {
            "metadata": {
                "name": order.request.name,
                "annotations": {
                    names.PROVISIONED_BY: self._decisions.provisioner_of(self._driver.name),
                    names.DELETION_SECRET_OF_VOLUME: "",
                    names.DELETION_SECRET_NAMESPACE_OF_VOLUME: "",
                },
                "finalizers": [names.PROVISIONER_FINALIZER],
            },
            "spec": spec,
        }

    # Released volumes

    async def _sync_volume(self, key: Key) -> None:
        volume = self._api.find(VOLUMES, key[1])
        if volume is None or objects.annotations(volume).get(names.PROVISIONED_BY) != self._driver.name:
            return
        if objects.status(volume).get("phase") != "Released":
            return
        if volume["spec"].get("persistentVolumeReclaimPolicy") != "Delete":
            return
        if objects.is_deleting(volume) and names.PROVISIONER_FINALIZER not in objects.finalizers(volume):
            return
        await delays.calls(self._api.clock, 2)
        try:
            self._refuse_while_attached(volume)
            await self._driver.delete_volume(volume["spec"]["csi"]["volumeHandle"])
        except (Failed, CsiError) as error:
            self._events.record(volume, "Warning", "VolumeFailedDelete", str(error))
            raise Failed(str(error)) from error
        if not objects.is_deleting(volume):
            self._api.delete(VOLUMES, volume["metadata"]["name"], uid=volume["metadata"]["uid"])
            await delays.calls(self._api.clock, 5)
        objects.remove_finalizers(self._api, VOLUMES, volume, [names.PROVISIONER_FINALIZER], manager=MANAGER)

    def _refuse_while_attached(self, volume: Obj) -> None:
        name = volume["metadata"]["name"]
        for attachment in self._api.list(ATTACHMENTS):
            if objects.attached_volume(attachment) == name:
                node = attachment["spec"]["nodeName"]
                raise Failed(f"persistentvolume {name} is still attached to node {node}")


def _cloned_claim(claim: Obj) -> str:
    """The source claim of a clone, empty for other claims."""
    source = claim["spec"].get("dataSource") or {}
    return str(source["name"]) if source.get("kind") == "PersistentVolumeClaim" else ""


def _claim_and_source(change: Change) -> Iterable[Key]:
    namespace, _ = change.key
    source = _cloned_claim(change.object)
    return [change.key, (namespace, source)] if source else [change.key]


def _fs_type(storage_class: Obj) -> str:
    """The file system of a Filesystem-mode volume. Raises Failed if the class names two."""
    parameters = storage_class.get("parameters") or {}
    found = {key: value for key, value in parameters.items() if key == FS_TYPE_PARAMETER or key.lower() == "fstype"}
    if len(found) > 1:
        keys = f'"fstype" and "{FS_TYPE_PARAMETER}"'
        raise Failed(f"fstype specified in parameters with both {keys} keys")
    return next(iter(found.values()), "") or DEFAULT_FS_TYPE
