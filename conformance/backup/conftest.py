"""The scenarios of these pages. They do what a user does and assert nothing: that is left to the tests."""

from collections.abc import Callable, Iterator

import pytest

from conformance.backup.scenarios import (
    BackedUp,
    BackupOutsideCsi,
    BackupSteps,
    ManySnapshots,
    PreProvisionedBackup,
    SuccessiveBackups,
    UnavailableTarget,
)
from conformance.scenarios import DeletedPair, Policies, Requested, Restoring, delete_preprovisioned
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.resource_kinds import NAMESPACE
from fixtures.kubernetes.run import Run
from fixtures.longhorn.objects import Backup, Longhorn
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.longhorn.volumes import (
    BLOCK,
    FIRST_AND_LAST_UNIT,
    OVERWRITES,
    SIZE,
    SPARSE_WRITES,
    WRITE_UNIT,
    Source,
    Volumes,
)
from fixtures.observers.contents import BackupContents
from fixtures.s3.object_store import ObjectStore
from fixtures.workloads.data import MIB
from fixtures.workloads.pods import Workloads

LONGEST_NAME = 253
"""Characters that the name of an object may have in Kubernetes."""


@pytest.fixture(scope="session")
def steps_in(
    volumes_in: Callable[[str], Volumes],
    snapshots: Snapshots,
    longhorn: Longhorn,
    deleting_class: str,
    backup_contents: BackupContents,
) -> Callable[[str], BackupSteps]:
    """Makes `steps` in a new namespace whose name contains a word."""
    return lambda word: BackupSteps(volumes_in(word), snapshots, longhorn, deleting_class, backup_contents)


@pytest.fixture(scope="session")
def steps(steps_in: Callable[[str], BackupSteps]) -> BackupSteps:
    """What users do with backups, step by step, in a namespace for what tests share."""
    return steps_in("shared")


@pytest.fixture(scope="session")
def deleting_class(snapshots: Snapshots) -> str:
    """A VolumeSnapshotClass for backups with deletionPolicy Delete, as the pages write it."""
    return snapshots.create_class("Delete")


@pytest.fixture(scope="session")
def retaining_class(snapshots: Snapshots) -> str:
    """A VolumeSnapshotClass for backups with deletionPolicy Retain."""
    return snapshots.create_class("Retain")


@pytest.fixture(scope="session")
def requested(steps: BackupSteps) -> Requested:
    """A VolumeSnapshot of a Block volume with known data, of which nothing else is ever made."""
    return steps.request(steps.volumes.volume_with("only", *SPARSE_WRITES))


@pytest.fixture(scope="session")
def three_snapshots(steps: BackupSteps) -> tuple[Requested, ...]:
    """Three VolumeSnapshots of one volume, created at once."""
    source = steps.volumes.volume_with("at-once", *FIRST_AND_LAST_UNIT)
    return tuple(steps.request(source) for _ in range(3))


@pytest.fixture(scope="session")
def completed(requested: Requested, snapshots: Snapshots, longhorn: Longhorn) -> BackedUp:
    """`requested` once it is bound and its backup is complete, whether it is ready or not."""
    snapshot = snapshots.wait_bound(requested.snapshot)
    content = snapshots.content(snapshot.content_name)
    backup = longhorn.wait_backup_completed(longhorn.wait_backup_started(snapshot).name)
    return BackedUp(requested.source, snapshot, content, backup)


@pytest.fixture(scope="session")
def backed_up(requested: Requested, steps: BackupSteps) -> BackedUp:
    """`requested` once it is ready, with its content and its backup."""
    return steps.finish(requested)


@pytest.fixture(scope="session")
def restoring(backed_up: BackedUp, steps: BackupSteps) -> Restoring[BackedUp]:
    """A claim that restores `backed_up`; not waited for."""
    return steps.restore(backed_up)


