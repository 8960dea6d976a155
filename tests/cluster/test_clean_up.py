"""`pytest --clean-up`: what a run that was killed has left is shown, and removed if that is wanted; nothing else is."""

import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.resource_kinds import (
    BACKUP_TARGET,
    NAMESPACE,
    STORAGE_CLASS,
    SUPPORT_BUNDLE,
    VOLUME_SNAPSHOT_CLASS,
)
from fixtures.kubernetes.run import RUN_LABEL, Run
from fixtures.longhorn.backup_target import PREVIOUS_TARGET
from fixtures.s3.object_store import ObjectStore
from tests.cluster.running import Running
from tools import ROOT
from tools.cluster.leftovers import leftovers
from tools.cluster.rbac import MANIFESTS, granted, least, used
from tools.cluster.simulated_cluster import SimulatedCluster, SuiteRun, command, environment, simulator, suite

SYSTEM = "longhorn-system"
FILES = tuple(f"conformance/backup/test_{name}.py" for name in ("create", "deletion", "target"))


@dataclass(frozen=True)
class Killed:
    """A cluster that others use too, in which a run was killed half-way; `target` is the backup target before it."""

    cluster: SimulatedCluster
    api: Cluster
    target: dict[str, Any]
    folder: Path

    def clean_up(self, *arguments: str) -> SuiteRun:
        """What came of `pytest --clean-up`."""
        return suite(self.folder / "nothing", *self.cluster.arguments, "--clean-up", *arguments)

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
        mine = {"mine": "yes"}
        for name, labels in (("somebodys", {}), ("lsc-half", mine), ("of-another-run", {RUN_LABEL: "half2"})):
            api.create(NAMESPACE.manifest(name))
            api.patch(NAMESPACE, name, [{"op": "replace", "path": "/metadata/labels", "value": labels}])
        spec = {"description": "", "issueURL": ""}
        bundle = SUPPORT_BUNDLE.manifest("lsc-half-support-bundle-1", SYSTEM, spec=spec)
        Cluster(cluster.kubeconfig, Run("half"), folder).create(bundle)
        before = api.get(BACKUP_TARGET, "default", SYSTEM)["spec"]
        store = ObjectStore(cluster.s3)
        store.make_bucket("for-a-while")
        given = ["--run-id=half", "--s3-bucket=for-a-while", "--allow-settings-changes"]
        given += ["-n", "2", "--dist", "loadfile"]
        Running(folder / "report", *cluster.arguments, *given, *FILES).ended_by(signal.SIGKILL)
        yield Killed(cluster, api, before, folder)
        store.remove_all()


@dataclass(frozen=True)
class Cleaned:
    """What came of each attempt, one after the other on the same cluster, and what was there then."""

    unasked: SuiteRun
    left_before: set[str]
    left_after: set[str]
    unnamed: SuiteRun
    annotations: dict[str, str]
    next_run: SuiteRun
    named: SuiteRun
    rights: set[str]
    others: set[str]
    others_after: set[str]
    left_at_last: list[str]
    bundles: list[dict[str, Any]]
    target: dict[str, Any]
    again: SuiteRun


@pytest.fixture(scope="module")
def cleaned(killed: Killed) -> Cleaned:
    """Shown, not named, in the way of another run, and at last removed."""
    left_before = set(leftovers(killed.cluster))
    unasked = killed.clean_up("--run-id", "half")
    left_after = set(leftovers(killed.cluster))
    unnamed = killed.clean_up("--yes")
    annotations = killed.api.get(BACKUP_TARGET, "default", SYSTEM)["metadata"]["annotations"]
    next_run = suite(killed.folder / "other", *killed.cluster.arguments, *FILES)

    others, before = killed.others(), requests(killed.cluster)
    ObjectStore(killed.cluster.s3, "half").make_bucket("lsc-half-bucket-99")
    others_buckets = ObjectStore(killed.cluster.s3, "other")
    others_buckets.make_bucket("lsc-half-bucket-98")
    named = killed.clean_up("--run-id", "half", "--yes")
    asked = [dict(request) for request in requests(killed.cluster) - before]
    allowed = granted() | granted(MANIFESTS / "own-bucket") | granted(MANIFESTS / "support-bundle")
    rights = {str(right) for right in least(used(asked) | allowed) - allowed}
    assert [(bucket.name, bucket.run) for bucket in others_buckets.buckets_of_runs()] == [
        ("lsc-half-bucket-98", "other")
    ]
    assert others_buckets.remove_all() == []
    bundles = [item for item in killed.api.list(SUPPORT_BUNDLE) if "deletionTimestamp" not in item["metadata"]]
    target = killed.api.get(BACKUP_TARGET, "default", SYSTEM)
    return Cleaned(
        unasked,
        left_before,
        left_after,
        unnamed,
        annotations,
        next_run,
        named,
        rights,
        others,
        killed.others(),
        leftovers(killed.cluster),
        bundles,
        target,
        killed.clean_up("--run-id", "half"),
    )


def requests(cluster: SimulatedCluster) -> set[frozenset[tuple[str, Any]]]:
    """Those so far, with their numbers."""
    return {frozenset(each.items()) for each in cluster.page("/simulator/requests")["requests"]}


def test_what_is_left_is_shown_and_nothing_is_done_unasked(cleaned: Cleaned) -> None:
    """Nobody is there to say yes; the exit code says that something is left."""
    text = cleaned.unasked.text
    assert cleaned.unasked.exit_code == 1, text
    assert "backup target `default`, in place of s3://backupbucket@us-east-1/" in text
    assert re.search(r"Namespace lsc-half-gw\d-", text)
    assert "Longhorn SupportBundle longhorn-system/lsc-half-support-bundle-1" in text
    assert "skipped; --yes removes it without asking" in text
    namespaces = {each for each in cleaned.left_before if each.startswith("namespaces ")}
    assert namespaces
    assert namespaces <= cleaned.left_after


def test_a_run_that_may_be_going_on_has_to_be_named(cleaned: Cleaned) -> None:
    """Also for those who do not want to be asked."""
    assert cleaned.unnamed.exit_code == 1, cleaned.unnamed.text
    assert "skipped: it may still be running; if not, pass --run-id half\n" in cleaned.unnamed.text
    assert "--run-id half2\n" in cleaned.unnamed.text
    assert PREVIOUS_TARGET in cleaned.annotations


def test_a_run_does_not_start_on_a_backup_target_that_was_left(cleaned: Cleaned) -> None:
    """It says how to have the former one back."""
    assert cleaned.next_run.exit_code == 4
    assert "`pytest --clean-up --run-id half` restores the previous one" in cleaned.next_run.text


def test_all_of_it_is_removed_and_nothing_else(cleaned: Cleaned, killed: Killed) -> None:
    """The backup target is what it was, things of others are there, and all of it is allowed by manifests/rbac."""
    assert cleaned.named.exit_code == 0, cleaned.named.text
    assert "run half: everything was removed" in cleaned.named.text
    assert cleaned.rights == set()
    assert [each for each in cleaned.left_at_last if each != "namespaces of-another-run"] == []
    assert cleaned.bundles == []
    assert len(cleaned.others) == 5
    assert cleaned.others_after == cleaned.others
    for field in ("backupTargetURL", "credentialSecret"):
        assert cleaned.target["spec"][field] == killed.target[field]
    assert PREVIOUS_TARGET not in (cleaned.target["metadata"].get("annotations") or {})
    assert (cleaned.again.exit_code, cleaned.again.text) == (0, "nothing remains of run half\n")


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
