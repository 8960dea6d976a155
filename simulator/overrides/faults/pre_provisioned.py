"""Faults in pre-provisioned contents and VolumeSnapshots."""

from collections.abc import Callable, Sequence

from simulator.kubernetes.resources import Obj
from simulator.overrides.faults.suite_messages import NOT_BOUND
from simulator.overrides.registry import Fault, fault

RESTORED = (
    "backup.pre-provisioned",
    "backup.pre-provisioned.handle",
    "backup.pre-provisioned.handle.legacy",
    "backup.pre-provisioned.names",
    "backup.pre-provisioned.restore",
)
"""What cannot be seen to hold when a claim from a pre-provisioned content is not bound."""


def scheme_refused(name: str, scheme: str, breaks: str | tuple[str, ...]) -> Fault:
    """A fault by which a pre-provisioned handle with that scheme is not understood."""

    def refuse(original: Callable[[Obj, Obj], str | None], snapshot: Obj, content: Obj) -> str | None:
        handle = original(snapshot, content)
        given = content["spec"]["source"].get("snapshotHandle", "")
        return f"un{handle}" if given.startswith(f"{scheme}://") else handle

    summary = f"A pre-provisioned handle with {scheme}:// is not understood."
    return fault(name, breaks=breaks, decision="csi.handle_to_restore", says=NOT_BOUND, summary=summary)(refuse)


legacy_scheme = scheme_refused("legacy-scheme-refused", "bs", "backup.example.legacy-handle")
current_scheme = scheme_refused(
    "current-scheme-refused",
    "bak",
    tuple(clause for clause in RESTORED if clause != "backup.pre-provisioned.handle.legacy"),
)


@fault("handle-names-swapped", breaks=RESTORED, decision="csi.handle_to_restore", says=NOT_BOUND)
def exchanged(original: Callable[[Obj, Obj], str | None], snapshot: Obj, content: Obj) -> str | None:
    """The first name of a pre-provisioned handle is taken for the backup, the second for the backup volume."""
    given = content["spec"]["source"].get("snapshotHandle", "")
    scheme, _, names = given.partition("://")
    volume, _, backup = names.partition("/")
    return f"{scheme}://{backup}/{volume}" if given else original(snapshot, content)


handle_ignored = fault(
    "pre-provisioned-handle-ignored",
    breaks=(
        "backup.handle.field",
        *RESTORED,
        "backup.example.legacy-handle",
        "backing-image.pre-provisioned.handle",
        "backing-image.pre-provisioned.download",
        "backing-image.pre-provisioned.export",
        "backing-image.pre-provisioned.checksum",
        "backing-image.pre-provisioned.checksum.optional",
        "backing-image.pre-provisioned.parameters.optional",
        "backing-image.pre-provisioned.download.checksum",
        "backing-image.pre-provisioned.encoding",
    ),
    decision="csi.pre_provisioned_handle",
    says=r"the handle shown is \S+-x, given was|could not bind the claim that restores|it was refused",
    summary="The status of a pre-provisioned content does not show the handle that it was made with.",
)(lambda original, content: original(content) + "-x")
misnamed = fault(
    "pre-provisioned-content-misnamed",
    breaks=("backup.pre-provisioned.content-name", "backing-image.pre-provisioned.content-name"),
    decision="csi.bound_content_name",
    says=r"is bound to the content \S+-x, it names",
    summary="A pre-provisioned VolumeSnapshot says it is bound to another content than it names.",
)(lambda original, content: original(content) + ("-x" if "snapshotHandle" in content["spec"]["source"] else ""))
two_sources = fault(
    "two-sources-accepted",
    breaks=("backup.source.exactly-one", "backing-image.source.exactly-one"),
    decision="csi.snapshot_source_is_exclusive",
    says=r"VolumeSnapshot was accepted with the spec .*Claim.*Content",
    summary="A VolumeSnapshot with a claim and a content as its sources is accepted.",
)(lambda original, source: original(source) or len(source) == 2)
no_source = fault(
    "no-source-accepted",
    breaks=("backup.source.exactly-one", "backing-image.source.exactly-one"),
    decision="csi.snapshot_source_is_exclusive",
    says=r"VolumeSnapshot was accepted with the spec \{'source': \{\}\}",
    summary="A VolumeSnapshot without any source is accepted.",
)(lambda original, source: original(source) or not source)


@fault(
    "backup-not-made-through-csi-unknown",
    breaks=(*RESTORED, "backup.example.legacy-handle"),
    decision="longhorn.backup_to_restore",
    says=NOT_BOUND,
)
def only_own_backups(original: Callable[..., str], backups: Sequence[Obj], wanted: str) -> str:
    """Only backups that a VolumeSnapshot created can be restored."""
    made = {
        each["metadata"]["name"] for each in backups if each["spec"].get("snapshotName", "").startswith("snapshot-")
    }
    return original(backups, wanted) if wanted in made else ""