@pytest.fixture(scope="session")
def backed_up_file(steps: BackupSteps) -> BackedUp:
    """A VolumeSnapshot of a Filesystem volume with one file, ready."""
    return steps.back_up(steps.volumes.file("file", 3 * MIB))


@pytest.fixture(scope="session")
def backups_around_expansion(steps: BackupSteps) -> tuple[BackedUp, BackedUp]:
    """Two VolumeSnapshots of one volume, ready: before it was expanded, and after."""
    small, grown = steps.volumes.made_and_expanded(
        lambda: steps.back_up_or_block(steps.volumes.new()), lambda small: small.source, 2 * SIZE
    )
    source = steps.volumes.write(grown, "grown", (0, MIB), (grown.pvc.size - MIB, MIB))
    return small, steps.back_up_or_block(source)


@pytest.fixture(scope="session")
def restored_after_expansion(
    backups_around_expansion: tuple[BackedUp, BackedUp], steps: BackupSteps
) -> Restoring[BackedUp]:
    """A claim that restores the later of the two; not waited for."""
    return steps.restore(backups_around_expansion[1])


@pytest.fixture(scope="session")
def empty_volume(steps: BackupSteps) -> Source:
    """An empty volume, for VolumeSnapshots that only have to be accepted or refused."""
    return steps.volumes.new()


@pytest.fixture(scope="session")
def classless_snapshots(empty_volume: Source, steps: BackupSteps) -> tuple[BackedUp, BackedUp]:
    """Two VolumeSnapshots of `empty_volume`, ready, whose class was deleted then."""
    class_name = steps.snapshots.create_class("Delete")
    requested = [steps.request(empty_volume, class_name) for _ in range(2)]
    one, other = [steps.finish_or_block(each) for each in requested]
    steps.snapshots.delete_class(class_name)
    return one, other


@pytest.fixture(scope="session")
def empty_volume_snapshot(empty_volume: Source, steps: BackupSteps) -> Requested:
    """A VolumeSnapshot of `empty_volume`; not waited for."""
    return steps.request(empty_volume)


@pytest.fixture(scope="session")
def many_snapshots(steps: BackupSteps) -> ManySnapshots:
    """Ten VolumeSnapshots of each of two volumes, all created at once; not waited for."""
    sources = steps.volumes.write_first_and_last_sector(steps.volumes.new(), "ends"), steps.volumes.new()
    turns = [[steps.request(source) for source in sources] for _ in range(10)]
    of_ends, of_empty = zip(*turns, strict=True)
    return ManySnapshots(of_ends, of_empty)


@pytest.fixture(scope="session")
def backups_of_deleted_volume(steps: BackupSteps) -> tuple[BackedUp, ...]:
    """Two VolumeSnapshots of a volume, with some blocks that are equal, that was deleted once they were ready."""
    source = steps.volumes.write_equal_blocks(steps.volumes.new(), "orphaned", (BLOCK, 2 * BLOCK), (5 * BLOCK, BLOCK))
    requested = [steps.request(source) for _ in range(2)]
    first, second = [steps.finish(each) for each in requested]
    steps.volumes.delete(source)
    return first, second


@pytest.fixture(scope="session")
def same_name_snapshots(steps: BackupSteps, steps_in: Callable[[str], BackupSteps]) -> tuple[Requested, ...]:
    """Two VolumeSnapshots of the same name in two namespaces; not waited for."""
    name = "namesake-".ljust(LONGEST_NAME, "x")
    places = {"here": steps, "there": steps_in("elsewhere")}
    sources = [place.volumes.volume_with(seed, *SPARSE_WRITES) for seed, place in places.items()]
    one, other = [steps.request(source, name=name) for source in sources]
    return one, other


@pytest.fixture(scope="session")
def successive_backups(steps: BackupSteps) -> SuccessiveBackups:
    """Two backups of one volume, each overtaken by a write as soon as its snapshot was taken."""
    one = steps.volumes.volume_with("one", *SPARSE_WRITES)
    first = steps.take(one)
    two = steps.volumes.write(one, "two", *OVERWRITES)
    first_done = steps.finish(first)
    second = steps.take(two)
    now = steps.volumes.write(two, "three", *FIRST_AND_LAST_UNIT)
    return SuccessiveBackups(first_done, steps.finish(second), now)


