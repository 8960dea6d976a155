"""The bundle of a test on a cluster: what is in it, and that planted credentials are not."""

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from fixtures.diagnostics.diagnoser import Diagnoser
from fixtures.kubernetes.budgets import Steps
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.history import Recorder
from fixtures.kubernetes.resource_kinds import POD, PVC, SECRET
from fixtures.kubernetes.run import Created, Run
from fixtures.longhorn.target_address import TargetAddress
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.report.tracing import FailureContext
from fixtures.s3.backupstore import Backupstore
from fixtures.workloads.pods import Workloads
from tests.fixtures.fake_api import FakeApi

PLANTED = "planted-value-of-the-environment"


def test_bundle_of_a_backup(
    namespace: str,
    workloads: Workloads,
    snapshots: Snapshots,
    cluster: Cluster,
    recorder: Recorder,
    run: Run,
    address: TargetAddress,
    backupstore: Backupstore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Objects with all their revisions, events, the log of a pod, keys; no credential in any file."""
    assert address.s3 is not None
    monkeypatch.setenv("SOME_TOKEN", PLANTED)
    began, before = time.monotonic(), len(run.created)
    claim = workloads.volume(namespace)
    secret = {"name": "keys", "namespace": namespace}
    cluster.create({"apiVersion": "v1", "kind": "Secret", "metadata": secret, "stringData": {"x": "the-planted-data"}})
    talkative = _pod(namespace, f"echo said {address.s3.secret_key} {PLANTED} password=planted-password; sleep 60")
    cluster.create(talkative)
    snapshot = snapshots.wait_ready(snapshots.create(claim, snapshots.create_class()))
    _wait_said(cluster, namespace)

    about = FailureContext(run.created[before:], began, address, recorder, cluster, backupstore)
    path = tmp_path / Diagnoser(tmp_path).diagnose("conformance/x.py::test_x", "because", "", about)

    files = {str(each.relative_to(path)): each.read_text() for each in path.rglob("*") if each.is_file()}
    everything = "".join(files.values())
    for planted in (PLANTED, "the-planted-data", "planted-password", address.s3.secret_key, address.s3.access_key):
        assert planted not in everything
    assert set(files) >= {"failure.txt", "timeline.txt", "objects.yaml", "events.yaml", "keys.txt", "index.html"}
    documents = list(yaml.safe_load_all(files[f"history/VolumeSnapshot.{namespace}.{snapshot.name}.yaml"]))
    ready = [bool((each.get("status") or {}).get("readyToUse")) for each in documents]
    assert (ready[0], ready[-1]) == (False, True)
    kinds = {each["kind"] for each in yaml.safe_load_all(files["objects.yaml"])}
    assert kinds >= {"VolumeSnapshot", "VolumeSnapshotContent", "Backup", "Pod", "PersistentVolume", "BackupTarget"}
    assert "said <redacted> <redacted> password=<redacted>" in files[f"logs/{namespace}.talkative.main.log"]
    assert "/backups/backup_" in files["keys.txt"]
    assert "VolumeSnapshot" in files["timeline.txt"]
    cluster.delete(POD, "talkative", namespace, grace_seconds=0)
    cluster.delete(SECRET, "keys", namespace)


def test_cluster_that_has_vanished(tmp_path: Path) -> None:
    """What was recorded is there; what had to be asked for is named as missing.

    An object may have a name that is as long as that of a file alone; two that differ at its end stay two.
    """
    names = ["x" * 252 + end for end in "yz"]
    with FakeApi() as api:
        for name in names:
            api.put(PVC, name, "tea")
        api.put(POD, "pod", "tea", spec={"containers": [{"name": "main"}]})
        cluster = Cluster(api.kubeconfig(tmp_path), Run("abc123"), tmp_path)
        recorder = Recorder(cluster, Steps())
        recorder.start()
    made = (*(Created(PVC, name, "tea") for name in names), Created(POD, "pod", "tea"))
    address = TargetAddress("cluster", cluster.kubeconfig, "longhorn-system", "1.12.1", "x")

    about = FailureContext(made, time.monotonic(), address, recorder, cluster)
    path = tmp_path / Diagnoser(tmp_path).diagnose("conformance/x.py::test_x", "because", "", about)
    recorder.stop()

    kinds = {each["kind"] for each in yaml.safe_load_all((path / "objects.yaml").read_text())}
    assert kinds == {"PersistentVolumeClaim", "Pod"}
    assert len(list((path / "history").glob("PersistentVolumeClaim.*"))) == 2
    assert "logs/tea.pod.main.log: read the log of pod tea/pod: no answer" in (path / "index.html").read_text()


def _pod(namespace: str, script: str) -> dict[str, Any]:
    container: dict[str, Any] = {"name": "main", "image": "x", "command": ["/bin/sh", "-c", script]}
    container["env"] = [{"name": "SOME_PASSWORD", "value": "planted-password"}]
    metadata = {"name": "talkative", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


def _wait_said(cluster: Cluster, namespace: str) -> None:
    deadline = time.monotonic() + 10
    while "said" not in cluster.pod_log("talkative", namespace):
        assert time.monotonic() < deadline
        time.sleep(0.02)
