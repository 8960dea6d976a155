"""`pytest --target kind ...` as people type it: a whole run, wrong options, the doctor, the list of images."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.kind.test_overlays import pytestmark as needs_kubectl
from tests.kind.world import ROOT, World, make_world

pytest_plugins = ["pytester"]

Typed = Callable[..., tuple[int, str]]


def environment(**changes: str) -> dict[str, str]:
    """This one, without what would change how pytest runs."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_", "GITHUB_"))}
    return own | {"COLUMNS": "120"} | changes


def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """A run that has ended; stderr is among its stdout."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=ROOT,
        env=environment(**changes),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def typed(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Type `pytest ARGUMENT...`: exit code and text of what ends before any test, in this process, which is quicker."""
    for name in os.environ.keys() - environment().keys() - {"PYTEST_CURRENT_TEST"}:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(ROOT)

    def type_(*arguments: str) -> tuple[int, str]:
        ran = pytester.runpytest_inprocess(*arguments)
        return int(ran.ret), "\n".join([*ran.outlines, *ran.errlines])

    return type_


def arguments(world: World, *more: str) -> list[str]:
    """The command line that takes everything from a world, and one quick test."""
    assert world.store is not None
    (world.folder / "report").mkdir(exist_ok=True)
    return [
        "--target=kind",
        f"--report-dir={world.folder / 'report'}",
        f"--longhorn-manifest={world.folder / 'longhorn.yaml'}",
        f"--snapshotter-manifest={world.folder / 'snapshotter'}",
        "--node-image=docker.io/kindest/node:v1.36.1",
        "--s3=external",
        f"--s3-endpoint={world.store.endpoint}",
        f"--s3-cluster-endpoint={world.store.inside}",
        f"--s3-bucket={world.store.bucket}@{world.store.region}",
        *("-k", "names_the_backup"),
        *more,
    ]


def on_path(world: World) -> Mapping[str, str]:
    """The tools on PATH, the store's keys in the environment."""
    assert world.store is not None
    return {
        "PATH": f"{world.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "AWS_ACCESS_KEY_ID": world.store.access_key,
        "AWS_SECRET_ACCESS_KEY": world.store.secret_key,
    }


@needs_kubectl
@pytest.mark.parametrize("workers", [pytest.param("0", marks=pytest.mark.e2e), "2"])
def test_a_run_makes_one_cluster_and_removes_it(world: World, workers: str) -> None:
    """Whoever runs the tests; on the way it says how far it is."""
    ran = run(*arguments(world, "-n", workers, "--run-id", "one"), **on_path(world))

    report = json.loads((world.folder / "report" / "conformance.json").read_text())
    assert (ran.returncode, report["verdict"]) == (0, "conforms"), ran.stdout
    assert (report["target"]["name"], report["qualifies"]) == ("kind", True)
    assert [line.split()[2] for line in world.called("kind") if line.startswith("create")] == ["--name=lsc-one"]
    assert world.clusters == []
    assert "[6/6] probe: a volume was attached, written and read back" in ran.stdout
    assert "deleting the kind cluster lsc-one" in ran.stdout


@needs_kubectl
def test_a_set_up_that_fails_leaves_a_report_and_no_cluster(world: World) -> None:
    """The clauses are not verified, and the reason is the step."""
    world.tell("fail", "kubectl longhorn-manager")

    ran = run(*arguments(world, "-n", "2"), **on_path(world))

    report = json.loads((world.folder / "report" / "conformance.json").read_text())
    reasons = [entry["reason"] for entry in report["clauses"] if entry["id"] == "backup.handle"]
    assert ran.returncode != 0
    assert "Longhorn 1.12.1: cannot apply manifests" in reasons[0]
    assert "Traceback" not in ran.stdout
    assert world.clusters == []


