"""The scenarios of this page. They do what a user does and assert nothing: that is left to the tests."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from conformance.backing_image.existing import (
    NAME_WITH_ESCAPES,
    Existing,
    ExistingImages,
    ImagesByOrigin,
    PreProvisionedImage,
)
from conformance.backing_image.on_demand import OnDemand, OnDemandImages, OnDemandSnapshot, Published, Publisher
from conformance.backing_image.scenarios import Exported, ImageExportSteps, Layered, SameName
from conformance.scenarios import DeletedPair, Policies, Requested, Restoring
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.resource_kinds import NAMESPACE
from fixtures.kubernetes.run import Run
from fixtures.longhorn.backing_images import BackingImages
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.longhorn.volumes import (
    BLOCK,
    FIRST_AND_LAST_UNIT,
    OVERWRITES,
    SIZE,
    SPARSE_WRITES,
    WRITE_UNIT,
    Source,
    Volumes,
)
from fixtures.s3.object_store import ObjectStore
from fixtures.workloads.data import MIB


@pytest.fixture(scope="session")
def steps(
    volumes_in: Callable[[str], Volumes],
    snapshots: Snapshots,
    backing_images: BackingImages,
    longhorn: Longhorn,
    image_class: str,
) -> ImageExportSteps:
    """What users do to export images, step by step, in a namespace for what tests share."""
    return ImageExportSteps(volumes_in("images"), snapshots, backing_images, longhorn, image_class)


@pytest.fixture(scope="session")
def image_class(snapshots: Snapshots) -> str:
    """A VolumeSnapshotClass for backing images with deletionPolicy Delete, as the page writes it, of format raw."""
    return snapshots.create_class("Delete", {"type": "bi"})


@pytest.fixture(scope="session")
def retaining_image_class(snapshots: Snapshots) -> str:
    """The same with deletionPolicy Retain."""
    return snapshots.create_class("Retain", {"type": "bi"})


@pytest.fixture(scope="session")
def image_requested(steps: ImageExportSteps, empty_source: Source) -> Requested:
    """A VolumeSnapshot of a Block volume with known data, of which nothing else is ever made; another volume exists."""
    del empty_source
    return steps.request(steps.volumes.volume_with("exported", *SPARSE_WRITES))


@pytest.fixture(scope="session")
def exported(image_requested: Requested, steps: ImageExportSteps) -> Exported:
    """`image_requested` once it is ready and its image has a complete file; another volume's if that does not begin."""
    tries = iter((image_requested,))

    def make() -> Exported:
        return steps.finish(next(tries, None) or steps.request(steps.volumes.volume_with("again", *SPARSE_WRITES)))

    return steps.images.unless_stalled(make)


@pytest.fixture(scope="session")
def exported_file(exported: Exported, backing_images: BackingImages) -> bytes:
    """The file of the image of `exported`."""
    return backing_images.file(exported.image.name)


@pytest.fixture(scope="session")
def formats(steps: ImageExportSteps, snapshots: Snapshots) -> Mapping[str, Requested]:
    """VolumeSnapshots by the format that their class names, of a volume each; not waited for.

    The volume of the qcow2 one was written at its first and last sector only, the other one never.
    """
    classes = {each: snapshots.create_class("Delete", {"type": "bi", "export-type": each}) for each in ("raw", "qcow2")}
    blank, ends = steps.volumes.new(), steps.volumes.write_first_and_last_sector(steps.volumes.new(), "ends")
    return {each: steps.request(source, classes[each]) for each, source in (("raw", blank), ("qcow2", ends))}


@pytest.fixture(scope="session")
def three_exports(image_requested: Requested, formats: Mapping[str, Requested]) -> tuple[Requested, ...]:
    """`image_requested` and both `formats`: VolumeSnapshots of three volumes; not waited for."""
    return image_requested, formats["raw"], formats["qcow2"]


@pytest.fixture(scope="session")
def two_snapshots(steps: ImageExportSteps) -> tuple[Requested, ...]:
    """Two VolumeSnapshots of one volume, created at once."""
    source = steps.volumes.new()
    return steps.request(source), steps.request(source)


