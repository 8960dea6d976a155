"""On-demand provision by `download`: a file is downloaded when a claim needs the image."""

import hashlib

import pytest

from conformance.backing_image.on_demand import Demands, OnDemand, Published, publish
from fixtures.backing_images import DOWNLOAD, BackingImage, BackingImages
from fixtures.catalogue import clause
from fixtures.history import Recorder, before
from fixtures.kinds import PVC
from fixtures.objectstore import ObjectStore
from fixtures.workloads import Workloads

pytestmark = pytest.mark.on_demand

WRONG = hashlib.sha512(b"another file").hexdigest()
"""A checksum of the right form."""

AWKWARD = "a disk+more & less=50%, really; no.raw"
"""A name that has to be encoded in a URL, and whose URL has to be encoded in a handle."""


@clause("backing-image.on-demand.download")
def test_claim_gets_the_data_of_the_file(downloaded_on_demand: OnDemand, workloads: Workloads) -> None:
    """A claim gets what is in the file at the URL; beyond its end the volume holds zeros."""
    claim = workloads.wait_bound(downloaded_on_demand.claim)

    workloads.verify(claim, downloaded_on_demand.holds)


@clause("backing-image.on-demand.download")
def test_file_is_that_at_the_url(
    downloaded_on_demand: OnDemand, published: Published, backing_images: BackingImages
) -> None:
    """The image is of type download, has the handle's URL, and its file is the one that is there."""
    image = backing_images.wait_ready(downloaded_on_demand.handle.backing_image)

    assert (image.source_type, image.parameters.get("url")) == (DOWNLOAD, published.url)
    assert backing_images.file(image.name) == published.file, "the image's file is not the one at the URL"


@clause("backing-image.on-demand.download.moment")
def test_image_is_made_when_a_claim_needs_it(
    downloaded_on_demand: OnDemand, backing_images: BackingImages, recorder: Recorder
) -> None:
    """Nothing is downloaded before the claim: the image does not exist before it, and exists after it."""
    image = backing_images.wait_there(downloaded_on_demand.handle.backing_image)

    history = backing_images.history(image.name)
    history.must_be_complete()
    claimed = recorder.of(
        PVC, downloaded_on_demand.claim.name, downloaded_on_demand.claim.namespace, downloaded_on_demand.claim.uid
    ).created
    assert before(claimed, history.created), f"{image} was made before any claim needed it"


@clause("backing-image.on-demand.download.url")
def test_url_is_decoded(
    object_store: ObjectStore, public_bucket: str, demands: Demands, backing_images: BackingImages
) -> None:
    """A URL that is encoded in the handle is decoded once: what is encoded in the URL itself stays so."""
    awkward = publish(object_store, public_bucket, AWKWARD, "awkward")

    demanded = demands.demand(demands.download_of(awkward.url), awkward.holds)

    image = backing_images.wait_there(demanded.handle.backing_image)
    assert image.parameters.get("url") == awkward.url
    backing_images.wait_ready(image.name)
    assert backing_images.file(image.name) == awkward.file, "the image's file is not the one at the URL"


@clause("backing-image.on-demand.download.checksum")
def test_right_checksum_is_accepted(
    downloaded_on_demand: OnDemand, published: Published, backing_images: BackingImages
) -> None:
    """The handle's checksum is that of the image, and the image becomes ready if its file has that checksum."""
    image = backing_images.wait_ready(downloaded_on_demand.handle.backing_image)

    assert image.spec.get("checksum") == downloaded_on_demand.handle["backingImageChecksum"]
    assert image.checksum == published.checksum


@clause("backing-image.on-demand.download.checksum")
def test_checksum_may_be_left_out(published: Published, demands: Demands, backing_images: BackingImages) -> None:
    """Without a checksum in the handle none is expected of the file, and the image becomes ready."""
    demanded = demands.demand(demands.download_of(published.url), published.holds)

    image = backing_images.wait_ready(demanded.handle.backing_image)

    assert not image.spec.get("checksum")
    assert image.checksum == published.checksum


@clause("backing-image.on-demand.download.checksum.wrong")
def test_wrong_checksum_fails_the_image(
    downloaded_on_demand: OnDemand, published: Published, demands: Demands, backing_images: BackingImages
) -> None:
    """A file with another checksum than the handle's fails the image, which names both; it is never ready."""
    demands.control_ready(downloaded_on_demand)

    demanded = demands.demand(demands.download_of(published.url, backingImageChecksum=WRONG), published.holds)

    name = demanded.handle.backing_image
    backing_images.wait_there(name)
    backing_images.wait_failed(name, f"{WRONG}.*{published.checksum}")
    assert not backing_images.history(name).first(lambda item: BackingImage(item).ready)


@clause("backing-image.on-demand.download.checksum.form")
@pytest.mark.parametrize("checksum", ["zz", "0" * 127, "0" * 129], ids=["no-digits", "too-short", "too-long"])
def test_checksum_must_be_one(
    checksum: str, downloaded_on_demand: OnDemand, published: Published, demands: Demands
) -> None:
    """A claim through a handle whose checksum is no SHA-512 is refused as invalid."""
    demands.control(downloaded_on_demand)
    handle = demands.download_of(published.url, backingImageChecksum=checksum)

    demands.refused(str(handle), "rpc error: code = InvalidArgument desc = ")


@clause("backing-image.on-demand.download.failure")
def test_missing_file_fails_the_image(
    downloaded_on_demand: OnDemand, published: Published, demands: Demands, backing_images: BackingImages
) -> None:
    """A URL that answers 404 fails the image, which says so; it is never ready."""
    demands.control_ready(downloaded_on_demand)

    demanded = demands.demand(demands.download_of(f"{published.url}.missing"), published.holds)

    name = demanded.handle.backing_image
    backing_images.wait_there(name)
    backing_images.wait_failed(name, r"\b404\b")
    assert not backing_images.history(name).first(lambda item: BackingImage(item).ready)
