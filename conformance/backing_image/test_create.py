"""Create A CSI VolumeSnapshot Associated With Longhorn BackingImage: what a VolumeSnapshot leads to."""

import hashlib
from collections.abc import Mapping

import pytest

from conformance.backing_image.requirements import must_hold
from conformance.backing_image.scenarios import Exported, ImageExportSteps
from conformance.requirements import must_be_bound_both_ways
from conformance.scenarios import Requested
from fixtures.catalogue.clauses import clause
from fixtures.longhorn.backing_images import EXPORT, BackingImages
from fixtures.longhorn.disk_images import read_disk_file
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.longhorn.volumes import SIZE
from fixtures.outcomes import precondition
from fixtures.workloads.data import first_difference

pytestmark = pytest.mark.create


@clause("backing-image.create")
def test_snapshot_leads_to_one_image(image_requested: Requested, steps: ImageExportSteps) -> None:
    """A VolumeSnapshot of class `type: bi` leads to one backing image, exported from the claim's volume."""
    volume = steps.longhorn.volume_of(image_requested.source.pvc)

    made = steps.images.wait_created(image_requested.snapshot)
    with precondition("the VolumeSnapshot does not become ready, so there may be more to come"):
        steps.snapshots.wait_ready(image_requested.snapshot)

    images = [image.name for image in steps.images.exported_from(volume)]
    assert images == [made.name], f"one VolumeSnapshot led to {len(images)} images of volume {volume}: {images}"
    assert (made.source_type, made.parameters["volume-name"]) == (EXPORT, volume)


@clause("backing-image.content")
def test_snapshot_is_bound_to_a_content(image_requested: Requested, snapshots: Snapshots) -> None:
    """A VolumeSnapshot is bound to a VolumeSnapshotContent, and this refers back to it."""
    must_be_bound_both_ways(image_requested, snapshots)


@clause("backing-image.create.content")
@pytest.mark.data
def test_file_holds_the_volume(exported: Exported, exported_file: bytes) -> None:
    """The image's file holds, byte for byte, what the volume held."""
    data = read_disk_file(exported_file).data

    assert not (found := first_difference(data, exported.source.image)), found


@clause("backing-image.create.content")
@pytest.mark.data
def test_ends_of_the_volume_are_in_the_file(formats: Mapping[str, Requested], steps: ImageExportSteps) -> None:
    """The image of a volume that was written at its first and its last sector only holds these, and zeros between."""
    exported = steps.finish_or_block(formats["qcow2"])

    must_hold(steps.images, exported.image.name, exported.source.image)


@clause("backing-image.create.content")
@pytest.mark.data
def test_volume_without_data_is_exported(
    two_snapshots: tuple[Requested, ...], steps: ImageExportSteps, backing_images: BackingImages
) -> None:
    """The image of a volume that was never written holds zeros, as many as the volume is large."""
    exported = steps.finish_or_block(two_snapshots[0])

    must_hold(backing_images, exported.image.name, exported.source.image)


@clause("backing-image.create.point-in-time")
@pytest.mark.data
def test_later_writes_are_not_in_the_image(
    successive_images: tuple[Exported, ...], backing_images: BackingImages
) -> None:
    """Each of two images holds what the volume held when its VolumeSnapshot got ready, and nothing of the next write.

    The first write after it begins as soon as the VolumeSnapshot is ready, whether the export is done or not.
    """
    for exported in successive_images:
        must_hold(backing_images, exported.image.name, exported.source.image)


@clause("backing-image.export.raw")
@pytest.mark.data
def test_raw_image_is_as_large_as_the_volume(
    exported: Exported, exported_file: bytes, backing_images: BackingImages
) -> None:
    """A raw image's file has the size of the volume, and Longhorn reports that as both size and virtual size."""
    image = backing_images.wait_described(exported.image.name)

    reported = {"size": image.size, "virtualSize": image.status.get("virtualSize", SIZE)}

    assert read_disk_file(exported_file).format == "raw", f"the file of {image} is not raw"
    assert len(exported_file) == SIZE, f"the file of {image} has {len(exported_file)} bytes, the volume {SIZE}"
    assert set(reported.values()) == {SIZE}, f"the volume has {SIZE} bytes, of {image} Longhorn reports {reported}"


@clause("backing-image.export.qcow")
@pytest.mark.data
def test_qcow2_image_is_one(formats: Mapping[str, Requested], steps: ImageExportSteps) -> None:
    """An image of format qcow2 is a QCOW2 file whose virtual size is the volume's size, and Longhorn reports both."""
    name = steps.finish_or_block(formats["qcow2"]).image.name

    image, file = steps.images.wait_described(name), steps.images.file(name)

    found = read_disk_file(file)
    reported = image.size, image.status.get("virtualSize", SIZE)
    assert reported == (len(file), SIZE), (
        f"Longhorn reports size and virtual size {reported}, they are {len(file)} and {SIZE}"
    )
    assert found.virtual_size == SIZE
    # Last, since releases are known not to do so: what else is wrong must not hide behind it.
    assert found.format == "qcow2", f"the file of {image} is {found.format}, requested was qcow2"


@clause("backing-image.checksum")
@pytest.mark.data
def test_checksum_is_that_of_the_file(exported: Exported, exported_file: bytes, backing_images: BackingImages) -> None:
    """The checksum that Longhorn reports for a raw image is the SHA-512 of its file."""
    digest = hashlib.sha512(exported_file).hexdigest()

    reported = backing_images.wait_described(exported.image.name).checksum

    assert reported == digest, f"of {exported.image} Longhorn reports {reported}, its file has {digest}"


@clause("backing-image.checksum")
@pytest.mark.data
def test_checksum_is_that_of_a_qcow_file(formats: Mapping[str, Requested], steps: ImageExportSteps) -> None:
    """Of an image of format qcow2 it is the SHA-512 of the file as it is stored, not of the disk in it."""
    image = steps.images.wait_described(steps.finish_or_block(formats["qcow2"]).image.name)

    digest = hashlib.sha512(steps.images.file(image.name)).hexdigest()

    assert image.checksum == digest, f"of {image} Longhorn reports {image.checksum}, its file has {digest}"
