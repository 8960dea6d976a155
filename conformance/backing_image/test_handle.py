"""What the VolumeSnapshotContent's snapshotHandle says: its parameters, read as those of a URL, in any order."""

from collections.abc import Mapping

import pytest

from conformance.backing_image.scenarios import Exported
from conformance.scenarios import Requested
from fixtures.catalogue.clauses import clause
from fixtures.longhorn.backing_images import EXPORT, BackingImages
from fixtures.longhorn.handles import parse_backing_image_handle
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.volume_snapshots import Snapshots

pytestmark = pytest.mark.handle


@clause("backing-image.handle")
def test_handle_has_the_documented_parameters(exported: Exported) -> None:
    """The handle is `bi://backing?` with the four documented parameters, each of them once."""
    handle = parse_backing_image_handle(exported.content.handle)

    names = [name for name, _ in handle.parameters]

    documented = ["backingImage", "backingImageDataSourceType", "export-type", "volume-name"]
    assert names == documented, f"{exported.content.handle!r} has the parameters {names}, documented are {documented}"


@clause("backing-image.handle.source-type")
def test_handle_says_where_the_image_comes_from(exported: Exported) -> None:
    """The handle's backingImageDataSourceType is export-from-volume."""
    handle = parse_backing_image_handle(exported.content.handle)

    assert handle.source_type == EXPORT, f"backingImageDataSourceType is {handle.source_type}"


@clause("backing-image.handle.image")
def test_handle_names_the_image(exported: Exported) -> None:
    """The handle's backingImage is the image that was created for the VolumeSnapshot."""
    handle = parse_backing_image_handle(exported.content.handle)

    named, made = handle.backing_image, exported.image.name

    assert named == made, f"backingImage in the handle is {named}, the image that was made is {made}"


@clause("backing-image.handle.volume")
def test_handle_names_the_volume(exported: Exported, longhorn: Longhorn) -> None:
    """The handle's volume-name is the Longhorn volume that the claim is bound to."""
    volume = longhorn.volume_of(exported.source.pvc)

    named = dict(parse_backing_image_handle(exported.content.handle).parameters).get("volume-name")

    assert named == volume, f"volume-name in the handle is {named}, the claim's volume is {volume}"


@clause("backing-image.handle.export-type")
@pytest.mark.parametrize("asked", ["raw", "qcow2"])
def test_handle_names_the_format(asked: str, formats: Mapping[str, Requested], snapshots: Snapshots) -> None:
    """The handle's export-type is the format that the class names."""
    content = snapshots.wait_handle(formats[asked].snapshot)

    named = dict(parse_backing_image_handle(content.handle).parameters).get("export-type")

    assert named == asked, f"export-type in the handle is {named}, the class says {asked}"


@clause("backing-image.handle.export-type")
def test_handle_names_the_default_format(exported: Exported) -> None:
    """The handle's export-type is raw for a class without one."""
    named = dict(parse_backing_image_handle(exported.content.handle).parameters).get("export-type")

    assert named == "raw", f"export-type in the handle is {named}, the default is raw"


@clause("backing-image.view")
def test_longhorn_shows_the_image(exported: Exported, backing_images: BackingImages) -> None:
    """Longhorn's own API, from which its UI has what it shows, shows the image that is mentioned in the handle."""
    named = parse_backing_image_handle(exported.content.handle).backing_image

    shown = backing_images.wait_shown(named)

    assert (shown["name"], shown["sourceType"]) == (named, EXPORT), f"Longhorn shows {shown}"
    assert shown["parameters"] == exported.image.parameters
