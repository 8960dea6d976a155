# ruff: noqa: ARG001  (a replacement takes the arguments of the decision that it replaces)
"""Faults in handles of images on demand: what is wrong in them is overlooked, one thing a fault."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from simulator.csi.protocol import Code
from simulator.longhorn.backing_images.decisions import DOWNLOAD, EXPORT
from simulator.longhorn.backing_images.handle import ImageHandle
from simulator.longhorn.handles import Handle
from simulator.overrides.registry import Fault, fault, override

Refusal = tuple[Code, str]
ReadImage = Callable[[str], ImageHandle]
Read = Callable[[str], Handle]

BOUND = r"was not refused but bound"
"""What a test says of a claim that had to be refused."""


def accepted_type(name: str, source_type: str) -> Fault:
    """A fault by which a source type that is not supported is taken for an export."""

    def read(original: ReadImage, text: str) -> ImageHandle:
        given = original(text)
        return replace(given, source_type=EXPORT) if given.source_type == source_type else given

    read.__doc__ = f"The source type {source_type} is accepted for an image that does not exist."
    return fault(name, breaks="backing-image.on-demand.types", decision="backing_images.parse_handle", says=BOUND)(read)


upload_accepted = accepted_type("on-demand-upload-accepted", "upload")
restore_accepted = accepted_type("on-demand-restore-accepted", "restore")
clone_accepted = accepted_type("on-demand-clone-accepted", "clone")
misspelt_accepted = accepted_type("misspelt-source-type-accepted", "export-form-volume")
nonsense_accepted = accepted_type("unknown-source-type-accepted", "no-such-type")


@fault(
    "handle-without-scheme-accepted",
    breaks="backing-image.on-demand.handle.malformed",
    decision="longhorn.parse_handle",
    says=BOUND,
)
def without_scheme(original: Read, text: str) -> Handle:
    """A handle that begins with its host is accepted."""
    return Handle("bi") if text.startswith("backing?") else original(text)


@fault(
    "handle-of-an-unknown-scheme-accepted",
    breaks="backing-image.on-demand.handle.malformed",
    decision="longhorn.parse_handle",
    says=BOUND,
)
def unknown_scheme(original: Read, text: str) -> Handle:
    """A handle is accepted for its host, whatever the scheme is."""
    return Handle("bi") if text.startswith("foo://backing?") else original(text)


@fault(
    "image-in-a-backup-handle-accepted",
    breaks="backing-image.on-demand.handle.malformed",
    decision="longhorn.parse_handle",
    says=BOUND,
)
def backup_scheme(original: Read, text: str) -> Handle:
    """A handle with the scheme of backups is accepted for a backing image."""
    return Handle("bi") if text.startswith("bak://backing?") else original(text)


@fault(
    "handle-without-slashes-accepted",
    breaks="backing-image.on-demand.handle.malformed",
    decision="longhorn.parse_handle",
    says=BOUND,
)
def without_slashes(original: Read, text: str) -> Handle:
    """A handle whose scheme is followed by no slashes is accepted."""
    return Handle("bi") if text.startswith("bi:backing?") else original(text)


@fault(
    "handle-without-parameters-accepted",
    breaks="backing-image.on-demand.handle.malformed",
    decision="backing_images.refuse_handle",
    says=BOUND,
)
def without_parameters(original: Callable[..., Refusal | None], text: str, given: ImageHandle) -> Refusal | None:
    """A handle that says nothing is accepted, and the claim gets any image."""
    return None if text == "bi://backing" else original(text, given)


@override("handle-without-parameters-accepted", decision="backing_images.image_to_use")
def any_image(original: Callable[..., str], images: Sequence[str], wanted: str) -> str:
    """A claim whose handle names no image gets the first that there is."""
    return original(images, wanted) or next(iter(images), "")


@fault(
    "path-accepted-as-parameters",
    breaks="backing-image.on-demand.handle.malformed",
    decision="backing_images.parse_handle",
    says=BOUND,
)
def path_for_parameters(original: ReadImage, text: str) -> ImageHandle:
    """A handle of volume and image, as other snapshots have it, is accepted for an export."""
    volume, slash, image = text.partition("://")[2].partition("/")
    if not slash or "?" in text:
        return original(text)
    return ImageHandle(image, EXPORT, "", {"volume-name": volume, "export-type": "raw"})


@fault(
    "name-accepted-as-handle",
    breaks="backing-image.on-demand.handle.malformed",
    decision="longhorn.parse_handle",
    says=BOUND,
)
def name_for_handle(original: Read, text: str) -> Handle:
    """A mere name is accepted as a handle."""
    return Handle("bi") if "-demand-" in text and "?" not in text and "/" not in text else original(text)


@override("name-accepted-as-handle", decision="backing_images.parse_handle")
def name_as_download(original: ReadImage, text: str) -> ImageHandle:
    """The image of that name is downloaded from somewhere."""
    if "?" in text or "/" in text:
        return original(text)
    return ImageHandle(text, DOWNLOAD, "", {"url": "http://somewhere.test/image"})


def overlooked(name: str, clause: str, summary: str, mend: Callable[[str, ImageHandle], ImageHandle | None]) -> Fault:
    """A fault by which what is missing in a handle is made up: `mend` says what is read instead, None as before."""

    def read(original: ReadImage, text: str) -> ImageHandle:
        given = original(text)
        return mend(text, given) or given

    read.__doc__ = summary
    return fault(name, breaks=clause, decision="backing_images.parse_handle", says=BOUND)(read)


def with_parameters(given: ImageHandle, more: Mapping[str, str]) -> ImageHandle:
    """A handle with other parameters."""
    return replace(given, parameters={**given.parameters, **more})


def unnamed(given: ImageHandle) -> ImageHandle:
    """A handle whose image has a name that was made up."""
    return replace(given, image=f"unnamed-{given.parameters.get('volume-name', '')[-8:]}")


IDENTITY = "backing-image.on-demand.handle.required"
VOLUME = "backing-image.on-demand.export.required"
URL = "backing-image.on-demand.download.required"
NOWHERE = {"url": "http://nowhere.test/image"}

image_missing = overlooked(
    "handle-without-image-accepted",
    IDENTITY,
    "An image that a handle does not name is made under some name.",
    lambda text, given: unnamed(given) if "?" in text and "backingImage=" not in text else None,
)
image_empty = overlooked(
    "handle-with-empty-image-accepted",
    IDENTITY,
    "An image with an empty name is made under some name.",
    lambda text, given: unnamed(given) if "backingImage=&" in text else None,
)
image_not_decodable = overlooked(
    "handle-that-cannot-be-decoded-accepted",
    IDENTITY,
    "An image is made though its name cannot be decoded.",
    lambda text, given: unnamed(given) if "%zz" in text else None,
)
type_missing = overlooked(
    "handle-without-type-accepted",
    IDENTITY,
    "Without a source type an image is exported.",
    lambda text, given: replace(given, source_type=EXPORT) if "backingImageDataSourceType" not in text else None,
)
type_empty = overlooked(
    "handle-with-empty-type-accepted",
    IDENTITY,
    "With an empty source type an image is exported.",
    lambda text, given: replace(given, source_type=EXPORT) if "backingImageDataSourceType=&" in text else None,
)
format_missing = overlooked(
    "export-without-format-accepted",
    VOLUME,
    "An export without a format is raw.",
    lambda text, given: with_parameters(given, {"export-type": "raw"}) if "export-type" not in text else None,
)
format_empty = overlooked(
    "export-with-empty-format-accepted",
    VOLUME,
    "An export with an empty format is raw.",
    lambda text, given: with_parameters(given, {"export-type": "raw"}) if "export-type=&" in text else None,
)
url_missing = overlooked(
    "download-without-url-accepted",
    URL,
    "A download without a URL is accepted, and fails later.",
    lambda text, given: (
        with_parameters(given, NOWHERE) if given.source_type == DOWNLOAD and "url" not in text else None
    ),
)
url_empty = overlooked(
    "download-with-empty-url-accepted",
    URL,
    "A download with an empty URL is accepted, and fails later.",
    lambda text, given: with_parameters(given, NOWHERE) if text.endswith("url=") else None,
)


@fault("export-without-volume-accepted", breaks=VOLUME, decision="backing_images.refuse_on_demand", says=BOUND)
def volume_missing(original: Callable[..., Refusal | None], volume: str, given: ImageHandle) -> Refusal | None:
    """An export of no volume is accepted, and fails later."""
    return None if "volume-name" not in given.parameters else original(volume, given)


@override("export-without-volume-accepted", decision="backing_images.refuse_parameters")
def nothing_needed(original: Callable[..., str], source_type: str, parameters: Mapping[str, str]) -> str:
    """No parameter is needed."""
    return ""


@override("export-without-volume-accepted", decision="backing_images.refuse_export_of")
def of_nothing(original: Callable[..., str], name: str, volume: object) -> str:
    """A volume without a name can be exported."""
    return original(name, volume) if name else ""


@fault("export-with-empty-volume-accepted", breaks=VOLUME, decision="backing_images.refuse_on_demand", says=BOUND)
def volume_empty(original: Callable[..., Refusal | None], volume: str, given: ImageHandle) -> Refusal | None:
    """An export of a volume with an empty name is accepted, and fails later."""
    return None if given.parameters.get("volume-name") == "" else original(volume, given)


@override("export-with-empty-volume-accepted", decision="backing_images.refuse_parameters")
def empty_is_enough(original: Callable[..., str], source_type: str, parameters: Mapping[str, str]) -> str:
    """An empty parameter is as good as any."""
    return "" if "volume-name" in parameters else original(source_type, parameters)


@override("export-with-empty-volume-accepted", decision="backing_images.refuse_export_of")
def of_the_empty_name(original: Callable[..., str], name: str, volume: object) -> str:
    """A volume with an empty name can be exported."""
    return original(name, volume) if name else ""
