"""Faults in what happens without a usable backup target."""

from collections.abc import Callable

from simulator.csi.protocol import Code
from simulator.overrides.faults.suite_messages import NO_ERROR
from simulator.overrides.registry import fault

Refusal = tuple[Code, str]


@fault(
    "missing-target-reported-as-unready-volume",
    breaks=("backup.target.required", "backup.target.given-up"),
    decision="longhorn.refuse_target",
    says=NO_ERROR,
)
def other_reason(original: Callable[..., Refusal | None], target: str, available: bool | None) -> Refusal | None:
    """Without a usable target the error speaks of a volume that is not ready."""
    refusal = original(target, available)
    return (refusal[0], "the volume is not ready") if refusal else None


@fault(
    "waiting-snapshot-cannot-be-deleted",
    breaks="backup.target.given-up",
    decision="longhorn.refuse_target",
    says=r"could not remove the VolumeSnapshot",
)
def never_final(original: Callable[..., Refusal | None], target: str, available: bool | None) -> Refusal | None:
    """A VolumeSnapshot that waits for a target cannot be deleted: the driver may still be at work on it."""
    refusal = original(target, available)
    return (Code.ABORTED, refusal[1]) if refusal else None
