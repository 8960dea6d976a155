"""The arrangements of this page. They do what a user does and judge nothing: that is left to the tests."""

from collections.abc import Callable, Mapping

import pytest

from conformance.backing_image.arrangements import (
    Exported,
    Exporter,
    Formats,
    Layered,
    Moments,
    Policies,
    Requested,
    Restoring,
    Successive,
    Twins,
)
from conformance.backing_image.existing import NAME_WITH_ESCAPES, ByHand, Existing, GivenUp, Stock
from conformance.backing_image.on_demand import Announced, Demands, LetGo, OnDemand, Published, Publisher
from fixtures.kubernetes.run import Run
from fixtures.longhorn.backing_images import BackingImages
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.longhorn.volumes import BRIEF, OVERWRITTEN, SPECKLES, Source, Volumes
from fixtures.outcomes import standing_on
from fixtures.s3.object_store import ObjectStore
from fixtures.workloads.pods import Workloads


@pytest.fixture(scope="session")
def exporter(volumes_in: Callable[[str], Volumes], snapshots: Snapshots, backing_images: BackingImages) -> Exporter:
    """The steps, in a namespace for what tests share."""
    return Exporter(volumes_in("images"), snapshots, backing_images)


@pytest.fixture(scope="session")
def image_class(snapshots: Snapshots) -> str:
    """A VolumeSnapshotClass for backing images with deletionPolicy Delete, as the page writes it, of format raw."""
    return snapshots.create_class("Delete", {"type": "bi"})


@pytest.fixture(scope="session")
def image_requested(exporter: Exporter, image_class: str, idle_volume: Source) -> Requested:
    """A VolumeSnapshot of a Block volume with known data, of which nothing else is ever made; another one is there."""
    del idle_volume
    return exporter.request(exporter.volumes.write(exporter.volumes.new(), "exported", *SPECKLES), image_class)


@pytest.fixture(scope="session")
def exported(image_requested: Requested, exporter: Exporter) -> Exported:
    """That VolumeSnapshot when it is ready and its image has a complete file."""
    return exporter.finish(image_requested)


@pytest.fixture(scope="session")
def exported_file(exported: Exported, backing_images: BackingImages) -> bytes:
    """The file of that image."""
    return backing_images.file(exported.image.name)


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
def successive(moments: Moments, exporter: Exporter, image_class: str) -> Successive:
    """Two images of that volume whose files are right also where a release lets the next write into the file."""
    older = moments.second
    newest = exporter.volumes.write(older.source, "three", *BRIEF)
    return Successive(older, exporter.finish(exporter.request(newest, image_class)))


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


@pytest.fixture(scope="session")
def stock(
    run: Run,
    volumes_in: Callable[[str], Volumes],
    snapshots: Snapshots,
    backing_images: BackingImages,
    own_stores: ObjectStore | None,
) -> Stock:
    """Makes images without CSI, and contents, VolumeSnapshots and claims for them, in a namespace of their own."""
    return Stock(run.name("files"), volumes_in("by-hand"), snapshots, backing_images, own_stores)


@pytest.fixture(scope="session")
def downloaded(stock: Stock, image_class: str) -> ByHand:
    """A raw image that Longhorn downloaded, and a claim that restores it."""
    return stock.by_hand(stock.finished(stock.downloading("downloaded-raw")), image_class)


@pytest.fixture(scope="session")
def downloaded_qcow2(stock: Stock, image_class: str) -> ByHand:
    """The same with a qcow2 file."""
    return stock.by_hand(stock.finished(stock.downloading("downloaded-qcow2", packed=True)), image_class)


@pytest.fixture(scope="session")
def escaped(stock: Stock, image_class: str) -> ByHand:
    """A downloaded image whose URL has escapes itself, and a claim that restores it."""
    return stock.by_hand(stock.finished(stock.downloading("escaped", key=NAME_WITH_ESCAPES)), image_class)


@pytest.fixture(scope="session")
def given_source(stock: Stock) -> Source:
    """A volume with known data, of which only the images below are ever made."""
    return stock.volumes.write(stock.volumes.new(), "exported-by-hand", *SPECKLES)


@pytest.fixture(scope="session")
def exported_by_hand(stock: Stock, given_source: Source, longhorn: Longhorn, image_class: str) -> ByHand:
    """A raw image that was exported from that volume without CSI, and a claim that restores it."""
    volume = longhorn.volume_of(given_source.pvc)
    return stock.by_hand(stock.finished(stock.exporting(given_source, volume, "raw")), image_class)


@pytest.fixture(scope="session")
def made_by_hand(downloaded: ByHand, exported_by_hand: ByHand) -> Mapping[str, ByHand]:
    """Both raw images by how they came to be: `download`, `export`."""
    return {"download": downloaded, "export": exported_by_hand}


@pytest.fixture(scope="session")
def exported_by_hand_qcow2(stock: Stock, given_source: Source, longhorn: Longhorn, image_class: str) -> ByHand:
    """The same with `export-type: qcow2`."""
    volume = longhorn.volume_of(given_source.pvc)
    return stock.by_hand(stock.finished(stock.exporting(given_source, volume, "qcow2")), image_class)


@pytest.fixture(scope="session")
def image_policies(exporter: Exporter, image_class: str, snapshots: Snapshots) -> Policies:
    """Two images of one volume with different data, of classes with Retain and with Delete; their deletion asked."""
    kept = exporter.volumes.write(exporter.volumes.new(), "kept", *SPECKLES)
    retained = exporter.finish(exporter.request(kept, snapshots.create_class("Retain", {"type": "bi"})))
    dropped = exporter.volumes.write(kept, "dropped", *OVERWRITTEN)
    policies = Policies(retained, exporter.finish(exporter.request(dropped, image_class)))
    snapshots.delete(policies.retained.snapshot)
    snapshots.delete(policies.deleted.snapshot)
    return policies


