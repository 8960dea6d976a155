"""Things of others that look like a run's, around runs that end well, early or not at all, and their clean-up."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from fixtures.cleanup import command
from fixtures.kubernetes.budgets import Steps
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.history import recording
from fixtures.kubernetes.resource_kinds import BACKUP
from fixtures.kubernetes.run import Run
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.outcomes import Blocked
from tests.cluster.running import Running
from tools.attacks.bystanders import RUN, Bystanders, look, make
from tools.attacks.killing import ARGUMENTS, labelled
from tools.cluster.simulated_cluster import SimulatedCluster, simulator, suite

TESTS = (
    "backing_image/test_on_demand_deletion.py::test_image_is_kept_under_retain",
    "backup/test_deletion.py::test_retain_keeps_the_backup",
    "backup/test_deletion.py::test_given_backup_is_kept_under_retain",
    "backup/test_deletion.py::test_given_backup_is_deleted_under_delete",
    "backup/test_pre_provisioned.py::test_backup_not_made_through_csi_is_restored",
    "backing_image/test_on_demand_download.py::test_image_is_made_for_a_claim",
)
"""Of FILES, on which runs are killed for longer, one for each thing that has no label: images that are made for a claim
or kept, a bucket, backups that are retained or made without a claim, and contents by hand."""

WHAT = (*ARGUMENTS, *(f"conformance/{test}" for test in TESTS))
ALONE = (*WHAT, "-n", "0")

IMAGE_HANDLE = "bi://backing?backingImage=lsc-ci-team-golden&backingImageDataSourceType=download"


@dataclass(frozen=True)
class Crowd:
    """A cluster with `count` bystanders, as they were before any run."""

    cluster: SimulatedCluster
    folder: Path
    count: int
    before: Bystanders

    def harmed(self) -> list[str]:
        """What the runs since have changed."""
        return self.before.harmed(look(self.cluster, self.folder))


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    folder = tmp_path_factory.mktemp("bystanders")
    with simulator(folder / "cluster") as cluster:
        count = make(cluster, folder)
        yield Crowd(cluster, folder, count, look(cluster, folder))


def test_there_are_many_of_every_sort(crowd: Crowd) -> None:
    """Otherwise nothing would be shown."""
    assert crowd.count >= 60
    sorts = {name.rpartition(" ")[0] for name in crowd.before.things if "lsc-ci" in name}
    assert sorts >= {"Namespace", "Longhorn BackingImage", "VolumeSnapshotContent", "bucket", "key", "user", "policy"}
    assert any(name.startswith("Longhorn Backup ") for name in crowd.before.things)


def test_a_run_that_ends_leaves_them_alone(crowd: Crowd) -> None:
    ran = suite(crowd.folder / "whole", *crowd.cluster.arguments, *WHAT)

    assert (ran.exit_code, crowd.harmed(), labelled(crowd.cluster, crowd.folder)) == (0, [], []), ran.text


def test_an_interrupted_run_leaves_them_alone(crowd: Crowd) -> None:
    """It cleans up only after itself."""
    ran = Running(crowd.folder / "interrupted", *crowd.cluster.arguments, *ALONE).ended_by(signal.SIGINT)

    assert (ran.exit_code, crowd.harmed(), labelled(crowd.cluster, crowd.folder)) == (2, [], []), ran.text


def test_the_clean_up_after_a_killed_run_leaves_them_alone(crowd: Crowd, capsys: pytest.CaptureFixture[str]) -> None:
    """With the id and without; what only looks like the run's is named."""
    killed = Running(crowd.folder / "killed", *crowd.cluster.arguments, *ALONE)
    # Its image and bucket are there by then, and a backup that is retained.
    killed.until_conforms()
    killed.ended_by(signal.SIGKILL)
    assert labelled(crowd.cluster, crowd.folder)

    api = Cluster(crowd.cluster.kubeconfig, Run("clean-up"), crowd.folder)
    clean_up = partial(command.clean, api, crowd.cluster.s3, steps=Steps(), sure=True)

    assert clean_up(run_id="") == command.REMAINS
    assert "skipped: it may still be running" in capsys.readouterr().out
    assert clean_up(run_id=RUN) == command.NOTHING
    left = set(capsys.readouterr().out.partition(f"nothing shows that run {RUN} made it:\n")[2].splitlines())
    assert left >= {
        *("  Namespace lsc-ci-source-91", "  PersistentVolume lsc-ci-pv-95", "  bucket lsc-ci-bucket-92"),
        *("  VolumeSnapshotContent lsc-ci-content-97", "  Longhorn BackingImage longhorn-system/lsc-ci-team-golden"),
    }
    assert (crowd.harmed(), labelled(crowd.cluster, crowd.folder)) == ([], [])


@pytest.mark.parametrize("form", ["bak://{own}/{name}", "bs://{own}/{name}/more", "bak://{volume}/{name}"])
def test_a_handle_of_others_is_not_handed_to_longhorn_for_deletion(crowd: Crowd, form: str) -> None:
    """Longhorn would delete the backup, whatever volume the handle names; so would it an image."""
    run = Run("handles")
    api = Cluster(crowd.cluster.kubeconfig, run, crowd.folder)
    backup = next(item for item in api.list(BACKUP) if item["metadata"]["name"].startswith("lsc-ci-team-backup"))
    name, volume = backup["metadata"]["name"], backup["metadata"]["labels"]["backup-volume"]
    with recording(api, Steps()) as recorder:
        snapshots = Snapshots(api, recorder, run)
        for handle in form.format(own="own", volume=volume, name=name), IMAGE_HANDLE:
            with pytest.raises(Blocked, match="is not of this run, and policy Delete would delete it"):
                snapshots.preprovision(handle, "default")

    assert run.created == ()
    assert crowd.harmed() == []
