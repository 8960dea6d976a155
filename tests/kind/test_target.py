"""The target as a whole: clusters that come and go, on a simulator behind tools that are not real."""

import json
import signal
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from fixtures.cleanup.signals import Interruption
from fixtures.kubernetes import budgets
from fixtures.kubernetes.api_errors import Rejected
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.resource_kinds import BACKUP_TARGET, POD
from fixtures.kubernetes.run import Run
from fixtures.outcomes import Blocked
from fixtures.targets.kind import installing, target
from fixtures.targets.kind.creation import Creation
from fixtures.targets.s3 import servers
from fixtures.targets.s3.options import S3Server
from tests.kind.test_overlays import pytestmark as needs_kubectl
from tests.kind.world import World

pytestmark = needs_kubectl


@pytest.fixture(autouse=True)
def handled_signals() -> Iterator[None]:
    """As in a process that controls a run."""
    with handling_signals():
        yield


@contextmanager
def handling_signals() -> Iterator[None]:
    """What it answers goes to where standard error goes now."""
    interruption = Interruption(1.0)
    interruption.install()
    try:
        yield
    finally:
        interruption.pytest_unconfigure()


def applied(world: World) -> list[str]:
    """What was applied, by the first kind and name of each application."""
    texts = [call["given"] for call in world.calls if call["tool"] == "kubectl" and "apply" in call["arguments"]]
    return [text.partition("  name: ")[2].partition("\n")[0] for text in texts]


def test_from_nothing_to_a_volume_and_back(world: World) -> None:
    """Everything is applied, waited for and probed; the address says what is there; afterwards nothing is."""
    said: list[str] = []
    made = world.target(said)

    address = made.start()
    assert world.clusters == ["lsc-abc123"]
    made.stop()

    assert (address.target, address.longhorn_version, address.qualifies) == ("kind", "1.12.1", True)
    assert address.features >= {
        "attach",
        "backup-target",
        "backupstore-access",
        "downloads",
        "buckets",
        "cluster-settings",
    }
    assert "snapshot-v1beta1" not in address.features
    assert address.s3 == world.store
    assert (address.exclusive, address.pod_image) == (True, "docker.io/library/busybox:1.36.1")
    assert any("probe: a volume was attached, written and read back" in line for line in said)
    assert world.clusters == []
    made.stop()
    assert len([line for line in world.called("kind") if line.startswith("delete")]) == 1


def test_steps_come_in_the_order_in_which_they_stand_on_each_other(world: World) -> None:
    said: list[str] = []
    made = world.target(said)
    made.start()
    made.stop()

    ends = [line.split("] ")[1].split(":")[0] for line in said if line.startswith("[")]
    for earlier, later in (
        ("snapshot API", "snapshot-controller"),
        ("snapshot API", "Longhorn 1.12.1"),
        ("S3 server", "bucket"),
        ("Longhorn 1.12.1", "longhorn-manager"),
        ("Longhorn 1.12.1", "images for tests"),
        ("longhorn-manager", "CSI driver"),
        ("longhorn-manager", "disk and engine"),
        ("disk and engine", "backup target"),
        ("CSI driver", "StorageClass"),
        ("backup target", "probe"),
        ("StorageClass", "probe"),
    ):
        assert ends.index(earlier) < ends.index(later)


def test_images_that_only_tests_need_are_pulled_before(world: World) -> None:
    """Unless the node has them; a registry that does not give them stops the run, since tests would blame Longhorn."""
    world.tell("images/lsc-abc123-control-plane_docker.io_library_busybox:1.36.1")
    made = world.target()
    made.start()
    made.stop()
    pulled = [line for line in world.called("docker") if " pull " in line]
    assert pulled == ["exec lsc-abc123-control-plane crictl pull docker.io/longhornio/backing-image-manager:v1.12.1"]

    world.tell("fail", "docker crictl")
    with pytest.raises(Blocked, match=r"images for tests: cannot pull an image into the node[\s\S]*--preload DIR"):
        world.target().start()


def test_longhorn_gets_the_keys_of_the_store_and_its_target(world: World) -> None:
    made = world.target()
    made.start()
    made.stop()

    secret = next(call["given"] for call in world.calls if "conformance-backup-target" in call["given"])
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINTS"} <= set(secret.replace(":", " ").split())
    assert world.store is not None
    assert world.store.secret_key not in " ".join(world.called("kubectl") + world.called("kind"))
    cluster = Cluster(world.folder / "kubeconfig", Run("other"), world.folder)
    assert cluster.get(BACKUP_TARGET, "default", "longhorn-system")["spec"]["pollInterval"] == "30s"