@pytest.fixture(scope="session")
def image_witness(image_policies: Policies, snapshots: Snapshots, backing_images: BackingImages) -> Policies:
    """The same when deletion has done what it does: under Delete, VolumeSnapshot, content and image are gone."""
    snapshots.wait_gone(image_policies.deleted.snapshot)
    snapshots.wait_content_gone(image_policies.deleted.content)
    backing_images.wait_gone(image_policies.deleted.image.name)
    return image_policies


@pytest.fixture(scope="session")
def given_downloads(stock: Stock) -> GivenUp:
    """Two downloaded images, given up under the two policies."""
    pair = stock.downloading("dropped-download"), stock.downloading("kept-download")
    return stock.given_up(*(stock.finished(each) for each in pair))


@pytest.fixture(scope="session")
def downloads_witness(given_downloads: GivenUp, backing_images: BackingImages) -> GivenUp:
    """The same when deletion has done what it does: under Delete the image is gone."""
    backing_images.wait_gone(given_downloads.dropped.image.name)
    return given_downloads


@pytest.fixture(scope="session")
def dropped_source(stock: Stock) -> Source:
    """A volume with known data, whose images are deleted."""
    return stock.volumes.write(stock.volumes.new(), "exported-to-be-deleted", *SPECKLES)


@pytest.fixture(scope="session")
def given_exports(stock: Stock, dropped_source: Source, longhorn: Longhorn) -> GivenUp:
    """Two images that were exported without CSI, given up under the two policies."""
    volume = longhorn.volume_of(dropped_source.pvc)
    pair = [stock.exporting(dropped_source, volume, "raw") for _ in range(2)]
    return stock.given_up(*(stock.finished(each) for each in pair))


@pytest.fixture(scope="session")
def exports_witness(given_exports: GivenUp, backing_images: BackingImages) -> GivenUp:
    """The same when deletion has done what it does: under Delete the image is gone."""
    backing_images.wait_gone(given_exports.dropped.image.name)
    return given_exports


@pytest.fixture
def given_export(stock: Stock, dropped_source: Source, longhorn: Longhorn) -> Existing:
    """An image of the test's own that was exported without CSI."""
    return stock.finished(stock.exporting(dropped_source, longhorn.volume_of(dropped_source.pvc), "raw"))


# Images that are made on demand ---------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def demands(
    volumes_in: Callable[[str], Volumes], snapshots: Snapshots, backing_images: BackingImages, longhorn: Longhorn
) -> Demands:
    """The steps for images on demand, in a namespace for what tests share."""
    return Demands(volumes_in("demands"), snapshots, backing_images, longhorn)


@pytest.fixture(scope="session")
def demanded_volume(demands: Demands) -> Source:
    """A Block volume with known data, of which several images are made."""
    return demands.volumes.write(demands.volumes.new(), "demanded", *SPECKLES)


@pytest.fixture(scope="session")
def announced(demands: Demands, demanded_volume: Source) -> Announced:
    """A content and a VolumeSnapshot for an image to be exported, raw, from a volume of which no other is made.

    There is another volume with other data, which must not be taken for it.
    """
    del demanded_volume
    source = demands.volumes.write(demands.volumes.new(), "announced", *SPECKLES)
    return demands.announce(demands.export_of(source), source.image)


@pytest.fixture(scope="session")
def on_demand(announced: Announced, demands: Demands) -> OnDemand:
    """The same with a claim, made when the VolumeSnapshot was ready."""
    return demands.claim(announced)


@pytest.fixture(scope="session")
def qcow2_on_demand(demanded_volume: Source, demands: Demands) -> OnDemand:
    """A claim through the handle of an image that is to be exported as qcow2."""
    return demands.demand(demands.export_of(demanded_volume, "qcow2"), demanded_volume.image)


@pytest.fixture(scope="session")
def publisher(object_store: ObjectStore, run: Run) -> Publisher:
    """Files that Longhorn can download."""
    return Publisher(object_store, run.name("published"))


@pytest.fixture(scope="session")
def published(publisher: Publisher) -> Published:
    """A raw file that Longhorn can download."""
    return publisher.publish("disk.raw")


@pytest.fixture(scope="session")
def fetched(published: Published, demands: Demands) -> OnDemand:
    """A claim through the handle of an image to be downloaded, with the right checksum."""
    handle = demands.download_of(published.url, backingImageChecksum=published.checksum)
    return demands.demand(handle, published.holds)


@pytest.fixture(scope="session")
def let_go(demands: Demands, demanded_volume: Source, backing_images: BackingImages, workloads: Workloads) -> LetGo:
    """Two images made on demand under the two policies, free by now; the deletion of their VolumeSnapshots is asked."""
    holds = demanded_volume.image
    pair = [demands.demand(demands.export_of(demanded_volume), holds, policy) for policy in ("Delete", "Retain")]
    for each in pair:
        with standing_on("the image that is to be deleted or kept was not made"):
            backing_images.wait_ready(each.handle.backing_image)
            claim = workloads.wait_bound(each.claim)
        workloads.delete_claim(claim)
        workloads.wait_deleted(claim)
    for each in pair:
        demands.delete(each.announced)
    return LetGo(*pair)


@pytest.fixture(scope="session")
def image_gone(let_go: LetGo, backing_images: BackingImages) -> LetGo:
    """The same when deletion has done what it does: under Delete the image is gone."""
    backing_images.wait_gone(let_go.dropped.handle.backing_image)
    return let_go