@pytest.fixture(scope="session")
def full_backup(successive_backups: SuccessiveBackups, steps: BackupSteps, snapshots: Snapshots) -> BackedUp:
    """One more backup of the volume of `successive_backups`, by a class with `backupMode: full`.

    Between them is another one, so that the full backup finds each of its blocks in the backupstore.
    """
    steps.back_up_or_block(successive_backups.now)
    full_class = snapshots.create_class("Delete", {"type": "bak", "backupMode": "full"})
    return steps.back_up(successive_backups.now, full_class)


@pytest.fixture(scope="session")
def five_generations(
    successive_backups: SuccessiveBackups, full_backup: BackedUp, steps: BackupSteps
) -> tuple[BackedUp, ...]:
    """`successive_backups`, `full_backup`, and then two more: of zeros over data, and of blocks that are equal.

    The last one was made once before and deleted, with all that only it had stored.
    """
    zeroed = ((WRITE_UNIT, WRITE_UNIT), (BLOCK, BLOCK), (SIZE - WRITE_UNIT, WRITE_UNIT))
    zeros = steps.back_up(steps.volumes.write_zeros(full_backup.source, *zeroed))
    equal = steps.volumes.write_equal_blocks(zeros.source, "equal", (2 * BLOCK, 2 * BLOCK), (6 * BLOCK, BLOCK))
    steps.delete(steps.back_up(equal))
    return successive_backups.first, successive_backups.second, full_backup, zeros, steps.back_up(equal)


@pytest.fixture(scope="session")
def policies(steps: BackupSteps, retaining_class: str) -> Policies[BackedUp]:
    """Two backups of one volume under Delete and Retain, with their VolumeSnapshots."""
    kept = steps.volumes.volume_with("kept", *SPARSE_WRITES)
    retained = steps.back_up(kept, retaining_class)
    dropped = steps.volumes.write(kept, "dropped", *OVERWRITES)
    return Policies(retained, steps.back_up(dropped))


@pytest.fixture(scope="session")
def both_deleted(policies: Policies[BackedUp], snapshots: Snapshots) -> Policies[BackedUp]:
    """`policies` after the deletion of both VolumeSnapshots was requested; not waited for."""
    snapshots.delete(policies.retained.snapshot)
    snapshots.delete(policies.deleted.snapshot)
    return policies


@pytest.fixture(scope="session")
def witness(both_deleted: Policies[BackedUp], snapshots: Snapshots, longhorn: Longhorn) -> Policies[BackedUp]:
    """`both_deleted` once VolumeSnapshot, content and backup under Delete are gone."""
    snapshots.wait_gone(both_deleted.deleted.snapshot)
    snapshots.wait_content_gone(both_deleted.deleted.content)
    longhorn.wait_backup_gone(both_deleted.deleted.backup.name)
    return both_deleted


@pytest.fixture(scope="session")
def changed_policies(steps: BackupSteps, empty_volume: Source, retaining_class: str) -> Policies[BackedUp]:
    """Two backups whose contents got the other policy than their classes have; deletion of both is requested.

    One is changed when it is ready, the other one while its backup is made.
    """
    kept = steps.back_up_or_block(empty_volume)
    steps.snapshots.set_policy(kept.content, "Retain")
    requested = steps.request(kept.source, retaining_class)
    content = steps.snapshots.wait_bound(requested.snapshot).content_name
    steps.snapshots.set_policy(steps.snapshots.content(content), "Delete")
    changed = Policies(kept, steps.finish_or_block(requested))
    steps.snapshots.delete(changed.retained.snapshot)
    steps.snapshots.delete(changed.deleted.snapshot)
    return changed