def test_a_server_of_its_own_is_deployed_and_longhorn_gets_a_user_in_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen up to where Longhorn would use it: under the address that it has inside of the cluster."""
    assert world.store is not None
    keys = servers.Keys(world.store.access_key, world.store.secret_key, "longhorn", "a-long-secret")
    world.give(servers.secrets_text(servers.Deployed(keys, None)))
    world.tell("port", world.store.endpoint.rpartition(":")[2])
    monkeypatch.setattr(budgets, "TARGET_AVAILABLE", replace(budgets.TARGET_AVAILABLE, seconds=0.5))

    with pytest.raises(Blocked, match=r"backup target: BackupTarget|backup target: Longhorn BackupTarget"):
        world.target(s3=S3Server("minio")).start()

    given = [call["given"] for call in world.calls if call["tool"] == "kubectl"]
    (secret,) = [text for text in given if "name: conformance-backup-target" in text]
    values = {name: b64decode(value).decode() for name, value in yaml.safe_load(secret)["data"].items()}
    assert values == {
        "AWS_ACCESS_KEY_ID": "longhorn",
        "AWS_SECRET_ACCESS_KEY": "a-long-secret",
        "AWS_ENDPOINTS": "http://s3.conformance-s3.svc.cluster.local:9000",
    }
    assert any("image: docker.io/pgsty/silo:" in text for text in given)
    assert world.clusters == []


@pytest.mark.parametrize("choice", [{"keep": True}, {"reuse": "mine"}], ids=["keep", "reuse"])
def test_a_cluster_can_be_kept(world: World, choice: dict[str, Any]) -> None:
    """And how to come back to it is said."""
    said: list[str] = []
    made = world.target(said, **choice)
    made.start()
    made.stop()

    name = choice.get("reuse", "lsc-abc123")
    assert world.clusters == [name]
    assert f"--reuse-cluster {name}" in said[-1]


def test_a_second_run_installs_nothing_again(world: World) -> None:
    """Only what is set on every run is set again; it waits and probes all the same."""
    first = world.target(reuse="mine")
    first.start()
    first.stop()
    before = len(applied(world))

    said: list[str] = []
    second = world.target(said, reuse="mine")
    second.start()
    second.stop()

    assert applied(world)[before:] == ["conformance-backup-target"]
    assert any("Longhorn 1.12.1: as it was, defined" in line for line in said)
    assert not any("letting go of" in line for line in said)
    assert any("probe: a volume was attached" in line for line in said)
    assert len([line for line in world.called("kind") if line.startswith("create")]) == 1


def test_what_differs_is_installed_again(world: World) -> None:
    """A changed manifest of the same version is applied; another version is refused, and the cluster stays."""
    first = world.target(reuse="mine")
    first.start()
    first.stop()
    before = len(applied(world))
    file = world.folder / "longhorn.yaml"
    file.write_text(file.read_text().replace("replicas: 1", "replicas: 1\n  revisionHistoryLimit: 1"))

    second = world.target(reuse="mine")
    second.start()
    second.stop()
    assert len(applied(world)) == before + 3

    with pytest.raises(Blocked, match=r"the cluster has Longhorn 1.12.1, and 1.12.0 was asked for"):
        world.target(reuse="mine", longhorn="1.12.0").start()
    assert world.clusters == ["mine"]


def test_another_kubernetes_than_the_one_that_is_there_is_refused(world: World) -> None:
    """Unless it was only guessed from an image."""
    (world.folder / "clusters" / "mine").touch()

    with pytest.raises(Blocked, match=r"the cluster mine has Kubernetes 1.33.13, and 1.36.1 was asked for"):
        world.target(reuse="mine", kubernetes="1.36.1", node_image="").start()

    world.tell("fail", "kubectl kustomize")
    with pytest.raises(Blocked, match="cannot render manifests"):
        world.target(reuse="mine", kubernetes="1.36.1").start()
    assert world.clusters == ["mine"]


def test_a_cluster_of_that_name_is_not_taken_for_ones_own(world: World) -> None:
    (world.folder / "clusters" / "lsc-abc123").touch()

    with pytest.raises(Blocked, match="there is a kind cluster lsc-abc123 already; use it with --reuse-cluster"):
        world.target().start()

    assert world.clusters == ["lsc-abc123"]


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        ("kind create", "cannot create the kind cluster lsc-abc123"),
        ("kubectl kustomize", "cannot render manifests"),
        ("kubectl volumesnapshots.snapshot", "snapshot API: cannot apply manifests"),
        ("kubectl longhorn-manager", "Longhorn 1.12.1: cannot apply manifests"),
        ("kubectl conformance-backup-target", "backup target: cannot apply manifests"),
    ],
)
def test_a_step_that_fails_is_named_and_the_cluster_goes(world: World, fault: str, wanted: str) -> None:
    world.tell("fail", fault)

    with pytest.raises(Blocked, match=wanted) as caught:
        world.target().start()

    assert "it was told to fail" in str(caught.value)
    assert world.clusters == []
    assert any(line.startswith("delete") for line in world.called("kind"))


@pytest.mark.parametrize(
    ("workload", "budget", "wanted"),
    [
        ("snapshot-controller", "SNAPSHOT_CONTROLLER_READY", "snapshot-controller: Deployment kube-system/snapshot-c"),
        ("longhorn-manager", "MANAGER_READY", "longhorn-manager: DaemonSet longhorn-system/longhorn-manager"),
        ("csi-snapshotter", "DRIVER_READY", "CSI driver: Deployment longhorn-system/csi-snapshotter"),
        ("instance-manager-1", "INSTANCE_MANAGER_RUNNING", "disk and engine: Longhorn InstanceManager that is running"),
    ],
)
def test_what_never_gets_ready_is_named_and_the_cluster_goes(
    world: World, monkeypatch: pytest.MonkeyPatch, workload: str, budget: str, wanted: str
) -> None:
    """With the pods that are not ready."""
    world.tell("unready", workload)
    granted = budgets.Budget(**{**vars(getattr(budgets, budget)), "seconds": 0.5})
    monkeypatch.setattr(budgets, budget, granted)

    with pytest.raises(Blocked, match=wanted) as caught:
        world.target().start()

    assert "look at: " in str(caught.value)
    assert world.clusters == []


def test_pods_that_do_not_run_are_told_with_the_failure(world: World) -> None:
    """Here one of somebody else's, whose claim is not there."""
    world.tell("fail", "kubectl longhorn-manager")
    cluster = Cluster(world.folder / "kubeconfig", Run("other"), world.folder)
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "absent"}}
    spec = {"containers": [{"name": "c", "image": "busybox:1", "command": ["true"]}], "volumes": [volume]}
    cluster.create(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "stuck", "namespace": "default"}, "spec": spec}
    )

    with pytest.raises(Blocked, match=r"pods in the cluster that are not ready:\n  pod default/stuck: ."):
        world.target().start()

    cluster.delete(POD, "stuck", "default", grace_seconds=0)


