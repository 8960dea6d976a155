"""What the status of BackingImage and BackingImageDataSource objects says about a file, and how it is written."""

from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj
from simulator.longhorn import names, objects
from simulator.longhorn.backing_images.decisions import EXPORT
from simulator.longhorn.backing_images.disks import NodeDisk
from simulator.longhorn.backing_images.files import FileFacts

PENDING, IN_PROGRESS = "pending", "in-progress"
READY_FOR_TRANSFER, READY = "ready-for-transfer", "ready"
FAILED, FAILED_AND_CLEANUP = "failed", "failed-and-cleanup"

NEW_IMAGE: Obj = {
    **dict.fromkeys(("checksum", "uuid", "v2FirstCopyDisk", "v2FirstCopyStatus"), ""),
    **dict.fromkeys(("realSize", "size", "virtualSize"), 0),
    **dict.fromkeys(("diskFileStatusMap", "diskLastRefAtMap"), None),
    "ownerID": names.NODE,
}
NEW_SOURCE: Obj = {
    **dict.fromkeys(("checksum", "currentState", "ip", "message", "storageIP"), ""),
    **dict.fromkeys(("progress", "size"), 0),
    "ownerID": names.NODE,
    "runningParameters": None,
}
"""The status of objects about which nothing is known yet."""


def file_state(image: Obj, disk: str) -> str:
    """The state of the copy on a disk, "" when there is none."""
    return str(((image["status"].get("diskFileStatusMap") or {}).get(disk) or {}).get("state") or "")


def ready_disks(image: Obj) -> list[str]:
    """The disks with a complete copy."""
    return sorted(disk for disk in image["status"].get("diskFileStatusMap") or {} if file_state(image, disk) == READY)


def is_unfinished_export(image: Obj, volume: str) -> bool:
    """Whether an image is exported from that volume and has neither a complete copy nor one that failed."""
    spec = image["spec"]
    if spec.get("sourceType") != EXPORT or (spec.get("sourceParameters") or {}).get("volume-name") != volume:
        return False
    copies = (image["status"].get("diskFileStatusMap") or {}).values() if image.get("status") else ()
    ended = any(copy["state"] in {READY, FAILED, FAILED_AND_CLEANUP} for copy in copies)
    return not ended and "deletionTimestamp" not in image["metadata"]


def set_file(
    api: Api, name: str, disk: str, now: str, state: str, progress: int = 0, message: str = "", **fields: object
) -> None:
    """Write the state of a copy, and `fields` of the image's status, in one revision; nothing if they say so already.

    The transition time changes with the state.
    """
    image = objects.find(api, names.BACKING_IMAGES, name)
    if image is None:
        return
    files = dict(image["status"].get("diskFileStatusMap") or {})
    before = files.get(disk) or {}
    moved = now if before.get("state") != state or not before else before["lastStateTransitionTime"]
    told = {"message": message, "progress": progress, "state": state, "lastStateTransitionTime": moved}
    files[disk] = {"dataEngine": image["spec"].get("dataEngine") or "v1", **told}
    status = {**image["status"], **fields, "diskFileStatusMap": files}
    if status != image["status"]:
        objects.set_status(api, names.BACKING_IMAGES, name, **status)


def set_source(api: Api, name: str, **fields: object) -> Obj | None:
    """Write fields of a data source's status; None when it is gone."""
    return objects.set_status(api, names.BACKING_IMAGE_DATA_SOURCES, name, **fields)


def mirror(api: Api, name: str, now: str) -> None:
    """Show in the image what its data source says of the first file."""
    source = objects.find(api, names.BACKING_IMAGE_DATA_SOURCES, name)
    if source is None or not source["status"]:
        return
    status = source["status"]
    known = {field: status[field] for field in ("checksum", "size") if status[field]}
    told = (status["currentState"], status["progress"], status["message"])
    set_file(api, name, source["spec"]["diskUUID"], now, *told, **known)


def source_spec(image: Obj, disk: NodeDisk) -> Obj:
    """The spec of the data source of a new image, whose first file is to be on `disk`."""
    spec = image["spec"]
    return {
        "checksum": spec.get("checksum") or "",
        "diskPath": disk.path,
        "diskUUID": disk.uuid,
        "fileTransferred": False,
        "nodeID": disk.node,
        "parameters": dict(spec.get("sourceParameters") or {}),
        "sourceType": spec.get("sourceType") or "",
        "uuid": image["status"]["uuid"],
    }


def completed(facts: FileFacts) -> Obj:
    """The fields of a data source's status when its file is complete."""
    return {"checksum": facts.checksum, "progress": 100, "size": facts.size}
