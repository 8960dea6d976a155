"""`pytest --clean-up`: what a run that was killed has left is shown, and removed if that is wanted; nothing else is."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fixtures.cluster import Cluster
from fixtures.kinds import BACKUP_TARGET, NAMESPACE, STORAGE_CLASS, SUPPORT_BUNDLE, VOLUME_SNAPSHOT_CLASS
from fixtures.objectstore import ObjectStore
from fixtures.run import RUN_LABEL, Run
from fixtures.targets.backup_target import FORMER
from tests.cluster.by_hand import ROOT, ByHand, command, environment, simulator, suite
from tests.cluster.rbac import MANIFESTS, granted, least, used
from tests.cluster.traces import left

SYSTEM = "longhorn-system"
FILES = (
    "conformance/backup/test_create.py",
    "conformance/backup/test_deletion.py",
    "conformance/backup/test_target.py",
)


@dataclass(frozen=True)
class Killed:
    """A cluster that others use too, in which a run was killed half-way; `target` is the backup target before it."""

    cluster: ByHand
    api: Cluster
    target: dict[str, Any]
    folder: Path

    def clean_up(self, *arguments: str) -> tuple[int, str]:
        """Exit code and what was printed."""
        ran = suite(self.folder / "nothing", *self.cluster.arguments, "--clean-up", *arguments)
        return ran.exit_code, ran.text

    def others(self) -> set[str]:
        """What of the things of others is there."""
        kinds = (NAMESPACE, STORAGE_CLASS, VOLUME_SNAPSHOT_CLASS)
        found = {item["metadata"]["name"] for kind in kinds for item in self.api.list(kind)}
        return found & {"somebodys", "lsc-half", "longhorn-system", "longhorn", "of-another-run"}


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killed]:
    """Two workers were killed after the first test that conformed, with a backup target of their own in place."""
    folder = tmp_path_factory.mktemp("killed")
    with simulator(folder / "cluster") as cluster:
        api = Cluster(cluster.kubeconfig, Run("somebody"), folder)
        for name, labels in (
            ("somebodys", {}),
            ("lsc-half", {"mine": "yes"}),
            ("of-another-run", {RUN_LABEL: "half-2"}),
        ):
            api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
            relabel = [{"op": "replace", "path": "/metadata/labels", "value": labels}]
            api.patch(NAMESPACE, name, relabel)
        _ask_for_a_support_bundle(Cluster(cluster.kubeconfig, Run("half"), folder))
        before = api.get(BACKUP_TARGET, "default", SYSTEM)["spec"]
        store = ObjectStore(cluster.s3)
        store.make_bucket("for-a-while")
        own = ("--run-id=half", "--s3-bucket=for-a-while", "--may-change-settings", "-n", "2", "--dist", "loadfile")
        running = subprocess.Popen(
            command(folder / "report", [*cluster.arguments, *own, *FILES]),
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert running.stdout is not None
        lines = []
        for line in running.stdout:
            lines.append(line)
            if "conforms" in line:
                break
        else:
            pytest.fail("".join(lines))
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        running.stdout.close()
        yield Killed(cluster, api, before, folder)
        store.remove_all()


def _ask_for_a_support_bundle(api: Cluster) -> None:
    metadata = {"name": "lsc-half-support-bundle-1", "namespace": SYSTEM}
    spec = {"description": "", "issueURL": ""}
    api.create(
        {
            "apiVersion": SUPPORT_BUNDLE.api_version,
            "kind": SUPPORT_BUNDLE.kind,
            "metadata": metadata,
            "spec": spec,
        }
    )


def counts(cluster: ByHand) -> set[frozenset[tuple[str, Any]]]:
    """The requests so far, with their numbers."""
    return {frozenset(each.items()) for each in cluster.page("/simulator/requests")["requests"]}


def test_what_is_left_is_shown_and_nothing_is_done_unasked(killed: Killed) -> None:
    """Nobody is there to say yes; the exit code says that something is left."""
    before = {each for each in left(killed.cluster) if each.startswith("namespaces ")}

    exit_code, text = killed.clean_up("--run-id", "half")

    assert exit_code == 1, text
    assert "backup target `default` in place of s3://backupbucket@us-east-1/" in text
    assert re.search(r"Namespace lsc-half-gw\d-", text)
    assert "Longhorn SupportBundle longhorn-system/lsc-half-support-bundle-1" in text
    assert "left alone; --yes removes it without asking" in text
    assert before <= set(left(killed.cluster))


def test_a_run_that_may_be_going_on_has_to_be_named(killed: Killed) -> None:
    """Also for those who do not want to be asked."""
    exit_code, text = killed.clean_up("--yes")

    assert exit_code == 1, text
    assert "left alone: it may still be going on; if not, name it: --run-id half\n" in text
    assert "--run-id half-2\n" in text
    assert FORMER in killed.api.get(BACKUP_TARGET, "default", SYSTEM)["metadata"]["annotations"]


def test_a_run_does_not_start_on_a_backup_target_that_was_left(killed: Killed) -> None:
    """It says how to have the former one back."""
    ran = suite(killed.folder / "other", *killed.cluster.arguments, *FILES)

    assert ran.exit_code == 4
    assert "`pytest --clean-up --run-id half` puts the former one back" in ran.text


def test_all_of_it_is_removed_and_nothing_else(killed: Killed) -> None:
    """The backup target is what it was, things of others are there, and all of it is allowed by manifests/rbac."""
    others, before = killed.others(), counts(killed.cluster)
    buckets = ObjectStore(killed.cluster.s3)
    buckets.make_bucket("lsc-half-bucket-99")

    exit_code, text = killed.clean_up("--run-id", "half", "--yes")

    assert exit_code == 0, text
    assert "run half: all of it is gone" in text
    asked = [dict(request) for request in counts(killed.cluster) - before]
    allowed = granted() | granted(MANIFESTS / "own-bucket") | granted(MANIFESTS / "support-bundle")
    assert {str(right) for right in least(used(asked) | allowed) - allowed} == set()
    assert buckets.adopt(lambda name: "half" in name) == ()
    assert [each for each in left(killed.cluster) if each != "namespaces of-another-run"] == []
    assert [item for item in killed.api.list(SUPPORT_BUNDLE) if "deletionTimestamp" not in item["metadata"]] == []
    assert len(others) == 5
    assert killed.others() == others
    target = killed.api.get(BACKUP_TARGET, "default", SYSTEM)
    for field in ("backupTargetURL", "credentialSecret"):
        assert target["spec"][field] == killed.target[field]
    assert FORMER not in (target["metadata"].get("annotations") or {})
    assert killed.clean_up("--run-id", "half") == (0, "nothing is left of run half\n")


def test_clusters_that_end_with_the_run_need_none() -> None:
    """What was asked for is told in one line."""
    ran = subprocess.run(
        command(ROOT, ["--clean-up"]), cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )

    assert (ran.returncode, ran.stderr.strip()) == (
        4,
        "ERROR: --clean-up is for clusters that outlive a run: --target cluster",
    )
    assert not ran.stdout.strip()