@pytest.fixture(scope="session")
def successive_images(steps: ImageExportSteps) -> tuple[Exported, ...]:
    """Two images of one volume, the first of them overtaken by a write as soon as its VolumeSnapshot was ready."""
    one = steps.volumes.volume_with("one", *SPARSE_WRITES)
    first = steps.take(one)
    two = steps.volumes.write(one, "two", *OVERWRITES)
    return steps.finish(first), steps.export(two)


@pytest.fixture(scope="session")
def settled_images(successive_images: tuple[Exported, ...], steps: ImageExportSteps) -> tuple[Exported, ...]:
    """Two images of the volume of `successive_images`, correct even if a release includes later writes in an export."""
    older = successive_images[1]
    newest = steps.volumes.write(older.source, "three", *FIRST_AND_LAST_UNIT)
    return older, steps.export(newest)


@pytest.fixture(scope="session")
def image_restoring(exported: Exported, steps: ImageExportSteps) -> Restoring[Exported]:
    """A claim that restores `exported`; not waited for."""
    return steps.restore(exported)


@pytest.fixture(scope="session")
def restored_for_good(
    settled_images: tuple[Exported, ...], steps: ImageExportSteps, retaining_image_class: str
) -> Source:
    """A volume that restored an image under Retain, whose VolumeSnapshot is gone since."""
    exported = steps.export_or_block(settled_images[-1].source, retaining_image_class)
    restored = steps.restored(exported)
    steps.snapshots.delete(exported.snapshot)
    steps.snapshots.wait_gone(exported.snapshot)
    return restored


@pytest.fixture(scope="session")
def layered(exported: Exported, steps: ImageExportSteps) -> Layered:
    """A volume that restored `exported` and was then partly overwritten; another one restored `exported` before."""
    brother, claim = [steps.volumes.wait_bound(steps.restore(exported).claim) for _ in range(2)]
    written = steps.volumes.write(Source(claim, exported.source.image), "upper", *OVERWRITES)
    return Layered(written, exported, brother)


@pytest.fixture(scope="session")
def empty_source(steps: ImageExportSteps) -> Source:
    """An empty volume, for VolumeSnapshots that only have to be accepted or refused."""
    return steps.volumes.new()


@pytest.fixture(scope="session")
def existing(
    steps: ImageExportSteps, volumes_in: Callable[[str], Volumes], run: Run, optional_object_store: ObjectStore | None
) -> ExistingImages:
    """Makes images without CSI, and contents, VolumeSnapshots and claims for them, in a dedicated namespace."""
    return ExistingImages(steps, volumes_in("by-hand"), run.name("files"), optional_object_store)


@pytest.fixture(scope="session")
def downloaded(existing: ExistingImages) -> PreProvisionedImage:
    """A raw image that Longhorn downloaded, and a claim that restores it."""
    return existing.preprovision(existing.download("downloaded-raw"))


@pytest.fixture(scope="session")
def downloaded_qcow2(existing: ExistingImages) -> PreProvisionedImage:
    """A qcow2 image that Longhorn downloaded, and a claim that restores it."""
    return existing.preprovision(existing.download("downloaded-qcow2", packed=True))


@pytest.fixture(scope="session")
def escaped_url(existing: ExistingImages) -> PreProvisionedImage:
    """A downloaded image whose URL contains escapes, and a claim that restores it."""
    return existing.preprovision(existing.download("escaped", key=NAME_WITH_ESCAPES))


@pytest.fixture(scope="session")
def existing_source(existing: ExistingImages) -> Source:
    """A volume with known data, for `existing_export` and `existing_qcow2_export` only."""
    return existing.volumes.volume_with("exported-by-hand", *SPARSE_WRITES)


@pytest.fixture(scope="session")
def existing_export(existing: ExistingImages, existing_source: Source) -> PreProvisionedImage:
    """A raw image of `existing_source`, exported without CSI, and a claim that restores it."""
    return existing.preprovision(existing.export(existing_source))


