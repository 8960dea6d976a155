"""Things of others that look like a run's, around runs that end well, early or not at all, and their clean-up."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fixtures.kubernetes.budgets import Steps
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.history import recording
from fixtures.kubernetes.resource_kinds import BACKUP
from fixtures.kubernetes.run import Run
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.outcomes import Blocked
from tests.cluster.running import Running
from tools.attacks.bystanders import RUN, Bystanders, look, make
from tools.attacks.killing import ARGUMENTS, FILES, labelled
from tools.cluster.simulated_cluster import SimulatedCluster, simulator, suite

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
    ran = suite(crowd.folder / "whole", *crowd.cluster.arguments, *ARGUMENTS, *FILES)

    assert (ran.exit_code, crowd.harmed(), labelled(crowd.cluster, crowd.folder)) == (0, [], []), ran.text


def test_an_interrupted_run_leaves_them_alone(crowd: Crowd) -> None:
    """It cleans up only after itself."""
    ran = Running(crowd.folder / "interrupted", *crowd.cluster.arguments, *ARGUMENTS, *FILES).ended_by(signal.SIGINT)

    assert (ran.exit_code, crowd.harmed(), labelled(crowd.cluster, crowd.folder)) == (2, [], []), ran.text


def test_the_clean_up_after_a_killed_run_leaves_them_alone(crowd: Crowd) -> None:
    """With the id and without."""
    Running(crowd.folder / "killed", *crowd.cluster.arguments, *ARGUMENTS, *FILES).ended_by(signal.SIGKILL)
    assert labelled(crowd.cluster, crowd.folder)

    unnamed = suite(crowd.folder / "nothing", *crowd.cluster.arguments, "--clean-up", "--yes")
    named = suite(crowd.folder / "nothing", *crowd.cluster.arguments, "--clean-up", "--yes", f"--run-id={RUN}")

    assert "skipped: it may still be running" in unnamed.text
    assert named.exit_code == 0, named.text
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
