"""Handles with one thing wrong in each: a claim through them is refused, while one through the right handle is bound.

Not in the tables is what the page leaves open: a host other than `backing`, a parameter given twice, a semicolon.
"""

import pytest

from conformance.backing_image.on_demand import OnDemand, OnDemandImages
from conformance.requirements import REFUSED
from fixtures.catalogue.clauses import clause
from fixtures.longhorn.backing_images import BackingImages
from fixtures.longhorn.handles import BackingImageHandle

pytestmark = [pytest.mark.on_demand, pytest.mark.handle]

MALFORMED = {
    "scheme-missing": "backing?{query}",
    "scheme-unknown": "foo://backing?{query}",
    "scheme-of-backups": "bak://backing?{query}",
    "slashes-missing": "bi:backing?{query}",
    "query-missing": "bi://backing",
    "form-of-other-snapshots": "bi://{volume-name}/{backingImage}",
    "name-only": "{backingImage}",
}
"""Texts that are no handle of the documented form."""

WITHOUT_IDENTITY = {
    "image-missing": ("backingImage={backingImage}&", ""),
    "image-empty": ("backingImage={backingImage}&", "backingImage=&"),
    "image-not-decodable": ("backingImage={backingImage}&", "backingImage=%zz{backingImage}&"),
    "type-missing": ("&backingImageDataSourceType=export-from-volume", ""),
    "type-empty": ("&backingImageDataSourceType=export-from-volume", "&backingImageDataSourceType="),
}
"""What to replace in the query so that it does not say which image is meant, or of which type."""

WITHOUT_VOLUME = {
    "volume-missing": ("&volume-name={volume-name}", ""),
    "volume-empty": ("&volume-name={volume-name}", "&volume-name="),
    "format-missing": ("&export-type=raw", ""),
    "format-empty": ("&export-type=raw", "&export-type="),
}
"""What to replace so that a parameter of an export is missing."""

WITHOUT_URL = {"url-missing": ("&url={url}", ""), "url-empty": ("&url={url}", "&url=")}
"""What to replace so that the parameter of a download is missing."""


def rows(table: dict[str, tuple[str, str]]) -> pytest.MarkDecorator:
    """The rows of a table as parameters of a test."""
    return pytest.mark.parametrize(("old", "new"), table.values(), ids=table.keys())


def broken(handle: BackingImageHandle, old: str, new: str) -> str:
    """The handle with one part replaced; a part that is not there is the test's mistake."""
    values = dict(handle.parameters) | {"url": str(handle).partition("&url=")[2].partition("&")[0]}
    part, text = old.format_map(values), str(handle)
    if part not in text:
        raise ValueError(f"{text} has no {part}")
    return text.replace(part, new.format_map(values))


def must_be_refused(right: OnDemand, old: str, new: str, steps: OnDemandImages, images: BackingImages) -> None:
    """A claim through the right handle with one part replaced is refused, and no image is made."""
    steps.control(right)
    handle = steps.like(right)

    steps.refused(broken(handle, old, new), REFUSED)

    assert images.never_made(handle.backing_image)


@clause("backing-image.on-demand.handle.malformed")
@pytest.mark.parametrize("template", MALFORMED.values(), ids=MALFORMED.keys())
def test_handle_must_have_its_form(template: str, on_demand: OnDemand, on_demand_images: OnDemandImages) -> None:
    """A claim through a handle of another form is refused."""
    on_demand_images.control(on_demand)
    handle = on_demand_images.like(on_demand)
    text = template.format_map({**dict(handle.parameters), "query": str(handle).partition("?")[2]})

    on_demand_images.refused(text, REFUSED)


@clause("backing-image.on-demand.handle.required")
@rows(WITHOUT_IDENTITY)
def test_image_and_type_must_be_said(old: str, new: str, on_demand: OnDemand, on_demand_images: OnDemandImages) -> None:
    """A claim through a handle that does not name the image or its source type is refused."""
    on_demand_images.control(on_demand)

    on_demand_images.refused(broken(on_demand_images.like(on_demand), old, new), REFUSED)


@clause("backing-image.on-demand.export.required")
@rows(WITHOUT_VOLUME)
def test_volume_and_format_must_be_said(
    old: str, new: str, on_demand: OnDemand, on_demand_images: OnDemandImages, backing_images: BackingImages
) -> None:
    """A claim through a handle for an export without `volume-name` or `export-type` is refused."""
    must_be_refused(on_demand, old, new, on_demand_images, backing_images)


@clause("backing-image.on-demand.download.required")
@rows(WITHOUT_URL)
def test_url_must_be_said(old: str, new: str, fetched: OnDemand, on_demand_images: OnDemandImages) -> None:
    """A claim through a handle for a download without `url` is refused."""
    must_be_refused(fetched, old, new, on_demand_images, on_demand_images.images)
