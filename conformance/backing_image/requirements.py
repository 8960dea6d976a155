"""What several sections of this page require. Each function is one requirement, and asserts it."""

from conformance.backing_image.existing import ExistingImages, PreProvisionedImage
from conformance.backing_image.on_demand import NAME, TYPE, OnDemand
from fixtures.kubernetes.history import Recorder, Revision, before
from fixtures.kubernetes.resource_kinds import PVC
from fixtures.longhorn.backing_images import BackingImages
from fixtures.longhorn.disk_images import read_disk_file
from fixtures.workloads.data import Image, first_difference
from fixtures.workloads.pods import Pvc


def must_hold(images: BackingImages, name: str, data: Image) -> None:
    """An image's file holds these data, byte for byte."""
    difference = first_difference(read_disk_file(images.file(name)).data, data)

    assert difference is None, f"the file of image {name}: {difference}"


def must_be_intact(images: BackingImages, name: str, data: Image) -> None:
    """An image to be kept exists, nobody has requested its deletion, and its file is right."""
    found = images.find(name)
    assert found is not None, f"the kept image {name} is gone from Longhorn"
    assert "deletionTimestamp" not in found.object["metadata"], f"the kept image {name} is being deleted"
    must_hold(images, name, data)


def must_get_the_image(claim: Pvc, restored: PreProvisionedImage, steps: ExistingImages) -> Pvc:
    """A claim is bound to a volume of an existing image; the bound claim."""
    bound = steps.volumes.wait_accepted(claim)

    assert steps.volumes.image_of(bound) == restored.existing.image.name
    return bound


def must_be_made_as_its_handle_says(on_demand: OnDemand, images: BackingImages) -> None:
    """An image is made with the name, the source type and the parameters of its handle."""
    image = images.wait_exists(on_demand.handle.backing_image)

    given = {key: value for key, value in on_demand.handle.parameters if key not in {TYPE, NAME}}
    made = {key: value for key, value in image.parameters.items() if key in given}
    assert (image.source_type, made) == (on_demand.handle.source_type, given)


def must_be_made_for_its_claim(on_demand: OnDemand, images: BackingImages, recorder: Recorder) -> None:
    """An image does not exist before the claim that needs it, and exists after it."""
    image = images.wait_exists(on_demand.handle.backing_image)

    claim = on_demand.claim
    claimed = recorder.of(PVC, claim.name, claim.namespace, claim.uid).created
    early = on_demand.early or was_made_before(claimed, image.name, images)
    assert not early, f"{image} was made before any claim needed it"


def was_made_before(moment: Revision, name: str, images: BackingImages) -> bool:
    """Whether an image was made before another object reached a state, or with it. Blocked if that cannot be told."""
    return not images.never_made(name) and not before(moment, images.history(name).created)
