"""Restore PVC from CSI VolumeSnapshot: in any state of the source, and with other objects of the same name."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from conformance.backup.scenarios import BackedUp, BackupSteps, SuccessiveBackups
from conformance.requirements import must_refuse_a_missing_snapshot, naming
from conformance.scenarios import Requested, Restoring
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.budgets import RESTORE_BOUND_LATE
from fixtures.kubernetes.history import Recorder
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.provisioning import wait_refused
from fixtures.longhorn.reused_names import ReusedName
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.outcomes import precondition
from fixtures.workloads.pods import Workloads

pytestmark = [pytest.mark.restore, pytest.mark.block]


@clause("backup.restore")
def test_restored_while_the_source_is_attached(backed_up: BackedUp, steps: BackupSteps, workloads: Workloads) -> None:
    """A claim gets the data while a pod uses the volume that was backed up."""
    with workloads.attached(backed_up.source.pvc):
        claim = workloads.wait_bound(steps.restore(backed_up).claim)

        workloads.verify(claim, backed_up.source.image)


@clause("backup.restore", since="1.5")
def test_restored_while_the_source_is_detached(backed_up: BackedUp, steps: BackupSteps, workloads: Workloads) -> None:
    """A claim gets the data while the volume that was backed up is attached nowhere."""
    steps.volumes.detached(backed_up.source)

    claim = workloads.wait_bound(steps.restore(backed_up).claim)

    workloads.verify(claim, backed_up.source.image)


@clause("backup.restore", since="1.5")
def test_restored_when_the_source_is_deleted(
    backups_of_deleted_volume: tuple[BackedUp, ...], steps: BackupSteps, workloads: Workloads
) -> None:
    """A claim gets the data when the claim that was backed up is gone, and keeps them when the backup goes, too."""
    backed_up = backups_of_deleted_volume[0]
    claim = workloads.wait_bound(steps.restore(backed_up).claim)

    workloads.verify(claim, backed_up.source.image)

    with precondition("the backup is not deleted"):
        steps.delete(backed_up)
    workloads.verify(claim, backed_up.source.image)


@clause("backup.restore")
def test_claim_may_come_before_the_snapshot(
    empty_volume_snapshot: Requested, steps: BackupSteps, recorder: Recorder
) -> None:
    """A claim created before its VolumeSnapshot is bound once that exists and is ready."""
    spec, source = empty_volume_snapshot.snapshot.object["spec"], empty_volume_snapshot.source
    name = f"comes-later-{source.pvc.name}"
    claim = steps.volumes.request_restore(name, source.pvc.namespace)
    wait_refused(recorder, claim, naming(name))

    steps.finish_or_block(steps.request(source, spec["volumeSnapshotClassName"], name=name))

    assert steps.volumes.wait_bound(claim, RESTORE_BOUND_LATE).volume


@clause("backup.restore")
def test_claim_may_have_the_name_of_an_earlier_one(
    successive_backups: SuccessiveBackups, steps: BackupSteps, workloads: Workloads
) -> None:
    """A claim of a name that an earlier restore had gets its own backup's data, not those of the earlier one."""
    first, second = successive_backups.first, successive_backups.second
    earlier = steps.volumes.wait_bound(steps.restore(first, name="used-name").claim)
    workloads.delete_claim(earlier)
    workloads.wait_deleted(earlier)

    reused = ReusedName(earlier, steps.restore(second, name="used-name").claim)

    later = steps.volumes.wait_bound_again(reused)

    workloads.verify(later, second.source.image)


@clause("backup.restore")
def test_claims_of_used_names_stay(empty_volume_snapshot: Requested, steps: BackupSteps) -> None:
    """Ten claims, each created under the name of one that was deleted as soon as it was bound, stay and are bound."""
    backed_up = steps.finish_or_block(empty_volume_snapshot)

    def use_again(name: str) -> ReusedName:
        claim = steps.restore(backed_up, name=name).claim
        return steps.volumes.replace(claim, lambda: steps.restore(backed_up, name=name).claim)

    with ThreadPoolExecutor(10) as side_by_side:
        reused = list(side_by_side.map(use_again, [f"used-again-{number}" for number in range(10)]))
    for each in reused:
        steps.volumes.wait_removed(each)

    deleted = [story for each in reused if (story := steps.volumes.who_deleted(each))]
    assert not deleted, f"{len(deleted)} of {len(reused)}: {deleted[0]}"
    for each in reused:
        steps.volumes.wait_bound(each.later)


