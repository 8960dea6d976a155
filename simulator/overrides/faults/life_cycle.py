"""Faults that show when objects come after others: a name, a policy, a handle, a backup that was begun.

What such a fault remembers is in its module: each simulator is a separate process.
"""

from collections.abc import Callable, Iterable

from simulator.csi.protocol import CsiSnapshot
from simulator.kubernetes.resources import Obj
from simulator.overrides.faults.suite_messages import BACKUP_STAYS, NOT_BOUND, UNASKED
from simulator.overrides.registry import fault

Asked = Callable[[Obj], bool]

_UNFINISHED: set[str] = set()
"""Backups that were deleted before they were complete."""

_CONTENTS: dict[tuple[str, str], str] = {}
"""The content that the first VolumeSnapshot of a namespace and name got."""

_CLASSES: dict[str, str] = {}
"""The policies of the classes."""

_POLICIES: dict[str, list[str]] = {}
"""The policies of the pre-provisioned contents of a handle, the oldest first."""

_MADE: set[str] = set()
"""The handles that VolumeSnapshots led to."""


def unfinished(original: Asked, backup: Obj) -> bool:
    """Whether it was complete is remembered."""
    if backup["status"].get("state") != "Completed":
        _UNFINISHED.add(backup["metadata"]["name"])
    return original(backup)


@fault(
    "unfinished-backup-leaves-its-blocks",
    breaks="backup.delete",
    decision="backupstore.unused_blocks",
    says=r"the bucket still has blocks that no backup needs",
    also={"longhorn.deletes_backup": unfinished},
)
def leaves_blocks(
    original: Callable[..., set[str]], present: Iterable[str], used: Iterable[str], deleted: str
) -> set[str]:
    """The blocks of a backup that was deleted while it was being made stay in the bucket."""
    return set() if deleted in _UNFINISHED else original(present, used, deleted)


@fault(
    "content-of-an-earlier-snapshot-of-that-name",
    breaks="backup.content",
    decision="csi.content_name",
    says=r"is bound to \S+ of an earlier one",
)
def earlier_content(original: Callable[[Obj], str], snapshot: Obj) -> str:
    """A VolumeSnapshot of the name that an earlier one had gets the content of that one."""
    metadata = snapshot["metadata"]
    return _CONTENTS.setdefault((metadata["namespace"], metadata["name"]), original(snapshot))


def policy_of_class(original: Callable[[Obj], str], snapshot_class: Obj) -> str:
    """The class's policy is remembered."""
    return _CLASSES.setdefault(snapshot_class["metadata"]["name"], original(snapshot_class))


def by_class(original: Asked, content: Obj) -> bool:
    """Under Delete, by the class of the content if it was made by one."""
    policy = _CLASSES.get(content["spec"].get("volumeSnapshotClassName", ""))
    return original(content) if policy is None else policy == "Delete"


first_policy = fault(
    "changed-policy-ignored",
    breaks=("backup.policy.changed", "backup.retain"),
    decision="csi.deletes_content",
    says=rf"could not remove the VolumeSnapshotContent|{UNASKED}",
    also={"csi.content_policy": policy_of_class, "csi.deletes_snapshot": by_class},
    summary="A content has the policy of its class, even if its own was changed afterwards.",
)(by_class)


def remember(original: Callable[[Obj], str], content: Obj) -> str:
    """The content's policy is remembered."""
    handle = original(content)
    _POLICIES.setdefault(handle, []).append(content["spec"]["deletionPolicy"])
    return handle


def policies_of(content: Obj) -> list[str]:
    """The policies of all contents with the handle of a content, the oldest first; none for a dynamic one."""
    return _POLICIES.get(content["spec"]["source"].get("snapshotHandle", ""), [])


@fault(
    "first-content-of-a-handle-decides",
    breaks=("backup.policy.shared-handle", "backup.delete"),
    decision="csi.deletes_snapshot",
    says=rf"{BACKUP_STAYS}|stayed when",
    also={"csi.pre_provisioned_handle": remember},
)
def first_decides(original: Asked, content: Obj) -> bool:
    """Of several contents with one handle the policy of the first one counts for all."""
    return "Delete" in policies_of(content)[:1] if policies_of(content) else original(content)


def any_deletes(original: Asked, content: Obj) -> bool:
    """A content under Retain deletes the backup if another content with its handle says Delete."""
    return original(content) or "Delete" in policies_of(content)


deletes_for_all = fault(
    "one-deleting-content-deletes-for-all",
    breaks=("backup.policy.shared-handle", "backup.retain"),
    decision="csi.deletes_content",
    says=rf"was deleted with the VolumeSnapshot under Retain|{UNASKED}",
    also={"csi.deletes_snapshot": any_deletes, "csi.pre_provisioned_handle": remember},
)(any_deletes)


def remember_handle(original: Callable[..., str], content: Obj, answer: CsiSnapshot) -> str:
    """The handle is remembered."""
    handle = original(content, answer)
    _MADE.add(handle)
    return handle


@fault(
    "handle-of-a-retained-backup-refused",
    breaks="backup.pre-provisioned.retained",
    decision="csi.handle_to_restore",
    says=NOT_BOUND,
    also={"csi.recorded_handle": remember_handle},
)
def used_before(original: Callable[[Obj, Obj], str | None], snapshot: Obj, content: Obj) -> str | None:
    """A handle that a VolumeSnapshot led to is not understood in a content that is made by hand."""
    handle = original(snapshot, content)
    again = handle in _MADE and "snapshotHandle" in content["spec"]["source"]
    return f"un{handle}" if again else handle


@fault(
    "content-of-a-backup-tool-ignored",
    breaks="backup.pre-provisioned.retained",
    decision="csi.pre_provisioned_ready",
    says=r"could not make the pre-provisioned VolumeSnapshot ready",
)
def tool_ignored(original: Asked, content: Obj) -> bool:
    """A content with annotations of a backup tool never becomes ready."""
    annotations = content["metadata"].get("annotations") or {}
    return original(content) and not any(key.startswith("velero.io/") for key in annotations)