@needs_kubectl
@pytest.mark.parametrize(("number", "workers"), [(signal.SIGTERM, "0"), (signal.SIGINT, "2")])
def test_an_interrupted_run_leaves_no_cluster(world: World, number: signal.Signals, workers: str) -> None:
    """In the middle of the creation, which then goes no further."""
    world.tell("hang", "kind create")
    command = [sys.executable, "-u", "-m", "pytest", *arguments(world, "-n", workers, "--run-id", "stopped")]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(**on_path(world)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert any("creating the cluster" in line for line in process.stdout)
    while not any(line.startswith("create") for line in world.called("kind")):
        time.sleep(0.02)
    process.send_signal(number)
    said = process.communicate(timeout=60)[0]

    assert process.returncode == 2, said
    assert any(line.startswith("delete cluster --name=lsc-stopped") for line in world.called("kind"))
    assert world.clusters == []


@needs_kubectl
def test_impatience_leaves_no_cluster(world: World) -> None:
    """Ctrl-C twice, which a terminal sends to all processes of the run, kind's among them."""
    world.tell("hang", "kind create")
    world.tell("slow", "kind delete")
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "pytest", *arguments(world, "--run-id", "stopped")],
        cwd=ROOT,
        env=environment(**on_path(world)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        for tool_call in ("create", "delete"):
            while not any(line.startswith(tool_call) for line in world.called("kind")):
                time.sleep(0.02)
            os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=60)[0]

    assert process.returncode == 2, said
    assert world.clusters == []
    assert "one more signal breaks that off and leaves what is there" in said
    assert "remove it by hand" not in said


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["--longhorn", "1.12.1"], "--longhorn is for --target kind, not simulator"),
        (["--keep-cluster"], "--keep-cluster is for --target kind, not simulator"),
        (["--s3-endpoint", "http://x"], "--s3-endpoint is for --target cluster and kind, not simulator"),
        (["--target", "kind", "--longhorn", "1.4.0"], "what goes with Longhorn 1.4.0 is not known"),
        (["--target", "kind", "--longhorn", ""], "--longhorn is given without a value"),
        (["--target", "kind", "--longhorn-manifest=absent"], "--longhorn-manifest: there is no file absent"),
        (["--target", "kind", "--longhorn-manifest=README.md"], "README.md is no manifest"),
        (["--target", "kind", "--snapshotter-manifest=docs"], "docs defines volumesnapshotclasses"),
        (["--target", "kind", "--preload=docs"], "--preload: there is no *.tar in"),
        (["--target", "kind", "--node-image", "node"], "--node-image 'node': expected an image with its tag"),
        (["--target", "kind", "--node-image", "a/b:1", "--node-base", "a/b:2"], "--node-base is what"),
        (["--target", "kind", "--reuse-cluster", "A b"], "--reuse-cluster 'A b': expected"),
        (["--target", "kind", "--kind-bin", "no-such-tool"], "--kind-bin no-such-tool: no such program"),
        (["--target", "kind", "--s3", "ceph"], "--s3 'ceph': known are minio, seaweedfs, external"),
        (["--target", "kind", "--s3", "external"], "--s3 external needs --s3-endpoint"),
        (
            ["--target", "kind", "--s3", "external", "--s3-endpoint", "http://x"],
            "--s3 external has to be read by the run: give its keys",
        ),
        (["--target", "kind", "--s3", "external", "--s3-tls"], "--s3-tls is for servers that are deployed"),
        (["--target", "kind", "--s3-endpoint", "http://x"], "--s3 is minio: use --s3 external"),
        (["--target", "kind", "--kubeconfig=README.md"], "--kubeconfig is for --target cluster, not kind"),
        (["--target", "kind", "--speed", "fast"], "--speed is for --target simulator, not kind"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_options_are_one_line(typed: Typed, tmp_path: Path, given: list[str], wanted: str) -> None:
    """Before anything is made."""
    reports = tmp_path / "reports"

    exit_code, text = typed(*given, f"--report-dir={reports}")

    lines = [line for line in text.splitlines() if line.strip()]
    assert (exit_code, len(lines)) == (4, 1), text
    assert wanted in lines[0]
    assert not reports.exists()


def test_a_manifest_and_a_version_must_agree(typed: Typed, tmp_path: Path, forks: Path) -> None:
    world = make_world(tmp_path, forks)

    exit_code, text = typed("--target=kind", "--longhorn=1.11.3", f"--longhorn-manifest={world.folder}/longhorn.yaml")

    assert exit_code == 4
    assert "--longhorn 1.11.3" in text
    assert "installs 1.12.1" in text


def test_images_are_listed_for_a_mirror(tmp_path: Path, forks: Path) -> None:
    """Each once, by its full name, with the place where it is expected; and the files to download."""
    world = make_world(tmp_path, forks)

    ran = run("--list-images", f"--longhorn-manifest={world.folder / 'longhorn.yaml'}", "--registry=r.example/m")

    lines = ran.stdout.splitlines()
    images = [line for line in lines if not line.startswith("#")]
    assert ran.returncode == 0
    assert "docker.io/longhornio/longhorn-ui:v1.12.1 r.example/m/longhornio/longhorn-ui:v1.12.1" in images
    assert "docker.io/longhornio/longhorn-engine:v1.12.1 r.example/m/longhornio/longhorn-engine:v1.12.1" in images
    assert len(set(images)) == len(images) == 9
    assert {line.split("/")[-1].split()[0] for line in images} >= {"busybox:1.36.1", "snapshot-controller:v8.6.0"}
    assert len([line for line in lines if "external-snapshotter/v8.6.0/" in line and "sha256:" in line]) == 5
