# ruff: noqa: ARG001  (a replacement takes the arguments of the decision that it replaces)
"""How real releases deviate from their documentation: each quirk with where it was seen.

A quirk is an override of one decision, like a fault; the difference is that a real release has it.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from simulator.csi.protocol import Code
from simulator.kubernetes.resources import Obj
from simulator.longhorn import names
from simulator.longhorn.handles import Handle
from simulator.overrides.registry import Override, OverrideError, override


@override("larger-claim-is-accepted", decision="longhorn.refuse_restore_size")
def _accept_larger_claim(original: Callable[..., Any], snapshot: str, requested: int, recorded: int) -> Any:
    """A claim larger than the backed-up volume is accepted.

    Seen in the recording `bak`: a 48 MiB claim from a backup of 32 MiB gets its volume.
    """
    return None if requested > recorded else original(snapshot, requested, recorded)


@override("larger-claim-gets-the-recorded-size", decision="longhorn.restored_size")
def _restore_to_recorded_size(original: Callable[..., int], requested: int, recorded: int, newest: int) -> int:
    """A larger claim gets a device of the size that was backed up, while the claim reports its own.

    Seen in the recording `bak`: `wc -c` of the device says 33554432, the claim 48Mi.
    """
    return recorded


@override("restored-volume-gets-the-newest-size", decision="longhorn.restored_size")
def _restore_to_newest_size(original: Callable[..., int], requested: int, recorded: int, newest: int) -> int:
    """The device is as large as the volume was at its newest backup, whichever is restored.

    Seen in the recording `expanded`: the backup of 16 MiB, restored into 16Mi, has a device of 33554432 bytes.
    """
    return newest


@override("backup-before-an-expansion-is-not-restored", decision="backupstore.refuse_restore")
def _refuse_smaller_volume(original: Callable[..., str], size: int, newest: int) -> str:
    """A backup from before an expansion is not restored once there is a newer one: the volume waits for ever.

    Seen in the recording `expanded` of 1.10.2: condition Restore with reason RestoreInProgress for 120 s and more.
    """
    return f"backup volume size {newest} cannot be larger than {size}" if newest > size else original(size, newest)


@override("any-listed-volume-in-a-handle", decision="longhorn.volume_to_restore")
def accept_listed_volume(original: Callable[..., str], handle: Handle, backups: Sequence[Obj]) -> str:
    """A handle of a backup with another listed volume restores the backup.

    Seen in the recording `other_volume`: the claim of `bak://<b>/<a1>` is bound and has the data of a.
    """
    volumes = {each["metadata"]["name"]: str(each["status"].get("volumeName") or "") for each in backups}
    listed = handle.volume and handle.volume in volumes.values() and handle.id in volumes
    return volumes[handle.id] if listed else original(handle, backups)


@override("snapshot-of-detached-volume-stays", decision="longhorn.attaches_for_snapshot_deletion")
def _leave_snapshot_of_detached_volume(original: Callable[..., bool]) -> bool:
    """The Longhorn snapshot of a detached volume is not deleted before something attaches the volume.

    Seen in the recording `snap_delete`: over 120 s with a deletionTimestamp and no attachment ticket.
    """
    return False


@override("clone-has-the-present-size", decision="longhorn.size_to_clone")
def compare_with_present_size(original: Callable[..., int], snapshot: Obj, volume: Obj) -> int:
    """A claim for a snapshot must have the size that the volume has now, not the one that it had then.

    Seen in the recording `expanded`: the snapshot `old`, whose restoreSize is 16Mi, is refused to a claim of 16Mi and
    restored into one of 32Mi.
    """
    return int(volume["spec"]["size"])


@override("unlisted-backup-is-not-deleted", decision="longhorn.deletes_unlisted_backup")
def leave_unlisted_backup(original: Callable[[], bool]) -> bool:
    """The first backup of a volume is left behind when it is deleted before the volume is listed.

    Read in the driver's source, from 1.8 on: without a BackupVolume its DeleteSnapshot answers OK and does nothing.
    """
    return False


@override("unavailable-target-is-not-final", decision="longhorn.refuse_target")
def _abort_without_target(original: Callable[..., Any], target: str, available: bool | None) -> Any:
    """Without a usable target CreateSnapshot answers Aborted, which leaves the sidecar at work on it.

    Seen in the recording `no_target`: the VolumeSnapshot cannot be deleted, and its backup is made after all.
    """
    refusal = original(target, available)
    return (Code.ABORTED, refusal[1]) if refusal and available is False else refusal


@override("class-is-needed-again", decision="csi.needs_class_again")
def need_class_again(original: Callable[[str], bool], name: str) -> bool:
    """A VolumeSnapshot whose class is deleted before the driver has reported it ready is never ready.

    Seen in the recording `class_gone`: the Backup is Completed, snapshot-controller and sidecar ask for the class.
    """
    return True


@override("image-name-is-cut", decision="backing_images.stored_name")
def _cut_image_name(original: Callable[[str], str], name: str) -> str:
    """A backing image's name is cut to 40 characters, the last nine of them a hash.

    Seen in the recording `bi`: snapshot-2a57276a-1769-453f-ba26-0e383cd55510 became
    snapshot-2a57276a-1769-453f-ba2-4f52d7b2.
    """
    return names.corrected(original(name))


@override("qcow2-export-is-raw", decision="backing_images.exported_format")
def _export_raw(original: Callable[[str], str], asked: str) -> str:
    """An export requested as qcow2 gives a raw file, while handle and parameters say qcow2.

    Seen in the recording `bi`: size and virtual size are both 33554432, the checksum is that of the raw export.
    """
    return "raw"


@override("image-taken-after-the-request", decision="backing_images.captures_data_at_request")
def _take_later(original: Callable[[str], bool], image: str) -> bool:
    """The snapshot that is exported is taken when the work begins, after the content is ready.

    Seen in the recording `bi`: the image was requested at 10:11:14, its snapshot taken at 10:11:27.
    """
    return False


@override("checksum-is-compared-as-a-parameter", decision="backing_images.compared_parameters")
def _compare_checksum_key(original: Callable[..., dict[str, str]], given: Any) -> dict[str, str]:
    """`checksum` in the handle of a download must be a source parameter of the image, where it never is.

    Seen in the recording `bi_pre`, case `checksum-key`: "data source is different from the parameters".
    """
    return dict(given.parameters)


@override("checksum-key-is-no-checksum", decision="backing_images.compared_checksums")
def _ignore_checksum_key(original: Callable[..., list[str]], given: Any) -> list[str]:
    """`checksum` in the handle of a download is not taken for the image's checksum.

    Seen in the recording `bi_pre`, case `checksum-key`.
    """
    return [given.checksum] if given.checksum else []


@override("source-of-an-image-can-be-deleted", decision="longhorn.deletes_volume_under_export")
def _delete_source(original: Callable[[str], bool], volume: str) -> bool:
    """A volume is deleted although an image of it is still to be exported, which then is never made.

    Seen in the recording `bi_source_deleted`: the VolumeSnapshot stays ready, the copy's state stays empty.
    """
    return True


@override("nameless-image-cannot-be-deleted", decision="backing_images.refuse_deletion_of_missing")
def refuse_nameless_image(original: Callable[[str], Any], name: str) -> Any:
    """A content whose handle names no image can never be deleted.

    Seen in the recording `bi_odd`: the driver asks for the deletion of the whole collection, and gets 404.
    """
    if name:
        return original(name)
    status = "Bad response statusCode [404]. Status [404 Not Found]."
    return Code.INTERNAL, f"{status} Body: [] from [{names.BACKEND}/v1/backingimages]"


_CHANCE = Random("claim-of-a-used-name")


@override("claim-of-a-used-name-is-deleted", decision="longhorn.deletes_claim_by_name")
def delete_claim_by_name(original: Callable[[str], float | None], volume: str) -> float | None:
    """With a Volume the claim goes that its status names, also a new one of that name.

    Seen with 1.7.3, and with 1.10.2 in 7 of 20 when the first claim was deleted as soon as it was bound; read in the
    volume controller of 1.3.0, 1.5.0, 1.7.3, 1.10.2 and 1.12.1. The new claim lived for 150 to 320 ms.
    """
    return 0.2 if _CHANCE.random() < 0.35 else original(volume)


@override("volume-in-a-handle-is-ignored", decision="longhorn.volume_to_restore")
def _ignore_volume(original: Callable[..., str], handle: Handle, backups: Sequence[Obj]) -> str:
    """The volume in a handle of a backup is not looked at, so that one that does not exist will do.

    Seen with 1.7.3: the claim of `bak://no-such-volume/<backup>` is bound. Read in the driver's source up to 1.7.
    """
    volumes = {each["metadata"]["name"]: str(each["status"].get("volumeName") or "") for each in backups}
    return volumes.get(handle.id, "") if handle.volume else original(handle, backups)


@override("failed-content-is-looked-at-late", decision="csi.hears_of_failed")
def _look_late(original: Callable[[Obj], bool], content: Obj) -> bool:
    """A content whose creation failed is deleted at the next attempt to create it, up to five minutes later.

    Seen with csi-snapshotter 7.0.2; read in its source: from 6.0 to 7.x an update of a content with an error is
    ignored.
    """
    return False


_SINCE_1_7_3 = (
    _accept_larger_claim,
    _cut_image_name,
    _export_raw,
    _compare_checksum_key,
    _ignore_checksum_key,
    delete_claim_by_name,
)
_SINCE_1_10_2 = (
    *_SINCE_1_7_3,
    accept_listed_volume,
    leave_unlisted_backup,
    _abort_without_target,
    need_class_again,
    refuse_nameless_image,
    _delete_source,
    compare_with_present_size,
)

RELEASES: Mapping[str, tuple[Override, ...]] = {
    "1.7.3": (*_SINCE_1_7_3, _restore_to_recorded_size, _ignore_volume, _look_late),
    "1.10.2": (*_SINCE_1_10_2, _restore_to_recorded_size, _refuse_smaller_volume),
    "1.12.1": (*_SINCE_1_10_2, _restore_to_newest_size, _leave_snapshot_of_detached_volume, _take_later),
}


def release(version: str) -> tuple[Override, ...]:
    """The quirks of a real release. Raises OverrideError for an unknown release."""
    if version not in RELEASES:
        raise OverrideError(f"unknown release {version!r} (known: {', '.join(sorted(RELEASES))})")
    return RELEASES[version]
