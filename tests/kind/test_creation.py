"""Making and removing clusters: what kind is told, and how it is told when that goes wrong."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from fixtures.kubernetes import budgets
from fixtures.outcomes import Blocked
from fixtures.targets.kind import commands, configuration, creation
from fixtures.targets.kind.creation import Creation
from tests.fixtures.fake_api import write_kubeconfig
from tests.kind.world import World, make_world


@pytest.fixture
def world(tmp_path: Path, forks: Path) -> World:
    """Fakes whose clusters have nothing behind them."""
    made = make_world(tmp_path, forks)
    write_kubeconfig(tmp_path, "http://127.0.0.1:1")
    return made


def make(world: World, name: str = "lsc-1", scale: float = 1.0) -> Creation:
    """A cluster that is not made yet."""
    folder = world.folder / name
    folder.mkdir()
    return Creation(commands.find(world.choices), name, "docker.io/kindest/node:v1.36.1", folder, scale)


def test_a_cluster_is_made_as_configured_and_removed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left in the directory from which the run was started."""
    here = world.folder / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    made = make(world)

    made.create()
    assert (made.exists(), world.clusters) == (True, ["lsc-1"])
    made.delete()

    command = next(line for line in world.called("kind") if line.startswith("create"))
    assert "--image=docker.io/kindest/node:v1.36.1" in command
    assert f"--kubeconfig={made.kubeconfig}" in command
    assert (made.exists(), world.clusters) == (False, [])
    assert list(here.iterdir()) == []


def test_the_configuration_maps_the_s3_port_to_this_machine_only(tmp_path: Path) -> None:
    """To a free port, another for each cluster."""
    nodes = [yaml.safe_load(configuration.write(tmp_path).read_text())["nodes"] for _ in range(2)]

    mappings = [each[0]["extraPortMappings"] for each in nodes]
    assert [len(each) for each in nodes] == [1, 1]
    assert all(
        (mapping["containerPort"], mapping["listenAddress"]) == (configuration.S3_NODE_PORT, "127.0.0.1")
        for (mapping,) in mappings
    )
    assert mappings[0][0]["hostPort"] != mappings[1][0]["hostPort"]
    assert all(1024 < mapping["hostPort"] < 65536 for (mapping,) in mappings)


def test_a_cluster_that_is_there_is_taken_over(world: World) -> None:
    """With a kubeconfig from kind, whoever made it and wherever."""
    (world.folder / "clusters" / "mine").touch()
    made = make(world, "mine")

    made.take_over()

    assert made.kubeconfig.read_text() == (world.folder / "kubeconfig").read_text()
    assert not any(line.startswith("create") for line in world.called("kind"))


def test_why_kind_failed_is_said(world: World) -> None:
    world.tell("fail", "kind create")

    with pytest.raises(Blocked, match="cannot create the kind cluster lsc-1: kind ended with exit code 3") as caught:
        make(world).create()

    assert "ERROR: it was told to fail" in str(caught.value)
    assert "pytest --doctor --target kind" in str(caught.value)


def test_a_kind_that_hangs_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.tell("hang", "kind create")
    monkeypatch.setattr(creation, "CLUSTER_CREATED", replace(budgets.CLUSTER_CREATED, seconds=0.5))

    with pytest.raises(Blocked, match=r"cannot create the kind cluster lsc-1 within 2 s"):
        make(world, scale=4.0).create()

    assert any(line.startswith("create") for line in world.called("kind"))
    with pytest.raises(ProcessLookupError):
        os.kill(int((world.folder / "lsc-1" / "kind.pid").read_text()), 0)


@pytest.mark.parametrize("fault", ["fail", "leave"])
def test_a_cluster_that_stays_is_named(world: World, fault: str) -> None:
    """With the command that removes it."""
    made = make(world)
    made.create()
    if fault == "fail":
        world.tell("fail", "kind delete")
    else:
        (world.folder / "clusters" / "lsc-1").unlink()
        (world.folder / "clusters" / "lsc-1").mkdir()
        world.tell("fail", "kind nothing")

    with pytest.raises(Blocked, match="remove it by hand: kind delete cluster --name lsc-1"):
        made.delete()


def test_kubectl_speaks_to_the_cluster_and_is_quoted(world: World) -> None:
    made = make(world)
    made.create()
    assert "v1.36.0" in made.kubectl("version", "--client")

    world.tell("fail", "kubectl apply")
    with pytest.raises(Blocked, match=r"`kubectl apply -f -` ended with exit code 3[\s\S]*it was told to fail"):
        made.kubectl("apply", "-f", "-", given="kind: Namespace\n")
    world.tell("hang", "kubectl get")
    with pytest.raises(Blocked, match=r"took more than 0.5 s"):
        made.kubectl("get", "pods", budget=replace(budgets.APPLIED, seconds=0.5))


def test_the_s3_port_is_asked_of_docker(world: World) -> None:
    """A cluster that was made otherwise has none."""
    made = make(world)
    world.tell("port", "40123")
    assert made.s3_port() == 40123

    world.tell("port", "")
    with pytest.raises(Blocked, match="port 30900 of lsc-1-control-plane is not mapped"):
        made.s3_port()


def test_archives_are_loaded_into_this_cluster(world: World, tmp_path: Path) -> None:
    made = make(world)
    made.create()

    made.load_images(tmp_path / "images.tar")

    assert world.called("kind")[-1] == f"load image-archive {tmp_path / 'images.tar'} --name lsc-1"


def test_missing_tools_are_all_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, forks: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    choices = replace(make_world(tmp_path, forks).choices, kind_bin="", kubectl_bin="")

    with pytest.raises(Blocked, match=r"needs kind \(https:.*--kind-bin FILE\), kubectl \(.*pytest --doctor"):
        commands.find(choices)


def is_held(reader: int) -> bool:
    """Whether anybody has the other end of a pipe open for writing."""
    try:
        return os.read(reader, 1) != b""
    except BlockingIOError:
        return True


def test_a_command_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    """Nothing of it is left to write after that."""
    program, held = tmp_path / "slow", tmp_path / "held"
    os.mkfifo(held)
    reader = os.open(held, os.O_RDONLY | os.O_NONBLOCK)
    program.write_text(f"#!/bin/sh\n(exec sleep 600 >{held} 2>&1) &\nexec sleep 600\n")
    program.chmod(0o755)

    with pytest.raises(Blocked, match=r"`slow` took more than 0.3 s"):
        commands.run([str(program)], replace(budgets.APPLIED, seconds=0.3))

    # Nothing to be read and nobody left who could write: what is killed lets go of its files.
    deadline = time.monotonic() + 30
    while is_held(reader) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_held(reader)
    os.close(reader)
