"""Longhorn's own support bundle: made, fetched, looked through, and taken away again."""

import io
import json
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from fixtures.diagnostics.diagnoser import Diagnoser
from fixtures.diagnostics.redaction import Redactor
from fixtures.diagnostics.support_bundle import NAME, Bounds, fetch
from fixtures.kubernetes.api_errors import Rejected
from fixtures.kubernetes.budgets import SUPPORT_BUNDLE_CREATED, Steps
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.history import Recorder
from fixtures.kubernetes.resource_kinds import BACKUP_TARGET, SUPPORT_BUNDLE
from fixtures.kubernetes.run import Run
from fixtures.kubernetes.waiting import StepBlocked
from fixtures.longhorn.target_address import TargetAddress
from fixtures.outcomes import Blocked
from fixtures.report import bundles
from fixtures.report.tracing import FailureContext
from tests.fixtures.fake_api import FakeApi
from tools.cluster.rbac import MANIFESTS, granted, used

SYSTEM = "longhorn-system"
STEPS = Steps(0.15)


@pytest.fixture
def api(simulated: TargetAddress, tmp_path: Path) -> Cluster:
    """Its API."""
    return Cluster(simulated.kubeconfig, Run("bundle"), tmp_path)


def settled(api: Cluster) -> bool:
    """Whether no support bundle is left, within a moment."""
    deadline = time.monotonic() + 10
    while api.list(SUPPORT_BUNDLE, SYSTEM):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_it_is_fetched_as_longhorn_makes_it(api: Cluster, tmp_path: Path) -> None:
    """A complete archive with Longhorn's objects and without Secrets; nothing of it is left in the cluster."""
    path = tmp_path / NAME

    fetched = fetch(api, SYSTEM, STEPS, path, Redactor(["no-such-credential"]))

    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        target = f"yamls/namespaced/{SYSTEM}/longhorn.io/v1beta2/backuptargets.yaml"
        (found,) = yaml.safe_load(archive.read(target))["items"]
    assert found["spec"] == api.get(BACKUP_TARGET, "default", SYSTEM)["spec"]
    assert "metadata.yaml" in names
    assert not [name for name in names if "secrets" in name]
    assert fetched.size == path.stat().st_size
    assert "no credential of this run was found in it" in fetched.notice
    assert settled(api)


def test_what_longhorn_puts_there_is_said(api: Cluster, tmp_path: Path) -> None:
    """A key in an annotation of a backup target goes into its YAML; the file is kept, and named with that entry."""
    planted = {"metadata": {"annotations": {"note": "planted-key-of-the-store"}}}
    api.patch(BACKUP_TARGET, "default", planted, SYSTEM)
    try:
        fetched = fetch(api, SYSTEM, STEPS, tmp_path / NAME, Redactor(["planted-key-of-the-store"]))
    finally:
        api.patch(BACKUP_TARGET, "default", {"metadata": {"annotations": {"note": None}}}, SYSTEM)

    assert "/backuptargets.yaml: Longhorn put them there" in fetched.notice
    assert "planted-key-of-the-store" not in fetched.notice


def test_too_large_a_bundle_is_not_kept(api: Cluster, tmp_path: Path) -> None:
    """It is notice how large it is; what was asked for is gone."""
    with pytest.raises(Blocked, match=r"has \d+ bytes, more than 10"):
        fetch(api, SYSTEM, STEPS, tmp_path / NAME, Redactor([]), Bounds(file_bytes=10))

    assert not (tmp_path / NAME).exists()
    assert settled(api)


def test_one_that_is_not_made_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When its budget is spent, or at once if Longhorn says that it failed, in its words."""
    monkeypatch.setattr(
        "fixtures.diagnostics.support_bundle.SUPPORT_BUNDLE_CREATED", replace(SUPPORT_BUNDLE_CREATED, seconds=0.3)
    )
    for status, words in (
        ({"state": "Error", "conditions": [{"type": "Error", "message": "image not found"}]}, "image not found"),
        ({"state": "Started"}, "0.3 s"),
    ):
        with FakeApi((SUPPORT_BUNDLE,)) as fake:
            cluster = Cluster(fake.kubeconfig(tmp_path), Run("late"), tmp_path)
            fake.put(SUPPORT_BUNDLE, "lsc-late-support-bundle-1", SYSTEM, status=status)

            with pytest.raises((StepBlocked, Rejected), match=words):
                fetch(cluster, SYSTEM, Steps(), tmp_path / NAME, Redactor([]))

            assert not fake.objects[SUPPORT_BUNDLE.path()]


def test_a_run_has_one_beside_its_first_failure(simulated: TargetAddress, api: Cluster, tmp_path: Path) -> None:
    """Listed in the index with what has to be known of it; its rights are in manifests/rbac."""
    recorder = Recorder(api, STEPS)
    recorder.start()
    try:
        about = FailureContext((), time.monotonic(), simulated, recorder, api)
        folders = [
            tmp_path / Diagnoser(tmp_path, support=True).diagnose(f"x.py::test_{name}", "because", "", about)
            for name in ("one", "two")
        ]
    finally:
        recorder.stop()

    assert [(folder / NAME).exists() for folder in folders] == [True, False]
    index = (folders[0] / "index.html").read_text()
    assert f'<a href="{NAME}">' in index
    assert "Longhorn leaves Secrets out" in index
    requests = json.loads(api.read_bytes("/simulator/requests", "see what was asked"))["requests"]
    asked = used(each for each in requests if each["resource"] == "supportbundles")
    assert granted(MANIFESTS / "support-bundle") == asked


def test_the_claim_is_of_one_run(tmp_path: Path) -> None:
    """The next one may ask again; an empty folder is not left behind."""
    assert [bundles.claim_support_bundle(tmp_path), bundles.claim_support_bundle(tmp_path)] == [True, False]

    bundles.remove(tmp_path)

    assert not (tmp_path / bundles.FOLDER).exists()
    assert bundles.claim_support_bundle(tmp_path)


def test_archives_of_nodes_are_looked_through(api: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are archives inside of the archive."""
    inner, outer = io.BytesIO(), io.BytesIO()
    for memory, name, content in ((inner, "logs/kubelet.log", b"key=planted-key"), (outer, "nodes/a.zip", None)):
        with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, inner.getvalue() if content is None else content)
    monkeypatch.setattr(Cluster, "stream", lambda *_, **__: iter([outer.getvalue()]))

    fetched = fetch(api, SYSTEM, STEPS, tmp_path / NAME, Redactor(["planted-key"]))

    assert "are in nodes/a.zip/logs/kubelet.log: Longhorn" in fetched.notice
