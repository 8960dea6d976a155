"""Restore a Longhorn BackingImage that Has Not Created (on-demand provision): when the image is made, and as what."""

import pytest

from conformance.backing_image.on_demand import NAME, TYPE, OnDemand, OnDemandImages, OnDemandSnapshot
from conformance.backing_image.requirements import (
    must_be_made_as_its_handle_says,
    must_be_made_for_its_claim,
    was_made_before,
)
from conformance.requirements import REFUSED
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.budgets import PRE_PROVISIONED_READY
from fixtures.kubernetes.history import Recorder
from fixtures.longhorn.backing_images import BackingImages
from fixtures.longhorn.handles import BackingImageHandle
from fixtures.longhorn.volume_snapshots import Snapshots, is_ready
from fixtures.longhorn.volumes import Source
from fixtures.workloads.pods import Workloads

pytestmark = pytest.mark.on_demand

ORDERS = {
    "of-the-page": (TYPE, NAME, "volume-name", "export-type"),
    "backwards": ("volume-name", "export-type", TYPE, NAME),
}
"""Orders of the parameters of a handle other than the alphabetical one, which all others here have."""

UNSUPPORTED = {
    "upload": "upload",
    "restore": "restore",
    "clone": "clone",
    "misspelt-as-on-the-page": "export-form-volume",
    "nonsense": "no-such-type",
}
"""Source types that are not supported on demand, though Longhorn itself has some of them."""


@clause("backing-image.on-demand")
def test_claim_gets_the_data_of_its_image(on_demand: OnDemand, workloads: Workloads) -> None:
    """A claim through the handle of an image that does not exist gets the data that the handle describes."""
    claim = workloads.wait_bound(on_demand.claim)

    workloads.verify(claim, on_demand.holds)


@clause("backing-image.on-demand.ready")
def test_ready_before_the_image_exists(
    on_demand_snapshot: OnDemandSnapshot, snapshots: Snapshots, backing_images: BackingImages
) -> None:
    """The content and the VolumeSnapshot are ready while the image does not exist yet."""
    snapshots.wait_ready(on_demand_snapshot.snapshot, PRE_PROVISIONED_READY)

    for history in (
        snapshots.history(on_demand_snapshot.snapshot),
        snapshots.content_history(on_demand_snapshot.content),
    ):
        ready = history.first(is_ready)
        assert ready is not None, f"{history} never became ready"
        made = was_made_before(ready, on_demand_snapshot.handle.backing_image, backing_images)
        assert not made, f"{history} became ready when the image was there already"


@clause("backing-image.on-demand.moment")
def test_image_is_made_for_a_claim(on_demand: OnDemand, backing_images: BackingImages, recorder: Recorder) -> None:
    """The image does not exist before the claim, and exists after it."""
    must_be_made_for_its_claim(on_demand, backing_images, recorder)


@clause("backing-image.on-demand.parameters")
def test_image_is_made_as_the_handle_says(on_demand: OnDemand, backing_images: BackingImages) -> None:
    """The image has the name, the source type and the parameters of the handle."""
    must_be_made_as_its_handle_says(on_demand, backing_images)


@clause("backing-image.on-demand.parameters")
@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
def test_order_of_parameters_means_nothing(
    order: tuple[str, ...], on_demand_source: Source, on_demand_images: OnDemandImages
) -> None:
    """The same with the parameters in the page's order, and backwards: in a URL's query the order means nothing."""
    handle = on_demand_images.export_of(on_demand_source)
    ordered = BackingImageHandle(tuple((name, handle[name]) for name in order))

    restored = on_demand_images.restore(ordered, on_demand_source.image)

    on_demand_images.volumes.wait_accepted(restored.claim)
    must_be_made_as_its_handle_says(restored, on_demand_images.images)


@clause("backing-image.on-demand.once")
@pytest.mark.parametrize("through", ["same-snapshot", "another-snapshot"])
def test_second_claim_uses_the_same_image(through: str, on_demand: OnDemand, on_demand_images: OnDemandImages) -> None:
    """A second claim through the handle, from the same VolumeSnapshot or another, gets the first one's image."""
    first = on_demand_images.image_of(on_demand)

    again = on_demand.prepared
    if through == "another-snapshot":
        again = on_demand_images.preprovision(on_demand.handle, on_demand.holds)
    second = on_demand_images.image_of(on_demand_images.claim(again))

    assert {first, second} == {on_demand.handle.backing_image}, f"the claims have the images {first} and {second}"
    made = [image.name for image in on_demand_images.images.exported_from(on_demand.handle["volume-name"])]
    assert made == [first], f"images of the volume: {', '.join(made)}; expected is one"


@clause("backing-image.on-demand.types")
@pytest.mark.parametrize("source_type", UNSUPPORTED.values(), ids=UNSUPPORTED.keys())
def test_other_source_types_are_refused(
    source_type: str, on_demand: OnDemand, on_demand_images: OnDemandImages, backing_images: BackingImages
) -> None:
    """A claim through a handle with another source type is refused, and no image is made."""
    on_demand_images.control(on_demand)
    given = dict(on_demand.handle.parameters) | {TYPE: source_type, NAME: backing_images.new_name("type")}
    handle = BackingImageHandle.of(**given)

    on_demand_images.refused(str(handle), REFUSED)

    assert backing_images.never_made(handle.backing_image)
