"""Restore PVC from CSI VolumeSnapshot Associated With Longhorn BackingImage."""

import pytest

from conformance.backing_image.requirements import must_hold
from conformance.backing_image.scenarios import Exported, ImageExportSteps, Layered
from conformance.requirements import (
    must_be_provisioned_by_longhorn,
    must_have_the_size_of_its_source,
    must_refuse_a_missing_snapshot,
    must_refuse_a_smaller_claim,
)
from conformance.scenarios import Restoring
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.history import Recorder
from fixtures.longhorn.backing_images import BackingImages
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.volumes import FIRST_AND_LAST_UNIT, SIZE, Source
from fixtures.outcomes import precondition
from fixtures.workloads.data import MIB, Image, Piece
from fixtures.workloads.pods import Workloads

pytestmark = pytest.mark.restore


@clause("backing-image.restore")
@pytest.mark.block
def test_claim_gets_the_data(image_restoring: Restoring[Exported], workloads: Workloads) -> None:
    """A claim with the VolumeSnapshot as its dataSource gets a new volume, which holds what was exported."""
    claim = workloads.wait_bound(image_restoring.claim)

    workloads.verify(claim, image_restoring.original.source.image)

    assert claim.volume != image_restoring.original.source.pvc.volume


@clause("backing-image.restore")
@pytest.mark.filesystem
def test_claim_gets_the_files(steps: ImageExportSteps, workloads: Workloads) -> None:
    """With volumeMode Filesystem the new volume has the file that was exported."""
    source = steps.volumes.file("file", 3 * MIB)
    exported = steps.export_or_block(source)

    claim = workloads.wait_bound(steps.restore(exported).claim)

    workloads.verify(claim, source.image)


@clause("backing-image.restore")
@pytest.mark.block
def test_claim_gets_the_image_that_it_names(
    settled_images: tuple[Exported, ...], steps: ImageExportSteps, workloads: Workloads
) -> None:
    """Of two images of one volume each is restored as it was, the older one too."""
    claims = [steps.restore(exported).claim for exported in settled_images]

    for claim, exported in zip(claims, settled_images, strict=True):
        workloads.verify(workloads.wait_bound(claim), exported.source.image)


@clause("backing-image.restore")
@pytest.mark.block
def test_restored_when_the_source_is_deleted(steps: ImageExportSteps, workloads: Workloads) -> None:
    """A claim gets the data when the claim that was exported is gone, and its volume with it."""
    source = steps.volumes.volume_with("orphaned", *FIRST_AND_LAST_UNIT)
    exported = steps.export_or_block(source)
    steps.volumes.delete(source)

    claim = workloads.wait_bound(steps.restore(exported).claim)

    workloads.verify(claim, source.image)


@clause("backing-image.restore")
@pytest.mark.block
def test_volumes_are_separate(layered: Layered, workloads: Workloads) -> None:
    """What is written to a restored volume is not in another one that restored the image before, nor in the source."""
    for claim in layered.brother, layered.base.source.pvc:
        workloads.verify(claim, layered.base.source.image)


@clause("backing-image.restore")
@pytest.mark.block
def test_restored_volume_needs_no_snapshot(restored_for_good: Source, workloads: Workloads) -> None:
    """A volume still holds what it restored when the VolumeSnapshot is gone that it was restored from."""
    workloads.verify(restored_for_good.pvc, restored_for_good.image)


@clause("backing-image.restore")
def test_snapshot_must_exist(image_restoring: Restoring[Exported], steps: ImageExportSteps) -> None:
    """A claim from a VolumeSnapshot that does not exist is refused; a claim from one that does is bound."""
    must_refuse_a_missing_snapshot(image_restoring.claim, steps.volumes)


@clause("backing-image.restore.base")
def test_volume_uses_the_image(image_restoring: Restoring[Exported], workloads: Workloads, longhorn: Longhorn) -> None:
    """The restored volume's backing image is that of the VolumeSnapshot."""
    claim = workloads.wait_bound(image_restoring.claim)

    used = longhorn.volume(longhorn.volume_of(claim))["spec"].get("backingImage")

    made = image_restoring.original.image.name
    assert used == made, f"the restored volume's backing image is {used!r}, the VolumeSnapshot led to {made}"


