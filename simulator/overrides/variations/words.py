# ruff: noqa: ARG005  (a replacement takes the arguments of the decision that it replaces)
"""Other words: no page has the text of an error; it shows at the same place and names the same value."""

import re
from collections.abc import Callable, Sequence

from simulator.csi.protocol import Code
from simulator.kubernetes.resources import Obj
from simulator.longhorn.decisions import Refusal
from simulator.overrides.registry import variation

QUOTED = re.compile(r'\\*"')
OF_CONTROLLER = (
    (r".*volumesnapshotclass\S* (\S+) not found.*", r"there is no VolumeSnapshotClass \1"),
    (r".*cannot find default snapshot class.*", "no VolumeSnapshotClass of this driver is marked as the default one"),
    (r".*(\d+) default snapshot classes.*", r"\1 VolumeSnapshotClasses are marked as default, only one may be"),
    (r".*failed to retrieve PVC (\S+) .*", r"PersistentVolumeClaim \1 does not exist"),
    (r".*update (\S+) on API server: cannot get claim.*", r"VolumeSnapshot \1: its PersistentVolumeClaim is missing"),
    (r".*the PVC (\S+) is not yet bound.*", r"PersistentVolumeClaim \1 has no volume yet"),
    (r".*VolumeSnapshotContent is missing.*", "the VolumeSnapshotContent in the source does not exist"),
    (r".*VolumeSnapshotContent \[(.*)\] is bound to a different.*", r"\1 is reserved for another VolumeSnapshot"),
    (r".*dynamically provisioned while expecting.*", "the source is a content that was made for a claim"),
    (r".*VolumeSnapshotContent (\S+) is pre-provisioned while.*", r"\1 exists, and was made by hand"),
    (r".*non-CSI volumes is not supported.*:(\S+)", r"\1: the volume belongs to no CSI driver"),
    (r".*cannot find CSI PersistentVolumeSource for volume (\S+)\W*", r"volume \1 belongs to no CSI driver"),
    (r".*claim in dataSource not bound.*", "claim and volume disagree"),
)


def reworded(message: str, table: Sequence[tuple[str, str]]) -> str:
    """The message in the words of the first pattern that it matches; others get only other quotes."""
    plain = QUOTED.sub("'", message)
    for pattern, words in table:
        if re.fullmatch(pattern, plain, re.DOTALL):
            return re.sub(pattern, words, plain, count=1, flags=re.DOTALL)
    return f"problem: {plain}"


@variation("other-snapshot-controller", decision="csi.reported_error")
def other_controller(original: Callable[..., str], snapshot: Obj, message: str) -> str:
    """Another snapshot-controller has other words for what it refuses."""
    said = original(snapshot, message)
    return reworded(said, OF_CONTROLLER) if said else said


@variation("other-csi-snapshotter", decision="csi.content_error")
def other_sidecar(original: Callable[..., str], content: Obj, message: str) -> str:
    """Another csi-snapshotter wraps errors of the driver in other words."""
    text = QUOTED.sub("'", original(content, message))
    return re.sub(r"Failed to \w+ .*?: |failed to .*?: ", "", text) + " (reported by the CSI driver)"


@variation("other-csi-provisioner", decision="csi.refusal_text")
def other_provisioner(original: Callable[..., str], claim: Obj, text: str) -> str:
    """Another csi-provisioner has another beginning for its refusals."""
    said = original(claim, text)
    return "no volume for this claim: " + re.sub(r'^failed to provision volume with StorageClass "[^"]*": ', "", said)


@variation("other-csi-provisioner-checks", decision="csi.refusal_text")
def other_checks(original: Callable[..., str], claim: Obj, text: str) -> str:
    """Another csi-provisioner words its own checks of size and of the VolumeSnapshot otherwise."""
    table = (
        (r"requested volume size (\d+) is less than the size (\d+) for the source snapshot (\S+)", r"\1 < \2 of \3"),
        (r"error getting handle for DataSource Type VolumeSnapshot by Name (\S+): ", r"VolumeSnapshot \1: "),
        (r"snapshot (\S+) is not Ready", r"\1 cannot be used yet"),
        (r"snapshot (\S+) not bound", r"\1 has no content"),
    )
    said = original(claim, text)
    for pattern, words in table:
        said = re.sub(pattern, words, said)
    return said


