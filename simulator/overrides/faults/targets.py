"""Faults in what happens without a usable backup target."""

from collections.abc import Callable

from simulator.csi.protocol import Code
from simulator.overrides.faults.suite_messages import NO_ERROR, NOT_READY
from simulator.overrides.registry import always, fault

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


called_available = fault(
    "unusable-target-reported-available",
    breaks=("backup.target.required", "backup.target.given-up"),
    decision="longhorn.target_failure",
    says=NO_ERROR,
    summary="A target whose bucket is missing is called available.",
)(always(""))


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


not_asked = fault(
    "recovered-target-not-noticed",
    breaks="backup.target.required",
    decision="csi.retries_after_error",
    says=NOT_READY,
    summary="After an error the sidecar never asks again.",
)(always(False))
