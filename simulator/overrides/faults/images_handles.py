# ruff: noqa: ARG001, ARG005  (a replacement takes the arguments of the decision that it replaces)
"""Faults in the handle that the content of a new image gets, and in what Longhorn shows of that image.

Where a value in the handle is wrong the faulty driver does not mind it on the way back, so that only the handle is.
"""

from collections.abc import Callable, Mapping
from urllib.parse import quote, unquote

from simulator.kubernetes.resources import Obj
from simulator.overrides.registry import changed, fault, override

READ = (
    "backing-image.handle",
    "backing-image.handle.source-type",
    "backing-image.handle.image",
    "backing-image.handle.volume",
    "backing-image.handle.export-type",
    "backing-image.view",
    "backing-image.name.uid",
)
"""Clauses about what is read out of a handle."""

other_host = fault(
    "image-handle-with-another-host",
    breaks=READ,
    decision="backing_images.handle_text",
    says=r"not a documented snapshot handle: 'bi://backingimage\?",
    summary="The handle begins with bi://backingimage.",
)(lambda original, values: original(values).replace("bi://backing?", "bi://backingimage?", 1))
repeated = fault(
    "image-handle-with-a-repeated-parameter",
    breaks=READ,
    decision="backing_images.handle_text",
    says=r"parameter given twice: backingImage",
    summary="The handle ends with another value for backingImage.",
)(lambda original, values: original(values) + "&backingImage=none")
encoded_twice = fault(
    "image-handle-encoded-twice",
    breaks=(
        "backing-image.handle.source-type",
        "backing-image.handle.image",
        "backing-image.handle.volume",
        "backing-image.view",
        "backing-image.name.uid",
    ),
    decision="backing_images.handle_text",
    says=r"%2D",
    summary="The values of the handle are encoded as often again as they should be.",
)(lambda original, values: original({key: quote(value.replace("-", "%2D")) for key, value in values.items()}))
decoded_twice = override(
    "image-handle-encoded-twice", decision="backing_images.decode_value", summary="And so they are decoded."
)(changed(lambda once: None if once is None else unquote(once)))
no_parameters = fault(
    "image-handle-without-source-parameters",
    breaks=("backing-image.handle", "backing-image.handle.volume", "backing-image.handle.export-type"),
    decision="backing_images.handle_values",
    says=r"has the parameters|in the handle is None",
    summary="The handle names the image and its source type only.",
)(lambda original, image, source_type, parameters: original(image, source_type, {}))
other_image = fault(
    "image-handle-with-another-image",
    breaks=("backing-image.handle.image", "backing-image.view", "backing-image.name.uid"),
    decision="backing_images.handle_values",
    says=r"backingImage in the handle is \S+-other, the image that was made is|404|images made are",
    summary="The handle names an image that does not exist.",
)(lambda original, image, source_type, parameters: original(f"{image}-other", source_type, parameters))
right_image = override(
    "image-handle-with-another-image",
    decision="backing_images.decode_value",
    summary="The driver knows which one is meant.",
)(lambda original, value: original(value.removesuffix("-other")))
other_type = fault(
    "image-handle-with-another-source-type",
    breaks="backing-image.handle.source-type",
    decision="backing_images.handle_values",
    says=r"backingImageDataSourceType is upload",
    summary="The handle says that the image was uploaded.",
)(lambda original, image, source_type, parameters: original(image, "upload", parameters))
other_volume = fault(
    "image-handle-with-another-volume",
    breaks="backing-image.handle.volume",
    decision="backing_images.handle_values",
    says=r"volume-name in the handle is test-vol, the claim's volume is",
    summary="The handle names the volume of the documentation's example.",
)(lambda original, image, kind, parameters: original(image, kind, {**parameters, "volume-name": "test-vol"}))


@fault(
    "image-handle-with-another-format",
    breaks="backing-image.handle.export-type",
    decision="backing_images.handle_values",
    says=r"export-type in the handle is (qcow2, the (class says|default is) raw|raw, the class says qcow2)",
)
def other_format(
    original: Callable[..., dict[str, str]], image: str, source_type: str, parameters: Mapping[str, str]
) -> dict[str, str]:
    """The handle says raw for qcow2, and qcow2 for raw."""
    exchanged = {"raw": "qcow2", "qcow2": "raw"}.get(parameters["export-type"], "raw")
    return original(image, source_type, {**parameters, "export-type": exchanged})


def _any_source(original: Callable[..., bool], image: Obj, source_type: str, parameters: Mapping[str, str]) -> bool:
    """The driver uses the image that a handle names whatever else it says."""
    return True


_TYPE, _VOLUME, _FORMAT = (
    override(f"image-handle-with-another-{what}", decision="backing_images.is_same_source")(_any_source)
    for what in ("source-type", "volume", "format")
)

not_shown = fault(
    "image-not-shown",
    breaks="backing-image.view",
    decision="backing_images.is_listed",
    says=r"ask Longhorn's API for backing image \S+: the API server answered 404",
    summary="Longhorn's API does not know images that were exported.",
)(lambda original, image: str(image["spec"]["sourceType"]) != "export-from-volume")
