# ruff: noqa: ARG001  (a replacement takes the arguments of the decision that it replaces)
"""Faults in how references are read that are wrong or lead nowhere: one for each row of the suite's tables."""

from collections.abc import Callable, Sequence
from functools import partial

from simulator.kubernetes.resources import Obj
from simulator.longhorn.handles import Handle
from simulator.overrides import releases
from simulator.overrides.faults.suite_messages import BOUND, NO_ERROR, READY
from simulator.overrides.registry import Fault, Replacement, always, fault

LATEST = "the-latest"

malformed = partial(fault, breaks="backup.pre-provisioned.handle.malformed", says=BOUND)
wrong_names = partial(fault, breaks="backup.pre-provisioned.names", says=BOUND)


def newest(backups: Sequence[Obj]) -> str:
    """The name of the newest backup that is complete."""
    made = [each for each in backups if each["status"].get("url")]
    return str(max(made, key=lambda each: each["status"]["snapshotCreatedAt"])["metadata"]["name"])


def volume_of(backup: str, backups: Sequence[Obj]) -> str:
    """The volume that a backup is one of, "" for an unknown one."""
    found = (each["status"].get("volumeName") or "" for each in backups if each["metadata"]["name"] == backup)
    return next(found, "")


def looked_up(original: Callable[..., str], handle: Handle, backups: Sequence[Obj]) -> str:
    """Without a volume in the handle, that of the backup."""
    return original(handle, backups) or volume_of(handle.id, backups)


NEWEST: dict[str, Replacement] = {
    "longhorn.backup_to_restore": lambda original, backups, wanted: (
        newest(backups) if wanted == LATEST else original(backups, wanted)
    )
}
"""By which `LATEST` stands for the newest backup."""


@wrong_names("unknown-backup-replaced-by-the-newest", decision="longhorn.backup_to_restore")
def unknown_backup(original: Callable[..., str], backups: Sequence[Obj], wanted: str) -> str:
    """A handle that names no backup restores the newest one of the volume."""
    known = {each["metadata"]["name"] for each in backups}
    return original(backups, wanted) if wanted in known else newest(backups)


unknown_volume = wrong_names(
    "unknown-volume-ignored",
    decision="longhorn.volume_to_restore",
    summary="The first name of a handle does not matter as long as there is one.",
)(lambda original, handle, backups: volume_of(handle.id, backups) if handle.volume else original(handle, backups))

other_listed_volume = wrong_names(
    "other-listed-volume-accepted-in-handle",
    decision="longhorn.volume_to_restore",
    summary="A handle of a backup with another volume that is listed restores the backup.",
)(releases.accept_listed_volume.replace)


@wrong_names("swapped-names-corrected", decision="longhorn.parse_handle")
def exchanged(original: Callable[[str], Handle], text: str) -> Handle:
    """A handle with its two names exchanged is understood."""
    handle = original(text)
    return Handle(handle.type, handle.id, handle.volume) if handle.id.startswith("pvc-") else handle


bare_name = malformed(
    "bare-backup-name-accepted-as-handle",
    decision="longhorn.parse_handle",
    summary="The bare name of a backup is understood.",
    also={"longhorn.volume_to_restore": looked_up},
)(lambda original, text: original(text) if "/" in text else Handle("bak", "", text))
without_scheme = malformed(
    "backup-handle-without-scheme-accepted",
    decision="longhorn.parse_handle",
    summary="A handle that is only <backup volume>/<backup> is understood.",
)(lambda original, text: original(f"bak://{text}" if text.count("/") == 1 else text))


@malformed("scheme-ignored", decision="longhorn.parse_handle")
def any_scheme(original: Callable[[str], Handle], text: str) -> Handle:
    """Whatever stands before :// is taken for the scheme of a backup."""
    _, mark, rest = text.partition("://")
    return original(f"bak://{rest}" if mark else text)


