# ruff: noqa: ARG001  (a replacement takes the arguments of the decision that it replaces)
"""Faults in what a restore makes of its source: of a volume that is used or gone, of names that are used elsewhere."""

import uuid
from collections.abc import Callable, Sequence

from simulator.csi.protocol import Code
from simulator.kubernetes.resources import Obj
from simulator.overrides.faults.suite_messages import NOT_BOUND
from simulator.overrides.registry import always, changed, fault

Refusal = tuple[Code, str]

LONGEST_LABEL = 63

needs_source = fault(
    "restore-needs-the-source",
    breaks="backup.restore",
    decision="longhorn.refuse_source",
    says=NOT_BOUND,
    summary="A backup of a volume that is gone is not restored.",
)(lambda original, volume: original(volume) if volume else (Code.FAILED_PRECONDITION, "the source volume is gone"))


@fault("restore-needs-a-detached-source", breaks="backup.restore", decision="longhorn.refuse_source", says=NOT_BOUND)
def needs_rest(original: Callable[[Obj | None], Refusal | None], volume: Obj | None) -> Refusal | None:
    """A backup of a volume that is attached is not restored until it is detached."""
    attached = volume is not None and volume["status"].get("state") == "attached"
    return (Code.FAILED_PRECONDITION, "the source volume is attached") if attached else original(volume)


@fault(
    "restore-from-any-namespace",
    breaks="backup.restore",
    decision="csi.snapshot_to_restore",
    says=r"it was not refused but bound to|offset \d+: expected block \d+ of stream here, found",
)
def any_namespace(
    original: Callable[..., Obj | None], snapshots: Sequence[Obj], namespace: str, name: str
) -> Obj | None:
    """A claim is restored from the newest VolumeSnapshot of the name, whatever the namespace."""
    found = [each for each in snapshots if each["metadata"]["name"] == name]
    return max(found, key=lambda each: int(each["metadata"]["resourceVersion"]), default=None)


@fault(
    "restore-under-a-reused-name-finds-old-data",
    breaks="backup.restore",
    decision="csi.volume_name",
    says=r"offset \d+: expected block \d+ of stream two, found block \d+ of stream one",
    # A deleted volume stays where it is.
    also={"longhorn.deletes_volume": always(False)},
)
def named_after_claim(original: Callable[[Obj], str], claim: Obj) -> str:
    """A volume is named after its claim's name, not after its uid."""
    metadata = claim["metadata"]
    return f"pvc-{uuid.uuid5(uuid.NAMESPACE_DNS, metadata['namespace'] + '/' + metadata['name'])}"


cut = fault(
    "long-names-truncated",
    breaks=("backup.content", "backup.create"),
    decision="csi.content_reference",
    says=r"which referred to|could not make the VolumeSnapshot ready",
    summary="A content refers to its VolumeSnapshot by the first 63 characters of its name.",
)(changed(lambda reference: {**reference, "name": reference["name"][:LONGEST_LABEL]}))
at_most_sixteen = fault(
    "expansion-not-noticed-by-the-backup",
    breaks="backup.restore.size",
    decision="longhorn.reported_size",
    says=r"restoreSize, capacity and volume's size are",
    summary="A snapshot's size is reported as 16 MiB at most, which is what the volume had before it was expanded.",
)(lambda original, size: min(original(size), 16 << 20))
