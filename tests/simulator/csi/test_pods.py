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
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from simulator.csi.protocol import Code
from simulator.kubernetes.names import ATTACHMENTS, NODE, PODS, attachment_name
from simulator.kubernetes.node.paths import Paths
from simulator.kubernetes.node.process import has_running_members
from simulator.kubernetes.server import LogOptions
from tests.simulator.csi.cluster import BUDGET, NAMESPACE, Cluster, cluster


@pytest.mark.parametrize(
    ("command", "phase", "code", "reason"),
    [
        pytest.param("echo hello", "Succeeded", 0, "Completed", id="success"),
        pytest.param("echo hello; exit 3", "Failed", 3, "Error", id="failure"),
        pytest.param("echo hello; kill -9 $$$$", "Failed", 137, "Error", id="killed"),
    ],
)
def test_end_of_a_container_is_the_end_of_the_pod(
    tmp_path: Path, command: str, phase: str, code: int, reason: str
) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            assert await made.finished_pod("p", command) == (phase, "hello\n")

            terminated = _state(made, "p")["terminated"]
            assert (terminated["exitCode"], terminated["reason"]) == (code, reason)

    asyncio.run(run())


def _state(made: Cluster, pod: str) -> dict[str, Any]:
    state: dict[str, Any] = made.api.get(PODS, pod, NAMESPACE)["status"]["containerStatuses"][0]["state"]
    return state


