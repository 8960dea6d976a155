"""Deleting a VolumeSnapshot of a backing image under the two deletion policies, and while a volume uses the image.

What must stay is looked at when what must go is gone (`image_witness` and its like), so that "it is still there" is no
matter of looking early enough.
"""

import pytest

from conformance.backing_image.arrangements import Exporter, Policies
from conformance.backing_image.existing import Existing, GivenUp, Stock
from fixtures.catalogue.clauses import clause
from fixtures.longhorn.backing_images import BackingImages
from fixtures.longhorn.disk_images import read_disk_file
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.longhorn.volumes import OVERWRITTEN, SPECKLES, Source
from fixtures.outcomes import standing_on
from fixtures.workloads.data import Image, first_difference


def must_be_whole(images: BackingImages, name: str, content: Image) -> None:
    """An image that is to be kept is there, nobody has asked for its deletion, and its file is right."""
    found = images.find(name)
    assert found is not None, f"the kept image {name} is gone from Longhorn"
    assert "deletionTimestamp" not in found.object["metadata"], f"the kept image {name} is being deleted"
    difference = first_difference(read_disk_file(images.file(name)).data, content)
    assert difference is None, f"the file of the kept image {name}: {difference}"


@clause("backing-image.delete")
@pytest.mark.delete
def test_delete_removes_snapshot_and_content(image_policies: Policies, snapshots: Snapshots) -> None:
    """Under Delete the VolumeSnapshot goes, and its content with it."""
    snapshots.wait_gone(image_policies.deleted.snapshot)
    snapshots.wait_content_gone(image_policies.deleted.content)


@clause("backing-image.delete")
@pytest.mark.delete
def test_delete_removes_the_image(image_policies: Policies, backing_images: BackingImages) -> None:
    """Under Delete the backing image goes."""
    backing_images.wait_gone(image_policies.deleted.image.name)


@clause("backing-image.retain")
@pytest.mark.retain
def test_retain_keeps_the_content(image_witness: Policies, snapshots: Snapshots) -> None:
    """Under Retain the VolumeSnapshot goes, and its content stays with its handle."""
    snapshots.wait_gone(image_witness.retained.snapshot)

    content = snapshots.content(image_witness.retained.content.name)

    assert "deletionTimestamp" not in content.object["metadata"], f"the retained {content} is being deleted"
    assert content.handle == image_witness.retained.content.handle


@clause("backing-image.retain")
@pytest.mark.retain
def test_retain_keeps_the_image(image_witness: Policies, backing_images: BackingImages) -> None:
    """Under Retain the backing image stays, and its file still holds what the volume held."""
    retained = image_witness.retained

    must_be_whole(backing_images, retained.image.name, retained.source.image)


@clause("backing-image.delete.existing.download")
@pytest.mark.delete
@pytest.mark.pre_provisioned
def test_downloaded_image_is_deleted_under_delete(given_downloads: GivenUp, backing_images: BackingImages) -> None:
    """Deleting a VolumeSnapshot made by hand under Delete deletes the downloaded image that its handle names."""
    backing_images.wait_gone(given_downloads.dropped.image.name)


@clause("backing-image.delete.existing.export")
@pytest.mark.delete
@pytest.mark.pre_provisioned
def test_exported_image_is_deleted_under_delete(given_exports: GivenUp, backing_images: BackingImages) -> None:
    """Deleting a VolumeSnapshot made by hand under Delete deletes the exported image that its handle names."""
    backing_images.wait_gone(given_exports.dropped.image.name)


@clause("backing-image.retain.existing.download")
@pytest.mark.retain
@pytest.mark.pre_provisioned
def test_downloaded_image_is_kept_under_retain(
    downloads_witness: GivenUp, snapshots: Snapshots, backing_images: BackingImages
) -> None:
    """Deleting a VolumeSnapshot made by hand under Retain leaves the downloaded image that its handle names."""
    kept = downloads_witness.kept

    snapshots.wait_gone(downloads_witness.retained)

    must_be_whole(backing_images, kept.image.name, kept.content)


@clause("backing-image.retain.existing.export")
@pytest.mark.retain
@pytest.mark.pre_provisioned
def test_exported_image_is_kept_under_retain(
    exports_witness: GivenUp, snapshots: Snapshots, backing_images: BackingImages
) -> None:
    """Deleting a VolumeSnapshot made by hand under Retain leaves the exported image that its handle names."""
    kept = exports_witness.kept

    snapshots.wait_gone(exports_witness.retained)

    must_be_whole(backing_images, kept.image.name, kept.content)


@clause("backing-image.delete.in-use")
@pytest.mark.delete
def test_image_in_use_stays(exporter: Exporter, image_class: str, backing_images: BackingImages) -> None:
    """While a volume uses the image it stays with its VolumeSnapshot, of which the deletion waits; then both go."""
    exported = exporter.given(exporter.request(exporter.volumes.new(), image_class))
    restored = exporter.restored(exported)

    asked = exporter.ask_in_vain(exported)

    assert "deletionTimestamp" in asked.object["metadata"], f"{asked} is not being deleted"
    must_be_whole(backing_images, exported.image.name, exported.source.image)
    exporter.volumes.delete(restored)
    exporter.wait_gone(exported)


@clause("backing-image.delete.in-use.direct")
@pytest.mark.delete
def test_image_in_use_cannot_be_deleted_directly(
    stock: Stock, given_export: Existing, backing_images: BackingImages
) -> None:
    """Longhorn refuses to delete an image while a volume uses it, and deletes it when none does."""
    name = given_export.image.name
    with standing_on("no volume uses the image"):
        claim = stock.volumes.wait_accepted(stock.claim(given_export.documented))

    refused = backing_images.refusal_to_delete(name)

    assert f"cannot delete backing image {name}" in refused.message, refused.message
    must_be_whole(backing_images, name, given_export.content)
    stock.volumes.delete(Source(claim, given_export.content))
    backing_images.delete(name)
    backing_images.wait_gone(name)


@clause("backing-image.delete.others")
@pytest.mark.delete
def test_images_of_a_volume_go_one_by_one(exporter: Exporter, image_class: str, backing_images: BackingImages) -> None:
    """When the older of two images of a volume is deleted the newer is there; it can go when the volume is gone."""
    source, made = exporter.volumes.new(), []
    for seed, ranges in ("older", SPECKLES), ("newer", OVERWRITTEN):
        source = exporter.volumes.write(source, seed, *ranges)
        made.append(exporter.given(exporter.request(source, image_class)))
    older, newer = made

    exporter.delete(older)

    must_be_whole(backing_images, newer.image.name, newer.source.image)
    exporter.volumes.delete(source)
    exporter.delete(newer)


@clause("backing-image.delete")
@pytest.mark.delete
def test_unfinished_image_can_be_deleted(exporter: Exporter, image_class: str, backing_images: BackingImages) -> None:
    """A VolumeSnapshot that is deleted as soon as its content has a handle goes, and its image with it."""
    requested = exporter.request(exporter.volumes.new(), image_class)

    snapshot, image = exporter.delete_unfinished(requested)

    assert not backing_images.find(image.name), f"the image {image.name} of the deleted {snapshot} is there"
