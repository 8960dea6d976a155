# ruff: noqa: ARG005  (a replacement takes the arguments of the decision that it replaces)
"""Faults in the files of images that are made on demand: what is downloaded and exported, and how it is checked."""

from collections.abc import Callable

from simulator.longhorn.backing_images.handle import ImageHandle
from simulator.overrides.faults.on_demand import EXPORTED
from simulator.overrides.faults.suite_messages import BOUND
from simulator.overrides.registry import changed, fault

CLUSTER, PAGE = 1 << 16, 1 << 12

DOWNLOADED = (
    "backing-image.on-demand.download",
    "backing-image.on-demand.download.formats",
    "backing-image.on-demand.download.checksum",
)
"""Clauses about the bytes of a downloaded file."""


@fault(
    "on-demand-url-changed",
    breaks=("backing-image.on-demand.download", "backing-image.on-demand.download.url"),
    decision="backing_images.parameters_on_demand",
    says=r"the image's URL is \S+\?from=handle, the handle's",
)
def url_changed(original: Callable[[ImageHandle], dict[str, str]], given: ImageHandle) -> dict[str, str]:
    """The URL in a handle gets a suffix."""
    return {key: f"{value}?from=handle" if key == "url" else value for key, value in original(given).items()}


not_decoded = fault(
    "url-not-decoded",
    breaks=(*DOWNLOADED, "backing-image.on-demand.download.moment", "backing-image.on-demand.download.url"),
    decision="backing_images.decode_value",
    says=r"could not (bind the claim that restores|(create|complete) the backing image)",
    summary="The values in a handle are not decoded.",
)(lambda original, value: value)
whole_clusters = fault(
    "download-cut-to-whole-clusters",
    breaks="backing-image.on-demand.download",
    decision="backing_images.downloaded_length",
    says=r"the image's file is not the one at the URL, which has 3146240 bytes",
    summary="What reaches into the last cluster of a downloaded file without filling it is left out.",
)(lambda original, length: original(length) // CLUSTER * CLUSTER)
whole_pages = fault(
    "download-padded-to-whole-pages",
    breaks="backing-image.on-demand.download",
    decision="backing_images.downloaded_length",
    says=r"the image's file is not the one at the URL, which has 3146240 bytes",
    summary="A downloaded file is made a multiple of 4096 bytes.",
)(lambda original, length: -(-original(length) // PAGE) * PAGE)


@fault(
    "end-of-an-odd-image-not-read",
    breaks="backing-image.on-demand.download.formats",
    decision="backing_images.base_image_bytes",
    says=r"offset \d+: expected block \d+ of stream \S+, found zeros",
)
def without_odd_end(original: Callable[[int, bytes], bytes], offset: int, data: bytes) -> bytes:
    """A volume on an image does not read what reaches into the last page of the image without filling it."""
    read = original(offset, data)
    end = len(read) // PAGE * PAGE
    return read[:end] + bytes(len(read) - end)


made_up = fault(
    "checksum-expected-though-none-given",
    breaks=(
        "backing-image.on-demand.download",
        "backing-image.on-demand.download.checksum",
        "backing-image.on-demand.download.url",
    ),
    decision="backing_images.expected_checksum",
    says=r"its file failed: .*expected checksum 0000",
    summary="A download without a checksum in its handle is held to one all the same.",
)(lambda original, given: original(given) or ("0" * 128 if "url" in given.parameters else ""))
not_told = fault(
    "wrong-checksum-not-reported",
    breaks="backing-image.on-demand.download.checksum.wrong",
    decision="backing_images.checksum_failure",
    says=r"could not report why the backing image failed",
    summary="An image with the wrong checksum fails without saying so.",
)(lambda original, expected, actual: "unexpected error" if original(expected, actual) else "")
right_refused = fault(
    "right-checksum-refused",
    breaks=DOWNLOADED,
    decision="backing_images.checksum_failure",
    says=r"its file failed: .*expected checksum|could not run a pod",
    summary="A file that has the expected checksum is refused.",
)(lambda original, expected, actual: original(expected, actual[::-1]))
similar_file = fault(
    "missing-file-replaced-by-another",
    breaks="backing-image.on-demand.download.failure",
    decision="backing_images.downloaded_url",
    says=r"its file became ready; expected a failure",
    summary="Where there is no file of a name, one of a similar name is downloaded.",
)(lambda original, url: original(url).removesuffix(".missing"))
served_changed = fault(
    "downloaded-image-file-changed",
    breaks=("backing-image.on-demand.download", "backing-image.on-demand.download.url", *EXPORTED),
    decision="backing_images.served_bytes",
    says=r"the image's file is not the one at the URL|offset \d+: expected .*, found|is raw, asked for",
    summary="The first byte of a file, where it is none, is served changed.",
)(changed(lambda served: bytes([served[0] ^ 1]) + served[1:] if served[:1].strip(b"\0") else served))


@fault(
    "volume-on-an-image-starts-with-zeros",
    breaks=(
        "backing-image.on-demand",
        "backing-image.on-demand.export",
        "backing-image.on-demand.download",
        "backing-image.on-demand.download.formats",
    ),
    decision="backing_images.base_image_bytes",
    says=r"offset 0: expected .*, found",
)
def zeros_first(original: Callable[[int, bytes], bytes], offset: int, data: bytes) -> bytes:
    """The first sector of a volume on an image reads as zeros."""
    read = original(offset, data)
    return bytes(min(512, len(read))) + read[512:] if offset == 0 else read


unknown_volume = fault(
    "unknown-volume-accepted-on-demand",
    breaks="backing-image.on-demand.export.volume",
    decision="backing_images.refuse_export_of",
    says=BOUND,
    summary="An image of a volume that does not exist is made, and fails later.",
)(lambda original, name, volume: "" if name == "no-such-volume" else original(name, volume))
claim_as_volume = fault(
    "claim-accepted-as-a-volume",
    breaks="backing-image.on-demand.export.volume",
    decision="backing_images.refuse_export_of",
    says=BOUND,
    summary="The name of a claim is accepted where that of its volume belongs.",
)(lambda original, name, volume: "" if "-claim-" in name else original(name, volume))
