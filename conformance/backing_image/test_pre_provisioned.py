"""Restore a Longhorn BackingImage that Has No Associated VolumeSnapshot: pre-provisioned objects."""

import hashlib

import pytest

from conformance.backing_image.existing import ExistingImages, ImagesByOrigin, PreProvisionedImage, written_handle
from conformance.backing_image.requirements import must_get_the_image
from conformance.requirements import (
    must_bind_the_named_content,
    must_need_a_complete_reference,
    must_not_bind_another,
    must_show_the_handle,
    must_wait_for_its_content,
    naming,
)
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.budgets import PRE_PROVISIONED_READY
from fixtures.kubernetes.client import Cluster
from fixtures.longhorn.backing_images import DOWNLOAD, EXPORT, UPLOAD, BackingImages
from fixtures.longhorn.volume_snapshots import Snapshots, is_ready
from fixtures.outcomes import precondition
from fixtures.workloads.pods import Workloads

pytestmark = pytest.mark.pre_provisioned


@clause("backing-image.pre-provisioned.download")
def test_downloaded_image_is_restored(
    downloaded: PreProvisionedImage, existing: ExistingImages, workloads: Workloads
) -> None:
    """A claim through a handle of a downloaded raw image gets a volume of this image, with its data."""
    claim = must_get_the_image(downloaded.claim, downloaded, existing)

    workloads.verify(claim, downloaded.existing.content, exact_size=False)


@clause("backing-image.pre-provisioned.download")
def test_downloaded_qcow2_is_restored(
    downloaded_qcow2: PreProvisionedImage, existing: ExistingImages, workloads: Workloads
) -> None:
    """A claim through a handle of a downloaded qcow2 image gets a volume of this image, with the data of the disk."""
    claim = must_get_the_image(downloaded_qcow2.claim, downloaded_qcow2, existing)

    workloads.verify(claim, downloaded_qcow2.existing.content, exact_size=False)


@clause("backing-image.pre-provisioned.export")
def test_exported_image_is_restored(
    existing_export: PreProvisionedImage, existing: ExistingImages, workloads: Workloads
) -> None:
    """A claim through a handle of an image exported as raw gets a volume of this image, with its data."""
    claim = must_get_the_image(existing_export.claim, existing_export, existing)

    workloads.verify(claim, existing_export.existing.content)


@clause("backing-image.pre-provisioned.export")
def test_exported_qcow2_is_restored(
    existing_qcow2_export: PreProvisionedImage, existing: ExistingImages, workloads: Workloads
) -> None:
    """The same of an image exported as qcow2, whatever its file is."""
    claim = must_get_the_image(existing_qcow2_export.claim, existing_qcow2_export, existing)

    workloads.verify(claim, existing_qcow2_export.existing.content)


@clause("backing-image.pre-provisioned.source-type")
def test_other_source_types_are_restored(existing: ExistingImages, backing_images: BackingImages) -> None:
    """A claim through a handle of an existing image that was made for an upload gets a volume of it."""
    image = backing_images.create(UPLOAD, {})
    claim = existing.claim({"backingImageDataSourceType": UPLOAD, "backingImage": image.name})

    bound = existing.volumes.wait_accepted(claim)

    assert existing.volumes.image_of(bound) == image.name


@clause("backing-image.pre-provisioned.no-second-image")
@pytest.mark.parametrize("of", ["download", "export"])
def test_no_second_image_is_made(
    of: str, by_origin: ImagesByOrigin, existing: ExistingImages, backing_images: BackingImages
) -> None:
    """Of what an image was made from there is no second image after its restore; on demand one is made."""
    restored = by_origin[of]
    image = restored.existing.image
    url, _ = existing.publish(f"witness-{image.source_type}")
    other = {"backingImageDataSourceType": DOWNLOAD, "backingImage": backing_images.new_name("witness"), "url": url}

    with precondition("the image that exists is not restored, or none is made on demand"):
        existing.volumes.wait_accepted(restored.claim)
        existing.volumes.wait_accepted(existing.claim(other))
        backing_images.wait_exists(other["backingImage"])

    made = backing_images.history(image.name).created.version
    found = [each.name for each in backing_images.with_source(image.source_type, restored.existing.parameters, made)]
    assert found == [image.name], f"of the same source there are {found}"


