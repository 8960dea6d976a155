# ruff: noqa: ARG001, ARG005  (a replacement takes the arguments of the decision that it replaces)
"""Faults in what a claim gets that restores from a VolumeSnapshot of type bi.

Some of them go for images that a VolumeSnapshot created only, so that images made otherwise stay as they should be.
"""

from collections.abc import Callable, Sequence

from simulator.csi.protocol import Code
from simulator.kubernetes.resources import Obj
from simulator.longhorn.decisions import Refusal
from simulator.overrides.faults.images_exported import BLOCK, without_ends_of_blocks
from simulator.overrides.faults.suite_messages import BOUND, NOT_BOUND, ZEROS
from simulator.overrides.registry import always, changed, fault

MADE = "snapshot-"
"""How the name of an image begins that a VolumeSnapshot created."""

READ = ("backing-image.restore", "backing-image.restore.size.larger", "backing-image.restore.unchanged")
"""Clauses about what a restored volume reads."""


_GONE: set[str] = set()
_DEVICES: dict[str, str] = {}
"""The images whose VolumeSnapshots were deleted, and by image the volume on it that a pod used first."""


@fault(
    "restore-from-another-image",
    breaks="backing-image.restore",
    decision="backing_images.image_to_use",
    says=r"offset \d+: expected (zeros|block \d+ of stream \S+), found (zeros|block \d+ of stream)",
    also={"backing_images.is_same_source": always(True)},
)
def other_image(original: Callable[..., str], images: Sequence[str], wanted: str) -> str:
    """A claim gets another image than the one in the handle, if there is one."""
    others = (each for each in images if each != wanted and each.startswith(MADE))
    return next(others, wanted) if wanted.startswith(MADE) else wanted


second_export = fault(
    "restore-exports-again",
    breaks=("backing-image.restore", "backing-image.restore.base"),
    decision="backing_images.uses_existing_image",
    says=r"could not bind the claim that restores|the restored volume's backing image is '\S+-2'|offset \d+",
    summary="A restore creates another image, from what the source holds by then.",
)(lambda original, image: not str(image["metadata"]["name"]).startswith(MADE))
no_base = fault(
    "image-not-used-as-base",
    breaks=(*READ, "backing-image.source.base"),
    decision="backing_images.base_image_of",
    says=r"offset \d+: expected block \d+ of stream \S+, found zeros|there is no file",
    summary="The restored volume names the image and holds nothing.",
)(changed(lambda name: "" if name.startswith(MADE) else name))
backup_alone = fault(
    "backup-without-the-image-under-its-volume",
    breaks="backing-image.restore.backed-up",
    decision="longhorn.restored_image",
    says=r"offset \d+: expected block \d+ of stream exported, found zeros",
    summary="What restores the backup of a volume that has an image lacks the image's data.",
)(always(""))
lost_ends = fault(
    "restore-loses-block-ends",
    breaks=READ,
    decision="backing_images.base_image_bytes",
    says=ZEROS,
    summary="The last sector of each block of 2 MiB of the image is not read.",
)(lambda original, offset, data: without_ends_of_blocks(offset, original(offset, data)))
too_large = fault(
    "volume-from-an-image-too-large",
    breaks=(*READ, "backing-image.restore.size", "backing-image.source.base"),
    decision="backing_images.restored_size",
    says=r"'size of the Longhorn volume': 18874368|\d+ bytes instead of (50331648|16777216)",
    summary="The restored volume is 2 MiB larger than requested.",
)(lambda original, requested, virtual_size: original(requested, virtual_size) + BLOCK)
cut = fault(
    "larger-claim-limited-to-the-image",
    breaks="backing-image.restore.size.larger",
    decision="backing_images.restored_size",
    says=r"16777216 bytes instead of 50331648",
    summary="A claim larger than the image gets a volume of the image's size.",
)(lambda original, requested, virtual_size: min(original(requested, virtual_size), virtual_size or requested))


written_through = fault(
    "image-changed-by-a-restored-volume",
    breaks=("backing-image.restore.unchanged", "backing-image.restore.size.larger"),
    decision="backing_images.images_written_to",
    says=r"found block \d+ of stream upper",
    summary="What is written to a volume is written to its image as well.",
)(lambda original, volume, images: [*filter(None, [volume["spec"].get("backingImage")])])


@fault(
    "volumes-on-one-image-share-a-device",
    breaks="backing-image.restore",
    decision="longhorn.published_volume",
    says=r"offset \d+: expected .*, found block \d+ of stream upper",
)
def one_device(original: Callable[..., str], volume: Obj, volumes: Sequence[Obj]) -> str:
    """Volumes that restored one image are one device."""
    wanted = original(volume, volumes)
    first = _DEVICES.setdefault(volume["spec"].get("backingImage") or wanted, wanted)
    return first if first in {each["metadata"]["name"] for each in volumes} else wanted


def notes_deletion(original: Callable[..., Sequence[str]], snapshot: Obj, finalizers: Sequence[str]) -> Sequence[str]:
    """A VolumeSnapshot is deleted."""
    _GONE.add(f"snapshot-{snapshot['metadata']['uid']}")
    return original(snapshot, finalizers)


@fault(
    "restored-volume-needs-its-snapshot",
    breaks="backing-image.restore",
    decision="longhorn.refuse_attachment",
    says=r"could not run a pod on the restored volume",
    also={"csi.finalizers_to_remove": notes_deletion},
)
def held_by_its_snapshot(original: Callable[..., Refusal | None], volume: Obj, backup: Obj | None) -> Refusal | None:
    """A restored volume cannot be attached when the VolumeSnapshot that it restored is gone."""
    gone = volume["spec"].get("backingImage") in _GONE
    return (Code.NOT_FOUND, "the snapshot is gone") if gone else original(volume, backup)


@fault(
    "larger-claim-refused-for-the-image",
    breaks="backing-image.restore.size.larger",
    decision="backing_images.refuse_volume_size",
    says=NOT_BOUND,
)
def larger_refused(original: Callable[[int, int], str], size: int, virtual_size: int) -> str:
    """A claim larger than the image is refused."""
    return original(size, virtual_size) or ("sizes differ" if virtual_size and size > virtual_size else "")


no_size = fault(
    "image-content-without-a-size",
    breaks=("backing-image.restore.size", "backing-image.restore.size.smaller"),
    decision="csi.recorded_size",
    says=rf"'restoreSize of the VolumeSnapshot': None|{BOUND}",
    summary="The content of an image reports no size, so that the provisioner compares nothing.",
    also={"backing_images.refuse_volume_size": always("")},
)(lambda original, content, answer: None if answer.snapshot_id.startswith("bi://") else original(content, answer))


twice_at_most = fault(
    "volume-at-most-twice-its-image",
    breaks="backing-image.restore.size.larger",
    decision="backing_images.restored_size",
    says=r"\d+ bytes instead of \d+",
    summary="A volume on an image is never larger than twice the image, whatever its claim requests.",
)(lambda original, requested, virtual_size: min(original(requested, virtual_size), 2 * virtual_size or requested))