def test_pod_with_a_volume_goes_through_the_states_of_a_real_one(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            await made.bound_claim("src")
            await made.finished_pod("p", "true", claim="src")

            assert [_conditions(each) for each in made.of(PODS, "p")] == [
                ("Pending", {}),
                ("Pending", {"PodScheduled": "True"}),
                ("Pending", _shown("False", "True", "False")),
                ("Running", _shown("True", "True", "True")),
                ("Running", _shown("True", "True", "False")),
                ("Succeeded", _shown("False", "True", "False")),
            ]
            assert made.reasons("p") == [
                *("Scheduled", "SuccessfulAttachVolume", "SuccessfulMountVolume", "SuccessfulMountVolume"),
                *("Pulled", "Created", "Started"),
            ]

    asyncio.run(run())


def _conditions(pod: dict[str, Any]) -> tuple[str, dict[str, str]]:
    return pod["status"]["phase"], {each["type"]: each["status"] for each in pod["status"].get("conditions", [])}


def _shown(sandbox: str, initialized: str, ready: str) -> dict[str, str]:
    return {
        "PodReadyToStartContainers": sandbox,
        "Initialized": initialized,
        "Ready": ready,
        "ContainersReady": ready,
        "PodScheduled": "True",
    }


def test_device_path_is_the_volume(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            claim = await made.bound_claim("src")
            _, log = await made.finished_pod("p", "printf data >/dev/vol; sha256sum /dev/vol; echo $0", claim="src")

            device = tmp_path / "driver" / "volumes" / claim["spec"]["volumeName"] / "device"
            assert device.read_text() == "data"
            assert log.splitlines()[0].endswith("  /dev/vol")

    asyncio.run(run())


def test_mount_path_has_the_files_of_the_volume(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            await made.bound_claim("src", mode="Filesystem")
            await made.finished_pod("w", "mkdir /data/d; echo hello >/data/d/f", claim="src", mode="Filesystem")
            _, log = await made.finished_pod("r", "cat /data/d/f; ls -d /data/d", claim="src", mode="Filesystem")

            assert log == "hello\n/data/d\n"
            assert "SuccessfulMountVolume" not in made.reasons("r")

    asyncio.run(run())


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


def test_failed_attachment_is_reported_until_it_succeeds(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            volume = (await made.bound_claim("src"))["spec"]["volumeName"]
            made.driver.fail("controller_publish_volume", Code.ABORTED, "volume is not ready for workloads", times=2)
            phase, _ = await made.finished_pod("p", "true", claim="src")

            why = "rpc error: code = Aborted desc = volume is not ready for workloads"
            text = f'AttachVolume.Attach failed for volume "{volume}" : {why}'
            assert phase == "Succeeded"
            assert ("Warning", "FailedAttachVolume", text) in made.events("p")
            attachment = attachment_name(volume, made.driver.name, NODE)
            shown = [each["status"] for each in made.of(ATTACHMENTS, attachment)]
            assert shown[0] == {"attached": False}
            assert {"message": why} in [
                {"message": each["attachError"]["message"]} for each in shown if "attachError" in each
            ]
            assert shown[-1] == {"attached": True}

    asyncio.run(run())


def test_volume_is_detached_after_its_last_pod(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            volume = (await made.bound_claim("src"))["spec"]["volumeName"]
            made.pod("a", "sleep 60", claim="src")
            made.pod("b", "true", claim="src")
            await made.until_status(PODS, "b", "phase", "Succeeded")
            await made.until_status(PODS, "a", "phase", "Running")
            attachment = attachment_name(volume, made.driver.name, NODE)
            assert made.api.find(ATTACHMENTS, attachment) is not None
            made.api.delete(PODS, "a", NAMESPACE)
            await made.until_gone(ATTACHMENTS, attachment, namespace="")

            calls = [call for call, _ in made.driver.calls]
            assert calls.count("node_unpublish_volume") == 2
            assert calls.count("node_unstage_volume") == 1
            assert calls.index("node_unstage_volume") < calls.index("controller_unpublish_volume")

    asyncio.run(run())


def test_failed_mounts_and_unmounts_are_retried(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            volume = (await made.bound_claim("src"))["spec"]["volumeName"]
            for call in ("node_stage_volume", "node_publish_volume", "node_unpublish_volume", "node_unstage_volume"):
                made.driver.fail(call, Code.INTERNAL, f"{call} refused")
            phase, _ = await made.finished_pod("p", "true", claim="src")
            attachment = attachment_name(volume, made.driver.name, NODE)
            await made.until(lambda: made.api.find(ATTACHMENTS, attachment) is None)

            assert phase == "Succeeded"
            assert made.reasons("p").count("FailedMount") == 2
            assert made.reasons("p").count("FailedUnMount") == 2
            calls = [call for call, _ in made.driver.calls if call.startswith("node_un")]
            assert calls[-1] == "node_unstage_volume"

    asyncio.run(run())


def test_deleted_pod_is_killed_within_its_grace(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            made.pod("stubborn", "sleep 60")
            made.pod("polite", "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done")
            await made.until_status(PODS, "stubborn", "phase", "Running")
            polite = made.api.get(PODS, "polite", NAMESPACE)
            follow = made.control_plane.logs(polite, "c", LogOptions(follow=True))
            await made.until_status(PODS, "polite", "phase", "Running")
            assert await anext(follow) == b"up\n"
            for name in ("stubborn", "polite"):
                made.api.delete(PODS, name, NAMESPACE)
            assert await anext(follow) == b"bye\n"
            for name in ("stubborn", "polite"):
                await made.until(partial(_is_gone, made, name))

            codes = {name: _last_code(made, name) for name in ("stubborn", "polite")}
            assert codes == {"stubborn": (137, "Failed"), "polite": (0, "Succeeded")}
            assert ("Normal", "Killing", "Stopping container c") in made.events("polite")

    asyncio.run(run())


def _is_gone(made: Cluster, pod: str) -> bool:
    return made.api.find(PODS, pod, NAMESPACE) is None


def _last_code(made: Cluster, pod: str) -> tuple[int, str]:
    status = made.of(PODS, pod)[-1]["status"]
    return status["containerStatuses"][0]["state"]["terminated"]["exitCode"], status["phase"]


def test_command_that_does_not_exist_is_a_start_error(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            phase, log = await made.finished_pod("p", ["no-such-command"])

            terminated = _state(made, "p")["terminated"]
            assert (phase, log) == ("Failed", "")
            assert (terminated["exitCode"], terminated["reason"]) == (128, "StartError")
            assert 'exec: "no-such-command": executable file not found in $PATH' in terminated["message"]
            assert "Started" not in made.reasons("p")

    asyncio.run(run())


def test_containers_run_after_the_init_containers(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            shared = {"name": "scratch", "mountPath": "/scratch"}
            first = {
                "name": "first",
                "image": "busybox:1",
                "command": ["/bin/sh", "-c", "echo one >/scratch/f"],
                "volumeMounts": [shared],
            }
            phase, log = await made.finished_pod(
                "p",
                "cat /scratch/f",
                container={"volumeMounts": [shared]},
                initContainers=[first],
                volumes=[{"name": "scratch", "emptyDir": {}}],
            )

            assert (phase, log) == ("Succeeded", "one\n")

    asyncio.run(run())


def test_failing_init_container_fails_the_pod(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            first = {"name": "first", "image": "busybox:1", "command": ["/bin/sh", "-c", "exit 1"]}
            made.pod("p", "echo never", initContainers=[first])
            pod = await made.until_status(PODS, "p", "phase", "Failed")

            assert pod["status"]["containerStatuses"][0]["state"] == {"waiting": {"reason": "PodInitializing"}}

    asyncio.run(run())


def test_failed_container_is_restarted(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            (tmp_path / "seen").touch()
            command = f"echo x >>{tmp_path}/seen; test $(wc -l <{tmp_path}/seen) -ge 3"
            phase, _ = await made.finished_pod("p", command, restartPolicy="OnFailure")

            status = made.api.get(PODS, "p", NAMESPACE)["status"]["containerStatuses"][0]
            assert (phase, status["restartCount"]) == ("Succeeded", 2)
            assert status["lastState"]["terminated"]["exitCode"] == 1
            assert "BackOff" in made.reasons("p")

    asyncio.run(run())


def test_environment_and_files_from_other_objects(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            made.api.create("configmaps", {"metadata": {"name": "m", "namespace": NAMESPACE}, "data": {"k": "map"}})
            made.api.create(
                "secrets", {"metadata": {"name": "s", "namespace": NAMESPACE}, "stringData": {"k": "secret"}}
            )
            container = {
                "env": [
                    {"name": "PLAIN", "value": "plain"},
                    {"name": "REF", "value": "$(PLAIN)-too"},
                    {"name": "MAP", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "k"}}},
                    {"name": "ME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                ],
                "volumeMounts": [{"name": "secret", "mountPath": "/etc/secret"}],
            }
            _, log = await made.finished_pod(
                "p",
                "echo $REF $MAP $ME $(cat /etc/secret/k)",
                container=container,
                volumes=[{"name": "secret", "secret": {"secretName": "s"}}],
            )

            assert log == "plain-too map p secret\n"

    asyncio.run(run())


def test_pod_waits_for_its_volumes(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            made.pod("p", "true", volumes=[{"name": "m", "configMap": {"name": "later"}}])
            await made.until(lambda: "FailedMount" in made.reasons("p"))
            made.api.create("configmaps", {"metadata": {"name": "later", "namespace": NAMESPACE}})

            await made.until_status(PODS, "p", "phase", "Succeeded")

    asyncio.run(run())


def test_pod_of_a_pending_claim_is_not_scheduled(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            made.claim("src", storage_class="none")
            made.pod("p", "true", claim="src")
            await made.until(lambda: "FailedScheduling" in made.reasons("p"))
            pod = made.api.get(PODS, "p", NAMESPACE)
            assert pod["status"]["conditions"][0]["reason"] == "Unschedulable"
            made.storage_class("none")

            await made.until_status(PODS, "p", "phase", "Succeeded")

    asyncio.run(run())


def test_log_options(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            await made.finished_pod("p", "echo one; echo two; printf three")

            assert await made.log("p", options=LogOptions(tail_lines=2)) == "two\nthree"
            assert await made.log("p", options=LogOptions(limit_bytes=5)) == "one\nt"
            stamped = await made.log("p", options=LogOptions(timestamps=True, tail_lines=1))
            assert stamped.split()[1] == "three"
            assert await made.log("p", options=LogOptions(previous=True)) == ""
            now = made.api.clock.now()
            assert await made.log("p", options=LogOptions(since=now - timedelta(hours=1))) == "one\ntwo\nthree"
            assert await made.log("p", options=LogOptions(since=now + timedelta(hours=1))) == ""

    asyncio.run(run())


def test_paused_volume_is_not_written_to(tmp_path: Path) -> None:
    async def run() -> None:
        async with cluster(tmp_path) as made:
            claim = await made.bound_claim("src")
            handle = claim["spec"]["volumeName"]
            device = tmp_path / "driver" / "volumes" / handle / "device"
            made.pod("p", "while :; do printf x >>/dev/vol; done", claim="src")
            async with asyncio.timeout(10):
                while device.stat().st_size == 0:  # noqa: ASYNC110 - a file tells nobody that it grows
                    await asyncio.sleep(0.001)
            async with made.control_plane.paused(handle):
                before = device.stat().st_size
                await asyncio.sleep(0.05)
                assert device.stat().st_size == before
            async with asyncio.timeout(10):
                while device.stat().st_size == before:  # noqa: ASYNC110 - a file tells nobody that it grows
                    await asyncio.sleep(0.001)

    asyncio.run(run())


def test_no_process_outlives_the_node(tmp_path: Path) -> None:
    async def run() -> int:
        async with cluster(tmp_path) as made:
            made.pod("p", f"echo $$$$ >{tmp_path}/pid; sleep 60 & wait")
            await made.until_status(PODS, "p", "phase", "Running")
            async with asyncio.timeout(10):
                while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
        return int((tmp_path / "pid").read_text())

    group = asyncio.run(run())

    assert not has_running_members(group)


_VICTIM = """
import asyncio, sys
from pathlib import Path
from tests.simulator.csi.cluster import cluster

async def main():
    async with cluster(Path(sys.argv[1])) as made:
        made.pod("p", f"exec 9>{sys.argv[2]}; echo $$$$ >&9; sleep 60 & sleep 60")
        await made.until_status("pods", "p", "phase", "Running")
        await asyncio.Event().wait()

asyncio.run(main())
"""


def test_no_process_outlives_a_killed_simulator(tmp_path: Path) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)
    victim = subprocess.Popen([sys.executable, "-c", _VICTIM, str(tmp_path), str(held)])
    with held.open() as pipe:
        group = int(pipe.readline())
        assert has_running_members(group)

        victim.send_signal(signal.SIGKILL)
        victim.wait()
        ended, _, _ = select.select([pipe], [], [], BUDGET)

        assert ended, "the container still holds its pipe"
    assert not has_running_members(group)


_KILLED_AT_THE_START = """
import asyncio, os, signal, sys
from pathlib import Path
from simulator.kubernetes.node.watchdog import Watchdog
from tests.simulator.csi.cluster import cluster

Watchdog.begin = lambda self, group: os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with cluster(Path(sys.argv[1])) as made:
        made.pod("p", f"echo ran >{sys.argv[1]}/ran; sleep 60")
        await asyncio.Event().wait()

asyncio.run(main())
"""


def test_a_container_that_the_watchdog_does_not_know_yet_never_runs(tmp_path: Path) -> None:
    """The simulator is killed between the start of the process and the word to the watchdog."""
    victim = subprocess.Popen([sys.executable, "-c", _KILLED_AT_THE_START, str(tmp_path)])
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
