"""`python -m simulator` as a process: its output, its leftovers, its end."""

import asyncio
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.__main__ import main
from simulator.app import until_end
from simulator.options import UsageError, parse
from simulator.process import data, kubeconfig
from tools import ROOT
from tools.api_access import ApiAccess

PATIENCE = 30.0
"""Seconds after which a process that should have ended counts as hanging."""

Start = Callable[..., "Simulator"]


class Simulator:
    """A running simulator with its announcement."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        self.directory = directory
        self.kubeconfig = directory / "kubeconfig"
        self.data = directory / "data"
        words = command(directory, *arguments)
        self.process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert self.process.stdout is not None
        self.said: dict[str, Any] = json.loads(self.process.stdout.readline())

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """Its exit status, and what else it wrote."""
        self.process.send_signal(number)
        rest, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, rest.decode(), errors.decode()


def command(directory: Path, *arguments: str) -> list[str]:
    places = ["--kubeconfig", str(directory / "kubeconfig"), "--data-dir", str(directory / "data")]
    return [sys.executable, "-m", "simulator", *places, *arguments]


def ended(directory: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A simulator that does not start, or ends by itself."""
    words = command(directory, *arguments)
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[Simulator] = []

    def begin(name: str = "one", *arguments: str) -> Simulator:
        (tmp_path / name).mkdir(exist_ok=True)
        running.append(Simulator(tmp_path / name, *arguments))
        return running[-1]

    yield begin
    for simulator in running:
        simulator.process.kill()
        simulator.process.communicate()


RunHere = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run_here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunHere:
    """Runs the program in this process: its exit status, output and errors. Only for what ends before it serves."""

    def run(directory: Path, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", command(directory, *arguments)[2:])
        monkeypatch.setattr(gc, "set_threshold", lambda *_: None)
        status = main()
        told = capsys.readouterr()
        return status, told.out, told.err

    return run


def version_at(kubeconfig: Path) -> dict[str, Any]:
    return dict(ApiAccess.read(kubeconfig).json("/version"))


def test_it_announces_itself_and_stops_cleanly(start: Start) -> None:
    simulator = start("one", "--speed", "0.001")

    said = simulator.said
    assert said["longhorn"] == {"namespace": "longhorn-system", "version": "1.12.1"}
    assert said["kubeconfig"] == str(simulator.kubeconfig)
    assert f"server: {said['server']}\n" in simulator.kubeconfig.read_text()
    assert (said["pid"], said["pace"], said["release"], said["faults"]) == (simulator.process.pid, 0.001, "", [])
    assert said["s3"].keys() == {"endpoint", "inside", "access_key", "secret_key", "bucket", "region"}
    assert version_at(simulator.kubeconfig)["minor"] == "33"
    assert len(list(simulator.data.iterdir())) == 1

    assert simulator.end() == (0, "", "")
    assert list(simulator.data.iterdir()) == []
    assert not simulator.kubeconfig.exists()
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", int(said["server"].rpartition(":")[2]))) != 0


def test_after_an_interrupt_it_stops_cleanly_too(start: Start) -> None:
    simulator = start("one", "--release", "1.12.1", "--speed", "real")
    assert (simulator.said["release"], simulator.said["pace"]) == ("1.12.1", 1.0)
    assert simulator.end(signal.SIGINT) == (0, "", "")
    assert list(simulator.data.iterdir()) == []


def test_several_run_side_by_side(start: Start, tmp_path: Path) -> None:
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "data").symlink_to(tmp_path / "one" / "data")
    (tmp_path / "one" / "data").mkdir(parents=True)
    first, second = start("one"), start("two", "--longhorn-version", "1.2.6")

    assert first.said["server"] != second.said["server"]
    assert first.said["s3"]["endpoint"] != second.said["s3"]["endpoint"]
    assert second.said["longhorn"]["version"] == "1.2.6"
    assert len(list(first.data.iterdir())) == 2
    assert first.end()[0] == 0
    assert version_at(second.kubeconfig)["major"] == "1"
    assert len(list(second.data.iterdir())) == 1


def test_leftovers_of_a_killed_one_are_removed_at_the_next_start(start: Start) -> None:
    killed = start("one")
    killed.end(signal.SIGKILL)
    [left] = killed.data.iterdir()
    (left / "more").mkdir(mode=0o500)

    after = start("one")

    assert not left.exists()
    assert len(list(after.data.iterdir())) == 1
    assert after.end()[0] == 0


def test_no_container_outlives_a_killed_one(start: Start, tmp_path: Path) -> None:
    """The container holds a pipe open; it ends when the container does."""
    simulator = start("one")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    script = f"exec 3>{pipe}; (trap '' TERM; sleep 1000 & wait) & sleep 1000"
    container = {"name": "c", "image": "busybox", "command": ["/bin/sh", "-c", script]}
    pod = {"metadata": {"name": "holder"}, "spec": {"containers": [container]}}
    pods, access = "/api/v1/namespaces/default/pods", ApiAccess.read(simulator.kubeconfig)
    access.json(pods, method="POST", body=pod)
    with access.open(f"{pods}?watch=true") as events:
        while json.loads(events.readline())["object"]["status"].get("phase") != "Running":
            pass
    with pipe.open("rb") as reader:
        assert select.select([reader], [], [], 0)[0] == [], "a container holds the pipe"
        simulator.end(signal.SIGKILL)
        assert select.select([reader], [], [], PATIENCE)[0] == [reader]
        assert reader.read() == b""


