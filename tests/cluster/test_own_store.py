"""The suite on a cluster without a store: it starts one, verifies on it and takes it away; so does a clean-up."""

import os
import signal
import subprocess
from pathlib import Path

from fixtures.cluster import Cluster
from fixtures.kinds import BACKUP_TARGET
from fixtures.run import Run
from tests.cluster.by_hand import ROOT, ByHand, command, environment, simulator, suite
from tests.cluster.rbac import MANIFESTS, Right, differences, for_old_targets, granted, least, used
from tests.cluster.traces import left

SYSTEM = "longhorn-system"
FILES = tuple(f"conformance/backup/test_{name}.py" for name in ("handle", "listing"))


def arguments(cluster: ByHand) -> list[str]:
    """Nothing is said of a store."""
    return ["--target=cluster", f"--kubeconfig={cluster.kubeconfig}", "--may-change-settings", *FILES]


def before(cluster: ByHand, folder: Path) -> tuple[Cluster, object]:
    """The API, and what the backup target is made of."""
    api = Cluster(cluster.kubeconfig, Run("looking"), folder)
    return api, api.get(BACKUP_TARGET, "default", SYSTEM)["spec"]


def test_workers_verify_on_a_server_of_the_runs_own(tmp_path: Path) -> None:
    """What they find conforms; nothing is left; just the rights of manifests/rbac/own-store were used in addition."""
    with simulator(tmp_path / "cluster") as cluster:
        api, target = before(cluster, tmp_path)

        ran = suite(tmp_path / "report", *arguments(cluster), "-n", "2", "--dist", "load")

        assert (ran.exit_code, ran.report["problems"]) == (0, []), ran.text
        assert "starting the S3 server minio in namespace lsc-" in ran.text
        asked = used(cluster.page("/simulator/requests")["requests"])
        assert left(cluster) == []
        assert api.get(BACKUP_TARGET, "default", SYSTEM)["spec"] == target
    assert "conforms" in {verdict for verdict, _ in ran.verdicts.values()}
    newer = Right("", "pods/portforward", "create", "")
    added = least(granted(MANIFESTS / "own-bucket") | granted(MANIFESTS / "own-store"))
    assert differences(added, least(asked | {newer} | for_old_targets()) - granted()) == []


def test_what_a_killed_run_leaves_is_removed(tmp_path: Path) -> None:
    """The server with what the tests made there, and the former target is put back; the keys of neither are needed."""
    with simulator(tmp_path / "cluster") as cluster:
        api, target = before(cluster, tmp_path)
        with subprocess.Popen(
            command(tmp_path / "report", [*arguments(cluster), "--run-id=half"]),
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as running:
            assert running.stdout is not None
            said = []
            for line in running.stdout:
                said.append(line)
                if "conforms" in line:
                    os.killpg(running.pid, signal.SIGKILL)
        assert any(each.startswith("namespaces lsc-half-s3-") for each in left(cluster)), said

        given = ("--target=cluster", f"--kubeconfig={cluster.kubeconfig}", "--clean-up", "--run-id=half", "--yes")
        ran = suite(tmp_path / "nothing", *given)

        assert (ran.exit_code, left(cluster)) == (0, []), ran.text
        assert "run half: all of it is gone" in ran.text
        assert api.get(BACKUP_TARGET, "default", SYSTEM)["spec"] == target
