"""On-demand provision by `download`: a file is downloaded when a claim needs the image."""

import hashlib

import pytest

from conformance.backing_image.on_demand import ODD_SIZE, OnDemand, OnDemandImages, Published, Publisher
from conformance.backing_image.requirements import must_be_made_for_its_claim
from conformance.requirements import REFUSED
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.history import Recorder
from fixtures.longhorn.backing_images import DOWNLOAD, BackingImages, has_file
from fixtures.workloads.pods import Workloads

pytestmark = pytest.mark.on_demand

WRONG = hashlib.sha512(b"another file").hexdigest()
"""A checksum of the right form."""

AWKWARD = "a disk+more & less=50%, really; no.raw"
"""A name that has to be encoded in a URL, and whose URL has to be encoded in a handle."""


@clause("backing-image.on-demand.download", "backing-image.on-demand.download.formats")
def test_claim_gets_the_data_of_the_file(fetched: OnDemand, workloads: Workloads) -> None:
    """A claim gets what is in the file at the URL; beyond its end the volume holds zeros."""
    claim = workloads.wait_bound(fetched.claim)

    workloads.verify(claim, fetched.holds)


@clause("backing-image.on-demand.download")
def test_file_is_that_at_the_url(fetched: OnDemand, published: Published, backing_images: BackingImages) -> None:
    """The image is of type download, has the handle's URL, and its file is the published one."""
    image = backing_images.wait_ready(fetched.handle.backing_image)

    assert image.source_type == DOWNLOAD
    assert (url := image.parameters.get("url")) == published.url, (
        f"the image's URL is {url}, the handle's {published.url}"
    )
    assert backing_images.file(image.name) == published.file, "the image's file is not the one at the URL"


@clause("backing-image.on-demand.download.moment")
def test_image_is_made_for_a_claim(fetched: OnDemand, backing_images: BackingImages, recorder: Recorder) -> None:
    """Nothing is downloaded before the claim: the image does not exist before it, and exists after it."""
    must_be_made_for_its_claim(fetched, backing_images, recorder)


@clause("backing-image.on-demand.download.formats")
def test_file_may_be_qcow2(publisher: Publisher, on_demand_images: OnDemandImages, workloads: Workloads) -> None:
    """A claim gets the disk that is in a qcow2 file."""
    packed = publisher.publish("disk.qcow2", packed=True)

    restored = on_demand_images.restore(on_demand_images.download_of(packed.url), packed.holds)

    workloads.verify(workloads.wait_bound(restored.claim), restored.holds)


@clause("backing-image.on-demand.download.formats")
def test_disk_in_a_qcow2_file_may_have_any_number_of_sectors(
    publisher: Publisher, on_demand_images: OnDemandImages, workloads: Workloads
) -> None:
    """A claim gets all of a disk in a qcow2 file, also if it ends within a cluster of the file."""
    odd = publisher.publish("odd.qcow2", packed=True, size=ODD_SIZE)

    restored = on_demand_images.restore(on_demand_images.download_of(odd.url), odd.holds)

    workloads.verify(workloads.wait_bound(restored.claim), restored.holds)


@clause("backing-image.on-demand.download")
def test_file_may_have_any_number_of_sectors(publisher: Publisher, on_demand_images: OnDemandImages) -> None:
    """A file of a size that is a multiple of 512 bytes only is downloaded whole."""
    odd = publisher.publish("odd.raw", size=ODD_SIZE)

    restored = on_demand_images.restore(on_demand_images.download_of(odd.url), odd.holds)

    image = on_demand_images.images.wait_ready(restored.handle.backing_image)
    assert on_demand_images.images.file(image.name) == odd.file, (
        f"the image's file is not the one at the URL, which has {ODD_SIZE} bytes"
    )


@clause("backing-image.on-demand.download.url")
def test_url_is_decoded(publisher: Publisher, on_demand_images: OnDemandImages, backing_images: BackingImages) -> None:
    """A URL that is encoded in the handle is decoded once: what is encoded in the URL itself stays so."""
    awkward = publisher.publish(AWKWARD)

    restored = on_demand_images.restore(on_demand_images.download_of(awkward.url), awkward.holds)

    image = backing_images.wait_exists(restored.handle.backing_image)
    assert (url := image.parameters.get("url")) == awkward.url, f"the image's URL is {url}, the handle's {awkward.url}"
    backing_images.wait_ready(image.name)
    assert backing_images.file(image.name) == awkward.file, "the image's file is not the one at the URL"


@clause("backing-image.on-demand.download.checksum")
def test_right_checksum_is_accepted(fetched: OnDemand, published: Published, backing_images: BackingImages) -> None:
    """The handle's checksum is that of the image, and the image becomes ready if its file has that checksum."""
    image = backing_images.wait_described(fetched.handle.backing_image)

    assert image.spec.get("checksum") == fetched.handle["backingImageChecksum"]
    assert image.checksum == published.checksum


@clause("backing-image.on-demand.download.checksum")
def test_checksum_may_be_left_out(published: Published, on_demand_images: OnDemandImages) -> None:
    """Without a checksum in the handle none is expected of the file, and the image becomes ready."""
    restored = on_demand_images.restore(on_demand_images.download_of(published.url), published.holds)

    image = on_demand_images.images.wait_described(restored.handle.backing_image)

    assert not image.spec.get("checksum")
    assert image.checksum == published.checksum


@clause("backing-image.on-demand.download.checksum.wrong")
def test_wrong_checksum_fails_the_image(fetched: OnDemand, on_demand_images: OnDemandImages) -> None:
    """A file with another checksum than the handle's fails the image, which names both; it is never ready."""
    on_demand_images.control_ready(fetched)
    right = fetched.handle["backingImageChecksum"]

    handle = on_demand_images.download_of(fetched.handle["url"], backingImageChecksum=WRONG)
    on_demand_images.control(on_demand_images.restore(handle, fetched.holds))

    on_demand_images.images.wait_failed(handle.backing_image, f"(?=.*{WRONG})(?=.*{right})")
    assert on_demand_images.images.history(handle.backing_image).never(has_file)


@clause("backing-image.on-demand.download.checksum.form")
@pytest.mark.parametrize("checksum", ["zz", "0" * 127, "0" * 129], ids=["no-digits", "too-short", "too-long"])
def test_checksum_must_be_one(checksum: str, fetched: OnDemand, on_demand_images: OnDemandImages) -> None:
    """A claim through a handle whose checksum is no SHA-512 is refused."""
    on_demand_images.control(fetched)
    handle = on_demand_images.download_of(fetched.handle["url"], backingImageChecksum=checksum)

    on_demand_images.refused(str(handle), REFUSED)


@clause("backing-image.on-demand.download.failure")
def test_missing_file_fails_the_image(fetched: OnDemand, on_demand_images: OnDemandImages) -> None:
    """A URL that answers 404 fails the image, which says so; it is never ready.

    A store that hides its objects from anonymous clients answers 403.
    """
    on_demand_images.control_ready(fetched)

    handle = on_demand_images.download_of(fetched.handle["url"] + ".missing")
    on_demand_images.control(on_demand_images.restore(handle, fetched.holds))

    on_demand_images.images.wait_failed(handle.backing_image, r"\b40[34]\b")
    assert on_demand_images.images.history(handle.backing_image).never(has_file)
