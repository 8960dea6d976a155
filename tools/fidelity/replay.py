"""Runs record.py against simulators: a few scenarios one after the other on each, as on the recorded cluster."""

import json
import os
import select
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from tools.fidelity.normalise import normalise
from tools.fidelity.recording import Recording

REPOSITORY = Path(__file__).parents[2]
CLIENT = Path(__file__).with_name("recordings") / "record.py.txt"

# How many of its seconds the simulator lives in one of ours; the client lives as fast.
SPEED = 12.0
# Seconds of ours: for the simulator to answer, and for the scenarios of one simulator (seven of its minutes).
_READY_BUDGET = 20.0
_CLIENT_BUDGET = 120.0
_IMAGES, _IMAGE = "images", "seq.raw"


class RunError(Exception):
    """The simulator did not start or the client did not finish; the text holds what they said."""


def run_all(groups: Sequence[Sequence[str]], directory: Path, *, speed: float = SPEED) -> dict[str, Recording]:
    """Runs every scenario, each group on a fresh simulator and the groups at the same time. Raises RunError."""
    with ThreadPoolExecutor(len(groups)) as pool:
        waiting = [pool.submit(run, group, directory / group[0], speed=speed) for group in groups]
        return {name: recording for future in waiting for name, recording in future.result().items()}


def run(scenarios: Sequence[str], directory: Path, *, speed: float = SPEED) -> dict[str, Recording]:
    """Runs the scenarios one after the other on a fresh simulator; `directory` keeps what was seen. Raises RunError."""
    directory.mkdir(parents=True, exist_ok=True)
    with _simulator(directory, speed) as ready:
        _arrange(ready)
        _client(scenarios, directory, ready, speed)
    return {name: read(name, directory / name) for name in scenarios}


def read(scenario: str, directory: Path) -> Recording:
    """The normal form of what record.py wrote into `directory`."""
    history = [json.loads(line) for line in (directory / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    notes = json.loads((directory / "notes.json").read_text(encoding="utf-8"))
    return normalise(scenario, history, notes)


@contextmanager
def _simulator(directory: Path, speed: float) -> Iterator[Mapping[str, Any]]:
    command = [sys.executable, "-m", "simulator", "--kubeconfig", str(directory / "kubeconfig")]
    command += ["--release", "1.12.1", "--speed", str(1 / speed), "--parent-pid", str(os.getpid())]
    with (directory / "simulator.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            yield _ready(process, directory)
        finally:
            process.terminate()
            process.wait(timeout=_READY_BUDGET)
            if process.stdout:
                process.stdout.close()


def _ready(process: subprocess.Popen[str], directory: Path) -> Mapping[str, Any]:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], _READY_BUDGET)
    line = process.stdout.readline() if readable else ""
    if not line:
        raise RunError(f"the simulator did not get ready in {_READY_BUDGET} s:\n{_tail(directory / 'simulator.log')}")
    ready: Mapping[str, Any] = json.loads(line)
    return ready


def _arrange(ready: Mapping[str, Any]) -> None:
    """Sets the simulator up as the recorded cluster was, which polled its backup target every 30 s."""
    target = f"{ready['server']}/apis/longhorn.io/v1beta2/namespaces/longhorn-system/backuptargets/default"
    request = urllib.request.Request(
        target,
        data=json.dumps({"spec": {"pollInterval": "30s"}}).encode(),
        headers={"Content-Type": "application/merge-patch+json"},
        method="PATCH",
    )
    with urllib.request.urlopen(request, timeout=_READY_BUDGET):
        pass
    _upload_image(ready["s3"])


def _upload_image(s3: Mapping[str, Any]) -> None:
    """Puts the image that the client has downloaded where everybody may read it."""
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
    # The client's library keeps what it learned of a server in a file in the temporary directory.
    environment = {**os.environ, "TMPDIR": str(directory)}
    with (directory / "client.log").open("w", encoding="utf-8") as log:
        try:
            done = subprocess.run(
                command,
                cwd=REPOSITORY,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=_CLIENT_BUDGET,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            text = f"{', '.join(scenarios)} did not end in {_CLIENT_BUDGET} s:\n{_tail(directory / 'client.log')}"
            raise RunError(text) from error
    if done.returncode != 0:
        raise RunError(
            f"{', '.join(scenarios)}: the client ended with {done.returncode}:\n{_tail(directory / 'client.log')}"
        )


def _tail(path: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