@clause("backing-image.pre-provisioned.shown")
def test_longhorn_reports_the_parameters(downloaded: PreProvisionedImage, backing_images: BackingImages) -> None:
    """Longhorn reports an image's source type, its source parameters and the checksum of its file."""
    existing = downloaded.existing

    shown = backing_images.image(existing.image.name)

    assert (shown.source_type, shown.parameters) == (DOWNLOAD, dict(existing.parameters))
    checksum = hashlib.sha512(existing.content.data()).hexdigest()
    assert shown.checksum == checksum, f"the checksum of {shown} is {shown.checksum}, of its file {checksum}"


@clause("backing-image.pre-provisioned.handle")
def test_content_carries_the_handle(existing_export: PreProvisionedImage, snapshots: Snapshots) -> None:
    """The handle of a pre-provisioned content is the one it was created with, and its VolumeSnapshot becomes ready."""
    export = existing_export

    must_show_the_handle(export.handle, export.snapshot, export.content, snapshots)


@clause("backing-image.pre-provisioned.content-name")
def test_snapshot_is_bound_to_the_named_content(existing_export: PreProvisionedImage, snapshots: Snapshots) -> None:
    """The VolumeSnapshot is bound to the content that it names in its source."""
    must_bind_the_named_content(existing_export.snapshot, existing_export.content, snapshots)


@clause("backing-image.pre-provisioned.content-name")
def test_content_must_exist(existing_export: PreProvisionedImage, snapshots: Snapshots) -> None:
    """A VolumeSnapshot of a content that does not exist gets an error, and is bound once the content exists."""
    export, name = existing_export, f"comes-later-{existing_export.content.name}"

    must_wait_for_its_content(export.handle, export.snapshot.namespace, name, snapshots)


@clause("backing-image.pre-provisioned.reference")
def test_unnamed_snapshot_is_not_bound(existing_export: PreProvisionedImage, snapshots: Snapshots) -> None:
    """A VolumeSnapshot that names the content of another one gets an error; the one that the content names is ready."""
    snapshot = snapshots.wait_ready(existing_export.snapshot, PRE_PROVISIONED_READY)

    must_not_bind_another(existing_export.content, snapshot.namespace, snapshots)


@clause("backing-image.pre-provisioned.reference")
@pytest.mark.parametrize("missing", ["name", "namespace"])
def test_reference_must_be_complete(missing: str, namespace: str, cluster: Cluster, snapshots: Snapshots) -> None:
    """Through a content whose volumeSnapshotRef lacks the name or the namespace no VolumeSnapshot is bound."""
    handle = written_handle({"backingImageDataSourceType": EXPORT, "backingImage": "some-image"})

    must_need_a_complete_reference(handle, missing, namespace, cluster, snapshots)


@clause("backing-image.pre-provisioned.class")
def test_class_of_the_content_must_exist(existing_export: PreProvisionedImage, snapshots: Snapshots) -> None:
    """With a missing class the VolumeSnapshot gets an error that names it; with one that exists it becomes ready."""
    namespace = existing_export.snapshot.namespace
    _, snapshot = snapshots.preprovision(existing_export.handle, namespace, policy="Retain", class_name="no-such-class")

    snapshots.wait_error(snapshot, naming("no-such-class"))

    with precondition("the VolumeSnapshot whose class exists is not ready either"):
        snapshots.wait_ready(existing_export.snapshot, PRE_PROVISIONED_READY)
    assert snapshots.history(snapshot).never(is_ready)