unknown_type = variation(
    "unknown-type-is-a-failed-precondition",
    decision="longhorn.refuse_type",
    summary="A class with an unknown type is refused with FAILED_PRECONDITION, and in other words.",
)(lambda original, kind: (Code.FAILED_PRECONDITION, f"the class wants {kind!r}, which this driver cannot make"))


@variation("unknown-mode-in-other-words", decision="csi.content_error")
def unknown_mode(original: Callable[..., str], content: Obj, message: str) -> str:
    """A backup mode that does not exist is refused in other words."""
    said = original(content, message)
    mode = re.search(r"backupMode\W+Unsupported value\W+(\w+)", said)
    return f"this driver has no mode {mode[1]}" if mode else said


@variation("other-size-in-other-words", decision="longhorn.refuse_restore_size")
def other_size(original: Callable[..., Refusal | None], snapshot: str, requested: int, recorded: int) -> Refusal | None:
    """A claim of another size than the backup's is refused with another code and in other words."""
    refused = original(snapshot, requested, recorded)
    return (Code.INVALID_ARGUMENT, f"need exactly {recorded} bytes, not {requested}") if refused else None


@variation("other-clone-size-in-other-words", decision="longhorn.refuse_clone_size")
def other_clone_size(original: Callable[..., str], requested: int, has: int) -> str:
    """A claim of another size than the in-cluster snapshot's is refused in other words."""
    return f"cannot copy {has} bytes into {requested}" if original(requested, has) else ""


@variation("no-target-in-other-words", decision="longhorn.refuse_target")
def no_target(original: Callable[..., Refusal | None], target: str, available: bool | None) -> Refusal | None:
    """A backup without a usable target is refused in other words."""
    refused = original(target, available)
    return (refused[0], f"nowhere to put the backup: target {target!r} does not answer") if refused else None


@variation("image-in-use-in-other-words", decision="backing_images.refuse_deletion")
def in_use(original: Callable[..., str], image: str, volumes: Sequence[str]) -> str:
    """The deletion of an image in use is refused in other words."""
    return f"{image} is the base of {', '.join(volumes)}" if original(image, volumes) else ""


@variation("wrong-checksum-in-other-words", decision="backing_images.checksum_failure")
def wrong_checksum(original: Callable[..., str], expected: str, actual: str) -> str:
    """A file that is not the expected one is reported in other words."""
    return f"SHA-512 is {actual}, wanted {expected}" if original(expected, actual) else ""


@variation("export-type-in-other-words", decision="backing_images.refuse_export_type")
def export_type(original: Callable[[str], str], export_type: str) -> str:
    """A format that nothing is exported in is refused in other words."""
    return f"{export_type!r} is neither raw nor qcow2" if original(export_type) else ""


@variation("faulted-volume-in-other-words", decision="backing_images.refuse_export_of")
def faulted(original: Callable[..., str], name: str, volume: Obj | None) -> str:
    """A volume that cannot be exported is refused in other words."""
    problem = original(name, volume)
    if not problem:
        return ""
    return f"volume {name} does not exist" if volume is None else f"no healthy replica: {name} is faulted"


@variation("bad-handle-in-other-words", decision="backing_images.refuse_handle")
def bad_handle(original: Callable[..., Refusal | None], text: str, given: object) -> Refusal | None:
    """A handle without an image or a source type is refused with NOT_FOUND, and in other words."""
    return (Code.NOT_FOUND, f"no image can be told from {text}") if original(text, given) else None


@variation("on-demand-in-other-words", decision="backing_images.refuse_on_demand")
def on_demand(original: Callable[..., Refusal | None], volume: str, given: object) -> Refusal | None:
    """An image that cannot be made on demand is refused in other words."""
    refused = original(volume, given)
    return (refused[0], f"{volume}: {_last_words(refused[1])} (see the documentation)") if refused else None


def _last_words(text: str) -> str:
    return text.replace("is not supported via CSI", "cannot be made").replace("missing parameters", "give")


@variation("bad-checksum-in-other-words", decision="backing_images.refuse_checksum")
def bad_checksum(original: Callable[[str], str], checksum: str) -> str:
    """A checksum that is none is refused in other words."""
    return f"{checksum!r} is no SHA-512 in hexadecimal" if original(checksum) else ""
