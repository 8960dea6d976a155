"""Pods: real processes with the phases, conditions, events and logs of a kubelet."""

import asyncio
import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from simulator.csi.protocol import Code
from simulator.kubernetes.names import ATTACHMENTS, NODE, PODS, attachment_name
from simulator.kubernetes.node.paths import Paths
from simulator.kubernetes.node.process import has_running_members
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.server import LogOptions
from tests.simulator.csi.cluster import BUDGET, Cluster, running


@pytest.mark.parametrize(
    ("command", "phase", "code", "reason"),
    [
        pytest.param("echo hello", "Succeeded", 0, "Completed", id="success"),
        pytest.param("echo hello; exit 3", "Failed", 3, "Error", id="failure"),
        pytest.param("echo hello; kill -9 $$$$", "Failed", 137, "Error", id="killed"),
    ],
)
async def test_end_of_a_container_is_the_end_of_the_pod(
    cluster: Cluster, command: str, phase: str, code: int, reason: str
) -> None:
    assert await cluster.finished_pod("p", command) == (phase, "hello\n")

    terminated = _terminated(cluster.get(PODS, "p"))
    assert (terminated["exitCode"], terminated["reason"]) == (code, reason)


def _terminated(pod: Obj) -> Obj:
    """How the container of a pod ended."""
    state: Obj = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    return state


async def test_pod_with_a_volume_goes_through_the_states_of_a_real_one(cluster: Cluster) -> None:
    await cluster.bound_claim()
    await cluster.finished_pod("p", "true", claim="src")

    assert [_conditions(each) for each in cluster.of(PODS, "p")] == [
        ("Pending", {}),
        ("Pending", {"PodScheduled": "True"}),
        ("Pending", _shown("False", "False")),
        ("Running", _shown("True", "True")),
        ("Running", _shown("True", "False")),
        ("Succeeded", _shown("False", "False")),
    ]
    assert cluster.reasons("p") == [
        *("Scheduled", "SuccessfulAttachVolume", "SuccessfulMountVolume", "SuccessfulMountVolume"),
        *("Pulled", "Created", "Started"),
    ]


def _conditions(pod: Obj) -> tuple[str, dict[str, str]]:
    return pod["status"]["phase"], {each["type"]: each["status"] for each in pod["status"].get("conditions", [])}


def _shown(sandbox: str, ready: str) -> dict[str, str]:
    initialized = {"PodReadyToStartContainers": sandbox, "PodScheduled": "True", "Initialized": "True"}
    return initialized | dict.fromkeys(("Ready", "ContainersReady"), ready)


async def test_device_path_is_the_volume(cluster: Cluster, volume: str) -> None:
    _, log = await cluster.finished_pod("p", "printf data >/dev/vol; sha256sum /dev/vol; echo $0", claim="src")

    assert (cluster.driver.root / "volumes" / volume / "device").read_text() == "data"
    assert log.splitlines()[0].endswith("  /dev/vol")


async def test_mount_path_has_the_files_of_the_volume(cluster: Cluster) -> None:
    await cluster.bound_claim(mode="Filesystem")
    await cluster.finished_pod("w", "mkdir /data/d; echo hello >/data/d/f", claim="src", mode="Filesystem")
    _, log = await cluster.finished_pod("r", "cat /data/d/f; ls -d /data/d", claim="src", mode="Filesystem")

    assert log == "hello\n/data/d\n"
    assert "SuccessfulMountVolume" not in cluster.reasons("r")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cat /data/f >/data", "cat /real/f >/real"),
        ("if=/data,x '/data' \"/data\"", "if=/real,x '/real' \"/real\""),
        ("/database /data-2 /data.txt ./data /mnt/data", "/database /data-2 /data.txt ./data /mnt/data"),
        ("read /data. Then", "read /real. Then"),
        ("/data/deep/x /data/shallow", "/other/x /real/shallow"),
    ],
)
def test_only_whole_paths_are_replaced(text: str, expected: str) -> None:
    paths = Paths({"/data": "/real", "/data/deep": "/other"})

    assert paths.to_host(text) == expected


