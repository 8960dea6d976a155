"""What the pages' scenarios have in common. Each is made once per worker; tests that only read leave it as it is."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from fixtures.kubernetes.budgets import PRE_PROVISIONED_READY
from fixtures.longhorn.volume_snapshots import Snapshots, VolumeSnapshot
from fixtures.longhorn.volumes import Source
from fixtures.workloads.pods import Pvc

Made = TypeVar("Made")
"""What a VolumeSnapshot led to, or what stands for it: a backup or a backing image."""


@dataclass(frozen=True)
class Requested:
    """A VolumeSnapshot that was created and not waited for."""

    source: Source
    snapshot: VolumeSnapshot


@dataclass(frozen=True)
class Restoring(Generic[Made]):
    """A claim that restores what a VolumeSnapshot led to; it is not waited for."""

    claim: Pvc
    original: Made


@dataclass(frozen=True)
class Policies(Generic[Made]):
    """What two VolumeSnapshots of one volume led to, with different data: under Retain and under Delete."""

    retained: Made
    deleted: Made


@dataclass(frozen=True)
class DeletedPair(Generic[Made]):
    """What pre-provisioned VolumeSnapshots stood for that were deleted, under Delete and under Retain."""

    deleted: Made
    retained: Made
    retained_snapshot: VolumeSnapshot


def delete_preprovisioned(snapshots: Snapshots, namespace: str, deleted: str, retained: str) -> VolumeSnapshot:
    """Delete pre-provisioned VolumeSnapshots of two handles, under Delete and under Retain, once each is ready.

    Their deletion is not waited for. The one under Retain.
    """
    pair = [
        snapshots.preprovision(handle, namespace, policy=policy)[1]
        for handle, policy in ((deleted, "Delete"), (retained, "Retain"))
    ]
    for snapshot in pair:
        snapshots.wait_ready(snapshot, PRE_PROVISIONED_READY)
        snapshots.delete(snapshot)
    return pair[1]