def test_a_probe_that_fails_says_what_to_look_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pod runs, but no volume attaches: that is not left to the tests to find out."""
    granted = budgets.Budget(**{**vars(budgets.VOLUME_BOUND), "seconds": 0.0})
    monkeypatch.setattr(budgets, "VOLUME_BOUND", granted)

    # Of a run of its own, since what it leaves goes only with a real cluster.
    with pytest.raises(Blocked, match=r"probe: [\s\S]*a volume cannot be used[\s\S]*docs/kind-node.md"):
        world.target(run_id="failing").start()

    assert world.clusters == []


def test_an_answer_that_nobody_expected_blocks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no violation of Longhorn's, and no crash."""

    def refused(_: object) -> None:
        raise Rejected("list settings", 403, "Forbidden", "not yours", {})

    monkeypatch.setattr(target, "discover", refused)
    monkeypatch.setattr(installing.Installation, "install", lambda _: None)

    with pytest.raises(Blocked, match=r"the set-up: list settings: .* 403 Forbidden: not yours"):
        world.target().start()

    assert world.clusters == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_set_up_leaves_no_cluster(
    world: World, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """In the middle of a task."""

    def interrupted(*_: object) -> str:
        signal.raise_signal(number)
        threading.Event().wait(10)
        return ""

    class Interrupted(installing.Installation):
        def install(self) -> None:
            assert world.clusters == ["lsc-abc123"]
            interrupted()

    monkeypatch.setattr(target, "Installation", Interrupted)

    with pytest.raises(KeyboardInterrupt):
        world.target().start()

    assert world.clusters == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_does_not_stop_the_deletion(
    world: World, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    """It is answered by a line that says what a third does."""

    def interrupted(_: object) -> None:
        signal.raise_signal(number)
        threading.Event().wait(10)

    monkeypatch.setattr(installing.Installation, "install", interrupted)
    delete = Creation.delete

    def disturbed(creation: Creation) -> None:
        signal.raise_signal(number)
        delete(creation)

    monkeypatch.setattr(Creation, "delete", disturbed)

    with handling_signals(), pytest.raises(KeyboardInterrupt):
        world.target().start()

    assert world.clusters == []
    assert "one more signal breaks that off and leaves what is there" in capfd.readouterr().err


def test_a_third_signal_stops_the_deletion(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says what is left to do."""
    said: list[str] = []
    made = world.target(said)
    made.start()

    def disturbed(_: object) -> None:
        for _ in range(3):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Creation, "delete", disturbed)

    with pytest.raises(KeyboardInterrupt):
        made.stop()

    assert world.clusters == ["lsc-abc123"]
    assert said[-1].endswith("kind delete cluster --name lsc-abc123")


def test_an_interrupted_deletion_says_what_is_left_to_do(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However that came about."""
    said: list[str] = []
    made = world.target(said)
    made.start()

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Creation, "delete", interrupted)

    with pytest.raises(KeyboardInterrupt):
        made.stop()

    assert said[-1].endswith("kind delete cluster --name lsc-abc123")


def test_a_node_image_is_built_once(world: World) -> None:
    """On the base that was given; the second time it is there."""
    world.tell("fail", "kind create")
    for _ in range(2):
        with pytest.raises(Blocked, match="cannot create the kind cluster"):
            world.target(node_image="", node_base="docker.io/kindest/node:v1.33.1").start()
        (build,) = [line for line in world.called("docker") if line.startswith("build")]
        tag = build.split("--tag ")[1].split()[0]

    assert "--build-arg BASE=docker.io/kindest/node:v1.33.1" in build
    created = [line for line in world.called("kind") if line.startswith("create")]
    assert all(f"--image={tag}" in line for line in created)
    assert len(created) == 2


def test_a_builder_that_keeps_its_images_is_said(world: World) -> None:
    world.tell("keeps")

    with pytest.raises(Blocked, match="was built, but Docker does not have it: its builder keeps images to itself"):
        world.target(node_image="").start()


@pytest.mark.parametrize("choice", [{"keep": True}, {"reuse": "mine"}], ids=["keep", "reuse"])
def test_a_cluster_that_was_not_made_whole_is_not_kept(world: World, choice: dict[str, Any]) -> None:
    """Its logs are, though."""
    world.tell("fail", "kind create")

    with pytest.raises(Blocked, match="cannot create the kind cluster"):
        world.target(**choice).start()

    assert world.clusters == []
    assert any(line.startswith("export logs") for line in world.called("kind"))
    assert (world.folder / "report" / "diagnostics").is_dir()


def test_an_old_kind_gets_a_node_that_it_can_start(world: World) -> None:
    """Unless the Kubernetes was asked for; and what was not asked for is no reason to refuse a cluster."""
    world.tell("kind-version", "v0.30.0")
    world.tell("fail", "docker build")
    said: list[str] = []

    with pytest.raises(Blocked, match="cannot build the node image"):
        world.target(said, node_image="").start()
    with pytest.raises(Blocked, match="cannot build the node image"):
        world.target(node_image="", kubernetes="1.36.1").start()

    assert "kind 0.30 is too old for Kubernetes 1.36.1: taking 1.34.0" in said
    first, second = (line for line in world.called("docker") if line.startswith("build"))
    assert "BASE=docker.io/kindest/node:v1.34.0@sha256:7416a61b" in first
    assert "BASE=docker.io/kindest/node:v1.36.1@sha256:3489c767" in second

    (world.folder / "clusters" / "mine").touch()
    world.tell("fail", "docker build", "kubectl kustomize")
    (world.folder / "images" / first.split("--tag ")[1].split()[0]).touch()
    with pytest.raises(Blocked, match="cannot render manifests"):
        world.target(reuse="mine", node_image="").start()


def test_archives_are_loaded_before_anything_is_installed(world: World, tmp_path: Path) -> None:
    preload = tmp_path / "archives"
    preload.mkdir()
    (preload / "longhorn.tar").touch()
    world.tell("fail", "kubectl kustomize")

    with pytest.raises(Blocked):
        world.target(preload=preload).start()

    calls = [json.dumps(call["arguments"]) for call in world.calls]
    loaded = next(number for number, call in enumerate(calls) if "longhorn.tar" in call)
    assert loaded < next(number for number, call in enumerate(calls) if "kustomize" in call)
