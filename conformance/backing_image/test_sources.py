"""What may be exported, and what a VolumeSnapshot may be made of."""

import pytest

from conformance.backing_image.requirements import must_hold
from conformance.backing_image.scenarios import ImageExportSteps, Layered
from conformance.requirements import CLAIM, CONTENT, must_name_one_source, must_wait_for_its_claim
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.budgets import CONTENT_BOUND_LATE
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.resource_kinds import Obj
from fixtures.longhorn.backing_images import BackingImages
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.longhorn.volumes import FIRST_AND_LAST_UNIT, SIZE
from fixtures.outcomes import precondition
from fixtures.workloads.data import MIB
from fixtures.workloads.pods import Workloads

pytestmark = pytest.mark.source


@clause("backing-image.source.detached")
@pytest.mark.data
def test_detached_volume_is_exported(steps: ImageExportSteps, backing_images: BackingImages) -> None:
    """A VolumeSnapshot of a volume that is attached nowhere becomes an image with the volume's data."""
    source = steps.volumes.detached(steps.volumes.volume_with("detached", *FIRST_AND_LAST_UNIT))

    exported = steps.export(source)

    must_hold(backing_images, exported.image.name, source.image)


@clause("backing-image.ready.source-deleted")
@pytest.mark.data
def test_source_may_be_deleted_when_ready(steps: ImageExportSteps, workloads: Workloads) -> None:
    """The image of a detached volume is completed, and right, also if the claim is deleted as soon as all is ready."""
    source = steps.volumes.detached(steps.volumes.volume_with("deleted", *FIRST_AND_LAST_UNIT))
    with precondition("the VolumeSnapshot does not become ready"):
        requested = steps.take(source)

    workloads.delete_claim(source.pvc)

    must_hold(steps.images, steps.finish(requested).image.name, source.image)


@clause("backing-image.create.content")
@pytest.mark.data
def test_attached_volume_is_exported(steps: ImageExportSteps, workloads: Workloads) -> None:
    """A VolumeSnapshot of a volume that a pod uses all the while becomes an image with the volume's data."""
    source = steps.volumes.volume_with("attached", *FIRST_AND_LAST_UNIT)

    with workloads.attached(source.pvc):
        exported = steps.export_or_block(source)

    must_hold(steps.images, exported.image.name, source.image)


@clause("backing-image.create.content")
@pytest.mark.data
@pytest.mark.size
def test_expanded_volume_is_exported(steps: ImageExportSteps, backing_images: BackingImages) -> None:
    """The image of a volume that was expanded has the new size, and what was written to the new part."""
    _, grown = steps.volumes.made_and_expanded(steps.volumes.new, lambda new: new, 2 * SIZE)
    source = steps.volumes.write(grown, "grown", (0, MIB), (grown.pvc.size - MIB, MIB))

    exported = steps.export_or_block(source)

    must_hold(backing_images, exported.image.name, source.image)


@clause("backing-image.source.base")
@pytest.mark.data
def test_base_is_in_the_image(layered: Layered, steps: ImageExportSteps, backing_images: BackingImages) -> None:
    """The image of a volume that has a backing image holds what was written to the volume, and below it the other."""
    exported = steps.export_or_block(layered.source)

    must_hold(backing_images, exported.image.name, layered.source.image)


@clause("backing-image.source")
def test_claim_must_exist(namespace: str, snapshots: Snapshots, workloads: Workloads) -> None:
    """A VolumeSnapshot of a claim that does not exist gets an error, and is taken once the claim exists."""
    class_name = snapshots.create_class("Delete", {"type": "bi"})

    snapshot = must_wait_for_its_claim(namespace, class_name, snapshots, workloads)

    assert snapshots.wait_bound(snapshot, CONTENT_BOUND_LATE).content_name


@clause("backing-image.source.exactly-one")
@pytest.mark.pre_provisioned
@pytest.mark.parametrize("source", [pytest.param(CLAIM | CONTENT, id="both"), pytest.param({}, id="none")])
def test_only_one_source_may_be_named(source: Obj, cluster: Cluster, namespace: str, snapshots: Snapshots) -> None:
    """A VolumeSnapshot with a claim and a content, or with neither, is refused; with either it is accepted."""
    must_name_one_source(source, namespace, cluster, snapshots)
