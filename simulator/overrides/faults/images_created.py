# ruff: noqa: ARG001  (a replacement takes the arguments of the decision that it replaces)
"""Faults in what a VolumeSnapshot of type bi leads to: its image, its name, when it is ready, what its class says."""

import secrets
from collections.abc import Callable, Mapping, Sequence

from simulator.kubernetes.resources import Obj
from simulator.overrides.faults.suite_messages import BOUND, READY
from simulator.overrides.registry import Fault, always, changed, fault

_ANSWERED: set[str] = set()
"""Images that the faulty driver has reported once; each simulator is a separate process."""

_NAMED: dict[tuple[str, str], str] = {}
"""The snapshot of the first VolumeSnapshot of each name."""

_EXPORTED: list[str] = []
"""The volume that the faulty driver exports, first."""


@fault(
    "image-of-another-volume",
    breaks=("backing-image.create", "backing-image.name.uid"),
    decision="backing_images.volume_to_export",
    says=r"could not create the backing image|images made are \[\]",
)
def other_volume(original: Callable[..., str], volumes: Sequence[str], wanted: str) -> str:
    """Another volume than the claim's is exported, always the same one."""
    if not _EXPORTED:
        _EXPORTED.extend(each for each in volumes if each != wanted)
    return _EXPORTED[0] if _EXPORTED else wanted


@fault(
    "image-made-again-by-the-second-request",
    breaks=("backing-image.create", "backing-image.name.uid"),
    decision="backing_images.is_ready_to_use",
    says=r"led to 2 (backing )?images|images made are",
    also={
        "backing_images.existing_image": always(None),
        "backing_images.image_name": changed(
            lambda name: f"{name}--{secrets.token_hex(2)}" if name in _ANSWERED else name
        ),
    },
)
def asks_twice(original: Callable[[Obj], bool], image: Obj) -> bool:
    """The first answer says that the image is not ready, so that the request comes again."""
    name = image["metadata"]["name"].partition("--")[0]
    first = name not in _ANSWERED
    _ANSWERED.add(name)
    return not first and original(image)


@fault(
    "image-shared-by-snapshots",
    breaks="backing-image.name.uid",
    decision="backing_images.existing_image",
    says=r"the two handles name",
)
def shared(original: Callable[..., Obj | None], images: Sequence[Obj], name: str, volume: str) -> Obj | None:
    """An image that was made of the same volume is given to every later VolumeSnapshot of it."""
    made = (each for each in images if (each["spec"].get("sourceParameters") or {}).get("volume-name") == volume)
    return next(made, None)


@fault(
    "reused-name-gets-the-old-image",
    breaks="backing-image.name.uid",
    decision="csi.snapshot_name",
    says=r"the image \S+ is that of an earlier VolumeSnapshot of this name",
)
def by_name(original: Callable[[Obj], str], content: Obj) -> str:
    """A VolumeSnapshot that has the name of an earlier one gets the image of that one."""
    reference = content["spec"]["volumeSnapshotRef"]
    return _NAMED.setdefault((reference["namespace"], reference["name"]), original(content))


other_name = fault(
    "image-misnamed",
    breaks="backing-image.name.image",
    decision="backing_images.image_name",
    says=r"backing image image-\S+ should be named snapshot-",
    summary="The image is named image-<uid>.",
)(lambda original, requested: original(requested).replace("snapshot-", "image-", 1))


# The class -----------------------------------------------------------------------------------------------------------


raw_as_qcow2 = fault(
    "export-type-raw-read-as-qcow",
    breaks=("backing-image.class.export-type", "backing-image.handle.export-type"),
    decision="backing_images.export_type",
    says=r"is qcow2, the class says raw",
    summary="A class that says raw exports as qcow2.",
)(lambda original, parameters: "qcow2" if parameters.get("export-type") == "raw" else original(parameters))
other_default = fault(
    "export-type-qcow-by-default",
    breaks=("backing-image.class.export-type.default", "backing-image.handle.export-type", "backing-image.export.raw"),
    decision="backing_images.export_type",
    says=r"is qcow2, the default is raw|is not raw",
    summary="A class without export-type exports as qcow2.",
)(lambda original, parameters: original(parameters) if parameters.get("export-type") else "qcow2")


def format_accepted(
    name: str, value: str, breaks: str | tuple[str, ...] = "backing-image.class.export-type.unknown"
) -> Fault:
    """A fault by which an undocumented export-type is accepted."""

    def accept(original: Callable[[str], str], export_type: str) -> str:
        return "" if export_type == value else original(export_type)

    says = rf"{READY}|{BOUND}"
    summary, decision = f"The export-type {value} is accepted.", "backing_images.refuse_export_type"
    return fault(name, breaks=breaks, decision=decision, says=says, summary=summary)(accept)


BOTH = ("backing-image.class.export-type.unknown", "backing-image.on-demand.export.formats")
"""Where an export-type may stand: in a class and in a handle."""

capitals_accepted = format_accepted("export-type-in-capitals-accepted", "QCOW2")
unknown_accepted = format_accepted("unknown-export-format-accepted", "vmdk", BOTH)
list_accepted = format_accepted("list-of-export-formats-accepted", "raw,qcow2", BOTH)


def type_accepted(name: str, value: str) -> Fault:
    """A fault by which an undocumented type of a class is accepted."""

    def accept(original: Callable[[Mapping[str, str]], str], parameters: Mapping[str, str]) -> str:
        return "bi" if parameters.get("type") == value else original(parameters)

    return fault(
        name,
        breaks="backing-image.class.type.unknown",
        decision="longhorn.snapshot_type",
        says=READY,
        summary=f"A class of type {value} makes backing images.",
    )(accept)


type_in_capitals = type_accepted("type-in-capitals-accepted", "BI")
type_spelled_out = type_accepted("type-spelled-out-accepted", "backing-image")
