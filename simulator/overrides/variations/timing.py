# ruff: noqa: ARG001  (a replacement takes the arguments of the decision that it replaces)
"""Single parts of the cluster that are slow, restart, or take their work in another order."""

from collections.abc import Callable
from itertools import count
from random import Random

from simulator.overrides.registry import Replacement, variation

LATE = 0.1
"""Seconds that a slow controller takes longer for a step; each has several in a row."""


def _slow(*prefixes: str) -> Replacement:
    """Steps of the controllers with such names take longer."""
    return lambda original, controller: LATE if controller.startswith(prefixes) else original(controller)


slow_snapshot_controller = variation(
    "snapshot-controller-slow",
    decision="timing.step_delay",
    summary="Each step of the snapshot-controller takes 0.1 s longer.",
)(_slow("snapshot-controller"))
slow_snapshotter = variation(
    "csi-snapshotter-slow",
    decision="timing.step_delay",
    summary="Each step of the csi-snapshotter, with the driver's work for it, takes 0.1 s longer.",
)(_slow("csi-snapshotter"))
slow_provisioner = variation(
    "csi-provisioner-slow",
    decision="timing.step_delay",
    summary="Each step of the csi-provisioner, with the driver's work for it, takes 0.1 s longer.",
)(_slow("csi-provisioner"))
slow_backups = variation(
    "backup-controller-slow",
    decision="timing.step_delay",
    summary="Each step of Longhorn's controllers of backups and backup targets takes 0.1 s longer.",
)(_slow("longhorn-backup"))
slow_images = variation(
    "image-controllers-slow",
    decision="timing.step_delay",
    summary="Each step of Longhorn's controllers of backing images takes 0.1 s longer; one that is deleted goes later.",
)(_slow("longhorn-backing-image"))
slow_volumes = variation(
    "volume-controllers-slow",
    decision="timing.step_delay",
    summary="Each step of Longhorn's controllers of volumes, snapshots and attachments takes 0.1 s longer.",
)(_slow("longhorn-volume", "longhorn-snapshot", "longhorn-attachment", "longhorn-restore"))


_TURNS = count()


@variation("queues-out-of-order", decision="timing.next_in")
def take_newest(original: Callable[..., int], controller: str, waiting: int) -> int:
    """Every other time a controller takes the key first that came last; a queue promises no order."""
    return waiting - 1 if next(_TURNS) % 2 else original(controller, waiting)


_CHANCE = Random("updates-conflict")


@variation("updates-conflict", decision="timing.is_overtaken")
def overtaken(original: Callable[..., bool], controller: str, resource: str) -> bool:
    """Another writer is faster for one of ten updates of controllers, which then try again."""
    return _CHANCE.random() < 0.1
