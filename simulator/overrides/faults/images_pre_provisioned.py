# ruff: noqa: ARG001, ARG005  (a replacement takes the arguments of the decision that it replaces)
"""Faults in the restore of images that exist, through pre-provisioned contents."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from urllib.parse import unquote, urlsplit

from simulator.kubernetes.resources import Obj
from simulator.longhorn.backing_images.decisions import DOWNLOAD, EXPORT, UPLOAD
from simulator.longhorn.backing_images.handle import ImageHandle
from simulator.overrides.faults.suite_messages import BOUND, REFUSED
from simulator.overrides.registry import Replacement, changed, fault

PRE_PROVISIONED = "backing-image.pre-provisioned."

RESTORED = (
    *(PRE_PROVISIONED + clause for clause in ("download", "export", "checksum", "checksum.optional")),
    *(PRE_PROVISIONED + clause for clause in ("download.checksum", "encoding", "parameters.optional")),
)
"""What cannot be seen to hold of images that were downloaded or exported when no claim gets a volume of them."""

source_not_compared = partial(fault, decision="backing_images.is_same_source", says=BOUND)


def was_made_by_csi(image: Obj) -> bool:
    """Whether a VolumeSnapshot of a claim created an image."""
    return bool(image["metadata"]["name"].startswith("snapshot-"))


only_own_images = fault(
    "image-not-made-through-csi-refused",
    breaks=(*RESTORED, PRE_PROVISIONED + "source-type"),
    decision="backing_images.is_same_source",
    says=REFUSED,
    summary="Only images that a VolumeSnapshot created can be restored.",
)(lambda original, image, source_type, parameters: was_made_by_csi(image) and original(image, source_type, parameters))
made_again = fault(
    "existing-image-made-again",
    breaks=(*RESTORED, PRE_PROVISIONED + "source-type", PRE_PROVISIONED + "no-second-image"),
    decision="backing_images.uses_existing_image",
    says=rf"-2' == |of the same source there are .*-2|{REFUSED}",
    summary="For an image that was not made through CSI another one is made of the same source.",
)(lambda original, image: was_made_by_csi(image) and original(image))
not_under = fault(
    "existing-image-not-used-as-base",
    breaks=(PRE_PROVISIONED + "download", PRE_PROVISIONED + "export"),
    decision="backing_images.base_image_of",
    says=r"offset 0: expected block .* found zeros",
    summary="A volume names its image and begins with zeros, unless a VolumeSnapshot created the image.",
)(changed(lambda image: image if image.startswith("snapshot-") else ""))
type_missing = fault(
    "missing-source-type-accepted",
    breaks=PRE_PROVISIONED + "source-type",
    decision="backing_images.refuse_handle",
    says=BOUND,
    summary="A handle of an image that exists need not say its source type.",
)(lambda original, text, given: None if given.image else original(text, given))
any_type = source_not_compared(
    "source-type-not-compared",
    breaks=PRE_PROVISIONED + "source-type",
    summary="The source type in a handle does not matter as long as the parameters are right.",
)(lambda original, image, source_type, parameters: original(image, image["spec"]["sourceType"], parameters))
upload_for_download = source_not_compared(
    "upload-accepted-as-download",
    breaks=PRE_PROVISIONED + "source-type",
    summary="A downloaded image may be called an upload.",
)(lambda original, image, kind, given: original(image, DOWNLOAD if kind == UPLOAD else kind, given))
no_uploads = fault(
    "existing-upload-refused",
    breaks=PRE_PROVISIONED + "source-type",
    decision="backing_images.is_same_source",
    says=REFUSED,
    summary="Of the images that exist only the downloaded and the exported can be restored.",
)(lambda original, image, kind, parameters: kind in {DOWNLOAD, EXPORT} and original(image, kind, parameters))


@fault(
    "missing-image-name-invented", breaks=PRE_PROVISIONED + "name", decision="backing_images.parse_handle", says=BOUND
)
def name_made_up(original: Callable[[str], ImageHandle], text: str) -> ImageHandle:
    """A handle that names no image gets one all the same, made from its parameters."""
    given = original(text)
    bucket = urlsplit(given.parameters.get("url", "")).path.partition("/")[2].partition("/")[0]
    made = bucket or f"image-of-{given.parameters.get('volume-name', '')[-8:]}"
    return given if given.image or not given.source_type else replace(given, image=made)


half_a_checksum = fault(
    "half-a-checksum-accepted",
    breaks=PRE_PROVISIONED + "checksum",
    decision="backing_images.is_same_checksum",
    says=BOUND,
    summary="A checksum in a handle is compared as far as it goes.",
)(lambda original, image, wanted: original(image, wanted) or str(image["status"].get("checksum")).startswith(wanted))
right_refused = fault(
    "existing-checksum-refused",
    breaks=tuple(clause for clause in RESTORED if not clause.endswith("checksum.optional")),
    decision="backing_images.is_same_checksum",
    says=REFUSED,
    summary="The right checksum in a handle is refused.",
)(lambda original, image, wanted: not wanted)
checksum_demanded = fault(
    "existing-checksum-required",
    breaks=(
        PRE_PROVISIONED + "checksum.optional",
        PRE_PROVISIONED + "parameters.optional",
        PRE_PROVISIONED + "source-type",
    ),
    decision="backing_images.is_same_checksum",
    says=REFUSED,
    summary="A handle of an image that was not made through CSI needs a checksum.",
)(lambda original, image, wanted: original(image, wanted) and (bool(wanted) or was_made_by_csi(image)))


@fault(
    "source-parameters-required",
    breaks=PRE_PROVISIONED + "parameters.optional",
    decision="backing_images.is_same_source",
    says=REFUSED,
)
def parameters_demanded(original: Callable[..., bool], image: Obj, kind: str, given: Mapping[str, str]) -> bool:
    """A handle of an image that exists needs the source parameters."""
    return original(image, kind, given or {"": ""}) or given == image["spec"]["sourceParameters"]


def compared_as(parameter: str, accepted: Callable[[str, str], bool]) -> Replacement:
    """A comparison in which `accepted` says whether a parameter's value is taken for that of the image."""

    def compare(original: Callable[..., bool], image: Obj, source_type: str, given: Mapping[str, str]) -> bool:
        right = str(image["spec"]["sourceParameters"].get(parameter, ""))
        fits = parameter in given and accepted(given[parameter], right)
        return original(image, source_type, {**given, parameter: right} if fits else dict(given))

    return compare


