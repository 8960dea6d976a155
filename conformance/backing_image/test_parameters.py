"""What a handle of an existing image must say, and may say: each parameter given, missing and wrong.

A wrong handle differs from the right one in one thing only, and its claim is refused while that of the right one works.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from conformance.backing_image.existing import ByHand, Stock, written_handle
from fixtures.catalogue import clause
from fixtures.outcomes import standing_on

pytestmark = [pytest.mark.pre_provisioned, pytest.mark.handle]

TYPE, NAME, CHECKSUM = "backingImageDataSourceType", "backingImage", "backingImageChecksum"

INVALID = "rpc error: code = InvalidArgument desc = "
"""How CSI calls a request that cannot be served because of what it says."""


@dataclass(frozen=True)
class Wrong:
    """One parameter that is `given` otherwise than it should be ({right} stands for what it should be), "" if left out.

    `clause` is what it goes against.
    """

    parameter: str
    given: str
    clause: str


def table(rows: Mapping[str, Wrong]) -> list[object]:
    """The rows as parameters of a test, each with its own clause."""
    return [
        pytest.param(row, id=name, marks=pytest.mark.clause(f"backing-image.pre-provisioned.{row.clause}"))
        for name, row in rows.items()
    ]


OF_A_DOWNLOAD = {
    "type-missing": Wrong(TYPE, "", "source-type"),
    "type-of-another-kind": Wrong(TYPE, "export-from-volume", "source-type"),
    "type-upload": Wrong(TYPE, "upload", "source-type"),
    "name-missing": Wrong(NAME, "", "name"),
    "checksum-of-another-file": Wrong(CHECKSUM, "0" * 128, "checksum"),
    "checksum-cut-off": Wrong(CHECKSUM, "{right:.64}", "checksum"),
    "url-of-another-file": Wrong("url", "{right}.other", "download.url"),
    "url-of-another-scheme": Wrong("url", "s3{right}", "download.url"),
    "checksum-key-wrong": Wrong("checksum", "0" * 128, "download.checksum"),
}
"""What can be wrong in a handle of a downloaded image."""

OF_AN_EXPORT = {
    "type-missing": Wrong(TYPE, "", "source-type"),
    "type-of-another-kind": Wrong(TYPE, "download", "source-type"),
    "name-missing": Wrong(NAME, "", "name"),
    "checksum-of-another-file": Wrong(CHECKSUM, "0" * 128, "checksum"),
    "volume-that-does-not-exist": Wrong("volume-name", "no-such-volume", "export.volume"),
    "volume-name-cut-off": Wrong("volume-name", "{right:.10}", "export.volume"),
    "export-type-of-another-format": Wrong("export-type", "qcow2", "export.type"),
    "export-type-unknown": Wrong("export-type", "vmdk", "export.type"),
}
"""What can be wrong in a handle of an exported image."""


def must_be_refused(row: Wrong, by_hand: ByHand, stock: Stock) -> None:
    """A claim through the right handle with one thing wrong is refused as invalid, that through the right one works."""
    right = by_hand.existing.documented
    wrong = {**right, row.parameter: row.given.format(right=right.get(row.parameter, ""))}

    claim = stock.claim({name: value for name, value in wrong.items() if value})

    stock.volumes.wait_refused(claim, INVALID)
    with standing_on("the right handle does not work either"):
        stock.volumes.wait_accepted(by_hand.claim)


@pytest.mark.parametrize("row", table(OF_A_DOWNLOAD))
def test_wrong_handle_of_a_download_is_refused(row: Wrong, downloaded: ByHand, stock: Stock) -> None:
    """A claim through a handle of a downloaded image in which one thing is wrong is refused."""
    must_be_refused(row, downloaded, stock)


@pytest.mark.parametrize("row", table(OF_AN_EXPORT))
def test_wrong_handle_of_an_export_is_refused(row: Wrong, exported_by_hand: ByHand, stock: Stock) -> None:
    """A claim through a handle of an exported image in which one thing is wrong is refused."""
    must_be_refused(row, exported_by_hand, stock)


@clause("backing-image.pre-provisioned.checksum.optional")
def test_checksum_may_be_left_out(exported_by_hand: ByHand, stock: Stock) -> None:
    """A claim through a handle without a checksum gets a volume of the image."""
    handle = {key: value for key, value in exported_by_hand.existing.documented.items() if key != CHECKSUM}

    bound = stock.volumes.wait_accepted(stock.claim(handle))

    assert stock.volumes.image_of(bound) == exported_by_hand.existing.image.name


@clause("backing-image.pre-provisioned.checksum")
def test_right_checksum_is_accepted(exported_by_hand: ByHand, stock: Stock) -> None:
    """A claim through a handle with the checksum of the image gets a volume of it."""
    assert exported_by_hand.existing.documented[CHECKSUM]

    bound = stock.volumes.wait_accepted(exported_by_hand.claim)

    assert stock.volumes.image_of(bound) == exported_by_hand.existing.image.name


@clause("backing-image.pre-provisioned.parameters.optional")
@pytest.mark.parametrize("checksum", [True, False], ids=["with-checksum", "without-checksum"])
def test_source_parameters_may_be_left_out(checksum: bool, exported_by_hand: ByHand, stock: Stock) -> None:
    """A claim through a handle without source parameters gets a volume of the image."""
    wanted = {TYPE, NAME, *([CHECKSUM] if checksum else [])}
    handle = {key: value for key, value in exported_by_hand.existing.documented.items() if key in wanted}

    bound = stock.volumes.wait_accepted(stock.claim(handle))

    assert stock.volumes.image_of(bound) == exported_by_hand.existing.image.name


@clause("backing-image.pre-provisioned.download.checksum")
def test_checksum_may_be_a_parameter_of_the_download(downloaded: ByHand, stock: Stock) -> None:
    """A claim through a handle with the optional `checksum` of a download gets a volume of the image."""
    right = downloaded.existing.documented

    bound = stock.volumes.wait_accepted(stock.claim(right | {"checksum": right[CHECKSUM]}))

    assert stock.volumes.image_of(bound) == downloaded.existing.image.name


@clause("backing-image.pre-provisioned.encoding")
def test_values_are_decoded(escaped: ByHand, stock: Stock) -> None:
    """A claim through a handle whose values are URL-encoded gets a volume of the image, also if the URL has escapes."""
    assert "%2520" in escaped.handle

    bound = stock.volumes.wait_accepted(escaped.claim)

    assert stock.volumes.image_of(bound) == escaped.existing.image.name


@clause("backing-image.pre-provisioned.encoding")
def test_values_that_are_not_encoded_mean_something_else(escaped: ByHand, stock: Stock) -> None:
    """A URL with escapes that is put into the handle as it is means another one, and its claim is refused."""
    right = escaped.existing.documented
    marked = written_handle(right | {"url": "URL"}).replace("url=URL", f"url={right['url']}")

    claim = stock.claim_through(marked)

    stock.volumes.wait_refused(claim, INVALID)
    with standing_on("the encoded handle does not work either"):
        stock.volumes.wait_accepted(escaped.claim)
