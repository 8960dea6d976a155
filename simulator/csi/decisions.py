"""What the snapshot machinery decides, one small question a method, answered as Kubernetes documents it.

A fault or a release's peculiarity replaces one of these methods on the instance; the controllers only ask.
Objects are plain dictionaries as on the wire and must not be changed by an answer.
"""
# ruff: noqa: ARG002 - a replacement may need what the documented answer does not.

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from simulator.csi import names
from simulator.csi.protocol import CreateSnapshotRequest, CreateVolumeRequest, CsiSnapshot, CsiVolume

Obj = dict[str, Any]


class MachineryDecisions:
    """The documented behaviour: external-snapshotter 8.6.0, csi-provisioner 5.3.0, Kubernetes 1.33."""

    # Admission of snapshot objects

    def snapshot_source_is_exclusive(self, source: Mapping[str, Any]) -> bool:
        """Whether a VolumeSnapshot's source names exactly one of a claim and a content."""
        return ("persistentVolumeClaimName" in source) != ("volumeSnapshotContentName" in source)

    def content_source_is_exclusive(self, source: Mapping[str, Any]) -> bool:
        """Whether a VolumeSnapshotContent's source names exactly one of a volume and a snapshot handle."""
        return ("volumeHandle" in source) != ("snapshotHandle" in source)

    def reference_is_complete(self, reference: Mapping[str, Any]) -> bool:
        """Whether a VolumeSnapshotContent's reference has the name and the namespace of a VolumeSnapshot."""
        return "name" in reference and "namespace" in reference

    def claim_source_is_kept(self, old: str, new: str) -> bool:
        """Whether an update leaves the claim that a VolumeSnapshot names as it was."""
        return old == new

    def snapshot_versions(self, documented: Sequence[str]) -> Sequence[str]:
        """The versions in which the snapshot kinds are served, the stored one first: those that are documented."""
        return documented

    # snapshot-controller: a VolumeSnapshot and its content

    def snapshot_class_of(self, snapshot: Obj) -> str | None:
        """The VolumeSnapshotClass that a VolumeSnapshot asks for; None is the default class."""
        name: str | None = snapshot["spec"].get("volumeSnapshotClassName")
        return name

    def class_must_exist(self, name: str) -> bool:
        """Whether nothing happens to a VolumeSnapshot or a content as long as the class that it names is missing."""
        return True

    def shown_error(self, snapshot: Obj, message: str) -> str:
        """What a VolumeSnapshot shows of an error that the snapshot-controller met; "" shows nothing."""
        return message

    def is_default_class(self, snapshot_class: Obj) -> bool:
        """Whether a VolumeSnapshotClass is its driver's default."""
        annotations = snapshot_class["metadata"].get("annotations") or {}
        return bool(annotations.get(names.DEFAULT_SNAPSHOT_CLASS) == "true")

    def makes_content(self, snapshot: Obj) -> bool:
        """Whether a VolumeSnapshot of a claim leads to a VolumeSnapshotContent."""
        return True

    def content_name(self, snapshot: Obj) -> str:
        """The name of the VolumeSnapshotContent made for a VolumeSnapshot of a claim."""
        return f"snapcontent-{snapshot['metadata']['uid']}"

    def content_class(self, snapshot_class: Obj, classes: Sequence[Obj]) -> str:
        """The class that a new content names: the one that is used, of all `classes`."""
        return str(snapshot_class["metadata"]["name"])

    def content_policy(self, snapshot_class: Obj) -> str:
        """The deletion policy of a new content: that of its class."""
        return str(snapshot_class["deletionPolicy"])

    def content_driver(self, snapshot_class: Obj, volume: Obj) -> str:
        """The driver of a new content: that of its class, whatever driver the volume has."""
        return str(snapshot_class["driver"])

    def source_volume(self, snapshot: Obj, volume: Obj) -> str:
        """The volume handle of which a snapshot is taken."""
        return str(volume["spec"]["csi"]["volumeHandle"])

    def source_mode(self, volume: Obj) -> str | None:
        """The volume mode that a new content remembers."""
        mode: str | None = volume["spec"].get("volumeMode")
        return mode

    def content_reference(self, snapshot: Obj) -> Obj:
        """How a new content refers to its VolumeSnapshot."""
        metadata = snapshot["metadata"]
        return {
            "kind": "VolumeSnapshot",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
            "apiVersion": "snapshot.storage.k8s.io/v1",
            "resourceVersion": metadata["resourceVersion"],
        }

    def protects_claim(self, snapshot: Obj) -> bool:
        """Whether the source claim is kept from deletion while its snapshot is not ready."""
        return True

    def claim_stays_protected(self, snapshots: Sequence[Obj]) -> bool:
        """Whether one of a claim's snapshots still needs the claim."""
        return any((snapshot.get("status") or {}).get("readyToUse") is not True for snapshot in snapshots)

    def snapshot_finalizers(self, snapshot: Obj, content: Obj | None) -> list[str]:
        """The finalizers that a living VolumeSnapshot has to have, in the order in which they are added."""
        finalizers = [names.SNAPSHOT_AS_SOURCE]
        bound = (snapshot.get("status") or {}).get("boundVolumeSnapshotContentName")
        if bound and content is not None and content["spec"]["deletionPolicy"] == "Delete":
            finalizers.append(names.SNAPSHOT_BOUND)
        return finalizers

    def protects_content(self, content: Obj) -> bool:
        """Whether a content that is bound to a VolumeSnapshot gets its finalizer."""
        return True

    def bound_content_name(self, content: Obj) -> str:
        """What a VolumeSnapshot says it is bound to."""
        return str(content["metadata"]["name"])

    def pre_provisioned_content(self, snapshot: Obj) -> str:
        """The content that a pre-provisioned VolumeSnapshot is to be bound to."""
        return str(snapshot["spec"]["source"]["volumeSnapshotContentName"])

    def content_refers_to(self, content: Obj, snapshot: Obj) -> bool:
        """Whether a pre-provisioned content is meant for this VolumeSnapshot."""
        reference, metadata = content["spec"]["volumeSnapshotRef"], snapshot["metadata"]
        return (
            reference.get("name") == metadata["name"]
            and reference.get("namespace") == metadata["namespace"]
            and reference.get("uid", "") in {"", metadata["uid"]}
        )

    def binds_uid(self, content: Obj, snapshot: Obj) -> str:
        """The uid that is written into a pre-provisioned content's reference."""
        return str(snapshot["metadata"]["uid"])

    def snapshot_is_ready(self, content: Obj) -> bool:
        """`readyToUse` of a VolumeSnapshot: that of its content."""
        return (content.get("status") or {}).get("readyToUse") is True

    def snapshot_restore_size(self, content: Obj) -> int | None:
        """Bytes that a VolumeSnapshot says a restored volume needs: those of its content."""
        size: int | None = (content.get("status") or {}).get("restoreSize")
        return size

    def snapshot_creation_time(self, content: Obj) -> int | None:
        """When the snapshot was taken, nanoseconds since the epoch."""
        taken: int | None = (content.get("status") or {}).get("creationTime")
        return taken

    def snapshot_error(self, content: Obj) -> Obj | None:
        """The error that a VolumeSnapshot shows: its content's."""
        error: Obj | None = (content.get("status") or {}).get("error")
        return error

    def announces_creation(self, snapshot: Obj) -> bool:
        """Whether the event SnapshotCreated is emitted."""
        return True

    def announces_readiness(self, snapshot: Obj) -> bool:
        """Whether the event SnapshotReady is emitted."""
        return True

    # snapshot-controller: deletion

    def waits_for_restore(self, snapshot: Obj, pending: Sequence[Obj]) -> bool:
        """Whether claims that are pending on a VolumeSnapshot hold up its deletion."""
        return bool(pending)

    def marks_content_being_deleted(self, content: Obj) -> bool:
        """Whether a content learns that its VolumeSnapshot is being deleted; so it does under both policies."""
        return True

    def deletes_content(self, content: Obj) -> bool:
        """Whether the content goes with its VolumeSnapshot: the content's own deletion policy says."""
        return bool(content["spec"]["deletionPolicy"] == "Delete")

    def finalizers_to_remove(self, snapshot: Obj, finalizers: Sequence[str]) -> Sequence[str]:
        """Which of its `finalizers` a deleted VolumeSnapshot is freed of once its content is asked to go."""
        return finalizers

    # csi-snapshotter

    def handles_content(self, content: Obj, driver: str) -> bool:
        """Whether the sidecar of `driver` is in charge of a content."""
        return bool(content["spec"]["driver"] == driver)

    def snapshot_name(self, content: Obj) -> str:
        """The name of the snapshot that the driver is asked for."""
        return f"snapshot-{content['spec']['volumeSnapshotRef']['uid']}"

    def snapshot_parameters(self, snapshot_class: Obj) -> dict[str, str]:
        """The parameters that the driver gets: those of the class without the machinery's own."""
        parameters = snapshot_class.get("parameters") or {}
        return {key: value for key, value in parameters.items() if not key.startswith(names.PARAMETER_PREFIX)}

    def snapshot_request(self, request: CreateSnapshotRequest) -> CreateSnapshotRequest:
        """The request as it goes to the driver."""
        return request

    def marks_content_being_created(self, content: Obj) -> bool:
        """Whether a content is marked while the driver is at work on it."""
        return True

    def recorded_handle(self, content: Obj, answer: CsiSnapshot) -> str:
        """`status.snapshotHandle` after the driver's answer."""
        return answer.snapshot_id

    def recorded_ready(self, content: Obj, answer: CsiSnapshot) -> bool:
        """`status.readyToUse` of a content after the driver's answer."""
        return answer.ready_to_use

    def recorded_size(self, content: Obj, answer: CsiSnapshot) -> int | None:
        """`status.restoreSize` of a content, bytes; none when the driver does not know."""
        return answer.size_bytes or None

    def recorded_creation_time(self, content: Obj, answer: CsiSnapshot) -> int:
        """`status.creationTime` of a content, nanoseconds since the epoch; a driver without a time gives the epoch."""
        if answer.creation_time is None:
            return 0
        taken = answer.creation_time
        return int(taken.timestamp()) * 1_000_000_000 + taken.microsecond * 1_000

    def asks_again(self, content: Obj) -> bool:
        """Whether a content that is not ready is asked about again, after the back-off."""
        return True

    def asks_after_failure(self, content: Obj) -> bool:
        """Whether the driver is asked again, after the back-off, when it has answered with an error."""
        return True

    def pre_provisioned_handle(self, content: Obj) -> str:
        """`status.snapshotHandle` of a pre-provisioned content."""
        return str(content["spec"]["source"]["snapshotHandle"])

    def pre_provisioned_ready(self, content: Obj) -> bool:
        """Whether a pre-provisioned content is ready; a driver that cannot list snapshots is not asked."""
        return True

    def pre_provisioned_creation_time(self, content: Obj, now: datetime) -> int:
        """`status.creationTime` of a pre-provisioned content, nanoseconds: when it was first looked at."""
        return int(now.timestamp()) * 1_000_000_000 + now.microsecond * 1_000

    def creation_error(self, volume: str, error: str) -> str:
        """How a failed CreateSnapshot is told, `error` being Go-quoted."""
        return f"failed to take snapshot of the volume {volume}: {error}"

    def deletes_snapshot(self, content: Obj) -> bool:
        """Whether the driver is asked to delete the snapshot of a content that is going."""
        return bool(content["spec"]["deletionPolicy"] == "Delete")

    def handle_to_delete(self, content: Obj) -> str | None:
        """The snapshot that the driver is asked to delete."""
        handle: str | None = (content.get("status") or {}).get("snapshotHandle")
        return handle

    # csi-provisioner

    def volume_name(self, claim: Obj) -> str:
        """The name of a new PersistentVolume and of the volume that the driver is asked for."""
        return f"pvc-{claim['metadata']['uid']}"

    def volume_source(self, claim: Obj) -> Obj | None:
        """What a new volume is filled from."""
        source: Obj | None = claim["spec"].get("dataSource")
        return source

    def snapshot_to_restore(self, snapshots: Sequence[Obj], namespace: str, name: str) -> Obj | None:
        """Which of all VolumeSnapshots a claim in `namespace` means by a name: the one in its own namespace."""
        for each in snapshots:
            if (each["metadata"]["namespace"], each["metadata"]["name"]) == (namespace, name):
                return each
        return None

    def handle_to_restore(self, snapshot: Obj, content: Obj) -> str | None:
        """The snapshot handle that CreateVolume gets."""
        handle: str | None = (content.get("status") or {}).get("snapshotHandle")
        return handle

    def refuses_unready(self, snapshot: Obj) -> bool:
        """Whether a VolumeSnapshot is not yet to be restored."""
        return (snapshot.get("status") or {}).get("readyToUse") is not True

    def provisions_again(self, claim: Obj, refusal: str) -> bool:
        """Whether a claim that could not be provisioned is tried again, after the back-off."""
        return True

    def refuses_size(self, requested: int, restore_size: int) -> bool:
        """Whether a claim is too small for a snapshot; sizes in bytes. A larger one is served."""
        return requested < restore_size

    def refuses_mode(self, claim_mode: str, source_mode: str | None) -> bool:
        """Whether a claim changes the mode of the source volume, which needs a permission."""
        return bool(source_mode) and claim_mode != source_mode

    def volume_request(self, request: CreateVolumeRequest) -> CreateVolumeRequest:
        """The request as it goes to the driver."""
        return request

    def volume_capacity(self, requested: int, answer: CsiVolume) -> int:
        """Capacity of a new PersistentVolume in bytes: what the driver made."""
        return answer.capacity_bytes or requested

    def volume_attributes(self, answer: CsiVolume) -> dict[str, str]:
        """`volumeAttributes` of a new PersistentVolume."""
        return dict(answer.context)

    def provisioner_of(self, driver: str) -> str:
        """What a PersistentVolume says it was provisioned by."""
        return driver

    def announces_refusal(self, claim: Obj) -> bool:
        """Whether the event ProvisioningFailed is emitted."""
        return True

    def deletes_volume(self, volume: Obj) -> bool:
        """Whether a released PersistentVolume takes the driver's volume with it."""
        return bool(volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete")
