"""Deleting a VolumeSnapshot under the two deletion policies, seen in Kubernetes, in Longhorn and in the bucket.

The VolumeSnapshots are of one volume and are deleted at the same time. What must stay is checked once what must be
deleted is gone (the fixture `witness`), so that a slow deletion is not taken for retention.
"""

import pytest

from conformance.backup.requirements import must_keep_the_backup
from conformance.backup.scenarios import BackedUp, BackupOutsideCsi, BackupSteps, stored_blocks
from conformance.requirements import must_keep_the_content
from conformance.scenarios import DeletedPair, Policies
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.budgets import BLOCKS_GONE, PRE_PROVISIONED_READY
from fixtures.kubernetes.history import Recorder, before
from fixtures.kubernetes.object_view import is_being_deleted
from fixtures.kubernetes.waiting import wait_outside
from fixtures.longhorn.objects import Backup, Longhorn
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.longhorn.volumes import OVERWRITES, Source
from fixtures.outcomes import Blocked, precondition
from fixtures.s3.backupstore import Backupstore
from fixtures.workloads.data import first_difference


@clause("backup.delete")
@pytest.mark.delete
def test_delete_removes_snapshot_and_content(both_deleted: Policies[BackedUp], snapshots: Snapshots) -> None:
    """Under Delete the VolumeSnapshot is removed, and its content with it."""
    snapshots.wait_gone(both_deleted.deleted.snapshot)
    snapshots.wait_content_gone(both_deleted.deleted.content)


@clause("backup.delete")
@pytest.mark.delete
def test_delete_removes_the_backup(both_deleted: Policies[BackedUp], longhorn: Longhorn) -> None:
    """Under Delete the backup is removed from Longhorn."""
    longhorn.wait_backup_gone(both_deleted.deleted.backup.name)


@clause("backup.delete")
@pytest.mark.delete
def test_delete_removes_the_backup_from_the_bucket(
    witness: Policies[BackedUp], backupstore: Backupstore, recorder: Recorder
) -> None:
    """Under Delete the backup's document is removed from the bucket, and so are the blocks that only it needed."""
    backup, kept = witness.deleted.backup, witness.retained.backup
    with precondition("the retained backup cannot be read either"):
        size = backupstore.backup(kept.volume, kept.name).block_size
    retained = stored_blocks(witness.retained.source.image, size)
    its_own = stored_blocks(witness.deleted.source.image, size) - retained
    if not retained & backupstore.block_names(backup.volume):
        raise Blocked(
            "no block of the retained backup is there either: they have another size, or cannot be identified"
        )

    def left() -> str:
        keys = [key for key in backupstore.keys(backup.volume) if backup.name in key or key[-68:-4] in its_own]
        return f"the bucket still has, of the deleted {backup}: {keys}" if keys else ""

    wait_outside(recorder, BLOCKS_GONE, str(backup), left)


def must_keep_the_longhorn_snapshot(deleted: BackedUp, longhorn: Longhorn) -> None:
    """The Longhorn snapshot of a deleted backup is in its volume, and usable."""
    longhorn.must_keep_snapshots()
    name = deleted.backup.snapshot

    kept = longhorn.snapshot(name)

    assert "deletionTimestamp" not in kept["metadata"], f"the Longhorn Snapshot {name} is being deleted"
    assert kept["status"]["readyToUse"], f"the Longhorn Snapshot {name} is not usable: {kept['status']}"


@clause("backup.delete.keeps-snapshot")
@pytest.mark.delete
def test_delete_keeps_the_longhorn_snapshot(witness: Policies[BackedUp], longhorn: Longhorn) -> None:
    """The Longhorn snapshot stays in the source volume when its backup is gone."""
    must_keep_the_longhorn_snapshot(witness.deleted, longhorn)


@clause("backup.delete.keeps-snapshot")
@pytest.mark.delete
def test_later_deletions_keep_the_longhorn_snapshot(steps: BackupSteps, longhorn: Longhorn) -> None:
    """Of a volume's backups, deleted one after the other, each leaves its Longhorn snapshot in the volume."""
    earlier = steps.back_up_or_block(steps.volumes.new())
    later = steps.back_up_or_block(steps.volumes.write(earlier.source, "later", *OVERWRITES))

    for backed_up in earlier, later:
        steps.delete(backed_up)

    for backed_up in earlier, later:
        must_keep_the_longhorn_snapshot(backed_up, longhorn)


@clause("backup.retain")
@pytest.mark.retain
def test_retain_keeps_the_content(witness: Policies[BackedUp], snapshots: Snapshots) -> None:
    """Under Retain the VolumeSnapshot is removed, and its content stays with its handle."""
    must_keep_the_content(witness.retained.snapshot, witness.retained.content, snapshots)


@clause("backup.retain")
@pytest.mark.retain
def test_retain_keeps_the_backup(witness: Policies[BackedUp], longhorn: Longhorn) -> None:
    """Under Retain the backup stays in Longhorn, complete."""
    must_keep_the_backup(witness.retained.backup.name, longhorn)


@clause("backup.retain")
@pytest.mark.retain
def test_retain_keeps_the_backup_in_the_bucket(witness: Policies[BackedUp], backupstore: Backupstore) -> None:
    """Under Retain the bucket still gives back, byte for byte, what the volume held."""
    backup = witness.retained.backup

    image = backupstore.image(backup.volume, backup.name)

    assert first_difference(image, witness.retained.source.image) is None


