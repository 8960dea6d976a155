# ruff: noqa: ARG005  (a replacement takes the arguments of the decision that it replaces)
"""Faults in what becomes of a backing image when its VolumeSnapshot is deleted."""

from collections.abc import Callable, Sequence

from simulator.kubernetes.resources import Obj
from simulator.longhorn.backing_images import states
from simulator.overrides.faults.deletion import GIVEN, IMAGES
from simulator.overrides.faults.images_pre_provisioned import was_made_by_csi
from simulator.overrides.faults.suite_messages import IMAGE_STAYS, UNASKED, ZEROS
from simulator.overrides.registry import fault

KEPT = rf"the kept image \S+ is (gone|being deleted)|is being deleted at revision \d+, {UNASKED}"
"""What a test says of an image that had to stay."""

_EMPTIED: set[str] = set()
"""The images whose deletion was refused."""

GIVEN_KEPT = ("backing-image.retain.existing.download", "backing-image.retain.existing.export")

given_stays = fault(
    "pre-provisioned-image-not-deleted",
    breaks=GIVEN,
    decision="backing_images.deletes_image",
    says=IMAGE_STAYS,
    summary="Under Delete an image stays if no VolumeSnapshot created it.",
)(lambda original, image: original(image) and was_made_by_csi(image))
only_given = fault(
    "only-pre-provisioned-images-deleted",
    breaks=IMAGES,
    decision="backing_images.deletes_image",
    says=rf"{IMAGE_STAYS}|it was deleted during the wait",
    summary="Under Delete an image stays if a VolumeSnapshot created it.",
)(lambda original, image: original(image) and not was_made_by_csi(image))
unfinished_stays = fault(
    "unfinished-image-not-deleted",
    breaks="backing-image.delete",
    decision="backing_images.deletes_image",
    says=IMAGE_STAYS,
    summary="An image that is not complete when its VolumeSnapshot is deleted stays.",
)(lambda original, image: bool(states.ready_disks(image)) and original(image))
dies_later = fault(
    "retained-image-deleted-a-second-later",
    breaks="backing-image.retain",
    decision="backing_images.image_lifetime_after_snapshot",
    says=KEPT,
    summary="A retained image goes one second after its VolumeSnapshot.",
)(lambda original, image: 1.0 if was_made_by_csi(image) else None)
given_dies_later = fault(
    "pre-provisioned-image-deleted-a-second-later",
    breaks=GIVEN_KEPT,
    decision="backing_images.image_lifetime_after_snapshot",
    says=KEPT,
    summary="A retained image that no VolumeSnapshot created goes one second after the pre-provisioned VolumeSnapshot.",
)(lambda original, image: None if was_made_by_csi(image) else 1.0)


@fault(
    "refused-deletion-empties-the-image",
    breaks=("backing-image.delete.in-use", "backing-image.delete.in-use.direct"),
    decision="backing_images.refuse_deletion",
    says=ZEROS,
    also={
        "backing_images.served_bytes": lambda original, image, data: (
            bytes(len(data)) if image in _EMPTIED else original(image, data)
        )
    },
)
def notes_refusal(original: Callable[..., str], image: str, volumes: Sequence[str]) -> str:
    """An image that cannot be deleted because a volume uses it loses its data all the same."""
    refused = original(image, volumes)
    if refused:
        _EMPTIED.add(image)
    return refused


@fault(
    "snapshot-of-an-image-in-use-deleted-alone",
    breaks="backing-image.delete.in-use",
    decision="backing_images.deletes_image",
    says=r"it was deleted during the wait",
)
def goes_alone(original: Callable[[Obj], bool], image: Obj) -> bool:
    """The VolumeSnapshot of an image in use goes, and the image stays for ever."""
    free = image["status"].get("diskLastRefAtMap")
    return original(image) and bool(free or not states.ready_disks(image))


@fault(
    "delete-removes-all-images-of-the-volume",
    breaks=(
        "backing-image.delete.others",
        *(f"backing-image.{what}" for what in ("retain", "retain.existing.export", "on-demand.retain")),
    ),
    decision="backing_images.images_to_delete",
    says=KEPT,
)
def takes_siblings(original: Callable[..., Sequence[str]], images: Sequence[Obj], name: str) -> Sequence[str]:
    """With an image go all others that were made of the same volume."""
    volume = {each["metadata"]["name"]: each["spec"]["sourceParameters"].get("volume-name") for each in images}
    same = [each for each, of in volume.items() if of and of == volume.get(name) and each != name]
    return *original(images, name), *same


@fault(
    "delete-removes-the-oldest-image",
    breaks=("backing-image.delete", "backing-image.delete.others", "backing-image.retain"),
    decision="backing_images.images_to_delete",
    says=rf"{IMAGE_STAYS}|{UNASKED}",
)
def takes_oldest(original: Callable[..., Sequence[str]], images: Sequence[Obj], name: str) -> Sequence[str]:
    """Of several images of a volume the oldest goes, whichever is meant."""
    by_name = {each["metadata"]["name"]: each for each in images}
    meant = by_name.get(name)
    if meant is None or not was_made_by_csi(meant):
        return original(images, name)
    same = [each for each in images if each["spec"]["sourceParameters"] == meant["spec"]["sourceParameters"]]
    return (min(same, key=lambda each: int(each["metadata"]["resourceVersion"]))["metadata"]["name"],)


used_twice = fault(
    "image-that-two-volumes-use-is-deleted",
    breaks="backing-image.delete.in-use.direct",
    decision="backing_images.refuse_deletion",
    says=r"the deletion of backing image \S+ was not refused",
    summary="An image that more than one volume uses can be deleted.",
)(lambda original, image, volumes: original(image, volumes) if len(volumes) < 2 else "")


@fault(
    "delete-removes-images-of-longer-names",
    breaks=("backing-image.delete.others", "backing-image.on-demand.retain"),
    decision="backing_images.images_to_delete",
    says=KEPT,
)
def takes_longer_names(original: Callable[..., Sequence[str]], images: Sequence[Obj], name: str) -> Sequence[str]:
    """With an image go all others whose names begin with its name."""
    known = [each["metadata"]["name"] for each in images]
    longer = [each for each in known if name and each != name and each.startswith(name)]
    return *original(images, name), *longer
