"""What a handle of an existing image must say, and may say: each parameter given, missing and wrong.

A wrong handle differs from the right one in one thing only, and its claim is refused while that of the right one works.
"""

import pytest

from conformance.backing_image.existing import ExistingImages, ImagesByOrigin, PreProvisionedImage, written_handle
from conformance.backing_image.requirements import must_get_the_image
from conformance.requirements import REFUSED
from fixtures.catalogue.clauses import clause
from fixtures.outcomes import precondition

pytestmark = [pytest.mark.pre_provisioned, pytest.mark.handle]

TYPE, NAME, CHECKSUM = "backingImageDataSourceType", "backingImage", "backingImageChecksum"


TYPES = {
    "missing-of-a-download": ("download", ""),
    "missing-of-an-export": ("export", ""),
    "of-another-kind-of-a-download": ("download", "export-from-volume"),
    "of-another-kind-of-an-export": ("export", "download"),
    "upload-of-a-download": ("download", "upload"),
}
"""What can be wrong with the source type, and of which image."""

CHECKSUMS = {
    "of-another-file-of-a-download": ("download", "0" * 128),
    "of-another-file-of-an-export": ("export", "0" * 128),
    "cut-off": ("download", "{right:.64}"),
}
"""What can be wrong with the checksum, and of which image."""

URLS = {"of-another-file": "{right}.other", "of-another-scheme": "s3{right}"}

VOLUMES = {"that-does-not-exist": "no-such-volume", "cut-off": "{right:.10}"}

EXPORT_TYPES = {"of-another-format": "qcow2", "that-does-not-exist": "vmdk"}


def must_be_refused(image: PreProvisionedImage, parameter: str, given: str, existing: ExistingImages) -> None:
    """A claim through the right handle with one thing wrong is refused as invalid, that through the right one works.

    The parameter is `given` so, where {right} stands for what it should be, or left out for "".
    """
    right = image.existing.documented
    wrong = {**right, parameter: given.format(right=right.get(parameter, ""))}

    claim = existing.claim({name: value for name, value in wrong.items() if value})

    existing.volumes.wait_refused(claim, REFUSED)
    with precondition("the right handle does not work either"):
        existing.volumes.wait_accepted(image.claim)


@clause("backing-image.pre-provisioned.source-type")
@pytest.mark.parametrize(("of", "given"), TYPES.values(), ids=TYPES.keys())
def test_source_type_must_be_right(of: str, given: str, by_origin: ImagesByOrigin, existing: ExistingImages) -> None:
    """A claim through a handle without the source type, or with another, is refused; the right one works."""
    must_be_refused(by_origin[of], TYPE, given, existing)


@clause("backing-image.pre-provisioned.name")
@pytest.mark.parametrize("of", ["download", "export"])
def test_image_must_be_named(of: str, by_origin: ImagesByOrigin, existing: ExistingImages) -> None:
    """A claim through a handle that names no image is refused; the right one works."""
    must_be_refused(by_origin[of], NAME, "", existing)


@clause("backing-image.pre-provisioned.checksum")
@pytest.mark.parametrize(("of", "given"), CHECKSUMS.values(), ids=CHECKSUMS.keys())
def test_checksum_must_be_right(of: str, given: str, by_origin: ImagesByOrigin, existing: ExistingImages) -> None:
    """A claim through a handle with another checksum than the image's is refused; the right one works."""
    must_be_refused(by_origin[of], CHECKSUM, given, existing)


@clause("backing-image.pre-provisioned.download.url")
@pytest.mark.parametrize("given", URLS.values(), ids=URLS.keys())
def test_url_must_be_right(given: str, downloaded: PreProvisionedImage, existing: ExistingImages) -> None:
    """A claim through a handle with another URL than the image was downloaded from is refused; the right one works."""
    must_be_refused(downloaded, "url", given, existing)


