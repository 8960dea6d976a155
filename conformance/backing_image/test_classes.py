"""Create A CSI VolumeSnapshot Associated With Longhorn BackingImage: the class, its type and its export-type."""

from collections.abc import Mapping

import pytest

from conformance.backing_image.scenarios import Exported, ImageExportSteps
from conformance.requirements import must_wait_for_its_class, naming
from conformance.scenarios import Requested
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.resource_kinds import VOLUME_SNAPSHOT_CLASS
from fixtures.longhorn.backing_images import BackingImages
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.longhorn.volumes import Source
from fixtures.outcomes import precondition

pytestmark = pytest.mark.classes

UNKNOWN_TYPES = {"spelled-out": "backing-image", "upper-case": "BI", "none-of-all": "no-such-type"}
"""Values of `type` that no page knows."""

UNKNOWN_FORMATS = {"upper-case": "QCOW2", "other-format": "vmdk", "both-formats": "raw,qcow2"}
"""Values of `export-type` other than raw and qcow2."""


@clause("backing-image.class.export-type")
@pytest.mark.parametrize("asked", ["raw", "qcow2"])
def test_export_type_is_that_of_the_class(
    asked: str, formats: Mapping[str, Requested], backing_images: BackingImages
) -> None:
    """The backing image is to be exported in the format that the class names."""
    with precondition("there is no image to check"):
        image = backing_images.wait_created(formats[asked].snapshot)

    recorded = image.parameters.get("export-type")

    assert recorded == asked, f"export-type of {image} is {recorded}, the class says {asked}"


@clause("backing-image.class.export-type.default")
def test_export_type_is_raw_without_one(exported: Exported, cluster: Cluster) -> None:
    """With a class that names no format the backing image is to be exported as raw."""
    named = exported.snapshot.object["spec"]["volumeSnapshotClassName"]
    assert cluster.get(VOLUME_SNAPSHOT_CLASS, named)["parameters"] == {"type": "bi"}

    recorded = exported.image.parameters.get("export-type")

    assert recorded == "raw", f"export-type of {exported.image} is {recorded}, the default is raw"


@clause("backing-image.class.export-type.unknown")
@pytest.mark.parametrize("value", UNKNOWN_FORMATS.values(), ids=UNKNOWN_FORMATS.keys())
def test_unknown_export_type_is_refused(value: str, empty_source: Source, snapshots: Snapshots) -> None:
    """With another format than the two there is no image: the VolumeSnapshot gets an error that names it."""
    class_name = snapshots.create_class("Delete", {"type": "bi", "export-type": value})

    snapshot = snapshots.create(empty_source.pvc, class_name)

    snapshots.wait_error(snapshot, naming(value))


@clause("backing-image.class.type.unknown")
@pytest.mark.parametrize("value", UNKNOWN_TYPES.values(), ids=UNKNOWN_TYPES.keys())
def test_unknown_type_is_refused(value: str, empty_source: Source, snapshots: Snapshots) -> None:
    """With a `type` that does not exist there is no image: the VolumeSnapshot gets an error that names it."""
    class_name = snapshots.create_class("Delete", {"type": value, "export-type": "raw"})

    snapshot = snapshots.create(empty_source.pvc, class_name)

    snapshots.wait_error(snapshot, naming(value))


@clause("backing-image.delete")
@pytest.mark.delete
def test_snapshot_without_its_class_can_be_deleted(empty_source: Source, steps: ImageExportSteps) -> None:
    """A VolumeSnapshot whose class is gone is removed, and its content and image with it."""
    class_name = steps.snapshots.create_class("Delete", {"type": "bi"})
    exported = steps.export_or_block(empty_source, class_name)

    steps.snapshots.delete_class(class_name)

    steps.delete(exported)


@clause("backing-image.class.named")
def test_class_must_exist(empty_source: Source, two_snapshots: tuple[Requested, ...], snapshots: Snapshots) -> None:
    """A VolumeSnapshot of a missing class gets an error that names it, and is bound once the class exists."""
    must_wait_for_its_class(empty_source, two_snapshots[0].snapshot, snapshots, {"type": "bi"})