@pytest.fixture(scope="session")
def deleted_namespace(
    steps_in: Callable[[str], BackupSteps], retaining_class: str, cluster: Cluster
) -> Policies[BackedUp]:
    """Two backups under Delete and Retain, with their VolumeSnapshots; deletion of their namespace is requested."""
    steps = steps_in("deleted")
    source = steps.volumes.volume_with("elsewhere", *SPARSE_WRITES)
    made = Policies(steps.back_up_or_block(source, retaining_class), steps.back_up_or_block(source))
    cluster.delete(NAMESPACE, source.pvc.namespace)
    return made


@pytest.fixture(scope="session")
def deleted_namespace_witness(
    deleted_namespace: Policies[BackedUp], snapshots: Snapshots, longhorn: Longhorn
) -> Policies[BackedUp]:
    """`deleted_namespace` once both VolumeSnapshots, and content and backup under Delete, are gone."""
    snapshots.wait_gone(deleted_namespace.retained.snapshot)
    snapshots.wait_gone(deleted_namespace.deleted.snapshot)
    snapshots.wait_content_gone(deleted_namespace.deleted.content)
    longhorn.wait_backup_gone(deleted_namespace.deleted.backup.name)
    return deleted_namespace


@pytest.fixture
def unavailable_target(
    run: Run, longhorn: Longhorn, object_store: ObjectStore, workloads: Workloads
) -> Iterator[UnavailableTarget]:
    """A dedicated backup target that cannot be used, because its bucket is missing; no other target is touched.

    At the end it is always made available: what waits for it could not be removed otherwise.
    """
    bucket = run.name("bucket")
    name = longhorn.create_target(bucket)
    storage = workloads.create_storage_class({"numberOfReplicas": "1", "backupTargetName": name})
    target = UnavailableTarget(name, storage, bucket, object_store, longhorn)
    yield target
    target.make_available()


@pytest.fixture(scope="session")
def existing(steps: BackupSteps, longhorn: Longhorn) -> BackupOutsideCsi:
    """A backup that was made through Longhorn's own objects and not by a VolumeSnapshot."""
    source = steps.volumes.volume_with("made", *SPARSE_WRITES)
    volume = longhorn.volume_of(source.pvc)
    return BackupOutsideCsi(source, volume, longhorn.create_backup(volume), longhorn.documented_backup_scheme)


@pytest.fixture(scope="session")
def deleted_pair(existing: BackupOutsideCsi, snapshots: Snapshots, longhorn: Longhorn) -> DeletedPair[Backup]:
    """Two backups with pre-provisioned VolumeSnapshots, under Delete and Retain; deletion of these is requested."""
    deleted, retained = longhorn.create_backup(existing.volume), longhorn.create_backup(existing.volume)
    handles = str(existing.handle_of(deleted)), str(existing.handle_of(retained))
    return DeletedPair(deleted, retained, delete_preprovisioned(snapshots, existing.namespace, *handles))


@pytest.fixture(scope="session")
def deleted_pair_witness(deleted_pair: DeletedPair[Backup], longhorn: Longhorn) -> DeletedPair[Backup]:
    """`deleted_pair` once the backup under Delete is gone."""
    longhorn.wait_backup_gone(deleted_pair.deleted.name)
    return deleted_pair


@pytest.fixture(scope="session")
def pre_provisioned(existing: BackupOutsideCsi, snapshots: Snapshots, workloads: Workloads) -> PreProvisionedBackup:
    """`existing` with a pre-provisioned content and VolumeSnapshot, and a claim that restores it; not waited for.

    The policy is Retain: deleting the VolumeSnapshot leaves the backup, which others use too.
    """
    handle = existing.documented_handle
    content, snapshot = snapshots.preprovision(str(handle), existing.namespace, policy="Retain")
    claim = workloads.restore_claim(*snapshot.place, size=existing.source.pvc.size)
    return PreProvisionedBackup(existing, handle, content, snapshot, claim)