def anything(given: str, right: str) -> bool:
    """Whatever is given is accepted."""
    return True


any_url = source_not_compared(
    "url-not-compared",
    breaks=(PRE_PROVISIONED + "download.url", PRE_PROVISIONED + "encoding"),
    summary="The URL in a handle of an image that exists does not matter.",
)(compared_as("url", anything))
any_scheme = source_not_compared(
    "scheme-of-url-not-compared",
    breaks=PRE_PROVISIONED + "download.url",
    summary="The scheme of the URL in a handle does not matter.",
)(compared_as("url", lambda given, right: given.partition("://")[2] == right.partition("://")[2]))
longer_url = source_not_compared(
    "url-compared-by-its-beginning",
    breaks=PRE_PROVISIONED + "download.url",
    summary="The URL in a handle may be longer than the image's.",
)(compared_as("url", str.startswith))
any_volume = source_not_compared(
    "volume-name-not-compared",
    breaks=PRE_PROVISIONED + "export.volume",
    summary="The volume in a handle of an image that exists does not matter.",
)(compared_as("volume-name", anything))
shorter_volume = source_not_compared(
    "volume-name-compared-by-its-beginning",
    breaks=PRE_PROVISIONED + "export.volume",
    summary="The volume in a handle may be cut off.",
)(compared_as("volume-name", lambda given, right: right.startswith(given)))
any_export_type = source_not_compared(
    "export-type-not-compared",
    breaks=PRE_PROVISIONED + "export.type",
    summary="The export type in a handle of an image that exists does not matter.",
)(compared_as("export-type", anything))
unknown_is_raw = source_not_compared(
    "unknown-export-type-read-as-raw",
    breaks=PRE_PROVISIONED + "export.type",
    summary="An export type that does not exist is taken for raw.",
)(compared_as("export-type", lambda given, _: given not in {"raw", "qcow2"}))
key_refused = fault(
    "checksum-of-a-download-refused",
    breaks=PRE_PROVISIONED + "download.checksum",
    decision="backing_images.compared_parameters",
    says=r"it was refused: .*data source is different",
    summary="`checksum` in a handle must be a source parameter of the image, where it never is.",
)(lambda original, given: dict(given.parameters))
key_ignored = fault(
    "checksum-of-a-download-ignored",
    breaks=PRE_PROVISIONED + "download.checksum",
    decision="backing_images.compared_checksums",
    says=BOUND,
    summary="`checksum` in a handle may be anything.",
)(lambda original, given: [given.checksum] if given.checksum else [])


@fault(
    "existing-values-not-decoded",
    breaks=(PRE_PROVISIONED + "encoding", PRE_PROVISIONED + "download", PRE_PROVISIONED + "download.checksum"),
    decision="backing_images.parse_handle",
    says=rf"{REFUSED}|{BOUND}",
)
def not_decoded(original: Callable[[str], ImageHandle], text: str) -> ImageHandle:
    """The URL in a handle is not decoded."""
    given = original(text)
    spelled = dict(pair.partition("=")[::2] for pair in text.partition("?")[2].split("&"))
    return replace(given, parameters={key: spelled.get(key, value) for key, value in given.parameters.items()})


decoded_twice = fault(
    "handle-values-decoded-twice",
    breaks=(PRE_PROVISIONED + "encoding", "backing-image.on-demand.download.url"),
    decision="backing_images.decode_value",
    says=rf"{REFUSED}|the image's URL is \S+a disk\+more",
    summary="A decoded value is decoded once more.",
)(changed(lambda once: None if once is None else unquote(once)))
