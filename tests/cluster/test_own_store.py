"""The suite on a cluster without a store: it starts one, verifies on it and takes it away; so does a clean-up."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.resource_kinds import BACKUP_TARGET
from fixtures.kubernetes.run import Run
from tests.cluster.running import Running
from tests.fixtures.plugin.test_ended_early import PART
from tools.cluster.leftovers import leftovers
from tools.cluster.rbac import MANIFESTS, differences, for_newer_kubernetes, for_old_targets, granted, least, used
from tools.cluster.simulated_cluster import SimulatedCluster, SuiteRun, simulator, suite

SYSTEM = "longhorn-system"
FILES = tuple(f"conformance/backup/test_{name}.py" for name in ("handle", "listing"))


def arguments(cluster: SimulatedCluster) -> list[str]:
    """Nothing is said of a store."""
    return ["--target=cluster", f"--kubeconfig={cluster.kubeconfig}", "--allow-settings-changes"]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[SimulatedCluster]:
    """At the end of the test nothing of its runs is left, and the backup target is as before."""
    with simulator(tmp_path / "cluster") as made:
        api = Cluster(made.kubeconfig, Run("looking"), tmp_path)
        target = api.get(BACKUP_TARGET, "default", SYSTEM)["spec"]
        yield made
        assert leftovers(made) == []
        assert api.get(BACKUP_TARGET, "default", SYSTEM)["spec"] == target


def test_workers_verify_on_a_server_of_the_runs_own(cluster: SimulatedCluster, tmp_path: Path) -> None:
    """What they find conforms; just the rights of manifests/rbac/own-store were used in addition."""
    ran = suite(tmp_path / "report", *arguments(cluster), *FILES, "-n", "2", "--dist", "load")

    asked = used(cluster.page("/simulator/requests")["requests"])
    assert (ran.exit_code, ran.report["problems"]) == (0, []), ran.text
    assert "starting the S3 server minio in namespace lsc-" in ran.text
    assert "conforms" in {verdict for verdict, _ in ran.verdicts.values()}
    added = least(granted(MANIFESTS / "own-bucket") | granted(MANIFESTS / "own-store"))
    assert differences(added, least(asked | for_newer_kubernetes() | for_old_targets()) - granted()) == []


def half_a_run(cluster: SimulatedCluster, folder: Path, number: signal.Signals) -> SuiteRun:
    """A run that gets a signal after its first verdict."""
    return Running(folder / "report", *arguments(cluster), *PART, "--run-id=half").ended_by(number)


def test_an_interrupted_run_takes_its_server_away(cluster: SimulatedCluster, tmp_path: Path) -> None:
    ran = half_a_run(cluster, tmp_path, signal.SIGINT)

    assert (ran.exit_code, leftovers(cluster)) == (2, []), ran.text


def test_what_a_killed_run_leaves_is_removed(cluster: SimulatedCluster, tmp_path: Path) -> None:
    """The server with what the tests made there; the keys of neither are needed."""
    killed = half_a_run(cluster, tmp_path, signal.SIGKILL)
    assert any(each.startswith("namespaces lsc-half-s3-") for each in leftovers(cluster)), killed.text

    given = ("--target=cluster", f"--kubeconfig={cluster.kubeconfig}", "--clean-up", "--run-id=half", "--yes")
    ran = suite(tmp_path / "nothing", *given)

    assert (ran.exit_code, leftovers(cluster)) == (0, []), ran.text
    assert "run half: everything was removed" in ran.text