@pytest.fixture
def attachment(cluster: Cluster, volume: str) -> str:
    """The name of the VolumeAttachment of the volume when a pod uses it."""
    return attachment_name(volume, cluster.driver.name, NODE)


async def test_failed_attachment_is_reported_until_it_succeeds(cluster: Cluster, volume: str, attachment: str) -> None:
    cluster.driver.fail("controller_publish_volume", Code.ABORTED, "volume is not ready for workloads", times=2)
    phase, _ = await cluster.finished_pod("p", "true", claim="src")

    why = "rpc error: code = Aborted desc = volume is not ready for workloads"
    text = f'AttachVolume.Attach failed for volume "{volume}" : {why}'
    assert phase == "Succeeded"
    assert ("Warning", "FailedAttachVolume", text) in cluster.events("p")
    shown = [each["status"] for each in cluster.of(ATTACHMENTS, attachment)]
    assert shown[0] == {"attached": False}
    assert why in [each["attachError"]["message"] for each in shown if "attachError" in each]
    assert shown[-1] == {"attached": True}


async def test_volume_is_detached_after_its_last_pod(cluster: Cluster, attachment: str) -> None:
    cluster.pod("a", "sleep 60", claim="src")
    cluster.pod("b", "true", claim="src")
    await cluster.until_status(PODS, "b", "phase", "Succeeded")
    await cluster.until_status(PODS, "a", "phase", "Running")
    assert cluster.find(ATTACHMENTS, attachment) is not None
    cluster.delete(PODS, "a")
    await cluster.until_gone(ATTACHMENTS, attachment)

    calls = cluster.calls()
    assert calls.count("node_unpublish_volume") == 2
    assert calls.count("node_unstage_volume") == 1
    assert calls.index("node_unstage_volume") < calls.index("controller_unpublish_volume")


async def test_failed_mounts_and_unmounts_are_retried(cluster: Cluster, attachment: str) -> None:
    for call in ("node_stage_volume", "node_publish_volume", "node_unpublish_volume", "node_unstage_volume"):
        cluster.driver.fail(call, Code.INTERNAL, f"{call} refused")
    phase, _ = await cluster.finished_pod("p", "true", claim="src")
    await cluster.until(lambda: cluster.find(ATTACHMENTS, attachment) is None)

    assert phase == "Succeeded"
    assert cluster.reasons("p").count("FailedMount") == 2
    assert cluster.reasons("p").count("FailedUnMount") == 2
    assert cluster.calls("node_un")[-1] == "node_unstage_volume"


async def test_deleted_pod_is_killed_within_its_grace(cluster: Cluster) -> None:
    cluster.pod("stubborn", "sleep 60")
    cluster.pod("polite", "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done")
    await cluster.until_status(PODS, "stubborn", "phase", "Running")
    polite = cluster.get(PODS, "polite")
    follow = cluster.control_plane.logs(polite, "c", LogOptions(follow=True))
    await cluster.until_status(PODS, "polite", "phase", "Running")
    assert await anext(follow) == b"up\n"
    for name in ("stubborn", "polite"):
        cluster.delete(PODS, name)
    assert await anext(follow) == b"bye\n"
    await cluster.until(lambda: not (cluster.find(PODS, "stubborn") or cluster.find(PODS, "polite")))

    for name, code, phase in (("stubborn", 137, "Failed"), ("polite", 0, "Succeeded")):
        last = cluster.of(PODS, name)[-1]
        assert (_terminated(last)["exitCode"], last["status"]["phase"]) == (code, phase)
    assert ("Normal", "Killing", "Stopping container c") in cluster.events("polite")


