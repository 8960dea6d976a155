"""The Job and the image: what can be checked without a cluster and without building anything."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from kubernetes.client import Configuration
from kubernetes.config import load_kube_config

from fixtures.report.shards import Shard
from simulator.kubernetes.resources import Obj
from tools import ROOT
from tools.cluster.rbac import MANIFESTS
from tools.cluster.simulated_cluster import environment, suite

JOB = ROOT / "manifests" / "job"
WAYS = ("whole", "shards")


def documents(path: Path) -> list[Obj]:
    """All of a file."""
    return list(yaml.safe_load_all(path.read_text()))


def job(way: str) -> Obj:
    """The Job of one way to run."""
    (found,) = documents(JOB / way / "job.yaml")
    return dict(found)


def container(way: str) -> Obj:
    """Its only container."""
    (found,) = job(way)["spec"]["template"]["spec"]["containers"]
    return dict(found)


@pytest.mark.parametrize("way", WAYS)
def test_the_suite_knows_its_options(way: str, tmp_path: Path) -> None:
    """With the files of the pod in place of those here, it collects its tests."""
    (tmp_path / "file").write_text("AWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=b\n")
    given = [re.sub(r"=/(kubeconfig|keys)/\S+", f"={tmp_path / 'file'}", each) for each in container(way)["args"]]
    arguments = [each for each in given if not each.startswith("--report-dir")]

    ran = suite(tmp_path / "report", *arguments, "--collect-only", "-q")

    assert ran.exit_code == 0, ran.text
    assert "test_handle_names_the_backup" in ran.text


def test_each_pod_of_an_indexed_job_runs_its_shard(tmp_path: Path) -> None:
    """The first has the index 0; all together are the whole, each with a report of its own."""
    told = tmp_path / "python"
    told.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    told.chmod(0o755)
    spec, pod = job("shards")["spec"], container("shards")
    shards, reports = set(), set()
    for index in range(spec["completions"]):
        ran = subprocess.run(
            [*pod["command"], *pod["args"]],
            env={"PATH": f"{tmp_path}:/usr/bin:/bin", "JOB_COMPLETION_INDEX": str(index)},
            capture_output=True,
            text=True,
            check=True,
        )
        lines = ran.stdout.splitlines()
        assert lines[-len(pod["args"]) :] == pod["args"]
        options = dict(line.split("=", 1) for line in lines if line.startswith("--") and "=" in line)
        shards.add(Shard.parse(options["--shard"]))
        reports.add(options["--report-dir"])

    assert shards == {Shard(index + 1, spec["completions"]) for index in range(spec["completions"])}
    assert len(reports) == spec["parallelism"] == spec["completions"]


def test_the_kubeconfig_uses_the_token_of_the_pod(tmp_path: Path) -> None:
    """It lies where the Job mounts it, beside the certificate of the API server."""
    (tmp_path / "token").write_text("of-the-account")
    (tmp_path / "ca.crt").write_text("")
    (config_map,) = documents(JOB / "base" / "kubeconfig.yaml")
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(config_map["data"]["kubeconfig"].replace("/account/", f"{tmp_path}/"))
    configuration = Configuration()

    load_kube_config(  # type: ignore[no-untyped-call]
        config_file=str(kubeconfig), client_configuration=configuration, persist_config=False
    )

    assert configuration.api_key["BearerToken"] == "Bearer of-the-account"
    assert configuration.host == "https://kubernetes.default.svc"
    assert configuration.ssl_ca_cert == f"{tmp_path}/ca.crt"


@pytest.mark.parametrize("way", WAYS)
def test_all_that_is_mounted_is_there(way: str) -> None:
    """Volumes, and the objects that they are made of; the service account is that of manifests/rbac."""
    pod = job(way)["spec"]["template"]["spec"]
    everything = [each for path in (JOB / "base").glob("*.yaml") for each in documents(path)]
    base = {(each["kind"], each["metadata"]["name"]) for each in everything if "metadata" in each}
    (account,) = documents(MANIFESTS / "service-account.yaml")

    assert {each["name"] for each in container(way)["volumeMounts"]} == {each["name"] for each in pod["volumes"]}
    assert ("ConfigMap", "conformance-kubeconfig") in base
    assert ("PersistentVolumeClaim", "conformance-report") in base
    assert pod["serviceAccountName"] == account["metadata"]["name"]
    assert job(way)["metadata"]["namespace"] == account["metadata"]["namespace"]
    token = pod["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]
    assert job(way)["spec"]["activeDeadlineSeconds"] < token["expirationSeconds"]


@pytest.mark.parametrize("folder", ["base", *WAYS])
def test_all_manifests_are_listed(folder: str) -> None:
    """`kubectl apply -k` takes what stands in the kustomization, and nothing else."""
    (kustomization,) = documents(JOB / folder / "kustomization.yaml")

    listed = {*kustomization["resources"], "kustomization.yaml"} - {"../base"}
    assert {path.name for path in (JOB / folder).glob("*.yaml")} == listed


def test_the_image_has_what_the_suite_needs(tmp_path: Path) -> None:
    """What is copied is there and not left out of the context; in it the suite finds its clauses and tests."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for line in lines:
        if line.startswith("COPY "):
            *sources, _ = line.split()[1:]
            for source in sources:
                assert f"!{source}" in ignored
                (tmp_path / source).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / source).symlink_to(ROOT / source)
    entry = yaml.safe_load(next(line for line in lines if line.startswith("ENTRYPOINT ")).removeprefix("ENTRYPOINT "))
    assert shlex.join(entry).startswith("python -m pytest ")
    entry = [sys.executable, *(word.replace("/suite", str(tmp_path)) for word in entry[1:])]

    ran = subprocess.run(
        [*entry, "--list-clauses"], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr
    assert "backup.handle" in ran.stdout


def test_nothing_names_an_index() -> None:
    """Where packages come from is a matter of the place where the image is built."""
    text = "".join(path.read_text() for path in (ROOT / "Dockerfile", *JOB.rglob("*.yaml"), *MANIFESTS.rglob("*.yaml")))

    assert not re.search(r"index-url|pypi|trusted-host", text)
