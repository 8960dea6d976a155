"""Restore a Backup via a VolumeSnapshot Object: whatever has become of the source, and whoever else has its name."""

import pytest

from conformance.backup.arrangements import Arranger, BackedUp, Generations, Namesakes, Orphans, Requested, Restoring
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.budgets import RESTORE_BOUND_LATE
from fixtures.kubernetes.history import Recorder
from fixtures.longhorn.provisioning import wait_refused
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.longhorn.volumes import SIZE
from fixtures.outcomes import standing_on
from fixtures.workloads.data import MIB
from fixtures.workloads.pods import Workloads

pytestmark = [pytest.mark.restore, pytest.mark.block]


@clause("backup.restore")
def test_restored_while_the_source_is_attached(backed_up: BackedUp, arranger: Arranger, workloads: Workloads) -> None:
    """A claim gets the data while a pod uses the volume that was backed up."""
    with workloads.attached(backed_up.source.pvc):
        claim = workloads.wait_bound(arranger.restore(backed_up).claim)

        workloads.verify(claim, backed_up.source.image)


@clause("backup.restore")
def test_restored_while_the_source_is_detached(backed_up: BackedUp, arranger: Arranger, workloads: Workloads) -> None:
    """A claim gets the data while the volume that was backed up is attached nowhere."""
    arranger.volumes.detached(backed_up.source)

    claim = workloads.wait_bound(arranger.restore(backed_up).claim)

    workloads.verify(claim, backed_up.source.image)


@clause("backup.restore")
def test_restored_when_the_source_is_deleted(orphans: Orphans, arranger: Arranger, workloads: Workloads) -> None:
    """A claim gets the data when the claim that was backed up is gone, and its volume with it."""
    claim = workloads.wait_bound(arranger.restore(orphans.first).claim)

    workloads.verify(claim, orphans.first.source.image)


@clause("backup.restore")
def test_claim_may_come_before_the_snapshot(spare_request: Requested, arranger: Arranger, recorder: Recorder) -> None:
    """A claim that is made before its VolumeSnapshot is bound when that is there and ready."""
    spec, source = spare_request.snapshot.object["spec"], spare_request.source
    name = f"comes-later-{source.pvc.name}"
    claim = arranger.volumes.try_to_restore(name, source.pvc.namespace)
    wait_refused(recorder, claim, rf'volumesnapshots\S* "{name}" not found')

    arranger.given(arranger.request(source, spec["volumeSnapshotClassName"], name=name))

    assert arranger.volumes.wait_bound(claim, RESTORE_BOUND_LATE).volume


@clause("backup.restore")
def test_claim_may_have_the_name_of_an_earlier_one(
    generations: Generations, arranger: Arranger, workloads: Workloads
) -> None:
    """A claim of a name that an earlier restore had gets its own backup's data, not those of the earlier one."""
    first, second = generations.first, generations.second
    earlier = workloads.wait_bound(arranger.restore(first, name="used-name").claim)
    workloads.delete_claim(earlier)
    workloads.wait_deleted(earlier)

    later = workloads.wait_bound(arranger.restore(second, name="used-name").claim)

    workloads.verify(later, second.source.image)


@clause("backup.restore")
def test_snapshot_must_exist(restoring: Restoring, arranger: Arranger, workloads: Workloads) -> None:
    """A claim from a VolumeSnapshot that does not exist is refused; a claim from one that does is bound."""
    claim = arranger.volumes.try_to_restore("no-such-snapshot", arranger.volumes.namespace)

    arranger.volumes.wait_refused(claim, r'volumesnapshots\S* "no-such-snapshot" not found')

    with standing_on("a claim from a VolumeSnapshot that exists is not bound either"):
        workloads.wait_bound(restoring.claim)


@clause("backup.restore")
def test_snapshot_must_be_in_the_namespace(restoring: Restoring, namespace: str, arranger: Arranger) -> None:
    """A claim from a VolumeSnapshot of another namespace is refused; one in the namespace of that is bound."""
    snapshot = restoring.backed_up.snapshot
    with standing_on("a claim in the VolumeSnapshot's namespace is not bound either"):
        arranger.volumes.wait_bound(restoring.claim)

    claim = arranger.volumes.try_to_restore(snapshot.name, namespace)

    arranger.volumes.wait_refused(claim, rf'volumesnapshots\S* "{snapshot.name}" not found')


@clause("backup.create")
@pytest.mark.names
def test_name_may_be_as_long_as_can_be(namesakes: Namesakes, snapshots: Snapshots) -> None:
    """A VolumeSnapshot whose name has all the characters that it may have gets ready, and so does its namesake."""
    for requested in namesakes.one, namesakes.other:
        ready = snapshots.wait_ready(requested.snapshot)

        reference = snapshots.content_of(ready).object["spec"]["volumeSnapshotRef"]
        assert (reference["namespace"], reference["name"]) == (ready.namespace, ready.name)


@clause("backup.restore")
def test_namesakes_are_told_apart(namesakes: Namesakes, arranger: Arranger, workloads: Workloads) -> None:
    """Of two VolumeSnapshots of one name in two namespaces each is restored, in its own, as its own volume was."""
    both = [arranger.given(requested) for requested in (namesakes.one, namesakes.other)]

    claims = [arranger.restore(each, name=each.snapshot.name).claim for each in both]

    for claim, each in zip(claims, both, strict=True):
        workloads.verify(workloads.wait_bound(claim), each.source.image)


@clause("backup.restore.size")
@pytest.mark.size
def test_expanded_volume_is_restored(arranger: Arranger, deleting_class: str, workloads: Workloads) -> None:
    """A VolumeSnapshot of a volume that was expanded has the new size, and so has the claim that restores it."""
    grown = arranger.volumes.expanded(arranger.volumes.new(), SIZE + 8 * MIB)
    source = arranger.volumes.write(grown, "grown", (0, MIB), (grown.pvc.size - MIB, MIB))

    backed_up = arranger.given(arranger.request(source, deleting_class))
    claim = workloads.wait_bound(arranger.restore(backed_up).claim)

    sizes = backed_up.snapshot.restore_size, claim.capacity
    assert set(sizes) == {source.pvc.size}, f"restoreSize and capacity are {sizes}, expected {source.pvc.size} each"
    workloads.verify(claim, source.image)
