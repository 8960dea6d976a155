"""The suite on a cluster without a store: it starts one, verifies on it and takes it away; so does a clean-up."""

import os
import signal
import subprocess
from pathlib import Path

from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.resource_kinds import BACKUP_TARGET
from fixtures.kubernetes.run import Run
from tests.fixtures.plugin.test_ended_early import PART
from tools import ROOT
from tools.cluster.leftovers import leftovers
from tools.cluster.rbac import MANIFESTS, differences, for_newer_kubernetes, for_old_targets, granted, least, used
from tools.cluster.simulated_cluster import SimulatedCluster, command, environment, simulator, suite

SYSTEM = "longhorn-system"
FILES = tuple(f"conformance/backup/test_{name}.py" for name in ("handle", "listing"))


def arguments(cluster: SimulatedCluster) -> list[str]:
    """Nothing is said of a store."""
    return ["--target=cluster", f"--kubeconfig={cluster.kubeconfig}", "--allow-settings-changes"]


def before(cluster: SimulatedCluster, folder: Path) -> tuple[Cluster, object]:
    """The API, and what the backup target is made of."""
    api = Cluster(cluster.kubeconfig, Run("looking"), folder)
    return api, api.get(BACKUP_TARGET, "default", SYSTEM)["spec"]


def test_workers_verify_on_a_server_of_the_runs_own(tmp_path: Path) -> None:
    """What they find conforms; nothing is left; just the rights of manifests/rbac/own-store were used in addition."""
    with simulator(tmp_path / "cluster") as cluster:
        api, target = before(cluster, tmp_path)

        ran = suite(tmp_path / "report", *arguments(cluster), *FILES, "-n", "2", "--dist", "load")

        assert (ran.exit_code, ran.report["problems"]) == (0, []), ran.text
        assert "starting the S3 server minio in namespace lsc-" in ran.text
        asked = used(cluster.page("/simulator/requests")["requests"])
        assert leftovers(cluster) == []
        assert api.get(BACKUP_TARGET, "default", SYSTEM)["spec"] == target
    assert "conforms" in {verdict for verdict, _ in ran.verdicts.values()}
    added = least(granted(MANIFESTS / "own-bucket") | granted(MANIFESTS / "own-store"))
    assert differences(added, least(asked | for_newer_kubernetes() | for_old_targets()) - granted()) == []


def run_until_it_conforms(cluster: SimulatedCluster, folder: Path, number: signal.Signals) -> tuple[int, list[str]]:
    """A run that gets a signal after its first verdict: its exit code and what it said."""
    with subprocess.Popen(
        command(folder / "report", [*arguments(cluster), *PART, "--run-id=half"]),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        said: list[str] = []
        for line in running.stdout:
            if "conforms" in line and not any("conforms" in each for each in said):
                os.killpg(running.pid, number)
            said.append(line)
    return running.returncode, said


def test_an_interrupted_run_takes_its_server_away(tmp_path: Path) -> None:
    """And the former backup target is there again."""
    with simulator(tmp_path / "cluster") as cluster:
        api, target = before(cluster, tmp_path)

        exit_code, said = run_until_it_conforms(cluster, tmp_path, signal.SIGINT)

        assert (exit_code, leftovers(cluster)) == (2, []), said
        assert api.get(BACKUP_TARGET, "default", SYSTEM)["spec"] == target


def test_what_a_killed_run_leaves_is_removed(tmp_path: Path) -> None:
    """The server with what the tests made there, and the former target is put back; the keys of neither are needed."""
    with simulator(tmp_path / "cluster") as cluster:
        api, target = before(cluster, tmp_path)
        _, said = run_until_it_conforms(cluster, tmp_path, signal.SIGKILL)
        assert any(each.startswith("namespaces lsc-half-s3-") for each in leftovers(cluster)), said

        given = ("--target=cluster", f"--kubeconfig={cluster.kubeconfig}", "--clean-up", "--run-id=half", "--yes")
        ran = suite(tmp_path / "nothing", *given)

        assert (ran.exit_code, leftovers(cluster)) == (0, []), ran.text
        assert "run half: everything was removed" in ran.text
        assert api.get(BACKUP_TARGET, "default", SYSTEM)["spec"] == target