@clause("backing-image.restore.provisioner")
def test_provisioner_restores(image_restoring: Restoring[Exported], recorder: Recorder, workloads: Workloads) -> None:
    """The claim's volume was made by the CSI provisioner, with Longhorn's driver."""
    must_be_provisioned_by_longhorn(workloads.wait_bound(image_restoring.claim), recorder)


@clause("backing-image.restore.unchanged")
@pytest.mark.block
def test_writes_do_not_reach_the_image(layered: Layered, backing_images: BackingImages) -> None:
    """The image's file is the same after a write to a volume that restored it."""
    must_hold(backing_images, layered.base.image.name, layered.base.source.image)


@clause("backing-image.restore.unchanged")
@pytest.mark.block
def test_other_restore_is_not_written_to(layered: Layered, steps: ImageExportSteps, workloads: Workloads) -> None:
    """Of two volumes that restored one image the second holds what was exported, and not what the first was given."""
    other = workloads.wait_bound(steps.restore(layered.base).claim)

    workloads.verify(other, layered.base.source.image)
    workloads.verify(layered.source.pvc, layered.source.image)


@clause("backing-image.restore.backed-up")
@pytest.mark.block
def test_backup_holds_the_image_too(layered: Layered, steps: ImageExportSteps, workloads: Workloads) -> None:
    """A claim from a backup of a volume that has an image holds what was written to the volume, and the image below."""
    requested = steps.request(layered.source, steps.snapshots.create_class("Delete"))
    with precondition("the volume was not backed up"):
        snapshot = steps.snapshots.wait_ready(requested.snapshot)

    claim = workloads.wait_bound(steps.volumes.restore(snapshot, layered.source))

    workloads.verify(claim, layered.source.image)


@clause("backing-image.restore.size")
@pytest.mark.size
def test_claim_of_equal_size_is_bound(
    image_restoring: Restoring[Exported], workloads: Workloads, longhorn: Longhorn
) -> None:
    """VolumeSnapshot, claim and restored volume have the size of the source."""
    claim = workloads.wait_bound(image_restoring.claim)

    must_have_the_size_of_its_source(claim, image_restoring.original.snapshot, longhorn)


@clause("backing-image.restore.size.larger")
@pytest.mark.size
def test_larger_claim_gets_its_size(image_restoring: Restoring[Exported], workloads: Workloads) -> None:
    """A claim of three times the size is bound to a volume of that size: the data, and zeros behind them."""
    exported, size = image_restoring.original, 3 * SIZE

    claim = workloads.restore_claim(*exported.snapshot.place, size=size)

    claim = workloads.wait_bound(claim)
    assert claim.capacity == size, f"the capacity of {claim} is {claim.capacity}, requested were {size}"
    workloads.verify(claim, Image(size, (*exported.source.image.pieces, Piece(SIZE, size - SIZE, None))))


@clause("backing-image.restore.size.smaller")
@pytest.mark.size
def test_smaller_claim_is_refused(
    image_restoring: Restoring[Exported], workloads: Workloads, recorder: Recorder
) -> None:
    """A claim smaller than the VolumeSnapshot is refused, which names both sizes; one of equal size is bound."""
    with precondition("a claim of equal size is not bound either"):
        workloads.wait_bound(image_restoring.claim)

    must_refuse_a_smaller_claim(image_restoring.original.snapshot, workloads, recorder)


@clause("backing-image.restore.example")
def test_example_claim_is_bound(image_restoring: Restoring[Exported], workloads: Workloads) -> None:
    """A claim as in the example, ReadWriteOnce and of the StorageClass `longhorn`, is bound."""
    snapshot = image_restoring.original.snapshot

    claim = workloads.restore_claim(*snapshot.place, size=SIZE, storage_class="longhorn")

    assert workloads.wait_bound(claim).volume
