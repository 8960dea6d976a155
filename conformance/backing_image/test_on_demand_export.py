"""On-demand provision by `export-from-volume`: an existing volume is exported when a claim needs the image."""

import pytest

from conformance.backing_image.on_demand import OnDemand, OnDemandImages
from conformance.requirements import REFUSED, naming
from fixtures.catalogue.clauses import clause
from fixtures.longhorn.backing_images import EXPORT, BackingImages
from fixtures.longhorn.disk_images import read_disk_file
from fixtures.longhorn.volumes import FIRST_AND_LAST_UNIT, Source
from fixtures.workloads.data import first_difference
from fixtures.workloads.pods import Workloads

pytestmark = pytest.mark.on_demand


@clause("backing-image.on-demand.export", "backing-image.on-demand.export.raw")
def test_raw_file_holds_the_volume(on_demand: OnDemand, backing_images: BackingImages) -> None:
    """With `export-type=raw` the file is raw and holds the volume byte for byte."""
    image = backing_images.wait_ready(on_demand.handle.backing_image)

    file = read_disk_file(backing_images.file(image.name))

    assert file.format == "raw"
    assert not (found := first_difference(file.data, on_demand.holds)), found


@clause("backing-image.on-demand.export.qcow")
def test_qcow2_file_is_qcow2(qcow2_on_demand: OnDemand, backing_images: BackingImages) -> None:
    """With `export-type=qcow2` the file is a qcow2 file that holds the volume byte for byte."""
    image = backing_images.wait_ready(qcow2_on_demand.handle.backing_image)

    file = read_disk_file(backing_images.file(image.name))

    assert not (found := first_difference(file.data, qcow2_on_demand.holds)), found
    # Last, since releases are known not to do so: wrong data must not hide behind it.
    assert file.format == "qcow2", f"the file of {image} is {file.format}, requested was qcow2"


@clause("backing-image.on-demand.export")
def test_claim_gets_the_data_of_a_qcow2_export(qcow2_on_demand: OnDemand, workloads: Workloads) -> None:
    """A claim gets the data of the volume also through an image that is exported as qcow2."""
    claim = workloads.wait_bound(qcow2_on_demand.claim)

    workloads.verify(claim, qcow2_on_demand.holds)


@clause("backing-image.on-demand.export")
def test_volume_in_use_is_exported(on_demand_images: OnDemandImages, workloads: Workloads) -> None:
    """A volume that a pod uses is exported too, and the claim gets its data."""
    source = on_demand_images.volumes.volume_with("in-use", *FIRST_AND_LAST_UNIT)
    with workloads.attached(source.pvc):
        restored = on_demand_images.export(source)
        claim = workloads.wait_bound(restored.claim)
        on_demand_images.images.wait_ready(restored.handle.backing_image)

    workloads.verify(claim, source.image)


@clause("backing-image.on-demand.export.volume")
@pytest.mark.parametrize("named", ["no-such-volume", "the-claim"])
def test_volume_must_be_one_of_longhorn(
    named: str, on_demand: OnDemand, on_demand_source: Source, on_demand_images: OnDemandImages
) -> None:
    """A claim is refused if `volume-name` is no Longhorn volume: one that does not exist, or the name of a claim."""
    on_demand_images.control(on_demand)
    volume = on_demand_source.pvc.name if named == "the-claim" else named

    handle = on_demand_images.handle(EXPORT, volume_name=volume, export_type="raw")

    on_demand_images.refused(str(handle), f"{naming(volume)}.*{REFUSED}")


@clause("backing-image.on-demand.export.formats")
@pytest.mark.parametrize("export_type", ["vmdk", "raw,qcow2"])
def test_other_formats_are_refused(export_type: str, on_demand: OnDemand, on_demand_images: OnDemandImages) -> None:
    """A claim through a handle with another `export-type` than raw and qcow2 is refused."""
    on_demand_images.control(on_demand)
    handle = on_demand_images.handle(EXPORT, volume_name=on_demand.handle["volume-name"], export_type=export_type)

    on_demand_images.refused(str(handle), REFUSED)
