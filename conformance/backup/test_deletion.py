"""Deleting a VolumeSnapshot under the two deletion policies, seen in Kubernetes, in Longhorn and in the bucket.

The VolumeSnapshots are of one volume and are deleted at the same time. What must stay is checked once what must be
deleted is gone (the fixture `witness`), so that a slow deletion is not taken for retention.
"""

import pytest

from conformance.backup.scenarios import BackedUp, BackupSteps, stored_blocks
from conformance.requirements import must_keep_the_content
from conformance.scenarios import DeletedPair, Policies
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.budgets import BLOCKS_GONE
from fixtures.kubernetes.history import Recorder
from fixtures.kubernetes.waiting import wait_outside
from fixtures.longhorn.objects import Backup, Longhorn
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.longhorn.volumes import OVERWRITES, SPARSE_WRITES
from fixtures.outcomes import Blocked
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


@clause("backup.delete.keeps-snapshot")
@pytest.mark.delete
def test_delete_keeps_the_longhorn_snapshot(witness: Policies[BackedUp], longhorn: Longhorn) -> None:
    """The Longhorn snapshot stays in the source volume when its backup is gone."""
    longhorn.must_keep_snapshots()
    name = witness.deleted.backup.snapshot

    kept = longhorn.snapshot(name)

    assert "deletionTimestamp" not in kept["metadata"], f"the Longhorn Snapshot {name} is being deleted"
    assert kept["status"]["readyToUse"], f"the Longhorn Snapshot {name} is not usable: {kept['status']}"


@clause("backup.retain")
@pytest.mark.retain
def test_retain_keeps_the_content(witness: Policies[BackedUp], snapshots: Snapshots) -> None:
    """Under Retain the VolumeSnapshot is removed, and its content stays with its handle."""
    must_keep_the_content(witness.retained.snapshot, witness.retained.content, snapshots)


@clause("backup.retain")
@pytest.mark.retain
def test_retain_keeps_the_backup(witness: Policies[BackedUp], longhorn: Longhorn) -> None:
    """Under Retain the backup stays in Longhorn, complete."""
    name = witness.retained.backup.name

    assert longhorn.find_backup(name), f"the retained backup {name} is gone from Longhorn"
    assert longhorn.backup(name).completed, f"the retained backup {name} is {longhorn.backup(name).state}"


@clause("backup.retain")
@pytest.mark.retain
def test_retain_keeps_the_backup_in_the_bucket(witness: Policies[BackedUp], backupstore: Backupstore) -> None:
    """Under Retain the bucket still gives back, byte for byte, what the volume held."""
    backup = witness.retained.backup

    image = backupstore.image(backup.volume, backup.name)

    assert first_difference(image, witness.retained.source.image) is None


@clause("backup.delete")
@pytest.mark.delete
def test_unfinished_backup_can_be_deleted(steps: BackupSteps, backupstore: Backupstore) -> None:
    """A VolumeSnapshot deleted as soon as its backup has begun is removed, and its backup with it."""
    finished = steps.back_up_or_block(steps.volumes.new())
    steps.longhorn.wait_backup_volume(finished.backup.volume)
    requested = steps.take(steps.volumes.write(finished.source, "unfinished", *OVERWRITES))

    steps.delete_unfinished(requested)

    left = set(backupstore.backup_names(finished.backup.volume)) - {finished.backup.name}
    assert not left, f"the bucket still has, of the unfinished backup: {left}"


@clause("backup.delete")
@pytest.mark.delete
def test_backup_of_a_deleted_volume_can_be_deleted(
    backups_of_deleted_volume: tuple[BackedUp, ...], snapshots: Snapshots, longhorn: Longhorn
) -> None:
    """The backup is deleted with its VolumeSnapshot even after the claim and its volume were deleted."""
    snapshots.delete(backups_of_deleted_volume[1].snapshot)

    snapshots.wait_gone(backups_of_deleted_volume[1].snapshot)
    longhorn.wait_backup_gone(backups_of_deleted_volume[1].backup.name)


@clause("backup.delete.others")
@pytest.mark.delete
def test_older_backup_may_go_first(steps: BackupSteps, backupstore: Backupstore) -> None:
    """Deleting the older of two backups of a volume keeps the newer, which is based on it, byte for byte."""
    source, made = steps.volumes.new(), []
    for seed, ranges in ("older", SPARSE_WRITES), ("newer", OVERWRITES):
        source = steps.volumes.write(source, seed, *ranges)
        made.append(steps.back_up_or_block(source))
    older, newer = made

    steps.delete(older)

    image = backupstore.image(newer.backup.volume, newer.backup.name)
    assert first_difference(image, newer.source.image) is None


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

    kept = longhorn.find_backup(deleted_pair_witness.retained.name)

    assert kept is not None, f"the retained backup {deleted_pair_witness.retained.name} is gone from Longhorn"
    assert kept.completed, f"the retained backup {kept.name} is {kept.state}"