@clause("backing-image.pre-provisioned.download.checksum")
def test_checksum_of_a_download_must_be_right(downloaded: PreProvisionedImage, existing: ExistingImages) -> None:
    """A claim through a handle whose parameter `checksum` is not the image's is refused; without it it works."""
    must_be_refused(downloaded, "checksum", "0" * 128, existing)


@clause("backing-image.pre-provisioned.export.volume")
@pytest.mark.parametrize("given", VOLUMES.values(), ids=VOLUMES.keys())
def test_volume_must_be_right(given: str, existing_export: PreProvisionedImage, existing: ExistingImages) -> None:
    """A claim through a handle with another volume than the image was exported from is refused; the right one works."""
    must_be_refused(existing_export, "volume-name", given, existing)


@clause("backing-image.pre-provisioned.export.type")
@pytest.mark.parametrize("given", EXPORT_TYPES.values(), ids=EXPORT_TYPES.keys())
def test_export_type_must_be_right(given: str, existing_export: PreProvisionedImage, existing: ExistingImages) -> None:
    """A claim through a handle with another export type than the image's is refused; the right one works."""
    must_be_refused(existing_export, "export-type", given, existing)


@clause("backing-image.pre-provisioned.checksum.optional")
def test_checksum_may_be_left_out(existing_export: PreProvisionedImage, existing: ExistingImages) -> None:
    """A claim through a handle without a checksum gets a volume of the image."""
    handle = {key: value for key, value in existing_export.existing.documented.items() if key != CHECKSUM}

    must_get_the_image(existing.claim(handle), existing_export, existing)


@clause("backing-image.pre-provisioned.checksum")
def test_right_checksum_is_accepted(existing_export: PreProvisionedImage, existing: ExistingImages) -> None:
    """A claim through a handle with the checksum of the image gets a volume of it."""
    assert existing_export.existing.documented[CHECKSUM]

    must_get_the_image(existing_export.claim, existing_export, existing)


@clause("backing-image.pre-provisioned.parameters.optional")
@pytest.mark.parametrize("checksum", [True, False], ids=["with-checksum", "without-checksum"])
def test_source_parameters_may_be_left_out(
    checksum: bool, existing_export: PreProvisionedImage, existing: ExistingImages
) -> None:
    """A claim through a handle without source parameters gets a volume of the image."""
    wanted = {TYPE, NAME, *([CHECKSUM] if checksum else [])}
    handle = {key: value for key, value in existing_export.existing.documented.items() if key in wanted}

    must_get_the_image(existing.claim(handle), existing_export, existing)


@clause("backing-image.pre-provisioned.download.checksum")
def test_checksum_may_be_a_parameter_of_the_download(downloaded: PreProvisionedImage, existing: ExistingImages) -> None:
    """A claim through a handle with the optional `checksum` of a download gets a volume of the image."""
    right = downloaded.existing.documented

    must_get_the_image(existing.claim(right | {"checksum": right[CHECKSUM]}), downloaded, existing)


@clause("backing-image.pre-provisioned.encoding")
def test_values_are_decoded(escaped_url: PreProvisionedImage, existing: ExistingImages) -> None:
    """A claim through a handle whose values are URL-encoded gets a volume of the image, also if the URL has escapes."""
    assert "%2520" in escaped_url.handle

    must_get_the_image(escaped_url.claim, escaped_url, existing)


@clause("backing-image.pre-provisioned.encoding")
def test_unencoded_values_mean_something_else(escaped_url: PreProvisionedImage, existing: ExistingImages) -> None:
    """A URL with escapes that is put into the handle as it is means another one, and its claim is refused."""
    right = escaped_url.existing.documented
    marked = written_handle(right | {"url": "URL"}).replace("url=URL", f"url={right['url']}")

    claim = existing.claim_through(marked)

    existing.volumes.wait_refused(claim, REFUSED)
    with precondition("the encoded handle does not work either"):
        existing.volumes.wait_accepted(escaped_url.claim)
