# ruff: noqa: ARG005  (a replacement takes the arguments of the decision that it replaces)
"""Faults in the handle that the content of a new image gets, and in what Longhorn shows of that image.

Where a value in the handle is wrong the faulty driver does not mind it on the way back, so that only the handle is.
"""

from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import quote, unquote

from simulator.overrides.registry import always, changed, fault

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

ANY_SOURCE = {"backing_images.is_same_source": always(True)}
"""The driver uses the image that a handle names whatever else it says."""

misstated = partial(fault, decision="backing_images.handle_values")

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
    breaks=tuple(
        clause for clause in READ if clause not in {"backing-image.handle", "backing-image.handle.export-type"}
    ),
    decision="backing_images.handle_text",
    says=r"%2D",
    summary="The values of the handle are encoded as often again as they should be.",
    also={"backing_images.decode_value": changed(lambda once: None if once is None else unquote(once))},
)(lambda original, values: original({key: quote(value.replace("-", "%2D")) for key, value in values.items()}))
no_parameters = misstated(
    "image-handle-without-source-parameters",
    breaks=("backing-image.handle", "backing-image.handle.volume", "backing-image.handle.export-type"),
    says=r"has the parameters|in the handle is None",
    summary="The handle names the image and its source type only.",
)(lambda original, image, source_type, parameters: original(image, source_type, {}))
other_image = misstated(
    "image-handle-with-another-image",
    breaks=("backing-image.handle.image", "backing-image.view", "backing-image.name.uid"),
    says=r"backingImage in the handle is \S+-other, the image that was made is|404|images made are",
    summary="The handle names an image that does not exist.",
    also={"backing_images.decode_value": lambda original, value: original(value.removesuffix("-other"))},
)(lambda original, image, source_type, parameters: original(f"{image}-other", source_type, parameters))
other_type = misstated(
    "image-handle-with-another-source-type",
    breaks="backing-image.handle.source-type",
    says=r"backingImageDataSourceType is upload",
    summary="The handle says that the image was uploaded.",
    also=ANY_SOURCE,
)(lambda original, image, source_type, parameters: original(image, "upload", parameters))
other_volume = misstated(
    "image-handle-with-another-volume",
    breaks="backing-image.handle.volume",
    says=r"volume-name in the handle is test-vol, the claim's volume is",
    summary="The handle names the volume of the documentation's example.",
    also=ANY_SOURCE,
)(lambda original, image, kind, parameters: original(image, kind, {**parameters, "volume-name": "test-vol"}))


@misstated(
    "image-handle-with-another-format",
    breaks="backing-image.handle.export-type",
    also=ANY_SOURCE,
    says=r"export-type in the handle is (qcow2, the (class says|default is) raw|raw, the class says qcow2)",
)
def other_format(
    original: Callable[..., dict[str, str]], image: str, source_type: str, parameters: Mapping[str, str]
) -> dict[str, str]:
    """The handle says raw for qcow2, and qcow2 for raw."""
    exchanged = {"raw": "qcow2", "qcow2": "raw"}.get(parameters["export-type"], "raw")
    return original(image, source_type, {**parameters, "export-type": exchanged})


not_shown = fault(
    "image-not-shown",
    breaks="backing-image.view",
    decision="backing_images.is_listed",
    says=r"ask Longhorn's API for backing image \S+: the API server answered 404",
    summary="Longhorn's API does not know images that were exported.",
)(lambda original, image: str(image["spec"]["sourceType"]) != "export-from-volume")
