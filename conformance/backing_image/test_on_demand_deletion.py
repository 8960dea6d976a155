"""Delete and Retain of images that were made on demand, and of one that never was."""

import pytest

from conformance.backing_image.on_demand import NAME, OnDemand, OnDemandImages
from conformance.backing_image.requirements import must_be_intact, must_hold
from conformance.scenarios import DeletedPair
from fixtures.catalogue.clauses import clause
from fixtures.longhorn.backing_images import BackingImages
from fixtures.longhorn.handles import BackingImageHandle
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.longhorn.volumes import Source
from fixtures.outcomes import precondition
from fixtures.workloads.pods import Workloads

pytestmark = pytest.mark.on_demand


@clause("backing-image.on-demand.delete")
@pytest.mark.delete
def test_image_is_deleted_under_delete(
    on_demand_deleted_pair: DeletedPair[OnDemand], backing_images: BackingImages
) -> None:
    """Deleting the VolumeSnapshot under Delete deletes the image that was made for its claim."""
    backing_images.wait_gone(on_demand_deleted_pair.deleted.handle.backing_image)


@clause("backing-image.on-demand.delete.download")
@pytest.mark.delete
def test_downloaded_image_is_deleted_under_delete(
    fetched_deleted_pair: DeletedPair[OnDemand], backing_images: BackingImages
) -> None:
    """The same of an image that was downloaded for its claim."""
    backing_images.wait_gone(fetched_deleted_pair.deleted.handle.backing_image)


def must_be_kept(pair: DeletedPair[OnDemand], snapshots: Snapshots, images: BackingImages) -> None:
    """When the image under Delete is gone, and the VolumeSnapshot under Retain, its image is there with its file."""
    with precondition("the image under Delete stays, so that nothing is known of the one under Retain"):
        images.wait_gone(pair.deleted.handle.backing_image)
    snapshots.wait_gone(pair.retained_snapshot)

    kept = images.find(pair.retained.handle.backing_image)

    assert kept is not None, "the retained image is gone from Longhorn"
    assert kept.ready, f"the states of the retained {kept} are {kept.states}"
    assert not kept.object["metadata"].get("deletionTimestamp"), f"the retained {kept} is being deleted"


@clause("backing-image.on-demand.retain")
@pytest.mark.retain
def test_image_is_kept_under_retain(
    on_demand_deleted_pair: DeletedPair[OnDemand], snapshots: Snapshots, backing_images: BackingImages
) -> None:
    """Deleting the VolumeSnapshot under Retain leaves the image that was made for its claim, and its file."""
    must_be_kept(on_demand_deleted_pair, snapshots, backing_images)


@clause("backing-image.on-demand.retain.download")
@pytest.mark.retain
def test_downloaded_image_is_kept_under_retain(
    fetched_deleted_pair: DeletedPair[OnDemand], snapshots: Snapshots, backing_images: BackingImages
) -> None:
    """The same of an image that was downloaded for its claim."""
    must_be_kept(fetched_deleted_pair, snapshots, backing_images)


@clause("backing-image.on-demand.delete.never-made")
@pytest.mark.delete
def test_snapshot_of_an_image_that_was_never_made_goes(on_demand: OnDemand, on_demand_images: OnDemandImages) -> None:
    """A VolumeSnapshot from which nothing was ever restored can be deleted, and no image was ever made for it."""
    on_demand_images.control(on_demand)
    snapshots = on_demand_images.snapshots
    unused = on_demand_images.preprovision(on_demand_images.like(on_demand), on_demand.holds, "Delete")
    on_demand_images.wait_ready(unused)

    snapshots.delete(unused.snapshot)

    snapshots.wait_gone(unused.snapshot)
    snapshots.wait_content_gone(unused.content)
    never_made = on_demand_images.images.never_made(unused.handle.backing_image)
    assert never_made, "an image was made that no claim needed"


@clause("backing-image.on-demand")
@pytest.mark.delete
def test_deleted_image_is_made_again(
    on_demand_images: OnDemandImages, on_demand_source: Source, workloads: Workloads
) -> None:
    """When the image that was made for a claim is deleted, a later claim through its handle gets the data again."""
    first = on_demand_images.export(on_demand_source, policy="Delete")
    on_demand_images.request_deletion(first)
    with precondition("the image that is to be made again is not deleted"):
        on_demand_images.images.wait_gone(first.handle.backing_image)
        on_demand_images.snapshots.wait_content_gone(first.prepared.content)

    again = on_demand_images.restore(first.handle, first.holds)

    workloads.verify(on_demand_images.volumes.wait_bound(again.claim), again.holds)


@clause("backing-image.delete.others")
@pytest.mark.delete
def test_image_of_a_longer_name_stays(
    on_demand_images: OnDemandImages, on_demand_source: Source, backing_images: BackingImages
) -> None:
    """With an image no other one of its volume goes whose name begins with the name of the deleted one."""
    shorter = on_demand_images.export(on_demand_source, policy="Delete")
    name = f"{shorter.handle.backing_image}-2"
    longer = on_demand_images.restore(
        BackingImageHandle.of(**dict(shorter.handle.parameters) | {NAME: name}), shorter.holds
    )
    on_demand_images.control_ready(longer)
    on_demand_images.volumes.delete(Source(on_demand_images.volumes.wait_bound(longer.claim), longer.holds))
    with precondition("the image of the longer name is wrong before anything is deleted", AssertionError):
        must_hold(backing_images, name, longer.holds)

    on_demand_images.request_deletion(shorter)

    with precondition("the image of the shorter name is not deleted"):
        backing_images.wait_gone(shorter.handle.backing_image)
    must_be_intact(backing_images, name, longer.holds)
