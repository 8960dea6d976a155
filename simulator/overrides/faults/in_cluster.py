# ruff: noqa: ARG005  (a replacement takes the arguments of the decision that it replaces)
"""Faults in the handle of an in-cluster snapshot, in its deletion, and in what a claim gets that restores it."""

from simulator.csi.protocol import Code
from simulator.overrides import releases
from simulator.overrides.faults.suite_messages import NOT_BOUND, OTHER_DATA
from simulator.overrides.registry import always, changed, fault

as_backup = fault(
    "type-snap-makes-a-backup",
    breaks=("snapshot.class.type", "snapshot.in-cluster", "snapshot.handle"),
    decision="longhorn.snapshot_type",
    says=r"`type: snap` made backups|of type snap led to|the handle is bak://",
    summary="A class with `type: snap` makes backups.",
)(changed(lambda kind: "bak" if kind == "snap" else kind))
without_volume = fault(
    "in-cluster-handle-without-volume",
    breaks=("snapshot.handle", "snapshot.listed"),
    decision="longhorn.in_cluster_handle",
    says=r"not a documented snapshot handle: .*expected exactly <volume>/<snapshot>",
    summary="The handle of a snapshot of type snap is only snap://<snapshot>.",
)(lambda original, volume, snapshot: f"snap://{snapshot}")
newest = fault(
    "in-cluster-restore-of-the-newest",
    breaks=("snapshot.delete.others",),
    decision="longhorn.snapshot_to_clone",
    says=OTHER_DATA,
    summary="A claim gets the newest snapshot of the volume, whichever the handle names.",
)(lambda original, chain, wanted: chain[-1])
oldest = fault(
    "in-cluster-restore-of-the-oldest",
    breaks=("snapshot.restore", "snapshot.delete.others"),
    decision="longhorn.snapshot_to_clone",
    says=OTHER_DATA,
    summary="A claim gets the oldest snapshot of the volume, whichever the handle names.",
)(lambda original, chain, wanted: chain[0])
detached = fault(
    "in-cluster-restore-needs-an-attached-source",
    breaks="snapshot.restore.detached",
    decision="longhorn.refuses_clone_in",
    says=NOT_BOUND,
    summary="A claim is not bound while the volume of its snapshot is detached.",
)(lambda original, state: state == "detached" or original(state))
needed = fault(
    "cloned-volume-needs-its-source",
    breaks=("snapshot.restore", "clone.independent"),
    decision="longhorn.refuse_attachment",
    says=r"could not run a pod on the restored volume",
    summary="A clone, of a volume or of its snapshot, cannot be attached any more once that volume is deleted.",
)(
    lambda original, volume, origin: (
        (Code.NOT_FOUND, "the source is gone")
        if volume["spec"].get("dataSource") and origin is None
        else original(volume, origin)
    )
)
present_size = fault(
    "in-cluster-claim-compared-with-the-present-size",
    breaks="snapshot.restore.size.expanded",
    decision="longhorn.size_to_clone",
    says=NOT_BOUND,
    summary="A claim for a snapshot must have the size that the volume has now.",
)(releases.compare_with_present_size.replace)
missing = fault(
    "deletion-of-a-missing-snapshot-refused",
    breaks="snapshot.delete.source-deleted",
    decision="longhorn.refuse_deletion_of_missing_snapshot",
    says=r"could not remove the VolumeSnapshot",
    summary="A VolumeSnapshot whose Longhorn snapshot is gone already cannot be deleted.",
)(lambda original, volume: (Code.NOT_FOUND, f"volume {volume} not found"))
live = fault(
    "in-cluster-restore-of-the-live-data",
    breaks=("snapshot.point-in-time", "snapshot.delete.others", "clone.snapshot"),
    decision="longhorn.snapshot_to_clone",
    says=OTHER_DATA,
    summary="A claim gets what the volume holds now, not what its snapshot held.",
)(always(""))
neighbour = fault(
    "deletion-merges-the-next-snapshot-too",
    breaks="snapshot.delete.others",
    decision="longhorn.merged_snapshots",
    says=r"could not (run a pod on|bind the claim)",
    summary="With a snapshot of type snap the next newer one is merged, which still is listed.",
)(lambda original, chain, deleted: chain[chain.index(deleted) :][:2])
