"""The CSI driver driver.longhorn.io: volumes and attachments. Answers and texts follow the version."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from simulator.clock import Clock
from simulator.csi.protocol import (
    Code,
    CreateSnapshotRequest,
    CreateVolumeRequest,
    CsiError,
    CsiSnapshot,
    CsiVolume,
    VolumeCapability,
)
from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.resources import Obj
from simulator.longhorn import attachments, names, objects
from simulator.longhorn.attachments import Attachments
from simulator.longhorn.backing_images.base_images import BaseImages
from simulator.longhorn.backing_images.service import ImageService
from simulator.longhorn.backupstore.target import parse_backup_url
from simulator.longhorn.csi_snapshots import SnapshotService
from simulator.longhorn.decisions import LonghornDecisions
from simulator.longhorn.disk import Disk, NoSpace
from simulator.longhorn.failures import api_failure, check, existing_volume
from simulator.longhorn.provisioning import Provisioner
from simulator.longhorn.restores import source_of
from simulator.longhorn.snapshot_chains import SnapshotChains
from simulator.longhorn.volumes import Volumes
from simulator.longhorn.wait_for_objects import TICK, WAIT, until

ACCESS_MODES = frozenset({"SINGLE_NODE_WRITER", "MULTI_NODE_MULTI_WRITER"})
NEWER_ACCESS_MODES = frozenset({"SINGLE_NODE_SINGLE_WRITER", "SINGLE_NODE_MULTI_WRITER"})


@dataclass(eq=False)
class LonghornDriver:
    """Implements the Driver protocol of `simulator.csi.protocol`."""

    _api: Api
    _clock: Clock
    _decisions: LonghornDecisions
    _disk: Disk
    _tickets: Attachments
    _chains: SnapshotChains
    _images: ImageService
    _base_images: BaseImages
    _volumes: Volumes

    def __post_init__(self) -> None:
        self._snapshots = SnapshotService(self._api, self._clock, self._decisions, self._images)
        self._provisioner = Provisioner(self._api, self._decisions, self._images)

    @property
    def name(self) -> str:
        return names.DRIVER

    @property
    def controller_capabilities(self) -> frozenset[str]:
        """What the controller can do; there is no LIST_SNAPSHOTS and no LIST_VOLUMES in any version."""
        version = self._decisions.version
        capabilities = {"CREATE_DELETE_VOLUME", "PUBLISH_UNPUBLISH_VOLUME", "EXPAND_VOLUME", "CREATE_DELETE_SNAPSHOT"}
        if version.has(2):
            capabilities.add("CLONE_VOLUME")
        if version.has(10):
            capabilities.add("GET_CAPACITY")
        if version.has(11):
            capabilities.add("SINGLE_NODE_MULTI_WRITER")
        return frozenset(capabilities)

    async def create_volume(self, request: CreateVolumeRequest) -> CsiVolume:
        """A new volume, empty or with the data of a snapshot or another volume."""
        self._check_capabilities(request.capabilities)
        name = self._decisions.volume_name(request.name)
        size = names.rounded(request.required_bytes)
        metadata, spec, context = self._provisioner.wanted(request, name, size)
        existing = objects.find(self._api, names.VOLUMES, name)
        if existing is None:
            try:
                objects.create(self._api, names.VOLUMES, name, spec, **metadata)
            except ApiError as error:
                text = f"failed to create volume: unable to create volume {name}: {error}"
                raise api_failure("volumes", text) from error
            await self._wait_for_creation(name)
        elif int(existing["spec"]["size"]) != size:
            text = f"volume {name} size {existing['spec']['size']} differs from requested size {size}"
            raise CsiError(Code.ALREADY_EXISTS, text)
        return CsiVolume(
            name,
            self._decisions.reported_capacity(size),
            {**request.parameters, **context},
            request.source_snapshot_id,
            request.source_volume_id,
        )

    async def _wait_for_creation(self, name: str) -> None:
        # Up to 1.6 the answer waits for a detached volume, later a volume that exists will do.
        wanted = {"detached", "attaching", "attached"} if self._decisions.version.has(7) else {"detached"}

        def created() -> bool:
            volume = objects.find(self._api, names.VOLUMES, name)
            return volume is not None and volume["status"].get("state") in wanted

        await self._clock.sleep(TICK)
        text = "failed to wait" if self._decisions.version.has(5) else "cannot wait"
        await self._wait([names.VOLUMES], created, f"{text} for volume creation to complete")

    async def delete_volume(self, volume_id: str) -> None:
        """Delete a volume and its snapshots; one that is not there is no error. Its backups stay."""
        if not self._decisions.deletes_volume(volume_id):
            return
        if not self._decisions.deletes_volume_under_export(volume_id):
            text = f"volume {volume_id} is being exported"
            await self._wait([names.BACKING_IMAGES], lambda: not self._images.being_exported_from(volume_id), text)
        try:
            objects.delete(self._api, names.VOLUMES, volume_id)
        except ApiError as error:
            raise api_failure(f"volumes/{volume_id}", f"failed to delete volume: {error}") from error
        if self._volumes.linger(volume_id):
            return
        await self._wait(
            [names.VOLUMES],
            lambda: objects.find(self._api, names.VOLUMES, volume_id) is None,
            f"failed to delete volume {volume_id}",
        )

    def _origin(self, spec: Obj) -> Obj | None:
        """What a volume was made of, if that is still there."""
        if backup := spec.get("fromBackup"):
            return objects.find(self._api, names.BACKUPS, parse_backup_url(backup)[2])
        if source := spec.get("dataSource"):
            return objects.find(self._api, names.VOLUMES, source_of(source)[0])
        return None

    async def controller_publish_volume(self, volume_id: str, node_id: str) -> None:
        """Attach; answers when the volume can be used on the node."""
        if self._api.find("nodes", node_id) is None:
            raise CsiError(Code.NOT_FOUND, f"node {node_id} not found")
        volume = existing_volume(self._api, volume_id)
        reason = _not_ready_for_workloads(volume)
        if reason:
            explained = f": {reason}" if self._decisions.version.has(12) else ""
            raise CsiError(Code.ABORTED, f"volume {volume_id} is not ready for workloads{explained}")
        check(self._decisions.refuse_attachment(volume, self._origin(volume["spec"])))
        ticket = names.attachment_ticket(volume_id, node_id)
        self._tickets.add(volume_id, ticket, "csi-attacher", attachments.VISIBLE, lastAttachedBy="")

        def usable() -> bool:
            found = objects.find(self._api, names.VOLUMES, volume_id)
            return found is not None and objects.serves(found) and self._tickets.is_satisfied(volume_id, ticket)

        await self._clock.sleep(TICK)
        text = f"volume {volume_id} failed to attach to node {node_id} with attachmentID {ticket}"
        await self._wait([names.VOLUMES, names.ATTACHMENTS], usable, text)

    async def controller_unpublish_volume(self, volume_id: str, node_id: str) -> None:
        """Detach, as far as no other work needs the volume; one that is not there is no error."""
        ticket = names.attachment_ticket(volume_id, node_id)
        self._tickets.remove(volume_id, ticket)
        await self._clock.sleep(TICK)
        text = f"volume {volume_id} failed to detach from node {node_id}"
        await self._wait(
            [names.VOLUMES, names.ATTACHMENTS], lambda: not self._tickets.is_known(volume_id, ticket), text
        )

    async def controller_expand_volume(self, volume_id: str, required_bytes: int) -> int:
        """Make a volume larger."""
        volume = existing_volume(self._api, volume_id)
        size, before = names.rounded(required_bytes), int(volume["spec"]["size"])
        if self._volumes.has_lost_expansion(volume_id) or (before < size and self._volumes.loses_expansion(volume_id)):
            objects.set_spec(self._api, names.VOLUMES, volume_id, size=str(size))
            text = f"expansion from existing capacity {before} to requested capacity {size} failed"
            raise CsiError(Code.DEADLINE_EXCEEDED, f"volume {volume_id} {text}")
        if before < size:
            objects.set_spec(self._api, names.VOLUMES, volume_id, size=str(size))
            await self._clock.sleep(TICK)
        return max(size, int(volume["spec"]["size"]))

    async def create_snapshot(self, request: CreateSnapshotRequest) -> CsiSnapshot:
        """An in-cluster snapshot, a backup or a backing image."""
        return await self._snapshots.create(request)

    async def delete_snapshot(self, snapshot_id: str) -> None:
        """Delete the snapshot, the backup or the image that the handle names."""
        await self._snapshots.delete(snapshot_id)

    async def node_stage_volume(self, volume_id: str, capability: VolumeCapability) -> None:
        """Bring the volume's files out of its bytes, if it is used as a file system."""
        volume = existing_volume(self._api, volume_id)
        if volume["status"].get("state") != "attached" or volume["status"].get("frontendDisabled"):
            raise CsiError(Code.INVALID_ARGUMENT, f"volume {volume_id} hasn't been attached yet")
        if not capability.block:
            await self._disk_work(self._disk.filesystem, volume_id)

    async def node_publish_volume(self, volume_id: str, target: Path, capability: VolumeCapability) -> None:
        """Link the device or the directory with the files to `target`."""
        volume = existing_volume(self._api, volume_id)
        if capability.block:
            source = self._disk.device(
                self._decisions.published_volume(volume, objects.all_of(self._api, names.VOLUMES))
            )
        else:
            source = await asyncio.to_thread(self._disk.filesystem, volume_id)
        await asyncio.to_thread(_link, target, source)

    async def node_unpublish_volume(self, volume_id: str, target: Path) -> None:
        """Remove the link, and see what was written."""
        await asyncio.to_thread(target.unlink, missing_ok=True)
        volume = objects.find(self._api, names.VOLUMES, volume_id)
        if volume is not None and self._disk.exists(volume_id):
            await self._chains.publish(volume_id)
            await self._base_images.written(volume)

    async def node_unstage_volume(self, volume_id: str) -> None:
        """Bring the files back into the volume's bytes."""
        if self._disk.exists(volume_id):
            await self._disk_work(self._disk.unmount, volume_id)

    async def _disk_work(self, work: Callable[[str], object], volume_id: str) -> None:
        try:
            await asyncio.to_thread(work, volume_id)
        except NoSpace as error:
            raise CsiError(Code.INTERNAL, str(error)) from error

    async def _wait(self, resources: list[str], is_reached: Callable[[], bool], failure: str) -> None:
        """Wait until something is so. Raises CsiError with that failure when it takes too long."""
        if await until(self._api, resources, lambda: is_reached() or None, WAIT) is None:
            raise CsiError(Code.DEADLINE_EXCEEDED, failure)

    def _check_capabilities(self, capabilities: tuple[VolumeCapability, ...]) -> None:
        if not capabilities:
            raise CsiError(Code.INVALID_ARGUMENT, "Volume Capabilities cannot be empty")
        allowed = ACCESS_MODES | NEWER_ACCESS_MODES if self._decisions.version.has(11) else ACCESS_MODES
        for capability in capabilities:
            if capability.access_mode not in allowed:
                raise CsiError(Code.INVALID_ARGUMENT, f"access mode {capability.access_mode} is not supported")


def _link(target: Path, source: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.symlink_to(source)


def _not_ready_for_workloads(volume: Obj) -> str:
    """Why a pod cannot have the volume yet: a restore or clone that is not complete; "" when it can."""
    status = volume.get("status") or {}
    if status.get("restoreRequired"):
        return "volume requires restoration"
    if volume["spec"].get("dataSource") and (status.get("cloneStatus") or {}).get("state") != "completed":
        return "volume request cloning data but has not finished copying data"
    if status.get("state") == "detaching":
        return "waiting for the volume to fully detach. current state: detaching"
    return ""
