"""Deleting a VolumeSnapshot of a backing image under the two deletion policies, and while a volume uses the image.

What must stay is checked once what must be deleted is gone (`image_witness` and similar), so that a slow deletion is
not taken for retention.
"""

import pytest

from conformance.backing_image.existing import Existing, ExistingImages
from conformance.backing_image.requirements import must_be_intact
from conformance.backing_image.scenarios import Exported, ImageExportSteps
from conformance.requirements import must_keep_the_content
from conformance.scenarios import DeletedPair, Policies
from fixtures.catalogue.clauses import clause
from fixtures.longhorn.backing_images import BackingImages
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.longhorn.volumes import FIRST_AND_LAST_UNIT, OVERWRITES, SPARSE_WRITES, Source
from fixtures.outcomes import Blocked, precondition


@clause("backing-image.delete")
@pytest.mark.delete
def test_delete_removes_snapshot_and_content(image_policies: Policies[Exported], snapshots: Snapshots) -> None:
    """Under Delete the VolumeSnapshot is removed, and its content with it."""
    snapshots.wait_gone(image_policies.deleted.snapshot)
    snapshots.wait_content_gone(image_policies.deleted.content)


@clause("backing-image.delete")
@pytest.mark.delete
def test_delete_removes_the_image(image_policies: Policies[Exported], backing_images: BackingImages) -> None:
    """Under Delete the backing image is removed."""
    backing_images.wait_gone(image_policies.deleted.image.name)


@clause("backing-image.retain")
@pytest.mark.retain
def test_retain_keeps_the_content(image_witness: Policies[Exported], snapshots: Snapshots) -> None:
    """Under Retain the VolumeSnapshot is removed, and its content stays with its handle."""
    must_keep_the_content(image_witness.retained.snapshot, image_witness.retained.content, snapshots)


@clause("backing-image.retain")
@pytest.mark.retain
def test_retain_keeps_the_image(image_witness: Policies[Exported], backing_images: BackingImages) -> None:
    """Under Retain the backing image stays, and its file still holds what the volume held."""
    retained = image_witness.retained

    must_be_intact(backing_images, retained.image.name, retained.source.image)


@clause("backing-image.delete.existing.download")
@pytest.mark.delete
@pytest.mark.pre_provisioned
def test_downloaded_image_is_deleted(deleted_downloads: DeletedPair[Existing], backing_images: BackingImages) -> None:
    """Deleting a pre-provisioned VolumeSnapshot under Delete deletes the downloaded image that its handle names."""
    backing_images.wait_gone(deleted_downloads.deleted.image.name)


@clause("backing-image.delete.existing.export")
@pytest.mark.delete
@pytest.mark.pre_provisioned
def test_exported_image_is_deleted(deleted_exports: DeletedPair[Existing], backing_images: BackingImages) -> None:
    """Deleting a pre-provisioned VolumeSnapshot under Delete deletes the exported image that its handle names."""
    backing_images.wait_gone(deleted_exports.deleted.image.name)


def must_be_kept(witness: DeletedPair[Existing], snapshots: Snapshots, images: BackingImages) -> None:
    """Under Retain the VolumeSnapshot is removed, and its image stays."""
    snapshots.wait_gone(witness.retained_snapshot)

    must_be_intact(images, witness.retained.image.name, witness.retained.content)


@clause("backing-image.retain.existing.download")
@pytest.mark.retain
@pytest.mark.pre_provisioned
def test_downloaded_image_is_kept_under_retain(
    downloads_witness: DeletedPair[Existing], snapshots: Snapshots, backing_images: BackingImages
) -> None:
    """Deleting a pre-provisioned VolumeSnapshot under Retain leaves the downloaded image that its handle names."""
    must_be_kept(downloads_witness, snapshots, backing_images)


@clause("backing-image.retain.existing.export")
@pytest.mark.retain
@pytest.mark.pre_provisioned
def test_exported_image_is_kept_under_retain(
    exports_witness: DeletedPair[Existing], snapshots: Snapshots, backing_images: BackingImages
) -> None:
    """Deleting a pre-provisioned VolumeSnapshot under Retain leaves the exported image that its handle names."""
    must_be_kept(exports_witness, snapshots, backing_images)


@clause("backing-image.delete.in-use")
@pytest.mark.delete
def test_image_in_use_stays(steps: ImageExportSteps, backing_images: BackingImages) -> None:
    """While a volume uses the image it stays with its VolumeSnapshot, of which the deletion waits; then both go."""
    exported = steps.export_or_block(steps.volumes.volume_with("in-use", *FIRST_AND_LAST_UNIT))
    restored = steps.restored(exported)

    waiting = steps.delete_while_in_use(exported)

    assert "deletionTimestamp" in waiting.object["metadata"], f"{waiting} is not being deleted"
    must_be_intact(backing_images, exported.image.name, exported.source.image)
    steps.volumes.delete(restored)
    steps.wait_gone(exported)


@clause("backing-image.delete.in-use.direct")
@pytest.mark.delete
def test_image_in_use_cannot_be_deleted_directly(existing: ExistingImages, own_export: Existing) -> None:
    """Longhorn refuses to delete an image while two volumes use it, and while one does; then it deletes it."""
    name = own_export.image.name
    with precondition("no volume uses the image"):
        claims = [existing.volumes.wait_accepted(existing.claim(own_export.documented)) for _ in range(2)]

    for claim in claims:
        refused = existing.steps.images.rejected_deletion(name)

        assert name in refused.message, refused.message
        must_be_intact(existing.steps.images, name, own_export.content)
        existing.volumes.delete(Source(claim, own_export.content))
    if existing.steps.images.find(name) is None:
        raise Blocked(f"the image {name} is gone, and nobody has deleted it")
    existing.steps.images.delete_unused(name)
    existing.steps.images.wait_gone(name)


@clause("backing-image.delete.others")
@pytest.mark.delete
def test_images_of_a_volume_go_one_by_one(steps: ImageExportSteps, backing_images: BackingImages) -> None:
    """Of three images of a volume each goes alone: the middle one, the oldest, and the newest without its volume."""
    source, made = steps.volumes.new(), []
    for seed, ranges in ("oldest", SPARSE_WRITES), ("middle", OVERWRITES), ("newest", SPARSE_WRITES):
        source = steps.volumes.write(source, seed, *ranges)
        made.append(steps.export_or_block(source))
    oldest, middle, newest = made

    steps.delete(middle)

    must_be_intact(backing_images, oldest.image.name, oldest.source.image)
    must_be_intact(backing_images, newest.image.name, newest.source.image)
    steps.delete(oldest)
    must_be_intact(backing_images, newest.image.name, newest.source.image)
    steps.volumes.delete(source)
    steps.delete(newest)


@clause("backing-image.delete")
@pytest.mark.delete
def test_unfinished_image_can_be_deleted(steps: ImageExportSteps, backing_images: BackingImages) -> None:
    """A VolumeSnapshot deleted as soon as its content has a handle is removed, and its image with it."""
    requested = steps.request(steps.volumes.new())

    snapshot, image = steps.delete_unfinished(requested)

    assert not backing_images.find(image.name), f"the image {image.name} of the deleted {snapshot} still exists"
