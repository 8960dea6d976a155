"""`pytest --doctor`: what is missing on a machine, and what to do about it."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.targets import doctor
from fixtures.targets.doctor import DOUBTFUL, MISSING, OK, UNKNOWN, Check
from fixtures.targets.interface import RunSettings
from fixtures.targets.kind import checks
from tests.kind.test_command_line import run
from tests.kind.world import World, make_world
from tools.cluster.simulated_cluster import simulator

GOOD = {
    "ServerVersion": "29.1.0",
    "OperatingSystem": "Debian GNU/Linux 13",
    "MemTotal": 8 << 30,
    "NCPU": 4,
    "CgroupVersion": "2",
    "SecurityOptions": ["name=seccomp"],
    "DockerRootDir": "/",
    "DriverStatus": [["Backing Filesystem", "extfs"], ["Supports d_type", "true"]],
}


@pytest.fixture
def world(tmp_path: Path, forks: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A machine on which Docker answers; nobody is asked over the network."""
    made = make_world(tmp_path, forks)
    (tmp_path / "docker-info.json").write_text(json.dumps(GOOD))
    monkeypatch.setattr(checks, "_addresses", lambda _: [])
    monkeypatch.setattr(checks, "_is_local", lambda _: False)
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    return made


def look(world: World, **choices: object) -> dict[str, Check]:
    """The checks by name."""
    chosen = replace(world.choices, **choices)  # type: ignore[arg-type]
    return {check.name: check for check in checks.checks(chosen, RunSettings())}


def test_a_machine_that_has_everything(world: World) -> None:
    found = list(look(world).values())

    assert {check.state for check in found} == {OK, UNKNOWN}
    assert doctor.exit_code(found) == 0
    assert doctor.report("kind", found).endswith("--target kind can be run on this machine")