@pytest.fixture(scope="session")
def by_origin(downloaded: PreProvisionedImage, existing_export: PreProvisionedImage) -> ImagesByOrigin:
    """`downloaded` and `existing_export` by the words `download`, `export`."""
    return {"download": downloaded, "export": existing_export}


@pytest.fixture(scope="session")
def existing_qcow2_export(existing: ExistingImages, existing_source: Source) -> PreProvisionedImage:
    """A qcow2 image of `existing_source`, exported without CSI, and a claim that restores it."""
    return existing.preprovision(existing.export(existing_source, "qcow2"))


@pytest.fixture(scope="session")
def image_policies(steps: ImageExportSteps, snapshots: Snapshots, retaining_image_class: str) -> Policies[Exported]:
    """Two images of one volume with different data, under Retain and under Delete; their deletion is requested."""
    kept = steps.volumes.volume_with("kept", *SPARSE_WRITES)
    retained = steps.export(kept, retaining_image_class)
    dropped = steps.volumes.write(kept, "dropped", *OVERWRITES)
    policies = Policies(retained, steps.export(dropped))
    snapshots.delete(policies.retained.snapshot)
    snapshots.delete(policies.deleted.snapshot)
    return policies


@pytest.fixture(scope="session")
def same_name(image_policies: Policies[Exported], steps: ImageExportSteps, snapshots: Snapshots) -> SameName:
    """The retained image of `image_policies`, and a later VolumeSnapshot of its name.

    Its volume was written with equal blocks and with zeros before.
    """
    retained, newest = image_policies.retained, image_policies.deleted.source
    snapshots.wait_gone(retained.snapshot)
    equal = steps.volumes.write_equal_blocks(newest, "later", (2 * BLOCK, 2 * BLOCK), (SIZE - BLOCK, BLOCK))
    zeroed = steps.volumes.write_zeros(equal, (WRITE_UNIT, MIB))
    return SameName(retained, steps.request(zeroed, name=retained.snapshot.name))


@pytest.fixture(scope="session")
def image_witness(
    image_policies: Policies[Exported], snapshots: Snapshots, backing_images: BackingImages
) -> Policies[Exported]:
    """`image_policies` once VolumeSnapshot, content and image under Delete are gone."""
    snapshots.wait_gone(image_policies.deleted.snapshot)
    snapshots.wait_content_gone(image_policies.deleted.content)
    backing_images.wait_gone(image_policies.deleted.image.name)
    return image_policies


@pytest.fixture(scope="session")
def images_of_deleted_namespace(
    steps: ImageExportSteps, volumes_in: Callable[[str], Volumes], retaining_image_class: str, cluster: Cluster
) -> Policies[Exported]:
    """Two images under Retain and Delete, with their VolumeSnapshots; deletion of their namespace is requested."""
    there = replace(steps, volumes=volumes_in("deleted-images"))
    source = there.volumes.new()
    requested = there.request(source, retaining_image_class), there.request(source)
    made = Policies(*map(there.finish_or_block, requested))
    cluster.delete(NAMESPACE, source.pvc.namespace)
    return made


@pytest.fixture(scope="session")
def deleted_downloads(existing: ExistingImages) -> DeletedPair[Existing]:
    """Two downloaded images, whose VolumeSnapshots are deleted under Delete and Retain."""
    return existing.delete_pair(*map(existing.download, ("dropped-download", "kept-download")))


@pytest.fixture(scope="session")
def downloads_witness(deleted_downloads: DeletedPair[Existing], backing_images: BackingImages) -> DeletedPair[Existing]:
    """`deleted_downloads` once the image under Delete is gone."""
    backing_images.wait_gone(deleted_downloads.deleted.image.name)
    return deleted_downloads


@pytest.fixture(scope="session")
def dropped_source(existing: ExistingImages) -> Source:
    """A volume with known data, whose images are deleted."""
    return existing.volumes.volume_with("exported-to-be-deleted", *SPARSE_WRITES)


