"""This project's changes to upstream's manifests, as the real kubectl renders them."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from fixtures.outcomes import Blocked
from fixtures.targets.kind.manifests import Manifests
from fixtures.targets.kind.options_model import KindOptions
from fixtures.targets.kind.overlays import longhorn_components, render
from fixtures.targets.s3.options import S3Server
from tests.kind.world import LONGHORN, make_world

KUBECTL = shutil.which("kubectl") or ""


def renders_components() -> bool:
    """Whether there is a kubectl whose kustomize knows components: from 1.21 on."""
    if not KUBECTL:
        return False
    said = subprocess.run([KUBECTL, "version", "--client"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"v?1\.(\d+)", said)
    return found is not None and int(found[1]) >= 21


pytestmark = pytest.mark.skipif(
    not renders_components() and bool(KUBECTL or not os.environ.get("CI")), reason="needs kubectl 1.21 or newer"
)


def rendered(text: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Documents by kind and name."""
    return {(each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(text)}


def longhorn(folder: Path, version: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Longhorn as it is installed."""
    file = folder / "longhorn.yaml"
    file.write_text(LONGHORN)
    return rendered(render(KUBECTL, folder / "rendered", [file], components=longhorn_components(version)))


@pytest.mark.parametrize(
    ("version", "replicas", "upstream"),
    [
        ("1.5.5", "1", set()),
        ("1.8.2", "1", {"priority-class"}),
        ("1.9.2", "1", {"priority-class", "disable-revision-counter"}),
        ("1.12.1", '{"v1":"1","v2":"1"}', {"priority-class", "disable-revision-counter"}),
    ],
)
def test_settings_are_those_of_a_small_node(tmp_path: Path, version: str, replicas: str, upstream: set[str]) -> None:
    """In the form that the version reads; what upstream sets stays set."""
    text = longhorn(tmp_path, version)["ConfigMap", "longhorn-default-setting"]["data"]["default-setting.yaml"]
    settings = yaml.safe_load(text)

    assert settings["default-replica-count"] == replicas
    assert settings["upgrade-checker"] == settings["allow-collecting-longhorn-usage-metrics"] == "false"
    ours = {"default-replica-count", "upgrade-checker", "allow-collecting-longhorn-usage-metrics"}
    ours |= {"storage-minimal-available-percentage", "storage-reserved-percentage-for-default-disk"}
    assert settings.keys() == ours | upstream


def test_everything_of_longhorn_runs_once(tmp_path: Path) -> None:
    """And nothing else of the manifest changes."""
    documents = longhorn(tmp_path, "1.12.1")
    container = documents["Deployment", "longhorn-driver-deployer"]["spec"]["template"]["spec"]["containers"][0]
    environment = {each["name"]: each["value"] for each in container["env"]}

    assert {name for name, value in environment.items() if value == "1"} == {
        f"CSI_{name}_REPLICA_COUNT" for name in ("ATTACHER", "PROVISIONER", "RESIZER", "SNAPSHOTTER")
    }
    assert environment["CSI_SNAPSHOTTER_IMAGE"] == "docker.io/longhornio/csi-snapshotter:v8.6.0"
    assert documents["Deployment", "longhorn-ui"]["spec"]["replicas"] == 1
    before = rendered(LONGHORN)
    assert documents.keys() == before.keys()
    assert documents["DaemonSet", "longhorn-manager"] == before["DaemonSet", "longhorn-manager"]


def test_longhorn_before_1_5_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Longhorn 1.4.4 is too old: settings are known from 1.5 on"):
        longhorn_components("1.4.4")


def test_the_controller_runs_once_in_the_version_of_its_tag(tmp_path: Path, forks: Path) -> None:
    """Upstream's manifest at a tag names the controller before."""
    world = make_world(tmp_path, forks)
    manifests = Manifests(world.choices, KUBECTL, tmp_path, print)

    documents = rendered(manifests.snapshot_api())

    controller = documents["Deployment", "snapshot-controller"]["spec"]
    assert (controller["replicas"], controller["minReadySeconds"]) == (1, 0)
    image = controller["template"]["spec"]["containers"][0]["image"]
    assert image == "registry.k8s.io/sig-storage/snapshot-controller:v8.6.0"
    assert len([kind for kind, _ in documents if kind == "CustomResourceDefinition"]) == 3


@pytest.mark.parametrize("server", ["minio", "seaweedfs"])
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_s3_servers_start_from_secrets(tmp_path: Path, server: str, tls: bool) -> None:
    """Behind the port of the node that is mapped to this machine; with https, from a certificate in a Secret."""
    choices = KindOptions(registry="r.example/m", s3=S3Server(server, tls=tls))

    documents = rendered(Manifests(choices, KUBECTL, tmp_path, print).s3_server())

    port = documents["Service", "s3"]["spec"]["ports"][0]
    pod = documents["Deployment", "s3"]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert (port["port"], port["nodePort"]) == (9000, 30900)
    assert container["image"].startswith("r.example/m/")
    assert {each["valueFrom"]["secretKeyRef"]["name"] for each in container["env"]} == {"s3-keys"}
    assert [each["secret"]["secretName"] for each in pod["volumes"] if "secret" in each] == ["s3-tls"] * tls
    assert any("/certs" in each["mountPath"] for each in container["volumeMounts"]) == tls
    assert any("/certs" in argument for argument in container["args"]) == tls


def test_a_server_can_have_another_image(tmp_path: Path) -> None:
    choices = KindOptions(registry="r.example/m", s3=S3Server("minio", image="localhost:5000/own/minio:1"))

    documents = rendered(Manifests(choices, KUBECTL, tmp_path, print).s3_server())

    container = documents["Deployment", "s3"]["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "localhost:5000/own/minio:1"


def test_what_kubectl_cannot_render_is_said(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("kind: Deployment\n")

    with pytest.raises(Blocked, match="cannot render manifests: `kubectl kustomize"):
        render(KUBECTL, tmp_path / "rendered", [file])