one_slash = malformed(
    "missing-slash-accepted",
    decision="longhorn.parse_handle",
    summary="A scheme with one slash behind it is understood.",
)(lambda original, text: original(text if "://" in text else text.replace(":/", "://")))
volume_only = malformed(
    "handle-of-a-volume-means-its-newest-backup",
    decision="longhorn.parse_handle",
    summary="A handle without a backup is understood.",
    also=NEWEST,
)(lambda original, text: original(f"{text}/{LATEST}" if text.count("/") == 2 else text))
empty_backup = malformed(
    "empty-backup-means-the-newest",
    decision="longhorn.parse_handle",
    summary="A handle that ends with a slash is understood.",
    also=NEWEST,
)(lambda original, text: original(f"{text}{LATEST}" if text.endswith("/") else text))
empty_volume = malformed(
    "empty-volume-looked-up",
    decision="longhorn.volume_to_restore",
    summary="A handle with an empty backup volume restores the backup of that name, wherever it is.",
)(looked_up)


@fault(
    "reference-of-another-namespace-accepted",
    breaks="backup.pre-provisioned.reference",
    decision="csi.content_refers_to",
    says=READY,
)
def any_namespace(original: Callable[[Obj, Obj], bool], content: Obj, snapshot: Obj) -> bool:
    """The namespace in a content's reference does not matter, only the name."""
    return bool(content["spec"]["volumeSnapshotRef"].get("name") == snapshot["metadata"]["name"])


@fault(
    "incomplete-reference-bound",
    breaks=("backup.pre-provisioned.reference", "backing-image.pre-provisioned.reference"),
    decision="csi.content_refers_to",
    says=READY,
    also={"csi.reference_is_complete": always(True)},
)
def any_missing_part(original: Callable[[Obj, Obj], bool], content: Obj, snapshot: Obj) -> bool:
    """A content whose reference lacks the name or the namespace is bound to any VolumeSnapshot that names it."""
    reference = content["spec"]["volumeSnapshotRef"]
    return not ("name" in reference and "namespace" in reference) or original(content, snapshot)


@fault(
    "missing-class-reported-as-missing-claim",
    breaks=(
        "backup.class.named",
        "backup.pre-provisioned.class",
        "backing-image.class.named",
        "backing-image.pre-provisioned.class",
    ),
    decision="csi.reported_error",
    says=NO_ERROR,
)
def other_reason(original: Callable[[Obj, str], str], snapshot: Obj, message: str) -> str:
    """A VolumeSnapshot whose class is missing shows the error of one whose claim is missing."""
    wrong = "Failed to create snapshot content with error cannot get claim from snapshot"
    return wrong if "volumesnapshotclass" in message else original(snapshot, message)


def not_reported(name: str, breaks: str | tuple[str, ...], text: str, summary: str) -> Fault:
    """A fault that hides the errors with `text` in them."""

    def hide(original: Callable[[Obj, str], str], snapshot: Obj, message: str) -> str:
        return "" if text in message else original(snapshot, message)

    return fault(name, breaks=breaks, decision="csi.reported_error", says=NO_ERROR, summary=summary)(hide)


missing_content = not_reported(
    "missing-content-not-reported",
    ("backup.pre-provisioned.content-name", "backing-image.pre-provisioned.content-name"),
    "VolumeSnapshotContent is missing",
    "A VolumeSnapshot of a content that does not exist stays without an error.",
)
missing_claim = not_reported(
    "missing-claim-not-reported",
    ("backup.source", "backing-image.source"),
    "cannot get claim",
    "A VolumeSnapshot of a claim that does not exist stays without an error.",
)
unbound_claim = not_reported(
    "unbound-claim-not-reported",
    "backup.source",
    "not yet bound to a PV",
    "A VolumeSnapshot of a claim that has no volume stays without an error.",
)
foreign_volume = not_reported(
    "foreign-volume-not-reported",
    "backup.source",
    "cannot find CSI",
    "A VolumeSnapshot of a volume that is not Longhorn's stays without an error.",
)
