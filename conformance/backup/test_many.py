"""Create A CSI VolumeSnapshot Associated With Longhorn Backup: many at once, and volumes with little data.

Half of them are of a volume of which only the first and the last sector were ever written, half of one never written.
"""

from collections.abc import Sequence

import pytest

from conformance.backup.scenarios import BackupSteps, ManySnapshots
from conformance.scenarios import Requested
from fixtures.catalogue.clauses import clause
from fixtures.longhorn.handles import BackupHandle, parse_handle
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.longhorn.volumes import FIRST_AND_LAST_UNIT
from fixtures.s3.backupstore import Backupstore
from fixtures.workloads.data import first_difference
from fixtures.workloads.pods import Workloads


def must_have_backups_of_their_own(
    of_one_volume: Sequence[Requested], snapshots: Snapshots, longhorn: Longhorn
) -> None:
    """VolumeSnapshots of one volume become ready, each by its own backup of it."""
    for requested in of_one_volume:
        snapshots.wait_ready(requested.snapshot)
    volume = longhorn.volume_of(of_one_volume[0].source.pvc)

    made = [backup for backup in longhorn.backups_of(volume) if backup.completed]

    assert len(made) == len(of_one_volume), f"volume {volume} has {len(made)} complete backups: {made}"
    taken = {backup.snapshot for backup in made}
    assert len(taken) == len(made), f"{len(made)} backups of volume {volume} are of {len(taken)} snapshots: {taken}"


@clause("backup.create")
@pytest.mark.create
def test_each_gets_its_own_backup(many_snapshots: ManySnapshots, snapshots: Snapshots, longhorn: Longhorn) -> None:
    """Twenty VolumeSnapshots of two volumes, created at once, become ready, each by its own backup of its volume."""
    for of_one_volume in many_snapshots.of_ends, many_snapshots.of_empty:
        must_have_backups_of_their_own(of_one_volume, snapshots, longhorn)


@clause("backup.create")
@pytest.mark.create
def test_each_of_an_attached_volume_gets_its_own_backup(
    steps: BackupSteps, snapshots: Snapshots, longhorn: Longhorn, workloads: Workloads
) -> None:
    """Ten VolumeSnapshots, created at once of a volume that a pod uses, become ready, each by its own backup."""
    source = steps.volumes.volume_with("crowd", *FIRST_AND_LAST_UNIT)

    with workloads.attached(source.pvc):
        requested = [steps.request(source) for _ in range(10)]

        must_have_backups_of_their_own(requested, snapshots, longhorn)


@clause("backup.handle", "backup.handle.legacy")
@pytest.mark.handle
@pytest.mark.usefixtures("backed_up")  # one alone is backed up: else there is nothing to name
def test_each_names_its_own_backup(many_snapshots: ManySnapshots, snapshots: Snapshots, longhorn: Longhorn) -> None:
    """Each content's handle names the backup that was made of its own Longhorn snapshot."""
    for requested in (*many_snapshots.of_ends, *many_snapshots.of_empty):
        content = snapshots.wait_handle(requested.snapshot)
        backup = longhorn.backup_of(requested.snapshot)

        handle = parse_handle(content.handle)

        documented = BackupHandle(longhorn.documented_backup_scheme, backup.volume, backup.name)
        assert handle == documented, f"the handle of {requested.snapshot} is {handle}, documented is {documented}"


@clause("backup.off-cluster")
@pytest.mark.data
def test_ends_and_zeros_are_stored(many_snapshots: ManySnapshots, steps: BackupSteps, backupstore: Backupstore) -> None:
    """The bucket gives back the very ends of a volume, and nothing but zeros for a volume never written."""
    for requested in many_snapshots.of_ends[-1], many_snapshots.of_empty[-1]:
        backed_up = steps.finish_or_block(requested)

        image = backupstore.image(backed_up.backup.volume, backed_up.backup.name)

        difference = first_difference(image, requested.source.image)
        assert difference is None, f"{backed_up.backup}: {difference}"


@clause("backup.restore")
@pytest.mark.restore
def test_ends_and_zeros_are_restored(many_snapshots: ManySnapshots, steps: BackupSteps, workloads: Workloads) -> None:
    """A volume written at its very ends and one never written are restored as they were."""
    sources = many_snapshots.of_ends[0], many_snapshots.of_empty[0]

    claims = [steps.restore(steps.finish_or_block(requested)).claim for requested in sources]

    for claim, requested in zip(claims, sources, strict=True):
        workloads.verify(workloads.wait_bound(claim), requested.source.image)
