"""The decisions of the snapshot-controller and the sidecars, answered as Kubernetes documents it.

A fault or a release quirk replaces one of these methods on the instance; the controllers only ask.
Objects are plain dictionaries as on the wire and must not be changed by an answer.
"""
# ruff: noqa: ARG002 - a replacement may need what the documented answer does not.

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.csi import names
from simulator.csi.protocol import CsiSnapshot
from simulator.kubernetes.quantities import binary
from simulator.kubernetes.resources import Obj


class CsiDecisions:
    """The documented behaviour: external-snapshotter 8.6.0, csi-provisioner 5.3.0, Kubernetes 1.33."""

    # Admission of snapshot objects

    def snapshot_source_is_exclusive(self, source: Mapping[str, Any]) -> bool:
        """Whether a VolumeSnapshot's source names exactly one of a claim and a content."""
        return ("persistentVolumeClaimName" in source) != ("volumeSnapshotContentName" in source)

    def reference_is_complete(self, reference: Mapping[str, Any]) -> bool:
        """Whether a VolumeSnapshotContent's reference has the name and the namespace of a VolumeSnapshot."""
        return "name" in reference and "namespace" in reference

    def snapshot_versions(self, documented: Sequence[str]) -> Sequence[str]:
        """The versions in which the snapshot kinds are served, the stored one first: those that are documented."""
        return documented

    # snapshot-controller: a VolumeSnapshot and its content

    def class_must_exist(self, name: str) -> bool:
        """Whether nothing happens to a VolumeSnapshot or a content as long as the class that it names is missing."""
        return True

    def needs_class_again(self, name: str) -> bool:
        """Whether nothing goes on with a VolumeSnapshot whose class was deleted once its content was worked on."""
        return False

    def reported_error(self, snapshot: Obj, message: str) -> str:
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

    def stays_ready(self, snapshot: Obj) -> bool:
        """Whether a VolumeSnapshot that is ready is so when it is looked at again."""
        return True

    def error_of_content(self, content: Obj) -> Obj | None:
        """The error that a VolumeSnapshot shows of its content."""
        error: Obj | None = (content.get("status") or {}).get("error")
        return error

    def bound_content_name(self, content: Obj) -> str:
        """What a VolumeSnapshot says it is bound to."""
        return str(content["metadata"]["name"])

    def content_refers_to(self, content: Obj, snapshot: Obj) -> bool:
        """Whether a pre-provisioned content is meant for this VolumeSnapshot."""
        reference, metadata = content["spec"]["volumeSnapshotRef"], snapshot["metadata"]
        return (
            reference.get("name") == metadata["name"]
            and reference.get("namespace") == metadata["namespace"]
            and reference.get("uid", "") in {"", metadata["uid"]}
        )

    def binds_before_status(self, snapshot: Obj) -> bool:
        """Whether a VolumeSnapshot names its content in a revision of its own, before anything else of its status."""
        return False

    def restore_size_text(self, size: int) -> str:
        """`restoreSize` of a VolumeSnapshot, a quantity: `size` bytes in binary units."""
        return binary(size)

    def snapshot_is_ready(self, content: Obj) -> bool:
        """`readyToUse` of a VolumeSnapshot: that of its content."""
        return (content.get("status") or {}).get("readyToUse") is True

    # snapshot-controller: deletion

    def deletes_content(self, content: Obj) -> bool:
        """Whether the content goes with its VolumeSnapshot: the content's own deletion policy says."""
        return bool(content["spec"]["deletionPolicy"] == "Delete")

    def policy_in_deleted_namespace(self, policy: str) -> str:
        """The deletion policy that counts for a content whose VolumeSnapshot goes with its namespace: its own."""
        return policy

    def deletes_without_class(self, snapshot: Obj) -> bool:
        """Whether a VolumeSnapshot can be deleted when its class is gone."""
        return True

    def finalizers_to_remove(self, snapshot: Obj, finalizers: Sequence[str]) -> Sequence[str]:
        """Which of its `finalizers` a deleted VolumeSnapshot is freed of once its content is asked to go."""
        return finalizers

    def releases_claim(self, claim: Obj) -> bool:
        """Whether a source claim loses its finalizer once no VolumeSnapshot needs it any longer."""
        return True

    # csi-snapshotter

    def hears_of_failed(self, content: Obj) -> bool:
        """Whether the sidecar hears of a change of a content that has an error, or sees it at its next attempt only."""
        return True

    def notices_deletion(self, content: Obj) -> bool:
        """Whether a content that is to be deleted is worked on."""
        return True

    def snapshot_name(self, content: Obj) -> str:
        """The name of the snapshot that the driver is asked to create."""
        return f"snapshot-{content['spec']['volumeSnapshotRef']['uid']}"

    def recorded_handle(self, content: Obj, answer: CsiSnapshot) -> str:
        """`status.snapshotHandle` after the driver's answer; it is written once."""
        return str((content.get("status") or {}).get("snapshotHandle") or answer.snapshot_id)

    def recorded_time(self, content: Obj, taken: int) -> int:
        """`status.creationTime` of a content, nanoseconds since 1970."""
        return taken

    def recorded_ready(self, content: Obj, answer: CsiSnapshot) -> bool:
        """`status.readyToUse` of a content after the driver's answer."""
        return answer.ready_to_use

    def recorded_size(self, content: Obj, answer: CsiSnapshot) -> int | None:
        """`status.restoreSize` of a content, bytes; none when the driver does not know."""
        return answer.size_bytes or None

    def answer_delay(self, call: str) -> float:
        """Seconds, not scaled, until an answer of the driver (of CreateSnapshot ...) has reached the sidecar."""
        return 0.0

    def loses_answer(self, call: str, about: str) -> bool:
        """Whether the sidecar's deadline is over when the answer comes, so that it has to call again."""
        return False

    def writes_handle_first(self, content: Obj) -> bool:
        """Whether a content gets its handle in a revision of its own, before the rest of the answer."""
        return False

    def content_error(self, content: Obj, message: str) -> str:
        """What a content shows of an error that the sidecar met."""
        return message

    def polls_until_ready(self, content: Obj) -> bool:
        """Whether a content that is not ready is asked about again, after the back-off."""
        return True

    def retries_after_error(self, content: Obj) -> bool:
        """Whether the driver is asked again, after the back-off, when it has answered with an error."""
        return True

    def pre_provisioned_handle(self, content: Obj) -> str:
        """`status.snapshotHandle` of a pre-provisioned content."""
        return str(content["spec"]["source"]["snapshotHandle"])

    def pre_provisioned_ready(self, content: Obj) -> bool:
        """Whether a pre-provisioned content is ready; a driver that cannot list snapshots is not asked."""
        return True

    def deletes_snapshot(self, content: Obj) -> bool:
        """Whether the driver is asked to delete the snapshot of a content that is going."""
        return bool(content["spec"]["deletionPolicy"] == "Delete")

    def handle_to_delete(self, content: Obj) -> str | None:
        """The snapshot that the driver is asked to delete."""
        handle: str | None = (content.get("status") or {}).get("snapshotHandle")
        return handle

    # csi-provisioner

    def volume_name(self, claim: Obj) -> str:
        """The name of a new PersistentVolume and of the volume that the driver is asked to create."""
        return f"pvc-{claim['metadata']['uid']}"

    def volume_source(self, claim: Obj) -> Obj | None:
        """What a new volume is filled from."""
        source: Obj | None = claim["spec"].get("dataSource")
        return source

    def file_system(self, claim: Obj, wanted: str) -> str:
        """The file system that a new PersistentVolume names: the one that its StorageClass says."""
        return wanted

    def snapshot_to_restore(self, snapshots: Sequence[Obj], namespace: str, name: str) -> Obj | None:
        """Which of all VolumeSnapshots a claim in `namespace` means by a name: the one in its own namespace."""
        for each in snapshots:
            if (each["metadata"]["namespace"], each["metadata"]["name"]) == (namespace, name):
                return each
        return None

    def restores_without_class(self, snapshot: Obj) -> bool:
        """Whether a VolumeSnapshot can be restored when its class is gone."""
        return True

    def handle_to_restore(self, snapshot: Obj, content: Obj) -> str | None:
        """The snapshot handle that CreateVolume gets."""
        handle: str | None = (content.get("status") or {}).get("snapshotHandle")
        return handle

    def retries_provisioning(self, claim: Obj, refusal: str) -> bool:
        """Whether a claim that could not be provisioned is tried again, after the back-off."""
        return True

    def refuses_size(self, requested: int, restore_size: int) -> bool:
        """Whether a claim is too small for a snapshot; sizes in bytes. A larger one is served."""
        return requested < restore_size

    def provisioner_of(self, driver: str) -> str:
        """What a PersistentVolume says it was provisioned by."""
        return driver

    def refusal_text(self, claim: Obj, text: str) -> str:
        """How a claim's refusal is worded."""
        return text

    def reports_refusal(self, claim: Obj) -> bool:
        """Whether the event ProvisioningFailed is emitted."""
        return True
