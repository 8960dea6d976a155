# ruff: noqa: ARG001, ARG005  (a replacement takes the arguments of the decision that it replaces)
"""Other names and spellings by the snapshot-controller and the sidecars, and answers that they lose."""

from collections.abc import Callable

from simulator.overrides.registry import variation

_LOST: set[tuple[str, str]] = set()
"""The calls whose first answer was lost; each simulator is a separate process."""


@variation("first-answers-lost", decision="csi.loses_answer")
def lose_first(original: Callable[..., bool], call: str, about: str) -> bool:
    """The driver's first answer to each call comes after the sidecar's deadline, which then calls again."""
    first = (call, about) not in _LOST
    _LOST.add((call, about))
    return first


size_in_bytes = variation(
    "size-in-bytes",
    decision="csi.restore_size_text",
    summary="restoreSize of a VolumeSnapshot is written as 33554432, not as 32Mi: the quantity is the same.",
)(lambda original, size: str(size))
size_in_kibibytes = variation(
    "size-in-kibibytes",
    decision="csi.restore_size_text",
    summary="restoreSize of a VolumeSnapshot is written as 32768Ki, not as 32Mi: the quantity is the same.",
)(lambda original, size: f"{size // 1024}Ki" if size % 1024 == 0 else str(size))
volume_prefix = variation(
    "volumes-with-another-prefix",
    decision="csi.volume_name",
    summary="The csi-provisioner was told another prefix for the names of PersistentVolumes.",
)(lambda original, claim: f"vol-{claim['metadata']['uid']}")
