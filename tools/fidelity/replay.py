"""Runs the recorded client on simulators, a few scenarios one after the other on each, as on the recorded cluster."""

import json
import os
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3

from tools import ROOT
from tools.fidelity.normalise import normalise
from tools.fidelity.recording import Recording
from tools.simulator_process import SimulatorProcess, running_simulator, tail

CLIENT = Path(__file__).with_name("recordings") / "record.py.txt"

# Seconds that pass for simulator and client in one of ours.
SPEED = 12.0
# Our seconds for the scenarios of one simulator, seven of its minutes, on a machine that has others to serve.
_CLIENT_BUDGET = 240.0
# They mostly wait, but two processors are not enough for all of them.
_AT_A_TIME = 5
_IMAGES, _IMAGE = "images", "seq.raw"


@dataclass(frozen=True)
class Group:
    """Scenarios that run one after the other on one simulator of a release.

    `own`: the real cluster had others at work, so that the client kept only what is the scenario's own.
    """

    release: str
    scenarios: tuple[str, ...]
    own: bool = False

    @property
    def folder(self) -> str:
        """A name of its own: that of the first scenario, after the release."""
        return f"{self.release}-{self.scenarios[0]}"

    def part(self, labels: Collection[str]) -> "Group":
        """The same with those of its scenarios that have one of the labels `<release>/<scenario>`."""
        wanted = tuple(name for name in self.scenarios if f"{self.release}/{name}" in labels)
        return replace(self, scenarios=wanted)


class ReplayError(Exception):
    """The client did not finish; the text holds the end of its log."""


def replay_all(groups: Sequence[Group], directory: Path, *, speed: float = SPEED) -> dict[str, Recording]:
    """Runs every scenario, each group on a new simulator, a few groups at the same time; by label.

    Raises ReplayError or SimulatorError.
    """
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        waiting = [pool.submit(replay, group, directory / group.folder, speed=speed) for group in groups]
        return {recording.label: recording for future in waiting for recording in future.result()}


def replay(group: Group, directory: Path, *, speed: float = SPEED) -> list[Recording]:
    """Runs the scenarios one after the other on a new simulator; `directory` keeps what the client saw.

    Raises ReplayError or SimulatorError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with running_simulator(directory, "--release", group.release, "--speed", str(1 / speed)) as simulator:
        _prepare(simulator)
        _client(group, directory, simulator.ready, speed)
    return [read(name, directory / name, group.release) for name in group.scenarios]


def read(scenario: str, directory: Path, release: str) -> Recording:
    """The normal form of what the client wrote into `directory`."""
    history = [json.loads(line) for line in (directory / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    notes = json.loads((directory / "notes.json").read_text(encoding="utf-8"))
    return normalise(scenario, history, notes, release)


def _prepare(simulator: SimulatorProcess) -> None:
    """Sets the simulator up like the recorded cluster, which polled its backup target every 30 s."""
    target = "/apis/longhorn.io/v1beta2/namespaces/longhorn-system/backuptargets/default"
    media = "application/merge-patch+json"
    simulator.access.json(target, method="PATCH", body={"spec": {"pollInterval": "30s"}}, media=media)
    _upload_image(simulator.ready["s3"])


def _upload_image(s3: Mapping[str, Any]) -> None:
    """Uploads the image that the client's scenarios download, readable without keys."""
    keys = {"aws_access_key_id": s3["access_key"], "aws_secret_access_key": s3["secret_key"]}
    client: Any = boto3.client("s3", endpoint_url=s3["endpoint"], region_name=s3["region"], **keys)
    client.create_bucket(Bucket=_IMAGES)
    client.put_object(Bucket=_IMAGES, Key=_IMAGE, Body=b"A" * (16 << 20) + bytes(16 << 20))
    readable = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{_IMAGES}/*"}
    client.put_bucket_policy(Bucket=_IMAGES, Policy=json.dumps({"Version": "2012-10-17", "Statement": [readable]}))


def _client(group: Group, directory: Path, ready: Mapping[str, Any], speed: float) -> None:
    s3 = ready["s3"]
    command = [sys.executable, "-m", "tools.fidelity.client", str(speed), str(CLIENT)]
    command += ["--kubeconfig", ready["kubeconfig"], "--out", str(directory), "--image", "slim:1"]
    command += ["--s3", s3["endpoint"], "--s3-key", s3["access_key"], "--s3-secret", s3["secret_key"]]
    command += ["--image-url", f"{s3['inside']}/{_IMAGES}/{_IMAGE}", "--bucket", s3["bucket"]]
    command += [*(["--own"] if group.own else []), *group.scenarios]
    scenarios = ", ".join(group.scenarios)
    # The client's library caches what it learns of a server in the temporary directory.
    environment = {**os.environ, "TMPDIR": str(directory)}
    with (directory / "client.log").open("w", encoding="utf-8") as log:
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=_CLIENT_BUDGET,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            text = f"{scenarios} did not end in {_CLIENT_BUDGET} s:\n{tail(directory / 'client.log')}"
            raise ReplayError(text) from error
    if done.returncode != 0:
        raise ReplayError(f"{scenarios}: the client ended with {done.returncode}:\n{tail(directory / 'client.log')}")