async def test_command_that_does_not_exist_is_a_start_error(cluster: Cluster) -> None:
    phase, log = await cluster.finished_pod("p", ["no-such-command"])

    terminated = _terminated(cluster.get(PODS, "p"))
    assert (phase, log) == ("Failed", "")
    assert (terminated["exitCode"], terminated["reason"]) == (128, "StartError")
    assert 'exec: "no-such-command": executable file not found in $PATH' in terminated["message"]
    assert "Started" not in cluster.reasons("p")


def _init_container(command: str, **more: Any) -> Obj:
    return {"name": "first", "image": "busybox:1", "command": ["/bin/sh", "-c", command], **more}


async def test_containers_run_after_the_init_containers(cluster: Cluster) -> None:
    mounts = {"volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}]}
    first = _init_container("echo one >/scratch/f", **mounts)
    more = {"initContainers": [first], "volumes": [{"name": "scratch", "emptyDir": {}}]}

    assert await cluster.finished_pod("p", "cat /scratch/f", container=mounts, **more) == ("Succeeded", "one\n")


async def test_failing_init_container_fails_the_pod(cluster: Cluster) -> None:
    cluster.pod("p", "echo never", initContainers=[_init_container("exit 1")])
    pod = await cluster.until_status(PODS, "p", "phase", "Failed")

    assert pod["status"]["containerStatuses"][0]["state"] == {"waiting": {"reason": "PodInitializing"}}


async def test_failed_container_is_restarted(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "seen").touch()
    command = f"echo x >>{tmp_path}/seen; test $(wc -l <{tmp_path}/seen) -ge 3"
    phase, _ = await cluster.finished_pod("p", command, restartPolicy="OnFailure")

    status = cluster.get(PODS, "p")["status"]["containerStatuses"][0]
    assert (phase, status["restartCount"]) == ("Succeeded", 2)
    assert status["lastState"]["terminated"]["exitCode"] == 1
    assert "BackOff" in cluster.reasons("p")


async def test_environment_and_files_from_other_objects(cluster: Cluster) -> None:
    cluster.create("configmaps", "m", data={"k": "map"})
    cluster.create("secrets", "s", stringData={"k": "secret"})
    container = {
        "env": [
            {"name": "PLAIN", "value": "plain"},
            {"name": "REF", "value": "$(PLAIN)-too"},
            {"name": "MAP", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "k"}}},
            {"name": "ME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
        "volumeMounts": [{"name": "secret", "mountPath": "/etc/secret"}],
    }
    volumes = [{"name": "secret", "secret": {"secretName": "s"}}]
    command = "echo $REF $MAP $ME $(cat /etc/secret/k)"
    _, log = await cluster.finished_pod("p", command, container=container, volumes=volumes)

    assert log == "plain-too map p secret\n"


async def test_pod_waits_for_its_volumes(cluster: Cluster) -> None:
    cluster.pod("p", "true", volumes=[{"name": "m", "configMap": {"name": "later"}}])
    await cluster.until_event("p", "FailedMount")
    cluster.create("configmaps", "later")

    await cluster.until_status(PODS, "p", "phase", "Succeeded")


async def test_pod_of_a_pending_claim_is_not_scheduled(cluster: Cluster) -> None:
    cluster.claim("src", storage_class="none")
    cluster.pod("p", "true", claim="src")
    await cluster.until_event("p", "FailedScheduling")
    pod = cluster.get(PODS, "p")
    assert pod["status"]["conditions"][0]["reason"] == "Unschedulable"
    cluster.storage_class("none")

    await cluster.until_status(PODS, "p", "phase", "Succeeded")


async def test_log_options(cluster: Cluster) -> None:
    await cluster.finished_pod("p", "echo one; echo two; printf three")

    now, hour = cluster.api.clock.now(), timedelta(hours=1)
    for options, log in (
        (LogOptions(tail_lines=2), "two\nthree"),
        (LogOptions(limit_bytes=5), "one\nt"),
        (LogOptions(previous=True), ""),
        (LogOptions(since=now - hour), "one\ntwo\nthree"),
        (LogOptions(since=now + hour), ""),
    ):
        assert await cluster.log("p", options) == log
    stamped = await cluster.log("p", LogOptions(timestamps=True, tail_lines=1))
    assert stamped.split()[1] == "three"


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


async def _has_more_than(size: int, file: Path) -> None:
    async with asyncio.timeout(BUDGET):
        while _size(file) <= size:  # noqa: ASYNC110 - a file tells nobody that it grows
            await asyncio.sleep(0.001)


async def test_paused_volume_is_not_written_to(cluster: Cluster, volume: str) -> None:
    device = cluster.driver.root / "volumes" / volume / "device"
    cluster.pod("p", "while :; do printf x >>/dev/vol; done", claim="src")
    await _has_more_than(0, device)
    async with cluster.control_plane.paused(volume):
        before = _size(device)
        await asyncio.sleep(0.05)
        assert _size(device) == before
    await _has_more_than(before, device)


async def test_no_process_outlives_the_node(tmp_path: Path) -> None:
    async with running(tmp_path) as cluster:
        cluster.pod("p", f"echo $$$$ >{tmp_path}/pid; sleep 60 & wait")
        await cluster.until_status(PODS, "p", "phase", "Running")
        await _has_more_than(0, tmp_path / "pid")

    assert not has_running_members(int((tmp_path / "pid").read_text()))


_VICTIM = """
import asyncio, os, signal, sys
from pathlib import Path
from simulator.kubernetes.node.watchdog import Watchdog
from tests.simulator.csi.cluster import running

async def main():
    async with running(Path(sys.argv[1])) as cluster:
        print("up", flush=True)
        cluster.pod("p", sys.argv[2])
        await asyncio.Event().wait()

if len(sys.argv) > 3:
    Watchdog.begin = lambda self, group: os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""
"""Runs a pod in a directory; with a third argument it is killed before its watchdog knows the container."""


def _victim(directory: Path, command: str, *more: str) -> "subprocess.Popen[bytes]":
    """Returns when it is up, so that no budget counts the start of Python."""
    arguments = [sys.executable, "-c", _VICTIM, str(directory), command, *more]
    victim = subprocess.Popen(arguments, stdout=subprocess.PIPE)
    assert victim.stdout is not None
    with victim.stdout as output:
        assert output.readline() == b"up\n"
    return victim


def test_no_process_outlives_a_killed_simulator(tmp_path: Path) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)
    victim = _victim(tmp_path, f"exec 9>{held}; echo $$$$ >&9; sleep 60 & sleep 60")
    with held.open() as pipe:
        group = int(pipe.readline())
        assert has_running_members(group)

        victim.send_signal(signal.SIGKILL)
        victim.wait()
        ended, _, _ = select.select([pipe], [], [], BUDGET)

        assert ended, "the container still holds its pipe"
    # A process that ends has let go of its files a moment before it is gone.
    late = time.monotonic() + BUDGET
    while has_running_members(group) and time.monotonic() < late:
        time.sleep(0.01)
    assert not has_running_members(group)


def test_a_container_that_the_watchdog_does_not_know_yet_never_runs(tmp_path: Path) -> None:
    """The simulator is killed between the start of the process and the word to the watchdog."""
    victim = _victim(tmp_path, f"echo ran >{tmp_path}/ran; sleep 60", "unwatched")
    assert victim.wait(BUDGET) == -signal.SIGKILL

    deadline = time.monotonic() + BUDGET
    while _mentioning(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.01)

    assert _mentioning(tmp_path) == []
    assert not (tmp_path / "ran").exists()


def _mentioning(path: Path) -> list[bytes]:
    """The command lines that contain a path."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            command = entry.read_bytes()
            if os.fsencode(path) in command:
                found.append(command)
    return found
