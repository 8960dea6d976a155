"""The arrangements of this page. They do what a user does and judge nothing: that is left to the tests."""

from collections.abc import Callable

import pytest

from conformance.backing_image.arrangements import (
    Exported,
    Exporter,
    Formats,
    Layered,
    Moments,
    Requested,
    Restoring,
    Twins,
)
from fixtures.backing_images import BackingImages
from fixtures.snapshots import Snapshots
from fixtures.volumes import OVERWRITTEN, SPECKLES, Source, Volumes


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


@pytest.fixture(scope="session")
def formats(exporter: Exporter, snapshots: Snapshots) -> Formats:
    """VolumeSnapshots with a class of each format, asked for at once."""
    classes = {each: snapshots.create_class("Delete", {"type": "bi", "export-type": each}) for each in ("raw", "qcow2")}
    blank, ends = exporter.volumes.new(), exporter.volumes.write_ends(exporter.volumes.new(), "ends")
    return Formats(exporter.request(blank, classes["raw"]), exporter.request(ends, classes["qcow2"]))


@pytest.fixture(scope="session")
def twins(exporter: Exporter, image_class: str) -> Twins:
    """Two VolumeSnapshots of one volume, asked for at once."""
    source = exporter.volumes.new()
    return Twins(exporter.request(source, image_class), exporter.request(source, image_class))


@pytest.fixture(scope="session")
def moments(exporter: Exporter, image_class: str) -> Moments:
    """Two images of one volume, the first of them overtaken by a write as soon as its VolumeSnapshot was ready."""
    one = exporter.volumes.write(exporter.volumes.new(), "one", *SPECKLES)
    first = exporter.take(one, image_class)
    two = exporter.volumes.write(one, "two", *OVERWRITTEN)
    return Moments(exporter.finish(first), exporter.finish(exporter.request(two, image_class)))


@pytest.fixture(scope="session")
def image_restoring(exported: Exported, exporter: Exporter) -> Restoring:
    """A claim that restores the first image."""
    return exporter.restore(exported)


@pytest.fixture(scope="session")
def layered(exported: Exported, exporter: Exporter) -> Layered:
    """A volume that restored the first image and was overwritten in part then."""
    claim = exporter.volumes.wait_bound(exporter.restore(exported).claim)
    return Layered(exporter.volumes.write(Source(claim, exported.source.image), "upper", *OVERWRITTEN), exported)


@pytest.fixture(scope="session")
def idle_volume(exporter: Exporter) -> Source:
    """A volume that holds nothing, for VolumeSnapshots about which only their acceptance is of interest."""
    return exporter.volumes.new()
