# ruff: noqa: ARG001  (a replacement takes the arguments of the decision that it replaces)
"""Single parts of the cluster that are slow, restart, or take their work in another order."""

from collections.abc import Callable
from itertools import count
from random import Random

from simulator.overrides.registry import Variation, variation

LATE = 0.1
"""Seconds that a slow controller takes longer for a step; each has several in a row."""


def _slow(name: str, whose: str, *prefixes: str, more: str = "") -> Variation:
    """The variation in which the steps of the controllers with such names take longer."""
    return variation(
        name, decision="timing.step_delay", summary=f"Each step of {whose} takes {LATE:g} s longer{more}."
    )(lambda original, controller: LATE if controller.startswith(prefixes) else original(controller))


slow_snapshot_controller = _slow("snapshot-controller-slow", "the snapshot-controller", "snapshot-controller")
slow_snapshotter = _slow(
    "csi-snapshotter-slow", "the csi-snapshotter, with the driver's work for it,", "csi-snapshotter"
)
slow_provisioner = _slow(
    "csi-provisioner-slow", "the csi-provisioner, with the driver's work for it,", "csi-provisioner"
)
slow_backups = _slow(
    "backup-controller-slow", "Longhorn's controllers of backups and backup targets", "longhorn-backup"
)
slow_images = _slow(
    "image-controllers-slow",
    "Longhorn's controllers of backing images",
    "longhorn-backing-image",
    more="; one that is deleted goes later",
)
slow_volumes = _slow(
    "volume-controllers-slow",
    "Longhorn's controllers of volumes, snapshots and attachments",
    *("longhorn-volume", "longhorn-snapshot", "longhorn-attachment", "longhorn-restore"),
)


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
