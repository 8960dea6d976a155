"""Delete and Retain of images that were made on demand, and of one that never was."""

import pytest

from conformance.backing_image.on_demand import Demands, LetGo, OnDemand
from fixtures.catalogue.clauses import clause
from fixtures.longhorn.backing_images import BackingImages
from fixtures.longhorn.volume_snapshots import Snapshots

pytestmark = pytest.mark.on_demand


@clause("backing-image.on-demand.delete")
@pytest.mark.delete
def test_image_is_deleted_under_delete(let_go: LetGo, backing_images: BackingImages) -> None:
    """Deleting the VolumeSnapshot under Delete deletes the image that was made for its claim."""
    backing_images.wait_gone(let_go.dropped.handle.backing_image)


@clause("backing-image.on-demand.retain")
@pytest.mark.retain
def test_image_is_kept_under_retain(image_gone: LetGo, snapshots: Snapshots, backing_images: BackingImages) -> None:
    """Deleting the VolumeSnapshot under Retain leaves the image that was made for its claim, and its file."""
    snapshots.wait_gone(image_gone.kept.announced.snapshot)

    kept = backing_images.find(image_gone.kept.handle.backing_image)

    assert kept is not None, "the retained image is gone from Longhorn"
    assert kept.ready, f"the states of the retained {kept} are {kept.states}"
    assert not kept.object["metadata"].get("deletionTimestamp"), f"the retained {kept} is being deleted"


@clause("backing-image.on-demand.delete.never-made")
@pytest.mark.delete
def test_snapshot_of_an_image_that_was_never_made_goes(
    on_demand: OnDemand, demands: Demands, backing_images: BackingImages
) -> None:
    """A VolumeSnapshot from which nothing was ever restored can be deleted, and no image was ever made for it."""
    demands.control(on_demand)
    announced = demands.announce(demands.like(on_demand), on_demand.holds, "Delete")
    demands.wait_ready(announced)

    demands.delete(announced)

    demands.wait_gone(announced)
    assert not backing_images.history(announced.handle.backing_image), "an image was made that no claim needed"
