# ruff: noqa: ARG001, ARG005  (a replacement takes the arguments of the decision that it replaces)
"""Faults that pass: what a look at the end does not see, only a look at all that happened."""

from collections import Counter
from collections.abc import Callable

from simulator.csi.protocol import CsiSnapshot
from simulator.kubernetes.resources import Obj
from simulator.overrides.registry import fault

_READY = ("backup.ready", "backing-image.ready", "snapshot.ready")
_CONTENT = ("backup.content", "backing-image.content", "snapshot.content")
_LOOKS: Counter[str] = Counter()
"""How often an object was looked at; each simulator is a separate process."""


@fault(
    "readiness-comes-and-goes",
    breaks=_READY,
    decision="csi.stays_ready",
    says=r"was readyToUse at revision \d+, then revision \d+ not any more",
)
def flickers(original: Callable[[Obj], bool], snapshot: Obj) -> bool:
    """A VolumeSnapshot that is ready is not ready for a moment, and then is again."""
    _LOOKS[snapshot["metadata"]["uid"]] += 1
    return original(snapshot) and _LOOKS[snapshot["metadata"]["uid"]] != 1


@fault(
    "handle-of-another-volume-first",
    breaks="backup.handle",
    decision="csi.recorded_handle",
    says=r"snapshotHandle of \S+ \S+ was 'bak://earlier/\S+' and became 'bak://pvc-",
)
def first_another(original: Callable[[Obj, CsiSnapshot], str], content: Obj, answer: CsiSnapshot) -> str:
    """The handle of a backup that is not complete names another volume."""
    handle = answer.snapshot_id
    return handle if answer.ready_to_use or "bak://" not in handle else f"bak://earlier/{handle.rpartition('/')[2]}"


@fault(
    "binding-changes",
    breaks=_CONTENT,
    decision="csi.bound_content_name",
    says=r"boundVolumeSnapshotContentName of VolumeSnapshot \S+ was '\S+-earlier' and became",
)
def first_to_another(original: Callable[[Obj], str], content: Obj) -> str:
    """A VolumeSnapshot is first bound to a content that does not exist."""
    _LOOKS[content["metadata"]["uid"]] += 1
    return original(content) + ("-earlier" if _LOOKS[content["metadata"]["uid"]] == 1 else "")


stays_wrong = fault(
    "error-beside-readiness",
    breaks=_READY,
    decision="csi.error_of_content",
    says=r"was ready at revision \d+, with an error",
    summary="A VolumeSnapshot that is ready shows an error.",
)(lambda original, content: {"message": "not done yet", "time": content["metadata"]["creationTimestamp"]})

_TIME = ("backup.point-in-time", "backing-image.create.point-in-time", "snapshot.point-in-time")
_SAYS_TIME = r"creationTime of VolumeSnapshotContent \S+ is \d+ s since 1970"

never_taken = fault(
    "creation-time-zero",
    breaks=_TIME,
    decision="csi.recorded_time",
    says=_SAYS_TIME,
    summary="creationTime of a content is 1970.",
)(lambda original, content, taken: 0)

in_seconds = fault(
    "creation-time-in-seconds",
    breaks=_TIME,
    decision="csi.recorded_time",
    says=_SAYS_TIME,
    summary="creationTime of a content is in seconds, not nanoseconds.",
)(lambda original, content, taken: taken // 10**9)

in_the_future = fault(
    "creation-time-in-the-future",
    breaks=_TIME,
    decision="csi.recorded_time",
    says=_SAYS_TIME,
    summary="creationTime of a content is a day late.",
)(lambda original, content, taken: taken + 86_400 * 10**9)

_HELD = r"still had (snapshot|backup|bim-ds)-controller-\S+, which was done at revision"

held_for_backup = fault(
    "backup-keeps-its-volume-attached",
    breaks="backup.source.detached",
    decision="longhorn.ends_attachment",
    says=_HELD,
    summary="A volume that was attached for a snapshot or a backup stays attached for it.",
)(lambda original, ticket: not ticket.startswith(("snapshot-", "backup-")))

held_for_export = fault(
    "export-keeps-its-volume-attached",
    breaks="backing-image.source.detached",
    decision="longhorn.ends_attachment",
    says=_HELD,
    summary="A volume that was attached for an export stays attached for it.",
)(lambda original, ticket: not ticket.startswith("bim-ds-"))

leaked = fault(
    "early-deleted-backup-stays",
    breaks="backup.delete",
    decision="longhorn.deletes_unlisted_backup",
    says=r"could not remove the backup",
    summary="A backup whose VolumeSnapshot is deleted before its volume has a BackupVolume stays.",
)(lambda original: False)

_GONE: list[str] = []
"""Images that were deleted."""

_SERVED: dict[str, str] = {}
"""The first image that was handed out."""


def _noticed(original: Callable[[Obj], bool], image: Obj) -> bool:
    _GONE.append(image["metadata"]["name"])
    return original(image)


@fault(
    "deleting-an-image-spoils-the-oldest",
    breaks="backing-image.delete.others",
    decision="backing_images.served_bytes",
    says=r"the image of the canary: it had \d+ bytes and has \d+; the first that differs is at offset 0",
    also={"backing_images.deletes_image": _noticed},
)
def spoilt(original: Callable[[str, bytes], bytes], image: str, data: bytes) -> bytes:
    """Once an image is deleted, the file of the first one that was ever read is another."""
    first = _SERVED.setdefault("first", image)
    data = original(image, data)
    return bytes(len(data)) if _GONE and image == first else data


left = fault(
    "deletion-leaves-a-temporary-key",
    breaks="backup.delete",
    decision="backupstore.left_in_store",
    says=r"what is part of no backup: \S*tmp-backup-",
    summary="When a backup is deleted, a temporary key stays in the bucket.",
)(lambda original, volume, backup: (f"tmp-{backup}",))
