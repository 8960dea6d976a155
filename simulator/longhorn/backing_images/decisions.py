# ruff: noqa: ARG002  (a replacement may need an argument that the documented answer does not)
"""The decisions about backing images that a fault, a release quirk or a variation may replace.

A method holds what the page "CSI VolumeSnapshot Associated with Longhorn BackingImage" says; where it is silent, what
real releases do. Objects are Kubernetes objects as on the wire and must not be changed here. Sizes are bytes.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from simulator.csi.protocol import Code
from simulator.kubernetes.resources import Obj
from simulator.longhorn.backing_images import handle
from simulator.longhorn.backing_images.handle import ImageHandle
from simulator.longhorn.go_format import go_map
from simulator.longhorn.version import Version

Refusal = tuple[Code, str]

DOWNLOAD, EXPORT = "download", "export-from-volume"
UPLOAD, RESTORE, CLONE = "upload", "restore", "clone"
REQUIRED = {EXPORT: "volume-name", RESTORE: "backup-url", CLONE: "backing-image"}
"""The parameter that a source type requires; a download's URL has separate rules."""

CHECKSUM = re.compile(r"^[a-f0-9]{128}$")


class BackingImageDecisions:
    """Backing images as the pages of `version` describe them."""

    def __init__(self, version: Version) -> None:
        self.version = version

    # Names and handles

    def image_name(self, requested: str) -> str:
        """The name that the driver gives to a new image: that of the request, snapshot-<uid>."""
        return requested

    def stored_name(self, name: str) -> str:
        """The name under which the image is kept: the one that was given."""
        return name

    def handle_values(self, image: str, source_type: str, parameters: Mapping[str, str]) -> dict[str, str]:
        """What the handle of a new image says: its name, its source type and its parameters."""
        return {handle.NAME: image, handle.SOURCE_TYPE: source_type, **parameters}

    def handle_text(self, values: Mapping[str, str]) -> str:
        """The handle, written: scheme bi, host backing."""
        return handle.text(values)

    def decode_value(self, value: str) -> str | None:
        """A value of a given handle, URL-decoded; None for what cannot be decoded, which is left out."""
        return handle.unescaped(value)

    def parse_handle(self, text: str) -> ImageHandle:
        """How a given handle is read."""
        values: dict[str, str] = {}
        for key, value in handle.pairs(text).items():
            name, read = handle.unescaped(key), self.decode_value(value)
            if name is not None and read is not None:
                values.setdefault(name, read)
        return ImageHandle.of(values)

    # VolumeSnapshotClass

    def export_type(self, parameters: Mapping[str, str]) -> str:
        """What a class asks to export: `export-type`, raw for none; from 1.9 on `exportType` goes first."""
        newer = parameters.get("exportType") if self.version.has(9) else None
        return newer or parameters.get("export-type") or "raw"

    # CreateSnapshot

    def volume_to_export(self, volumes: Sequence[str], wanted: str) -> str:
        """Which of Longhorn's `volumes` is exported: the one behind the claim."""
        return wanted

    def existing_image(self, images: Sequence[Obj], name: str, volume: str) -> Obj | None:
        """The image that an earlier call made under that name; so a repeated call makes no second one."""
        return next((each for each in images if each["metadata"]["name"] == name), None)

    def makes_image(self, volume: str, name: str) -> bool:
        """Whether CreateSnapshot makes an image at all."""
        return True

    def captures_data_at_request(self, image: str) -> bool:
        """Whether an export holds the data of the moment of the request, not of when its work begins."""
        return True

    def answers_before_export(self) -> bool:
        """Whether CreateSnapshot returns when the image has been requested, not when it exists."""
        return True

    def is_ready_to_use(self, image: Obj) -> bool:
        """What CreateSnapshot reports: ready, with its first answer."""
        return True

    # The image file

    def exported_volume(self, wanted: str, volumes: Sequence[Obj]) -> str:
        """Which of all `volumes` is exported: the one in the image's parameters."""
        return wanted

    def attaches_for_export(self) -> bool:
        """Whether a volume that is attached nowhere is attached to be exported."""
        return True

    def begins_export(self, volume: str) -> bool:
        """Whether an export of that volume, which can be read, begins now; asked again until it does."""
        return True

    def stalls(self, image: str) -> bool:
        """Whether the program that makes a file does not begin within its 60 s."""
        return False

    def exported_format(self, asked: str) -> str:
        """The format of an exported file: the requested one, raw or qcow2."""
        return asked

    def exported_snapshot(self, taken: str, snapshots: Sequence[str]) -> str:
        """Which of a volume's `snapshots`, the oldest first, is in the file: the one that was taken for it."""
        return taken

    def exported_bytes(self, offset: int, data: bytes, before: Callable[[], bytes]) -> bytes:
        """The bytes of an export at `offset` of the volume: the volume's, whatever it held `before`."""
        return data

    def merges_base_image(self) -> bool:
        """Whether an export of a volume that has a backing image itself holds both in one image."""
        return True

    def downloaded_url(self, url: str) -> str:
        """Where an image is downloaded from: the URL in its parameters."""
        return url

    def downloaded_length(self, length: int) -> int:
        """How many bytes of a downloaded file are kept: all, whatever the disk is divided into."""
        return length

    def stored_checksum(self, actual: str) -> str:
        """The checksum of a stored file: its SHA-512."""
        return actual

    def checksum_failure(self, expected: str, actual: str) -> str:
        """Why a file is refused whose checksum is not the expected one, "" when it is not."""
        if not expected or expected == actual:
            return ""
        return f"the expected checksum {expected} doesn't match the file actual checksum {actual}"

    def reported_file_size(self, size: int) -> int:
        """`status.size`: the bytes of the stored file."""
        return size

    def reported_virtual_size(self, size: int) -> int:
        """`status.virtualSize`: the bytes that a volume sees."""
        return size

    def fact_delay(self, field: str) -> float:
        """Seconds, not scaled, from the file's readiness until the image's status tells its checksum, its size ..."""
        return 0.0

    def shown_progress(self, image: str) -> Sequence[int]:
        """The progress in percent that an image shows while its file is made, if that takes no long time."""
        return ()

    def download_has_length(self) -> bool:
        """Whether the answer to a download tells its length, so that it need not come in chunks."""
        return False

    def served_bytes(self, image: str, data: bytes) -> bytes:
        """A piece of the file, as it is handed out for download."""
        return data

    def is_listed(self, image: Obj) -> bool:
        """Whether Longhorn's API shows an image: all that there are."""
        return True

    # CreateVolume

    def refuse_handle(self, text: str, given: ImageHandle) -> Refusal | None:
        """What a handle without an image or without a source type is answered."""
        if given.image and given.source_type:
            return None
        return Code.INVALID_ARGUMENT, f"invalid CSI snapshotHandle {text} for backing image"

    def image_to_use(self, images: Sequence[str], wanted: str) -> str:
        """Which of the `images` a claim gets: the one in the handle."""
        return wanted

    def compared_parameters(self, given: ImageHandle) -> dict[str, str]:
        """The parameters of a handle that must be those of an existing image; none given, none compared.

        The page lists `checksum` among them for a download, and means the image's checksum by it.
        """
        return {key: value for key, value in given.parameters.items() if not self._is_checksum(given, key)}

    def compared_checksums(self, given: ImageHandle) -> list[str]:
        """The checksums in a handle, each of which an existing image must have; none for any."""
        named = [value for key, value in given.parameters.items() if self._is_checksum(given, key)]
        return [value for value in (given.checksum, *named) if value]

    @staticmethod
    def _is_checksum(given: ImageHandle, key: str) -> bool:
        return given.source_type == DOWNLOAD and key == "checksum"

    def is_same_source(self, image: Obj, source_type: str, parameters: Mapping[str, str]) -> bool:
        """Whether an existing image comes from what the handle says."""
        spec = image["spec"]
        if spec.get("sourceType") != source_type:
            return False
        return not parameters or dict(parameters) == (spec.get("sourceParameters") or {})

    def is_same_checksum(self, image: Obj, wanted: str) -> bool:
        """Whether an existing image has the checksum in the handle, as far as anything is known."""
        known = {image["spec"].get("checksum") or "", image["status"].get("checksum") or ""} - {""}
        return not wanted or known <= {wanted}

    def uses_existing_image(self, image: Obj) -> bool:
        """Whether an image that exists is used, and no second one made."""
        return True

    def refuse_on_demand(self, volume: str, given: ImageHandle) -> Refusal | None:
        """What a handle of an image that does not exist yet is answered, if it cannot be made."""
        if given.source_type == DOWNLOAD:
            missing = "" if given.parameters.get("url") else "url"
        elif given.source_type == EXPORT:
            both = given.parameters.get("export-type") and given.parameters.get("volume-name")
            missing = "" if both else "export-type or volume-name"
        else:
            text = f"volume {volume} backing image type {given.source_type} is not supported via CSI"
            return Code.INVALID_ARGUMENT, text
        if not missing:
            return None
        return Code.INVALID_ARGUMENT, f"volume {volume} missing parameters {missing} for preparing backing image"

    def makes_image_on_demand(self, image: str) -> bool:
        """Whether a restore makes the image in its handle that does not exist yet."""
        return True

    def makes_image_with_content(self, handle_text: str) -> bool:
        """Whether the image in a handle is made as soon as a VolumeSnapshotContent names it."""
        return False

    def expected_checksum(self, given: ImageHandle) -> str:
        """`spec.checksum` of an image that is made on demand: the handle's."""
        return next(iter(self.compared_checksums(given)), "")

    def parameters_on_demand(self, given: ImageHandle) -> dict[str, str]:
        """The source parameters of an image that is made on demand: the handle's."""
        return self.compared_parameters(given)

    def refuse_volume_size(self, size: int, virtual_size: int) -> str:
        """Why a volume is too small for its image, "" when it is not; checked from 1.8 on."""
        if size >= virtual_size or not self.version.has(8):
            return ""
        return "volume size should be larger than the backing image size"

    def restored_size(self, requested: int, virtual_size: int) -> int:
        """The size of a volume on an image: the requested one."""
        return requested

    def base_image_of(self, volume: Obj) -> str:
        """The image under a volume, "" for none: the one in its spec."""
        return str(volume["spec"].get("backingImage") or "")

    def base_image_bytes(self, offset: int, data: bytes) -> bytes:
        """What a volume reads at `offset` before anybody wrote there: the image's bytes."""
        return data

    def images_written_to(self, volume: Obj, images: Sequence[Obj]) -> Sequence[str]:
        """Which of the `images` change with a volume that was written: none, whether under it or exported from it."""
        return ()

    # Admission

    def refuse_parameters(self, source_type: str, parameters: Mapping[str, str]) -> str:
        """Why nothing can be made with these parameters: one is missing that the source type needs."""
        missing = REQUIRED.get(source_type)
        if not missing or parameters.get(missing):
            return ""
        return f"invalid parameter {go_map(parameters)} for source type {source_type}"

    def refuse_checksum(self, checksum: str) -> str:
        """Why a checksum cannot be expected of an image: it is no SHA-512; none is fine."""
        return f"invalid checksum {checksum}" if checksum and not CHECKSUM.fullmatch(checksum) else ""

    def refuse_export_type(self, export_type: str) -> str:
        """Why nothing is exported in that format, "" for raw and qcow2."""
        return "" if export_type in {"raw", "qcow2"} else f"unsupported export type {export_type}"

    def refuse_export_of(self, name: str, volume: Obj | None) -> str:
        """Why a volume cannot be exported, "" when it can."""
        if volume is None:
            return f"failed to get volume {name} before exporting backing image"
        if volume["status"].get("robustness") == "faulted":
            return f"cannot export a backing image from faulted volume {name}"
        if volume["spec"].get("dataEngine") == "v2" and self.version.has(8):
            return f"cannot export a backing image from volume {name}: exported from a v2 volume is not supported"
        return ""

    def refuse_deletion(self, image: str, volumes: Sequence[str]) -> str:
        """Why an image cannot be deleted: `volumes` use it; "" when it can."""
        return f"cannot delete backing image {image} since there are replicas using it" if volumes else ""

    # DeleteSnapshot

    def refuse_deletion_of_missing(self, name: str) -> Refusal | None:
        """What the deletion of a VolumeSnapshot is answered whose image does not exist: nothing, it succeeds."""
        return None

    def images_to_delete(self, images: Sequence[Obj], name: str) -> Sequence[str]:
        """Which of the `images` go with a VolumeSnapshot: the one that its handle names."""
        return (name,)

    def deletes_image_without_source(self) -> bool:
        """Whether an image can be deleted when the volume that it was exported from is gone."""
        return True

    def deletes_image(self, image: Obj) -> bool:
        """Whether deleting an image's VolumeSnapshot under policy Delete deletes it, whoever made it."""
        return True

    def removes_deleted_image(self, image: Obj) -> bool:
        """Whether an image that was deleted goes."""
        return True

    def image_lifetime_after_snapshot(self, image: Obj) -> float | None:
        """Seconds that an image is kept after its VolumeSnapshot is gone, unless it is deleted; None: for ever.

        This is what Retain relies on.
        """
        return None