@pytest.mark.parametrize(
    ("info", "name", "state", "advice"),
    [
        ({"MemTotal": 2 << 30}, "memory", DOUBTFUL, "Longhorn in one node wants 4 GiB"),
        ({"NCPU": 1}, "processors", DOUBTFUL, "--budget-scale 2"),
        ({"CgroupVersion": "1"}, "cgroup", DOUBTFUL, "version 2"),
        ({"SecurityOptions": ["name=rootless"]}, "Docker's rights", MISSING, "a Docker that runs as root"),
        ({"ServerErrors": ["Cannot connect"]}, "docker", MISSING, "DOCKER_HOST"),
        ({"DockerRootDir": "/no/such/place"}, "disk", UNKNOWN, ""),
        ({"DriverStatus": [["Backing Filesystem", "btrfs"]]}, "file system", DOUBTFUL, "ext4 or xfs"),
        ({"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}, "file system", UNKNOWN, ""),
    ],
)
def test_what_docker_says_is_judged(world: World, info: dict[str, object], name: str, state: str, advice: str) -> None:
    (world.folder / "docker-info.json").write_text(json.dumps(GOOD | info))

    found = look(world)

    assert found[name].state == state
    assert advice in found[name].advice
    assert doctor.exit_code(list(found.values())) == int(state == MISSING)


def test_a_daemon_that_does_not_answer_is_quoted(world: World) -> None:
    world.tell("fail", "docker info")

    docker = look(world)["docker"]

    assert docker.state == MISSING
    assert "its daemon does not answer: first line" in docker.found


@pytest.mark.parametrize(
    ("host", "state"),
    [
        ("tcp://docker:2375", MISSING),
        ("ssh://me@far.example", MISSING),
        ("tcp://127.0.0.1:2375", OK),
        ("unix:///d", OK),
    ],
)
def test_a_docker_elsewhere_will_not_do(world: World, monkeypatch: pytest.MonkeyPatch, host: str, state: str) -> None:
    """What its clusters offer is offered on that machine."""
    monkeypatch.setenv("DOCKER_HOST", host)

    docker = look(world)["docker"]

    assert docker.state == state
    assert ("run the suite where Docker is" in docker.advice) == (state == MISSING)


def test_tools_that_are_missing_or_old(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    old = world.folder / "bin" / "old"
    old.write_text("#!/bin/sh\necho Client Version: v1.20.2\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", "/nowhere")

    found = look(world, kubectl_bin=str(old), kind_bin="")

    assert (found["kubectl"].state, found["kind"].state) == (MISSING, MISSING)
    assert "1.21 or newer is needed" in found["kubectl"].advice
    assert "--kind-bin" in found["kind"].advice


@pytest.mark.parametrize("kubernetes", ["1.27.3", "1.31.0", "1.37.0", "1.38.0"])
def test_a_new_kind_fits_all_nodes(world: World, kubernetes: str) -> None:
    assert look(world, kubernetes=kubernetes)["kind"].state == OK


def test_a_kind_older_than_the_node_that_was_asked_for_is_doubtful(world: World) -> None:
    old = world.folder / "bin" / "old"
    old.write_text("#!/bin/sh\necho kind v0.30.0 go1.24.6 linux/amd64\n")
    old.chmod(0o755)

    assert look(world, kind_bin=str(old), kubernetes="1.34.0")["kind"].state == OK
    doubtful = look(world, kind_bin=str(old), kubernetes="1.36.1")["kind"]

    assert doubtful.state == DOUBTFUL
    assert doubtful.advice == "nodes of Kubernetes 1.36.1 are made for kind 0.32 or newer; or say --kubernetes"

    unasked = look(world, kind_bin=str(old), node_image="")
    assert unasked["kind"].state == OK
    assert "Kubernetes 1.34.0" in unasked["versions"].found


def test_clusters_of_runs_that_were_killed_are_named(world: World) -> None:
    """Those of others are not."""
    for name in ("lsc-0a1b2c", "mine"):
        (world.folder / "clusters" / name).touch()

    left = look(world)["earlier runs"]

    assert (left.state, left.found) == (DOUBTFUL, "clusters left: lsc-0a1b2c")
    assert left.advice == "kind delete cluster --name lsc-0a1b2c"


def test_the_kernel_is_looked_at_where_it_is_docker_s(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_is_local", lambda _: True)
    monkeypatch.setattr(Path, "exists", lambda self: str(self) != "/dev/fuse")
    monkeypatch.setattr("platform.release", lambda: "5.10.0-amd64")

    found = look(world)

    assert found["FUSE"].advice == "sudo modprobe fuse"
    assert [found[name].state for name in ("FUSE", "loop devices", "kernel")] == [MISSING, OK, MISSING]


def test_a_node_image_that_has_to_be_built_is_announced(world: World) -> None:
    assert "will be built" in look(world, node_image="")["node image"].found
    assert "as given" in look(world)["node image"].found


def test_addresses_are_those_that_a_run_will_ask(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    everything = checks._addresses(replace(world.choices, longhorn_manifest=None, s3=world.choices.s3))
    offline = checks._addresses(replace(world.choices, preload=world.folder))
    mirrored = checks._addresses(replace(world.choices, registry="127.0.0.1:1/m"))

    assert [url for _, url, _ in everything] == [
        "https://raw.githubusercontent.com",
        "https://registry-1.docker.io",
        "https://registry.k8s.io",
    ]
    assert offline == []
    assert [url for _, url, _ in mirrored] == ["https://127.0.0.1:1"]
    check = checks._address(*mirrored[0])
    assert (check.state, check.advice) == (MISSING, "is the prefix right?")
    assert checks._address("images of Docker Hub", "https://127.0.0.1:1", "").state == DOUBTFUL


def test_without_docker_the_table_helps_and_the_exit_code_says_so(tmp_path: Path) -> None:
    """No traceback, whatever else this machine has."""
    tools = tmp_path / "bin"
    tools.mkdir()

    ran = run("--doctor", "--target=kind", PATH=str(tools), HTTPS_PROXY="", https_proxy="")

    assert ran.returncode == 1
    assert "docker " in ran.stdout
    assert "https://docs.docker.com/engine/install/" in ran.stdout.replace("\n", "")
    assert "--target kind cannot be run on this machine: docker, kind, kubectl" in ran.stdout
    assert "Traceback" not in ran.stdout


def test_the_simulator_runs_here() -> None:
    ran = run("--doctor")

    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.splitlines()[-1].startswith("--target simulator can be run on this machine")


def test_a_cluster_is_examined(tmp_path: Path) -> None:
    """One that is there, and one that is not."""
    with simulator(tmp_path / "cluster") as cluster:
        good = run("--doctor", *cluster.arguments)
        keyless = run("--doctor", *cluster.arguments[:-1])
    gone = tmp_path / "kubeconfig"
    gone.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "x",
                "clusters": [{"name": "x", "cluster": {"server": "http://127.0.0.1:1"}}],
                "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
                "users": [{"name": "x", "user": {}}],
            }
        )
    )
    absent = run("--doctor", "--target=cluster", f"--kubeconfig={gone}")

    assert good.returncode == 0, good.stdout
    assert (keyless.returncode, absent.returncode) == (1, 1)
    assert "cannot be run on this machine: keys of the store" in keyless.stdout
    assert "API server, keys of the store, store" in absent.stdout
    assert "Traceback" not in absent.stdout


def test_long_texts_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Options and names are not broken at their hyphens."""
    monkeypatch.setenv("COLUMNS", "40")
    advice = "say --snapshotter-manifest " * 8

    text = doctor.report("kind", [Check("a", MISSING, "b", advice)])

    assert text.count("--snapshotter-manifest") == 8
    assert os.linesep in text