@clause("backup.restore")
def test_snapshot_must_exist(restoring: Restoring[BackedUp], steps: BackupSteps) -> None:
    """A claim from a VolumeSnapshot that does not exist is refused; a claim from one that does is bound."""
    must_refuse_a_missing_snapshot(restoring.claim, steps.volumes)


@clause("backup.restore")
def test_snapshot_must_be_in_namespace(restoring: Restoring[BackedUp], namespace: str, steps: BackupSteps) -> None:
    """A claim from a VolumeSnapshot of another namespace is refused; one in the namespace of that is bound."""
    snapshot = restoring.original.snapshot
    with precondition("a claim in the VolumeSnapshot's namespace is not bound either"):
        steps.volumes.wait_bound(restoring.claim)

    claim = steps.volumes.request_restore(snapshot.name, namespace)

    steps.volumes.wait_refused(claim, naming(snapshot.name))


@clause("backup.create")
@pytest.mark.names
def test_name_may_have_the_maximum_length(same_name_snapshots: tuple[Requested, ...], snapshots: Snapshots) -> None:
    """A VolumeSnapshot with the longest possible name becomes ready, and so does another one of that name."""
    for requested in same_name_snapshots:
        ready = snapshots.wait_ready(requested.snapshot)

        reference = snapshots.content_of(ready).object["spec"]["volumeSnapshotRef"]
        assert (reference["namespace"], reference["name"]) == (ready.namespace, ready.name)


@clause("backup.restore")
def test_snapshots_of_one_name_are_distinguished(
    same_name_snapshots: tuple[Requested, ...], steps: BackupSteps, workloads: Workloads
) -> None:
    """Of two VolumeSnapshots of one name in two namespaces each is restored, in its own, as its own volume was."""
    both = [steps.finish_or_block(requested) for requested in same_name_snapshots]

    claims = [steps.restore(each, name=each.snapshot.name).claim for each in both]

    for claim, each in zip(claims, both, strict=True):
        workloads.verify(workloads.wait_bound(claim), each.source.image)


@clause("backup.restore.size")
@pytest.mark.size
def test_size_of_an_expanded_volume_is_restored(
    restored_after_expansion: Restoring[BackedUp], workloads: Workloads, longhorn: Longhorn
) -> None:
    """A VolumeSnapshot of an expanded volume has the new size, and so have the restoring claim and its volume."""
    large = restored_after_expansion.original

    claim = workloads.wait_bound(restored_after_expansion.claim)

    sizes = large.snapshot.restore_size, claim.capacity, int(longhorn.volume(longhorn.volume_of(claim))["spec"]["size"])
    size = large.source.pvc.size
    assert set(sizes) == {size}, f"restoreSize, capacity and volume's size are {sizes}, expected {size} each"


@clause("backup.restore")
@pytest.mark.data
def test_expanded_volume_is_restored(restored_after_expansion: Restoring[BackedUp], workloads: Workloads) -> None:
    """What was written to the new part of an expanded volume is restored with the rest."""
    claim = workloads.wait_bound(restored_after_expansion.claim)

    workloads.verify(claim, restored_after_expansion.original.source.image)


@clause("backup.restore.size.expanded")
@pytest.mark.size
def test_backup_before_the_expansion_is_restored(
    backups_around_expansion: tuple[BackedUp, BackedUp], steps: BackupSteps, workloads: Workloads
) -> None:
    """A VolumeSnapshot from before the expansion is restored as it was: with the size and the data of then."""
    small, _ = backups_around_expansion

    claim = workloads.wait_bound(steps.restore(small).claim)

    workloads.verify(claim, small.source.image)
