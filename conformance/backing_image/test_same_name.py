"""A VolumeSnapshot with the name of an earlier one, of a volume that was changed in between: each has its own image."""

import pytest

from conformance.backing_image.requirements import must_be_intact, must_hold
from conformance.backing_image.scenarios import ImageExportSteps, SameName
from fixtures.catalogue.clauses import clause
from fixtures.longhorn.handles import parse_backing_image_handle
from fixtures.longhorn.volume_snapshots import Snapshots


@clause("backing-image.name.uid")
@pytest.mark.mechanism
@pytest.mark.names
def test_reused_name_leads_to_another_image(same_name: SameName, snapshots: Snapshots) -> None:
    """A VolumeSnapshot with the name of an earlier one, whose image was retained, has a content and an image itself."""
    content = snapshots.wait_handle(same_name.later.snapshot)

    named = parse_backing_image_handle(content.handle).backing_image

    retained = same_name.retained
    assert content.name != retained.content.name, f"{content} is that of an earlier VolumeSnapshot of this name"
    assert named != retained.image.name, f"the image {named} is that of an earlier VolumeSnapshot of this name"


@clause("backing-image.create.content")
@pytest.mark.create
@pytest.mark.data
def test_changed_volume_is_exported_again(same_name: SameName, steps: ImageExportSteps) -> None:
    """A second image of a volume holds equal blocks and zeros that were written in between, and what was left."""
    exported = steps.finish_or_block(same_name.later)

    must_hold(steps.images, exported.image.name, exported.source.image)


@clause("backing-image.create.point-in-time")
@pytest.mark.create
@pytest.mark.data
def test_complete_image_does_not_change(same_name: SameName, steps: ImageExportSteps) -> None:
    """The image of a volume that was written to and exported again since it was complete is still what it was."""
    steps.finish_or_block(same_name.later)

    must_be_intact(steps.images, same_name.retained.image.name, same_name.retained.source.image)
