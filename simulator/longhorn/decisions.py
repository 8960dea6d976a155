# ruff: noqa: ARG002  (a replacement may need an argument that the documented answer does not)
"""The decisions of the simulated Longhorn that a fault, a release quirk or a variation may replace.

A method holds what Longhorn's documentation says for the simulated version; where the pages are silent, what real
releases do. Objects are Kubernetes objects as on the wire and must not be changed here. Sizes are bytes.
"""

import secrets
from collections.abc import Mapping, Sequence

from simulator.csi.protocol import Code
from simulator.kubernetes.resources import Obj
from simulator.longhorn import handles, names
from simulator.longhorn.handles import Handle
from simulator.longhorn.version import Version

Refusal = tuple[Code, str]


class LonghornDecisions:
    """Longhorn as the pages of `version` describe it."""

    def __init__(self, version: Version) -> None:
        self.version = version

    # Names and handles

    def backup_scheme(self) -> str:
        """The scheme of a backup's handle: bs up to 1.2, bak from 1.3 on."""
        return "bak" if self.version.has(3) else "bs"

    def backup_handle(self, volume: str, backup: Obj) -> str:
        """The handle of a backup: <scheme>://<backup volume>/<backup name>."""
        return f"{self.backup_scheme()}://{volume}/{backup['metadata']['name']}"

    def parse_handle(self, text: str) -> Handle:
        """How a given handle is read; bs:// and bak:// mean the same."""
        return handles.parse(text, self.version)

    def volume_name(self, requested: str) -> str:
        """The Longhorn volume's name: the one that the sidecar asks for, as far as it is short enough."""
        return names.corrected(requested)

    def snapshot_name(self, requested: str) -> str:
        """The Longhorn snapshot's name: the one that the sidecar asks for, snapshot-<uid>."""
        return requested

    def backup_name(self, volume: str, snapshot: str) -> str:
        """The name of a new backup."""
        return f"backup-{secrets.token_hex(8)}"

    def answers_before_starting(self, snapshot: str) -> bool:
        """Whether a request is answered with a handle before the snapshot is taken and its backup begun."""
        return False

    def backup_url(self, target_url: str, volume: str, backup: str) -> str:
        """Where a backup is: the backup target with its name and its volume."""
        return f"{target_url}?backup={backup}&volume={volume}"

    def in_cluster_handle(self, volume: str, snapshot: str) -> str:
        """The handle of an in-cluster snapshot: snap://<volume>/<snapshot>."""
        return f"snap://{volume}/{snapshot}"

    # VolumeSnapshotClass

    def snapshot_type(self, parameters: Mapping[str, str]) -> str:
        """What a class makes: its `type`, bak for none and for bs; 1.1 and 1.2 know only backups."""
        kind = parameters.get("type", "") if self.version.has(3) else ""
        return "bak" if kind in {"", "bs"} else kind

    def refuse_type(self, kind: str) -> Refusal:
        """What is answered to a class with a `type` that does not exist."""
        spelled = "CSI" if self.version.has(5) else "csi"
        return Code.INVALID_ARGUMENT, f'invalid {spelled} snapshot type: {kind}. Must be snap or bak or ""'

    def backup_mode(self, parameters: Mapping[str, str]) -> str:
        """`backupMode` of the class, from 1.9 on; "" means incremental."""
        return parameters.get("backupMode", "") if self.version.has(9) else ""

    def default_backup_mode(self) -> str:
        """The mode of a backup when none is requested."""
        return "incremental"

    def storage_class_name(self) -> str:
        """The name of the StorageClass that exists after installation, which the examples use."""
        return "longhorn"

    def storage_class_parameters(self, shipped: Mapping[str, str]) -> Mapping[str, str]:
        """The parameters of that StorageClass; an administrator may choose others than are shipped."""
        return shipped

    def storage_class_is_default(self) -> bool:
        """Whether that StorageClass is the cluster's default."""
        return True

    def disks(self) -> Sequence[str]:
        """The names of the node's disks."""
        return ("default-disk-100000000000",)

    def block_size(self) -> int:
        """The block size of backups of new volumes, in MiB: 2 or 16, a setting from 1.10 on."""
        return 2

    def compression_method(self) -> str:
        """How the blocks of new volumes' backups are compressed: lz4, gzip or none, a setting."""
        return "lz4"

    def snapshot_classes(self) -> list[Obj]:
        """The VolumeSnapshotClasses that exist after installation: `longhorn` up to 1.2, none later."""
        if self.version.has(3):
            return []
        return [
            {
                "apiVersion": "snapshot.storage.k8s.io/v1",
                "kind": "VolumeSnapshotClass",
                "metadata": {"name": "longhorn"},
                "driver": names.DRIVER,
                "deletionPolicy": "Delete",
            }
        ]

    # CreateSnapshot

    def source_volume(self, requested: str) -> str:
        """The volume that is snapshotted: that of the claim."""
        return requested

    def needs_attached_volume(self) -> bool:
        """Whether a snapshot can only be made of an attached volume: 1.3 and 1.4 say so."""
        return self.version.has(3) and not self.version.has(5)

    def refuse_target(self, target: str, available: bool | None) -> Refusal | None:
        """What a backup is answered when its target is missing (None) or not usable.

        The answer is final, so that a VolumeSnapshot that waits for a target can be deleted.
        """
        if available:
            return None
        if available is None:
            return Code.NOT_FOUND, f"backup target {target} not found"
        return Code.FAILED_PRECONDITION, f"backup target {target} is not available"

    def existing_backup(self, backups: Sequence[Obj], snapshot: str) -> Obj | None:
        """The backup that an earlier call made of that snapshot; so a repeated call makes no second one."""
        found = (b for b in backups if snapshot in {b["spec"].get("snapshotName"), b["status"].get("snapshotName")})
        return next(found, None)

    def makes_backup(self, volume: str, snapshot: str) -> bool:
        """Whether CreateSnapshot makes a backup at all."""
        return True

    def backup_in_answer(self, backups: Sequence[Obj], made: Obj) -> Obj:
        """Which of the volume's `backups` the answer is about: the one just made or found."""
        return made

    def backs_up_in_cluster_snapshot(self, snapshot: str) -> bool:
        """Whether an in-cluster snapshot is uploaded to the backup target as well: it stays inside the cluster."""
        return False

    def in_cluster_is_ready(self, snapshot: Obj) -> bool:
        """Whether an in-cluster snapshot is reported ready to use: once the engine has taken it."""
        return bool(snapshot["status"].get("readyToUse"))

    def answers_before_completion(self) -> bool:
        """Whether CreateSnapshot returns when the backup has been started, not when it is complete."""
        return True

    def backup_is_ready(self, backup: Obj) -> bool:
        """Whether a backup is reported ready to use: once it is complete, and only then."""
        return bool(backup["status"].get("state") == "Completed")

    def reported_size(self, size: int) -> int:
        """The size of a snapshot in the CSI answer: the volume's size."""
        return names.rounded(size)

    # Snapshots and backups

    def takes_recurring_snapshots(self, volume: str) -> bool:
        """Whether a recurring job takes a snapshot of the volume before anybody else does."""
        return False

    def engine_time(self, now: str) -> str:
        """When a snapshot was taken, by the clock of the engine's node."""
        return now

    def shown_progress(self, backup: Obj) -> Sequence[int]:
        """The progress in percent that a Backup in progress shows before it has been copied for long."""
        return ()

    def snapshot_delay(self, snapshot: Obj) -> float:
        """Seconds after which a snapshot takes the data that it holds: none, it is that moment's."""
        return 0.0

    def reports_completion_after_copy(self, backup: Obj) -> bool:
        """Whether a Backup gets the state Completed after its data are in the store, not before."""
        return True

    def ends_attachment(self, ticket: str) -> bool:
        """Whether a volume is let go once that for which it was attached is done."""
        return True

    def state_of_failed_backup(self, backup: str) -> str:
        """The state of a backup that could not be made: Error, with what went wrong beside it."""
        return "Error"

    def lost_status(self, backup: Obj, at_once: int, in_use: bool) -> str:
        """Why a backup that is in the store fails; `at_once` are being made of its volume, which a pod may use."""
        return ""

    def storing_target(self, target: str) -> str:
        """The backup target in which a backup is stored: that of its volume."""
        return target

    def restoring_target(self, target: str) -> str:
        """The backup target in which a backup is looked for that is restored: the one where it was listed."""
        return target

    def creates_backup_volume(self, volume: str) -> bool:
        """Whether a finished backup gets its volume listed as a BackupVolume."""
        return True

    # DeleteSnapshot

    def deletes_backup(self, backup: Obj) -> bool:
        """Whether deleting a backup's VolumeSnapshot under policy Delete deletes the Backup."""
        return True

    def refuse_deletion_of_missing_snapshot(self, volume: str) -> Refusal | None:
        """What DeleteSnapshot answers about an in-cluster snapshot that is gone already: nothing is left to do."""
        return None

    def deletes_in_cluster_snapshot(self, snapshot: Obj) -> bool:
        """Whether the Longhorn snapshot goes with its VolumeSnapshot of type snap under policy Delete."""
        return True

    def merged_snapshots(self, chain: Sequence[str], deleted: str) -> Sequence[str]:
        """Which snapshots of a volume's `chain`, the oldest first, are merged when one is deleted: that one alone."""
        return [deleted]

    def deletes_backup_without_source(self) -> bool:
        """Whether a Backup can be deleted when the volume that it was made of is gone."""
        return True

    def deletes_unlisted_backup(self) -> bool:
        """Whether a Backup can be deleted before its volume is listed as a backup volume."""
        return True

    def deletes_stored_backup(self, backup: Obj) -> bool:
        """Whether the deletion of a Backup removes it from the backupstore."""
        return True

    def collection_delay(self) -> float:
        """Seconds, not scaled, from the deletion of a backup until the blocks go that only it needed."""
        return 0.0

    def removes_deleted_backup(self, backup: Obj) -> bool:
        """Whether a Backup object goes once its data are deleted."""
        return True

    def deletes_snapshot_with_backup(self, backup: Obj) -> bool:
        """Whether the Longhorn snapshot goes with its backup, though no setting asks for it."""
        return False

    def backup_lifetime_after_snapshot(self, backup: Obj) -> float | None:
        """Seconds that a backup is kept after its VolumeSnapshot is gone, unless it is deleted; None: for ever.

        This is what Retain relies on.
        """
        return None

    def attaches_for_snapshot_deletion(self) -> bool:
        """Whether a snapshot of a detached volume is deleted by attaching it; the pages ask for no attachment."""
        return True

    # CreateVolume

    def backup_to_restore(self, backups: Sequence[Obj], wanted: str) -> str:
        """Which of a backup volume's backups a claim gets: the one in the handle."""
        return wanted

    def volume_to_restore(self, handle: Handle, backups: Sequence[Obj]) -> str:
        """The backup volume that a handle means, of those that all `backups` are of: the one that it names."""
        return handle.volume

    def refuse_source(self, volume: Obj | None) -> Refusal | None:
        """Why a backup cannot be restored, for the sake of the volume that it was made of (None: it is gone)."""
        return None

    def refuse_restore_size(self, snapshot: str, requested: int, recorded: int) -> Refusal | None:
        """What a claim is answered whose size is not the snapshot's: from 1.3 on they must be equal."""
        if requested == recorded or not self.version.has(3):
            return None
        text = f"the requested size ({requested} bytes) is different than the size of the snapshot ({recorded} bytes)"
        return Code.OUT_OF_RANGE, f"failed to restore CSI snapshot {snapshot}: {text}"

    def refuses_clone_in(self, state: str) -> bool:
        """Whether no in-cluster snapshot is restored while its volume is in a state: 1.3 and 1.4 want it attached."""
        return self.version.has(3) and not self.version.has(5) and state != "attached"

    def refuse_clone_of_volume(self, requested: int, has: int) -> Refusal | None:
        """What a claim of that size is answered that clones a volume: the sizes must be equal."""
        if requested == has:
            return None
        differs = f"the requested size ({requested} bytes) is different than the source volume size ({has} bytes)"
        return Code.OUT_OF_RANGE, f"failed to clone volume: {differs}"

    def data_source_of_clone(self, volume: str) -> str:
        """Where a Volume that clones another gets its data, "" for an empty one."""
        return f"vol://{volume}"

    def clones_nothing(self, volume: str) -> bool:
        """Whether a claim for an in-cluster snapshot of a deleted volume gets an empty volume: it is refused."""
        return False

    def size_to_clone(self, snapshot: Obj, volume: Obj) -> int:
        """The size that a claim for an in-cluster snapshot must have: that of the volume when it was taken."""
        return int(snapshot["status"].get("restoreSize") or volume["spec"]["size"])

    def refuse_clone_size(self, requested: int, has: int) -> str:
        """Why a claim of that size cannot get an in-cluster snapshot, "" if it can: the sizes must be equal."""
        if requested == has:
            return ""
        return f"size of target volume ({requested} bytes) is different than size of source volume ({has} bytes)"

    def snapshot_to_clone(self, chain: Sequence[str], wanted: str) -> str:
        """Which snapshot of a volume's `chain`, the oldest first, a claim gets: that in the handle; "": live data."""
        return wanted

    def cloned_snapshot(self, snapshot: str) -> str:
        """The name of the snapshot that a clone begins with: that of the one that was copied."""
        return snapshot

    def restored_size(self, requested: int, recorded: int, newest: int) -> int:
        """The size of a volume restored from a backup; `newest` is that of the volume's newest backup."""
        return requested

    def class_parameters(self, parameters: Mapping[str, str], snapshot: str | None) -> Mapping[str, str]:
        """The parameters of the StorageClass that count for a new volume, also for one that restores a snapshot."""
        return parameters

    def reported_capacity(self, requested: int) -> int:
        """The capacity in the answer, which becomes that of PersistentVolume and claim."""
        return requested

    def deletes_claim_by_name(self, volume: str) -> float | None:
        """Seconds after which the claim is deleted that a deleted volume's status names, whichever it is by then."""
        return None

    def loses_expansion(self, volume: str) -> bool:
        """Whether a new size is taken into the volume's spec and nothing follows."""
        return False

    def deletes_volume_under_export(self, volume: str) -> bool:
        """Whether a volume is deleted while an image is exported from it: its deletion waits for the file.

        The VolumeSnapshot of that image is ready, and so has to be fit for a restore.
        """
        return False

    def deletes_volume(self, volume: str) -> bool:
        """Whether DeleteVolume deletes the volume, so that its name is free again."""
        return True

    # Restored and cloned volumes

    def restored_image(self, backup: Obj) -> str:
        """The image under a volume that is restored from a backup, "" for none: the one under the backed-up volume."""
        return backup["status"].get("volumeBackingImageName") or ""

    def published_volume(self, volume: Obj, volumes: Sequence[Obj]) -> str:
        """The volume, of all, whose device a pod gets that uses `volume`: that volume itself."""
        return str(volume["metadata"]["name"])

    def refuse_attachment(self, volume: Obj, origin: Obj | None) -> Refusal | None:
        """Why a volume cannot be attached for the sake of what it was made of: a backup, or a volume with a snapshot.

        `origin` is None if that is gone, and for a volume that was made of neither.
        """
        return None

    def restores_data(self, volume: Obj) -> bool:
        """Whether a volume made from a backup gets the backup's data."""
        return True

    # Longhorn's own API

    def api_answer(self, answer: Obj) -> Obj:
        """What Longhorn's API answers about its objects."""
        return answer

    # Backup target

    def target_failure(self, url: str, error: str) -> str:
        """Why a backup target is not usable; "" when it is. `error` is what the store answered."""
        return error if url else "backup target URL is empty"

    def forgets_unlisted(self, obj: Obj) -> bool:
        """Whether a complete backup, or a backup volume, leaves the cluster when the store does not list it."""
        return True
