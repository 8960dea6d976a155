"""A namespace is deleted with two VolumeSnapshots of backing images in it: what goes along, and what stays."""

import pytest

from conformance.backing_image.requirements import must_be_intact
from conformance.backing_image.scenarios import Exported, ImageExportSteps
from conformance.requirements import must_keep_the_content
from conformance.scenarios import Policies
from fixtures.catalogue.clauses import clause
from fixtures.outcomes import precondition


@clause("backing-image.delete")
@pytest.mark.delete
def test_delete_is_honoured(images_of_deleted_namespace: Policies[Exported], steps: ImageExportSteps) -> None:
    """Under Delete content and image of a VolumeSnapshot are removed when its namespace is deleted."""
    steps.wait_gone(images_of_deleted_namespace.deleted)


@clause("backing-image.retain")
@pytest.mark.retain
def test_retain_is_honoured(images_of_deleted_namespace: Policies[Exported], steps: ImageExportSteps) -> None:
    """Under Retain content and image of a VolumeSnapshot stay, as they are, when its namespace is deleted."""
    retained = images_of_deleted_namespace.retained
    with precondition("the image under Delete stays, so that nothing is known of the one under Retain"):
        steps.wait_gone(images_of_deleted_namespace.deleted)

    must_keep_the_content(retained.snapshot, retained.content, steps.snapshots)

    must_be_intact(steps.images, retained.image.name, retained.source.image)
