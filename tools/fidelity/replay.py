"""Runs the recorded client on simulators, a few scenarios one after the other on each, as on the recorded cluster."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
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
# Our seconds for the scenarios of one simulator (seven of its minutes).
_CLIENT_BUDGET = 120.0
_IMAGES, _IMAGE = "images", "seq.raw"


NEWEST = "1.12.1"
"""The release of the recordings that have plain names; those of others begin with theirs: `1.10.2/snap`."""


def release_of(scenario: str) -> str:
    """The release that a scenario was recorded on."""
    return scenario.rpartition("/")[0] or NEWEST


def plain(scenario: str) -> str:
    """The name by which the client knows a scenario."""
    return scenario.rpartition("/")[2]


def place(scenario: str, source: Path) -> Path:
    """Where the raw recording of a scenario is in a directory with one folder for each release."""
    return source / f"longhorn-{release_of(scenario)}" / plain(scenario)


class ReplayError(Exception):
    """The client did not finish; the text holds the end of its log."""


def replay_all(groups: Sequence[Sequence[str]], directory: Path, *, speed: float = SPEED) -> dict[str, Recording]:
    """Runs every scenario, each group on a new simulator and the groups at the same time.

    Raises ReplayError or SimulatorError.
    """
    with ThreadPoolExecutor(len(groups)) as pool:
        waiting = [pool.submit(replay, group, directory / group[0].replace("/", "-"), speed=speed) for group in groups]
        return {name: recording for future in waiting for name, recording in future.result().items()}


def replay(scenarios: Sequence[str], directory: Path, *, speed: float = SPEED) -> dict[str, Recording]:
    """Runs scenarios of one release, one after the other, on a new simulator; `directory` keeps what the client saw.

    Raises ReplayError or SimulatorError.
    """
    kept = place(scenarios[0], directory).parent
    kept.mkdir(parents=True, exist_ok=True)
    release = release_of(scenarios[0])
    with running_simulator(kept, "--release", release, "--speed", str(1 / speed)) as simulator:
        _prepare(simulator)
        _client([plain(each) for each in scenarios], kept, simulator.ready, speed)
    return {name: read(name, place(name, directory)) for name in scenarios}


def read(scenario: str, directory: Path) -> Recording:
    """The normal form of what the client wrote into `directory`."""
    history = [json.loads(line) for line in (directory / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    notes = json.loads((directory / "notes.json").read_text(encoding="utf-8"))
    return replace(normalise(plain(scenario), history, notes), scenario=scenario)


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


def _client(scenarios: Sequence[str], directory: Path, ready: Mapping[str, Any], speed: float) -> None:
    s3 = ready["s3"]
    command = [sys.executable, "-m", "tools.fidelity.client", str(speed), str(CLIENT)]
    command += ["--kubeconfig", ready["kubeconfig"], "--out", str(directory), "--image", "slim:1"]
    command += ["--s3", s3["endpoint"], "--s3-key", s3["access_key"], "--s3-secret", s3["secret_key"]]
    command += ["--image-url", f"{s3['inside']}/{_IMAGES}/{_IMAGE}", "--bucket", s3["bucket"], *scenarios]
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
            text = f"{', '.join(scenarios)} did not end in {_CLIENT_BUDGET} s:\n{tail(directory / 'client.log')}"
            raise ReplayError(text) from error
    if done.returncode != 0:
        raise ReplayError(
            f"{', '.join(scenarios)}: the client ended with {done.returncode}:\n{tail(directory / 'client.log')}"
        )
