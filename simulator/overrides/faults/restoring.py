# ruff: noqa: ARG001, ARG005  (a replacement takes the arguments of the decision that it replaces)
"""Faults in what a claim gets that restores from a VolumeSnapshot."""

from collections.abc import Callable, Mapping, Sequence

from simulator.csi.protocol import Code
from simulator.kubernetes.resources import Obj
from simulator.longhorn.decisions import Refusal
from simulator.overrides.faults.suite_messages import BOUND, NOT_BOUND, OTHER_DATA, ZEROS
from simulator.overrides.registry import Fault, always, fault


@fault("restore-of-the-newest-backup", breaks="backup.restore", decision="longhorn.backup_to_restore", says=OTHER_DATA)
def newest(original: Callable[..., str], backups: Sequence[Obj], wanted: str) -> str:
    """A restore takes the newest backup of the volume, whichever the handle names."""
    made = [each for each in backups if each["status"].get("backupCreatedAt")]
    return str(max(made, key=lambda each: each["status"]["snapshotCreatedAt"])["metadata"]["name"])


deleted_by_name = fault(
    "claim-of-a-used-name-deleted",
    breaks="backup.restore",
    decision="longhorn.deletes_claim_by_name",
    says=r"Longhorn deleted claim \S+, which has the name of an earlier claim",
    summary="With a Volume the claim goes that its status names, also a new one of that name.",
)(always(0.2))
unknown_provisioner = fault(
    "restored-volume-of-another-provisioner",
    breaks=("backup.restore.provisioner", "backing-image.restore.provisioner", "snapshot.restore.provisioner"),
    decision="csi.provisioner_of",
    says=r"provisioned by static\.driver\.longhorn\.io",
    summary="The restored PersistentVolume names another provisioner.",
)(lambda original, driver: f"static.{original(driver)}")


def smaller_restored(original: Callable[..., object], snapshot: str, requested: int, recorded: int) -> object:
    """The driver does not refuse a smaller claim either."""
    return original(snapshot, requested, recorded) if requested > recorded else None


smaller_accepted = fault(
    "smaller-claim-accepted",
    breaks=("backup.restore.size", "backing-image.restore.size.smaller"),
    decision="csi.refuses_size",
    says=rf"{BOUND}|could not report why the claim is not provisioned",
    summary="A claim that is smaller than its snapshot is bound: the provisioner does not compare the sizes.",
    also={"longhorn.refuse_restore_size": smaller_restored},
)(always(False))


@fault(
    "larger-claim-accepted", breaks="backup.restore.size.larger", decision="longhorn.refuse_restore_size", says=BOUND
)
def larger_accepted(original: Callable[..., object], snapshot: str, requested: int, recorded: int) -> object:
    """A claim that is larger than its snapshot is bound."""
    return original(snapshot, requested, recorded) if requested < recorded else None


newest_size = fault(
    "restore-takes-the-newest-size",
    breaks="backup.restore.size.expanded",
    decision="longhorn.restored_size",
    says=r"33554432 bytes instead of 16777216",
    summary="A restored volume has the size that its source had at its newest backup.",
)(lambda original, requested, recorded, newest: newest)
expansion_lost = fault(
    "restore-without-the-expanded-part",
    breaks="backup.restore",
    decision="backupstore.restored_data",
    says=rf"claim \S+: {ZEROS}",
    summary="What lies behind the first 16 MiB, in the part by which a volume was expanded, is restored as zeros.",
)(lambda original, offset, data: original(offset, data) if offset < 16 << 20 else bytes(len(data)))
older_refused = fault(
    "backup-before-an-expansion-cannot-be-restored",
    breaks="backup.restore.size.expanded",
    decision="backupstore.refuse_restore",
    says=r"could not run a pod on the restored volume",
    summary="A backup cannot be restored once there is a newer one of the expanded volume.",
)(lambda original, size, newest: "the volume is too small" if size < newest else original(size, newest))


def without(parameter: str) -> Fault:
    """A fault by which a restored volume does not follow a parameter of its StorageClass."""

    def drop(original: Callable[..., Mapping[str, str]], parameters: Mapping[str, str], snapshot: str | None) -> Obj:
        counting = original(parameters, snapshot)
        return {key: value for key, value in counting.items() if snapshot is None or key != parameter}

    return fault(
        f"restore-ignores-{parameter}",
        breaks="backup.restore.storage-class",
        decision="longhorn.class_parameters",
        says=rf"'{parameter}': '(disabled|3)'",
        summary=f"A restored volume has the default for {parameter}, whatever its StorageClass says.",
    )(drop)


default_replicas, default_locality = without("numberOfReplicas"), without("dataLocality")


@fault(
    "restore-ignores-fsType",
    breaks="backup.restore.storage-class",
    decision="csi.file_system",
    says=r"'fsType': 'ext4'",
)
def default_file_system(original: Callable[[Obj, str], str], claim: Obj, wanted: str) -> str:
    """A restored PersistentVolume names ext4, whatever its StorageClass says."""
    return "ext4" if claim["spec"].get("dataSource") else original(claim, wanted)


@fault(
    "restored-volumes-share-a-device",
    breaks="backup.restore",
    decision="longhorn.published_volume",
    says=OTHER_DATA,
)
def one_device(original: Callable[..., str], volume: Obj, volumes: Sequence[Obj]) -> str:
    """All volumes that were restored from one backup are one device."""
    made_from = volume["spec"].get("fromBackup")
    if not made_from:
        return original(volume, volumes)
    same = (each for each in volumes if each["spec"].get("fromBackup") == made_from)
    filled = [each["metadata"] for each in same if not each["status"].get("restoreRequired")]
    return str(min(filled, key=lambda made: (made["creationTimestamp"], made["name"]))["name"])


@fault(
    "restored-volume-needs-its-backup",
    breaks="backup.restore",
    decision="longhorn.refuse_attachment",
    says=r"could not run a pod on the restored volume",
)
def held_by_its_backup(original: Callable[..., Refusal | None], volume: Obj, backup: Obj | None) -> Refusal | None:
    """A restored volume cannot be attached any more once its backup is deleted."""
    gone = volume["spec"].get("fromBackup") and backup is None
    return (Code.NOT_FOUND, "the backup is gone") if gone else original(volume, backup)


given_up = fault(
    "early-claim-not-retried",
    breaks="backup.restore",
    decision="csi.retries_provisioning",
    says=NOT_BOUND,
    summary="A claim whose VolumeSnapshot does not exist yet is tried once and never again.",
)(lambda original, claim, refusal: not refusal.endswith(" not found") and original(claim, refusal))
