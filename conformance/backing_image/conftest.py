"""The arrangements of this page. They do what a user does and judge nothing: that is left to the tests."""

from collections.abc import Callable

import pytest

from conformance.backing_image.arrangements import Exported, Exporter, Requested
from fixtures.backing_images import BackingImages
from fixtures.snapshots import Snapshots
from fixtures.volumes import SPECKLES, Volumes


@pytest.fixture(scope="session")
def exporter(volumes_in: Callable[[str], Volumes], snapshots: Snapshots, backing_images: BackingImages) -> Exporter:
    """The steps, in a namespace for what tests share."""
    return Exporter(volumes_in("images"), snapshots, backing_images)


@pytest.fixture(scope="session")
def image_class(snapshots: Snapshots) -> str:
    """A VolumeSnapshotClass for backing images with deletionPolicy Delete, as the page writes it, of format raw."""
    return snapshots.create_class("Delete", {"type": "bi"})


@pytest.fixture(scope="session")
def image_requested(exporter: Exporter, image_class: str) -> Requested:
    """A VolumeSnapshot of a Block volume with known data, of which nothing else is ever made."""
    return exporter.request(exporter.volumes.write(exporter.volumes.new(), "exported", *SPECKLES), image_class)


@pytest.fixture(scope="session")
def exported(image_requested: Requested, exporter: Exporter) -> Exported:
    """That VolumeSnapshot when it is ready and its image has a complete file."""
    return exporter.finish(image_requested)
