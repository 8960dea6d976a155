"""Faults in handles of images on demand: each accepts one thing that is wrong in a handle."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from simulator.longhorn.backing_images.decisions import DOWNLOAD, EXPORT
from simulator.longhorn.backing_images.handle import ImageHandle
from simulator.longhorn.handles import Handle
from simulator.overrides.faults.suite_messages import BOUND
from simulator.overrides.registry import Fault, Replacement, fault

ReadImage = Callable[[str], ImageHandle]
Read = Callable[[str], Handle]

NOWHERE = {"url": "http://nowhere.test/image"}

malformed = partial(fault, breaks="backing-image.on-demand.handle.malformed", says=BOUND)


def type_accepted(name: str, source_type: str) -> Fault:
    """A fault by which an unsupported source type is read as an export."""

    def read(original: ReadImage, text: str) -> ImageHandle:
        given = original(text)
        return replace(given, source_type=EXPORT) if given.source_type == source_type else given

    summary = f"The source type {source_type} is accepted for an image that does not exist."
    breaks = "backing-image.on-demand.types"
    return fault(name, breaks=breaks, decision="backing_images.parse_handle", says=BOUND, summary=summary)(read)


upload_accepted = type_accepted("on-demand-upload-accepted", "upload")
restore_accepted = type_accepted("on-demand-restore-accepted", "restore")
clone_accepted = type_accepted("on-demand-clone-accepted", "clone")
misspelt_accepted = type_accepted("misspelt-source-type-accepted", "export-form-volume")
nonsense_accepted = type_accepted("unknown-source-type-accepted", "no-such-type")


def beginning_accepted(name: str, beginning: str, summary: str) -> Fault:
    """A fault by which a handle with that beginning is accepted for a backing image."""

    def read(original: Read, text: str) -> Handle:
        return Handle("bi") if text.startswith(beginning) else original(text)

    return malformed(name, decision="longhorn.parse_handle", summary=summary)(read)


without_scheme = beginning_accepted(
    "handle-without-scheme-accepted", "backing?", "A handle that begins with its host is accepted."
)
unknown_scheme = beginning_accepted(
    "handle-of-an-unknown-scheme-accepted", "foo://backing?", "A handle is accepted for its host, whatever the scheme."
)
backup_scheme = beginning_accepted(
    "image-in-a-backup-handle-accepted", "bak://backing?", "The scheme of backups is accepted for a backing image."
)
without_slashes = beginning_accepted(
    "handle-without-slashes-accepted", "bi:backing?", "A handle without slashes after its scheme is accepted."
)

without_parameters = malformed(
    "handle-without-parameters-accepted",
    decision="backing_images.refuse_handle",
    summary="A handle that says nothing is accepted, and the claim gets any image.",
    also={
        "backing_images.image_to_use": lambda original, images, wanted: (
            original(images, wanted) or next(iter(images), "")
        )
    },
)(lambda original, text, given: None if text == "bi://backing" else original(text, given))


@malformed("path-accepted-as-parameters", decision="backing_images.parse_handle")
def path_for_parameters(original: ReadImage, text: str) -> ImageHandle:
    """A handle of volume and image, as other snapshots have it, is accepted for an export."""
    volume, slash, image = text.partition("://")[2].partition("/")
    if not slash or "?" in text:
        return original(text)
    return ImageHandle(image, EXPORT, "", {"volume-name": volume, "export-type": "raw"})


def is_bare(text: str) -> bool:
    """Whether a handle is a name only."""
    return "?" not in text and "/" not in text


def name_as_download(original: ReadImage, text: str) -> ImageHandle:
    """The image of that name is downloaded from somewhere."""
    return ImageHandle(text, DOWNLOAD, "", NOWHERE) if is_bare(text) else original(text)


name_for_handle = malformed(
    "name-accepted-as-handle",
    decision="longhorn.parse_handle",
    summary="A bare name is accepted as a handle.",
    also={"backing_images.parse_handle": name_as_download},
)(lambda original, text: Handle("bi") if "-demand-" in text and is_bare(text) else original(text))


def corrected(name: str, clause: str, summary: str, mend: Callable[[str, ImageHandle], ImageHandle | None]) -> Fault:
    """A fault that supplies what a handle lacks: `mend` says what is read instead, None to leave it as it is."""

    def read(original: ReadImage, text: str) -> ImageHandle:
        given = original(text)
        return mend(text, given) or given

    return fault(name, breaks=clause, decision="backing_images.parse_handle", says=BOUND, summary=summary)(read)


def with_parameters(given: ImageHandle, more: Mapping[str, str]) -> ImageHandle:
    """A handle with other parameters."""
    return replace(given, parameters={**given.parameters, **more})


def unnamed(given: ImageHandle) -> ImageHandle:
    """A handle whose image has an invented name."""
    return replace(given, image=f"unnamed-{given.parameters.get('volume-name', '')[-8:]}")


IDENTITY = "backing-image.on-demand.handle.required"
VOLUME = "backing-image.on-demand.export.required"
URL = "backing-image.on-demand.download.required"

image_missing = corrected(
    "handle-without-image-accepted",
    IDENTITY,
    "An image that a handle does not name is made under some name.",
    lambda text, given: unnamed(given) if "?" in text and "backingImage=" not in text else None,
)
image_empty = corrected(
    "handle-with-empty-image-accepted",
    IDENTITY,
    "An image with an empty name is made under some name.",
    lambda text, given: unnamed(given) if "backingImage=&" in text else None,
)
image_not_decodable = corrected(
    "handle-that-cannot-be-decoded-accepted",
    IDENTITY,
    "An image is made though its name cannot be decoded.",
    lambda text, given: unnamed(given) if "%zz" in text else None,
)
type_missing = corrected(
    "handle-without-type-accepted",
    IDENTITY,
    "Without a source type an image is exported.",
    lambda text, given: replace(given, source_type=EXPORT) if "backingImageDataSourceType" not in text else None,
)
type_empty = corrected(
    "handle-with-empty-type-accepted",
    IDENTITY,
    "With an empty source type an image is exported.",
    lambda text, given: replace(given, source_type=EXPORT) if "backingImageDataSourceType=&" in text else None,
)
format_missing = corrected(
    "export-without-format-accepted",
    VOLUME,
    "An export without a format is raw.",
    lambda text, given: with_parameters(given, {"export-type": "raw"}) if "export-type" not in text else None,
)
format_empty = corrected(
    "export-with-empty-format-accepted",
    VOLUME,
    "An export with an empty format is raw.",
    lambda text, given: with_parameters(given, {"export-type": "raw"}) if "export-type=&" in text else None,
)
url_missing = corrected(
    "download-without-url-accepted",
    URL,
    "A download without a URL is accepted, and fails later.",
    lambda text, given: (
        with_parameters(given, NOWHERE) if given.source_type == DOWNLOAD and "url" not in text else None
    ),
)
url_empty = corrected(
    "download-with-empty-url-accepted",
    URL,
    "A download with an empty URL is accepted, and fails later.",
    lambda text, given: with_parameters(given, NOWHERE) if text.endswith("url=") else None,
)


def volume_not_needed(name: str, value: str | None, summary: str) -> Fault:
    """A fault by which an export is accepted whose `volume-name` is that (None: it has none)."""

    def accept(original: Callable[..., object], volume: str, given: ImageHandle) -> object:
        return None if given.parameters.get("volume-name") == value else original(volume, given)

    def need(original: Callable[..., str], source_type: str, parameters: Mapping[str, str]) -> str:
        return "" if parameters.get("volume-name") == value else original(source_type, parameters)

    also: dict[str, Replacement] = {
        "backing_images.refuse_parameters": need,
        "backing_images.refuse_export_of": lambda original, name, volume: original(name, volume) if name else "",
    }
    decision = "backing_images.refuse_on_demand"
    return fault(name, breaks=VOLUME, decision=decision, says=BOUND, summary=summary, also=also)(accept)


volume_missing = volume_not_needed(
    "export-without-volume-accepted", None, "An export of no volume is accepted, and fails later."
)
volume_empty = volume_not_needed(
    "export-with-empty-volume-accepted",
    "",
    "An export of a volume with an empty name is accepted, and fails later.",
)