def test_directories_of_running_processes_stay(tmp_path: Path) -> None:
    own, started = os.getpid(), data.start_time(os.getpid())
    names = {
        f"longhorn-simulator-{own}-{started}-a": True,
        f"longhorn-simulator-{own}-1-b": started is None,
        "longhorn-simulator-99999999-1-c": False,
        "longhorn-simulator-none": True,
        "other": True,
    }
    for name in names:
        (tmp_path / name).mkdir()

    data.remove_leftovers(tmp_path)

    assert {name: (tmp_path / name).exists() for name in names} == names


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    arguments = command(tmp_path)
    program = "import subprocess, sys, time; p = subprocess.Popen(sys.argv[1:]); p.wait()"
    ancestor = subprocess.Popen([sys.executable, "-c", program, *arguments], cwd=ROOT, stdout=subprocess.PIPE)
    assert ancestor.stdout is not None
    json.loads(ancestor.stdout.readline())

    ancestor.kill()

    assert ancestor.communicate(timeout=PATIENCE)[0] == b""
    assert list((tmp_path / "data").iterdir()) == []
    assert not (tmp_path / "kubeconfig").exists()


def test_it_ends_at_once_if_its_parent_ended_before_it_was_ready(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", ""])
    parent.wait()

    done = ended(tmp_path, "--parent-pid", str(parent.pid))

    assert (done.returncode, done.stderr) == (0, "")
    assert list((tmp_path / "data").iterdir()) == []


async def test_a_part_that_dies_is_reported_and_ends_the_process(capsys: pytest.CaptureFixture[str]) -> None:
    async def dies() -> None:
        raise RuntimeError("out of order")

    assert await until_end(asyncio.Event(), [asyncio.create_task(dies(), name="ControlPlane")]) == 1
    told = capsys.readouterr().err
    assert told.startswith("ControlPlane ended unexpectedly; the simulator stops\n")
    assert told.endswith("RuntimeError: out of order\n")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "--kubeconfig FILE is required"),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
        (["--longhorn-version", "new"], "'new' is not a Longhorn version such as 1.12.1 or 1.2"),
        (["--longhorn-version", "1.0.2"], "Longhorn 1.0.2 has no documentation of CSI"),
        (["--release", "1.12.1", "--longhorn-version", "1.9.0"], "contradicts --release 1.12.1"),
        (["--speed", "slow"], "--speed slow: must be fast, real or a number"),
        (["--speed", "-1"], "--speed -1: must be 0 or more"),
        (["--api-port", "70000"], "argument --api-port: '70000' is not a port number"),
    ],
)
def test_an_invalid_option_prints_one_line(arguments: list[str], text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(["--kubeconfig", "file", *arguments] if arguments else [])
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


NO_SUCH_FAULT = "--fault none-such: no such fault; --list-faults prints them"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--fault", "none-such"], NO_SUCH_FAULT),
        (["--release", "1.3.9"], "unknown release '1.3.9' (known: 1.10.2, 1.12.1, 1.7.3)"),
        (["--list-faults", "--fault", "none-such"], NO_SUCH_FAULT),
    ],
)
def test_impossible_options_print_one_line_and_exit_with_2(
    run_here: RunHere, tmp_path: Path, arguments: list[str], text: str
) -> None:
    assert run_here(tmp_path, *arguments) == (2, "", f"python -m simulator: {text}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_prints_one_line_and_exits_with_2(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = ended(tmp_path, "--api-port", port)
    assert done.returncode == 2
    assert done.stderr.startswith(f"python -m simulator: --api-port {port}: cannot listen on 127.0.0.1: ")
    assert done.stderr.count("\n") == 1
    assert list((tmp_path / "data").iterdir()) == []


def test_a_foreign_kubeconfig_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("apiVersion: v1\n")
    with pytest.raises(kubeconfig.KubeconfigError, match="is not a simulator's kubeconfig; not overwritten"):
        kubeconfig.write(path, "http://127.0.0.1:1", "token", "authority")
    assert path.read_text() == "apiVersion: v1\n"

    path.write_text("")
    kubeconfig.write(path, "http://127.0.0.1:1", "token", "authority")
    kubeconfig.write(path, "http://127.0.0.1:2", "token", "authority")
    kubeconfig.remove(path, "http://127.0.0.1:1")
    assert path.exists(), "it is another simulator's by now"
    kubeconfig.remove(path, "http://127.0.0.1:2")
    assert list(tmp_path.iterdir()) == []


def test_faults_are_listed_with_what_they_replace_and_break(run_here: RunHere, tmp_path: Path) -> None:
    status, told, errors = run_here(tmp_path, "--list-faults")
    assert (status, errors) == (0, "")
    listed = told.splitlines()
    assert listed[0].split() == ["FAULT", "REPLACES", "BREAKS", "SUMMARY"]
    assert any(line.split()[:3] == ["backup-not-made", "longhorn.makes_backup", "backup.create"] for line in listed)
    both = next(number for number, line in enumerate(listed) if line.startswith("backup-not-stored "))
    assert "backupstore.stores_backup" in listed[both]
    assert "longhorn.forgets_unlisted" in listed[both + 1]