@pytest.fixture(scope="session")
def deleted_exports(existing: ExistingImages, dropped_source: Source) -> DeletedPair[Existing]:
    """Two images exported without CSI, whose VolumeSnapshots are deleted under Delete and Retain."""
    return existing.delete_pair(*(existing.export(dropped_source) for _ in range(2)))


@pytest.fixture(scope="session")
def exports_witness(deleted_exports: DeletedPair[Existing], backing_images: BackingImages) -> DeletedPair[Existing]:
    """`deleted_exports` once the image under Delete is gone."""
    backing_images.wait_gone(deleted_exports.deleted.image.name)
    return deleted_exports


@pytest.fixture
def own_export(existing: ExistingImages, dropped_source: Source) -> Existing:
    """An image for one test only, exported without CSI."""
    return existing.finish(existing.export(dropped_source))


# Images that are made on demand ---------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def on_demand_images(steps: ImageExportSteps, volumes_in: Callable[[str], Volumes]) -> OnDemandImages:
    """The steps for images on demand, in a namespace for what tests share."""
    return OnDemandImages(volumes_in("demands"), steps.snapshots, steps.images, steps.longhorn)


@pytest.fixture(scope="session")
def on_demand_source(on_demand_images: OnDemandImages) -> Source:
    """A Block volume with known data, of which several images are made."""
    return on_demand_images.volumes.volume_with("demanded", *SPARSE_WRITES)


@pytest.fixture(scope="session")
def on_demand_snapshot(on_demand_images: OnDemandImages, on_demand_source: Source) -> OnDemandSnapshot:
    """A content and a VolumeSnapshot for an image to be exported, raw, from a volume of which no other is made.

    There is another volume with other data, which must not be taken for it.
    """
    del on_demand_source
    source = on_demand_images.volumes.volume_with("announced", *SPARSE_WRITES)
    return on_demand_images.preprovision(on_demand_images.export_of(source), source.image)


@pytest.fixture(scope="session")
def on_demand(on_demand_snapshot: OnDemandSnapshot, on_demand_images: OnDemandImages) -> OnDemand:
    """`on_demand_snapshot` with a claim, created once the VolumeSnapshot was ready."""
    return on_demand_images.claim(on_demand_snapshot)


@pytest.fixture(scope="session")
def qcow2_on_demand(on_demand_source: Source, on_demand_images: OnDemandImages) -> OnDemand:
    """A claim through the handle of an image that is to be exported as qcow2."""
    return on_demand_images.export(on_demand_source, "qcow2")


@pytest.fixture(scope="session")
def publisher(object_store: ObjectStore, run: Run) -> Publisher:
    """Publishes files that Longhorn can download."""
    return Publisher(object_store, run.name("published"))


@pytest.fixture(scope="session")
def published(publisher: Publisher) -> Published:
    """A raw file that Longhorn can download."""
    return publisher.publish("disk.raw")


@pytest.fixture(scope="session")
def fetched(published: Published, on_demand_images: OnDemandImages) -> OnDemand:
    """A claim through the handle of an image to be downloaded, with the right checksum."""
    handle = on_demand_images.download_of(published.url, backingImageChecksum=published.checksum)
    return on_demand_images.restore(handle, published.holds)


@pytest.fixture(scope="session")
def on_demand_deleted_pair(on_demand_images: OnDemandImages, on_demand_source: Source) -> DeletedPair[OnDemand]:
    """Two unused images exported on demand, under Delete and Retain; their VolumeSnapshots' deletion is requested."""
    pair = [on_demand_images.export(on_demand_source, policy=policy) for policy in ("Delete", "Retain")]
    return on_demand_images.delete_pair(*pair)


@pytest.fixture(scope="session")
def fetched_deleted_pair(on_demand_images: OnDemandImages, published: Published) -> DeletedPair[OnDemand]:
    """The same of two images downloaded on demand."""
    handles = [on_demand_images.download_of(published.url) for _ in range(2)]
    pair = [
        on_demand_images.restore(handle, published.holds, policy)
        for handle, policy in zip(handles, ("Delete", "Retain"), strict=True)
    ]
    return on_demand_images.delete_pair(*pair)
