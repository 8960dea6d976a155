# ruff: noqa: ARG001  (a replacement takes the arguments of the decision that it replaces)
"""Faults in images that are made on demand: when, as what, how often, and what becomes of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulator.csi.protocol import Code
from simulator.kubernetes.resources import Obj
from simulator.longhorn.backing_images.handle import ImageHandle
from simulator.overrides.faults.suite_messages import IMAGE_STAYS, NOT_BOUND
from simulator.overrides.registry import fault

Refusal = tuple[Code, str]

EXPORTED = (
    "backing-image.on-demand.export",
    "backing-image.on-demand.export.raw",
    "backing-image.on-demand.export.qcow",
)
MADE = (
    "backing-image.on-demand.moment",
    "backing-image.on-demand.parameters",
    "backing-image.on-demand.once",
    *EXPORTED,
    "backing-image.on-demand.download",
    "backing-image.on-demand.download.moment",
    "backing-image.on-demand.download.url",
    "backing-image.on-demand.download.checksum",
)
"""Clauses about an export, and about any image, that is looked for under the name in its handle."""


def is_image(content: Obj) -> bool:
    """Whether a pre-provisioned content has the handle of a backing image."""
    return str(content["spec"]["source"].get("snapshotHandle", "")).startswith("bi://")


def is_download(content: Obj) -> bool:
    """Whether a pre-provisioned content has the handle of a downloaded image."""
    return is_image(content) and "DataSourceType=download&" in str(content["spec"]["source"]["snapshotHandle"])


not_ready = fault(
    "on-demand-snapshot-not-ready",
    breaks="backing-image.on-demand.ready",
    decision="csi.pre_provisioned_ready",
    says=r"could not make the pre-provisioned VolumeSnapshot ready",
    summary="A pre-provisioned content for a backing image does not become ready.",
)(lambda original, content: original(content) and not is_image(content))
named_otherwise = fault(
    "on-demand-image-misnamed",
    breaks=MADE,
    decision="backing_images.image_to_use",
    says=r"could not (create|complete) the backing image|claims have the images \S+-x",
    summary="An image that is made on demand gets another name than the handle says.",
)(lambda original, images, wanted: original(images, wanted) + "-x")


@fault(
    "on-demand-parameters-changed",
    breaks=("backing-image.on-demand.parameters", *EXPORTED, "backing-image.on-demand.once"),
    decision="backing_images.parameters_on_demand",
    says=r"'export-type': 'qcow2'|assert 'qcow2' == 'raw'|is raw, requested was qcow2|could not bind the claim",
)
def export_type_swapped(original: Callable[[ImageHandle], dict[str, str]], given: ImageHandle) -> dict[str, str]:
    """An image is exported raw where the handle says qcow2, and the other way round."""
    swapped = {"raw": "qcow2", "qcow2": "raw"}
    return {key: swapped.get(value, value) for key, value in original(given).items()}


@fault(
    "another-volume-exported-on-demand",
    breaks=("backing-image.on-demand", *EXPORTED),
    decision="backing_images.exported_volume",
    says=r"offset \d+: expected .*, found",
)
def another_volume(original: Callable[[str, Sequence[Obj]], str], wanted: str, volumes: Sequence[Obj]) -> str:
    """Of several volumes the wrong one is exported."""
    whole = [each["metadata"]["name"] for each in volumes if not each["spec"].get("backingImage")]
    return next((each for each in whole if each != wanted), original(wanted, volumes))


retained_deleted = fault(
    "retained-on-demand-image-deleted",
    breaks="backing-image.on-demand.retain",
    decision="csi.deletes_snapshot",
    says=r"the retained .*(is gone|is being deleted)|the states of the retained",
    summary="Deleting a VolumeSnapshot under Retain deletes its image all the same.",
    also={"csi.deletes_content": lambda original, content: original(content) or is_image(content)},
)(lambda original, content: original(content) or is_image(content))


retained_download_deleted = fault(
    "retained-download-deleted",
    breaks=("backing-image.on-demand.retain.download", "backing-image.retain.existing.download"),
    decision="csi.deletes_snapshot",
    says=r"the (retained|kept) .*(is gone|is being deleted)|the states of the retained",
    summary="Deleting a VolumeSnapshot under Retain deletes its image if that was downloaded.",
    also={"csi.deletes_content": lambda original, content: original(content) or is_download(content)},
)(lambda original, content: original(content) or is_download(content))
download_stays = fault(
    "downloaded-on-demand-image-not-deleted",
    breaks=("backing-image.on-demand.delete.download", "backing-image.delete.existing.download"),
    decision="csi.deletes_snapshot",
    says=IMAGE_STAYS,
    summary="Deleting a VolumeSnapshot under Delete leaves its image if that was downloaded.",
)(lambda original, content: original(content) and not is_download(content))


@fault(
    "on-demand-export-in-alphabetical-order-only",
    breaks="backing-image.on-demand.parameters",
    decision="backing_images.refuse_on_demand",
    says=r"it was refused: .*missing parameters",
)
def alphabetical_only(original: Callable[..., Refusal | None], volume: str, given: ImageHandle) -> Refusal | None:
    """An image is exported on demand only if the parameters stand in alphabetical order."""
    if [*given.parameters] == sorted(given.parameters):
        return original(volume, given)
    return Code.INVALID_ARGUMENT, f"volume {volume} missing parameters for preparing backing image"


@fault(
    "snapshot-of-a-missing-image-stays",
    breaks="backing-image.on-demand.delete.never-made",
    decision="backing_images.refuse_deletion_of_missing",
    says=r"could not remove the VolumeSnapshot",
)
def missing_stays(original: Callable[[str], Refusal | None], name: str) -> Refusal | None:
    """A VolumeSnapshot whose image does not exist cannot be deleted, as in Longhorn 1.5.0."""
    return Code.INTERNAL, f'failed to delete backing image {name}: backingimages.longhorn.io "{name}" not found'


@fault(
    "reference-beside-the-spec-accepted",
    breaks="backing-image.example.on-demand.download",
    decision="kubernetes.admit_invalid",
    says=r"VolumeSnapshotContent was accepted",
)
def reference_beside_spec(original: Callable[..., Any], resource: Any, obj: Mapping[str, Any], errors: Any) -> Any:
    """A content is accepted whose spec has no volumeSnapshotRef."""
    beside = any(error.field == "spec.volumeSnapshotRef" for error in errors)
    return [] if beside else original(resource, obj, errors)


@fault(
    "content-without-spec-accepted",
    breaks="backing-image.example.on-demand.export",
    decision="kubernetes.admit_invalid",
    says=r"VolumeSnapshotContent was accepted",
)
def without_spec(original: Callable[..., Any], resource: Any, obj: Mapping[str, Any], errors: Any) -> Any:
    """A content is accepted that has no spec."""
    beside = resource.plural == "volumesnapshotcontents" and "spec" not in obj
    return [] if beside else original(resource, obj, errors)


content_refused = fault(
    "content-refused-as-a-source",
    breaks="backing-image.example.version",
    decision="csi.snapshot_source_is_exclusive",
    says=r"create VolumeSnapshot default/\S+.*spec.source",
    summary="A VolumeSnapshot whose source is a content is refused.",
)(lambda original, source: original(source) and "volumeSnapshotContentName" not in source)


_MADE_ONCE: set[str] = set()
"""The images that were made once."""


@fault(
    "image-on-demand-made-only-once",
    breaks="backing-image.on-demand",
    decision="backing_images.makes_image_on_demand",
    says=NOT_BOUND,
)
def only_once(original: Callable[[str], bool], image: str) -> bool:
    """An image that was made on demand and deleted is not made again for a later claim."""
    again = image in _MADE_ONCE
    _MADE_ONCE.add(image)
    return original(image) and not again
