"""Restore PVC from CSI VolumeSnapshot Associated With Longhorn Backup."""

import pytest

from conformance.backup.scenarios import BackedUp, BackupSteps, SuccessiveBackups
from conformance.requirements import (
    must_be_provisioned_by_longhorn,
    must_have_the_size_of_its_source,
    must_refuse_a_smaller_claim,
    naming,
)
from conformance.scenarios import Restoring
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.history import Recorder
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.provisioning import wait_refused
from fixtures.longhorn.volumes import OVERWRITES, SIZE, Source
from fixtures.workloads.pods import Workloads

pytestmark = pytest.mark.restore


@clause("backup.restore")
@pytest.mark.block
def test_claim_gets_the_data(restoring: Restoring[BackedUp], workloads: Workloads) -> None:
    """A claim with the VolumeSnapshot as its dataSource gets a new volume, which holds what was backed up."""
    claim = workloads.wait_bound(restoring.claim)

    workloads.verify(claim, restoring.original.source.image)

    assert claim.volume != restoring.original.source.pvc.volume


@clause("backup.restore")
@pytest.mark.filesystem
def test_claim_gets_the_files(backed_up_file: BackedUp, steps: BackupSteps, workloads: Workloads) -> None:
    """With volumeMode Filesystem the new volume has the file that was backed up."""
    claim = workloads.wait_bound(steps.restore(backed_up_file).claim)

    workloads.verify(claim, backed_up_file.source.image)


@clause("backup.restore")
@pytest.mark.block
def test_claim_gets_the_backup_that_it_names(
    successive_backups: SuccessiveBackups, steps: BackupSteps, workloads: Workloads
) -> None:
    """Of two backups of one volume each is restored as it was, the older one too."""
    claims = [steps.restore(backed_up).claim for backed_up in (successive_backups.first, successive_backups.second)]

    for claim, backed_up in zip(claims, (successive_backups.first, successive_backups.second), strict=True):
        workloads.verify(workloads.wait_bound(claim), backed_up.source.image)


@clause("backup.restore")
@pytest.mark.block
def test_claims_get_volumes_of_their_own(
    restoring: Restoring[BackedUp], steps: BackupSteps, workloads: Workloads
) -> None:
    """A claim gets a volume of its own: what is written to it is neither in that of another claim nor in the source."""
    other, image = workloads.wait_bound(restoring.claim), restoring.original.source.image
    claim = workloads.wait_bound(steps.restore(restoring.original).claim)

    steps.volumes.write(Source(claim, image), "own", *OVERWRITES)

    workloads.verify(other, image)
    workloads.verify(restoring.original.source.pvc, image)


@clause("backup.restore.provisioner")
def test_provisioner_restores(restoring: Restoring[BackedUp], recorder: Recorder, workloads: Workloads) -> None:
    """The claim's volume was made by the CSI provisioner, with Longhorn's driver."""
    must_be_provisioned_by_longhorn(workloads.wait_bound(restoring.claim), recorder)


@clause("backup.restore.size")
@pytest.mark.size
def test_claim_of_equal_size_is_bound(restoring: Restoring[BackedUp], workloads: Workloads, longhorn: Longhorn) -> None:
    """VolumeSnapshot, claim and restored volume have the size of the source."""
    claim = workloads.wait_bound(restoring.claim)

    must_have_the_size_of_its_source(claim, restoring.original.snapshot, longhorn)


@clause("backup.restore.size")
@pytest.mark.size
def test_smaller_claim_is_refused(restoring: Restoring[BackedUp], workloads: Workloads, recorder: Recorder) -> None:
    """A claim smaller than the VolumeSnapshot is refused, which names both sizes; one of equal size is bound."""
    workloads.wait_bound(restoring.claim)

    must_refuse_a_smaller_claim(restoring.original.snapshot, workloads, recorder)


@clause("backup.restore.size.larger")
@pytest.mark.size
def test_larger_claim_is_refused(restoring: Restoring[BackedUp], workloads: Workloads, recorder: Recorder) -> None:
    """A claim larger than the VolumeSnapshot is refused because of its size; one of equal size is bound."""
    workloads.wait_bound(restoring.claim)
    snapshot = restoring.original.snapshot

    claim = workloads.restore_claim(*snapshot.place, size=2 * SIZE)

    wait_refused(recorder, claim, naming(2 * SIZE))
    workloads.delete_claim(claim)


@clause("backup.restore.storage-class")
def test_volume_follows_its_storage_class(backed_up_file: BackedUp, steps: BackupSteps, workloads: Workloads) -> None:
    """A claim of another StorageClass than its source's gets a volume with the parameters of that class."""
    parameters = {"numberOfReplicas": "2", "dataLocality": "best-effort", "fsType": "xfs"}
    storage_class = workloads.create_storage_class(parameters)

    claim = workloads.wait_bound(steps.restore(backed_up_file, storage_class=storage_class).claim)

    spec = steps.longhorn.volume(steps.longhorn.volume_of(claim))["spec"]
    made = {key: str(spec.get(key)) for key in ("numberOfReplicas", "dataLocality")}
    made["fsType"] = workloads.file_system(claim)
    assert made == parameters, f"the volume of {claim} has {made}, its StorageClass says {parameters}"


@clause("backup.restore.example")
def test_example_claim_is_bound(backed_up: BackedUp, workloads: Workloads) -> None:
    """A claim as in the example, ReadWriteOnce and of the StorageClass `longhorn`, is bound."""
    snapshot = backed_up.snapshot

    claim = workloads.restore_claim(
        snapshot.name, snapshot.namespace, size=backed_up.source.pvc.size, storage_class="longhorn"
    )

    assert workloads.wait_bound(claim).volume