@clause("backup.delete")
@pytest.mark.delete
def test_unfinished_backup_can_be_deleted(steps: BackupSteps, backupstore: Backupstore, recorder: Recorder) -> None:
    """A VolumeSnapshot deleted as soon as its backup has begun is removed, and its backup with it."""
    finished = steps.back_up_or_block(steps.volumes.new())
    steps.longhorn.wait_backup_volume(finished.backup.volume)
    requested = steps.take(steps.volumes.write(finished.source, "unfinished", *OVERWRITES))

    steps.delete_unfinished(requested)

    volume = finished.backup.volume

    def left() -> str:
        if names := set(backupstore.backup_names(volume)) - {finished.backup.name}:
            return f"the bucket still has, of the unfinished backup: {names}"
        unneeded = backupstore.unneeded_blocks(volume)
        return f"the bucket still has blocks that no backup needs: {sorted(unneeded)}" if unneeded else ""

    wait_outside(recorder, BLOCKS_GONE, f"the unfinished backup of volume {volume}", left)


@clause("backup.delete")
@pytest.mark.delete
def test_backup_deleted_before_its_handle_is_known(steps: BackupSteps, snapshots: Snapshots) -> None:
    """A VolumeSnapshot deleted as soon as it has a content is removed, and no backup of its volume stays."""
    requested = steps.request(steps.volumes.new())
    content = snapshots.content_of(snapshots.wait_bound(requested.snapshot))

    snapshots.delete(requested.snapshot)

    snapshots.wait_gone(requested.snapshot)
    snapshots.wait_content_gone(content)
    for backup in steps.longhorn.backups_of(steps.longhorn.volume_of(requested.source.pvc)):
        steps.longhorn.wait_backup_gone_with(backup.name, content.name)


@clause("backup.delete")
@pytest.mark.delete
def test_backup_of_a_deleted_volume_can_be_deleted(
    backups_of_deleted_volume: tuple[BackedUp, ...], snapshots: Snapshots, longhorn: Longhorn
) -> None:
    """The backup is deleted with its VolumeSnapshot even after the claim and its volume were deleted."""
    snapshots.delete(backups_of_deleted_volume[1].snapshot)

    snapshots.wait_gone(backups_of_deleted_volume[1].snapshot)
    longhorn.wait_backup_gone(backups_of_deleted_volume[1].backup.name)


@clause("backup.delete")
@pytest.mark.delete
@pytest.mark.pre_provisioned
def test_given_backup_is_deleted_under_delete(deleted_pair: DeletedPair[Backup], longhorn: Longhorn) -> None:
    """Deleting a pre-provisioned VolumeSnapshot under Delete deletes the backup that its handle names."""
    longhorn.wait_backup_gone(deleted_pair.deleted.name)


@clause("backup.retain")
@pytest.mark.retain
@pytest.mark.pre_provisioned
def test_given_backup_is_kept_under_retain(
    deleted_pair_witness: DeletedPair[Backup], snapshots: Snapshots, longhorn: Longhorn
) -> None:
    """Deleting a pre-provisioned VolumeSnapshot under Retain leaves the backup that its handle names."""
    snapshots.wait_gone(deleted_pair_witness.retained_snapshot)

    must_keep_the_backup(deleted_pair_witness.retained.name, longhorn)


@clause("backup.policy.changed")
@pytest.mark.delete
@pytest.mark.retain
def test_changed_policy_counts(changed_policies: Policies[BackedUp], snapshots: Snapshots, longhorn: Longhorn) -> None:
    """A content that was changed to Delete goes with its backup; one that was changed to Retain stays with its own."""
    kept = changed_policies.retained
    snapshots.wait_content_gone(changed_policies.deleted.content)
    longhorn.wait_backup_gone(changed_policies.deleted.backup.name)

    must_keep_the_content(kept.snapshot, kept.content, snapshots)
    must_keep_the_backup(kept.backup.name, longhorn)


@clause("backup.policy.shared-handle")
@pytest.mark.delete
@pytest.mark.retain
@pytest.mark.pre_provisioned
def test_each_content_has_its_policy(existing: BackupOutsideCsi, snapshots: Snapshots, longhorn: Longhorn) -> None:
    """Of two contents with one handle, that under Retain leaves the backup, and that under Delete deletes it."""
    backup = longhorn.create_backup(existing.volume)
    handle, namespace = str(existing.handle_of(backup)), existing.namespace
    retaining, deleting = [
        snapshots.preprovision(handle, namespace, policy=policy)[1] for policy in ("Retain", "Delete")
    ]
    for snapshot in retaining, deleting:
        snapshots.wait_ready(snapshot, PRE_PROVISIONED_READY)

    for snapshot in retaining, deleting:
        snapshots.delete(snapshot)
        snapshots.wait_gone(snapshot)
    longhorn.wait_backup_gone(backup.name)

    requested = snapshots.history(deleting).first(is_being_deleted)
    history = longhorn.backup_history(backup.name)
    began = history.first(is_being_deleted)
    assert requested is not None
    late = before(requested, began) if began else history.never(is_being_deleted)
    assert late, f"{backup} was deleted with the VolumeSnapshot under Retain"


@clause("backup.content")
@pytest.mark.retain
def test_name_may_be_used_again(witness: Policies[BackedUp], empty_volume: Source, steps: BackupSteps) -> None:
    """A VolumeSnapshot of the name of a deleted one, whose content is retained, gets a content and a handle anew."""
    earlier = witness.retained
    steps.snapshots.wait_gone(earlier.snapshot)

    requested = steps.request(empty_volume, name=earlier.snapshot.name)

    bound = steps.snapshots.wait_bound(requested.snapshot).content_name
    assert bound != earlier.content.name, f"{requested.snapshot} is bound to {bound} of an earlier one of its name"
    handle = steps.snapshots.wait_handle(requested.snapshot).handle
    assert handle != earlier.content.handle, f"{requested.snapshot} has the handle {handle} of an earlier one"
