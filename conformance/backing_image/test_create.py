"""Create A CSI VolumeSnapshot Associated With Longhorn BackingImage: what a VolumeSnapshot leads to."""

import hashlib

import pytest

from conformance.backing_image.arrangements import Exported
from fixtures.backing_images import EXPORT, BackingImages
from fixtures.catalogue import clause
from fixtures.diskfiles import read_disk_file
from fixtures.longhorn import Longhorn
from fixtures.stream import first_difference

pytestmark = pytest.mark.create


@clause("backing-image.create")
def test_snapshot_leads_to_one_image(exported: Exported, longhorn: Longhorn, backing_images: BackingImages) -> None:
    """A VolumeSnapshot of class `type: bi` leads to one backing image, exported from the claim's volume."""
    volume = longhorn.volume_of(exported.source.pvc)

    images = backing_images.exported_from(volume)

    assert [image.name for image in images] == [exported.image.name]
    assert (images[0].source_type, images[0].parameters["volume-name"]) == (EXPORT, volume)


@clause("backing-image.create.content")
@pytest.mark.content
def test_file_holds_the_volume(exported: Exported, backing_images: BackingImages) -> None:
    """The image's file holds, byte for byte, what the volume held, and Longhorn tells its SHA-512."""
    file = backing_images.file(exported.image.name)

    assert not (found := first_difference(read_disk_file(file).data, exported.source.image)), found
    assert exported.image.checksum == hashlib.sha512(file).hexdigest()
