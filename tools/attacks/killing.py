"""Runs of the suite that are killed at any moment, and cleaned up after, beside things of others."""

import os
import random
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from fixtures.kubernetes import resource_kinds as kinds
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.run import RUN_LABEL, TARGET_LABEL, Run
from fixtures.s3.object_store import ObjectStore
from tools import ROOT
from tools.attacks.bystanders import RUN, look, make
from tools.cluster.simulated_cluster import SimulatedCluster, command, environment, suite

ARGUMENTS = (f"--run-id={RUN}", "-n", "2", "--dist", "loadfile")

FILES = (
    "conformance/backup/test_deletion.py",
    "conformance/backup/test_pre_provisioned.py",
    "conformance/backing_image/test_on_demand_download.py",
    "conformance/backing_image/test_on_demand_deletion.py",
)
"""Tests that make unlabelled images, buckets, retained backups and contents by hand."""

_SECONDS = (3.0, 25.0)
"""After how many a run is killed."""

_LABELLED = (*kinds.RECORDED, kinds.SECRET)


def labelled(cluster: SimulatedCluster, folder: Path) -> list[str]:
    """What of the run `RUN` is in a cluster and its store, by labels and markers."""
    api = Cluster(cluster.kubeconfig, Run("look"), folder)
    found = [
        kind.describe(item)
        for kind in _LABELLED
        for label in (RUN_LABEL, TARGET_LABEL)
        for item in api.list(kind, labels=f"{label}={RUN}")
    ]
    return found + [f"bucket {each.name}" for each in ObjectStore(cluster.s3).buckets_of_runs() if each.run == RUN]


def rounds(cluster: SimulatedCluster, folder: Path, count: int, seed: int) -> list[str]:
    """Kill `count` runs and clean up after each; what was harmed or remains, one line each."""
    print(f"{make(cluster, folder)} bystanders")
    before, moments, wrong = look(cluster, folder), random.Random(seed), []
    for number in range(1, count + 1):
        seconds = moments.uniform(*_SECONDS)
        _killed_after(seconds, command(folder / "killed", [*cluster.arguments, *ARGUMENTS, *FILES]))
        left = labelled(cluster, folder)
        cleaned = suite(folder / "nothing", *cluster.arguments, "--clean-up", "--yes", f"--run-id={RUN}")
        found = before.harmed(look(cluster, folder))
        found += [f"remains: {each}" for each in labelled(cluster, folder)]
        if cleaned.exit_code != 0:
            found.append(f"--clean-up ended with {cleaned.exit_code}: {cleaned.text}")
        print(f"round {number}: killed after {seconds:.1f} s, {len(left)} left, {len(found)} wrong", flush=True)
        wrong += [f"round {number}: {line}" for line in found]
    return wrong


def _killed_after(seconds: float, words: list[str]) -> None:
    quiet = subprocess.DEVNULL
    run = subprocess.Popen(words, cwd=ROOT, env=environment(), stdout=quiet, stderr=quiet, start_new_session=True)
    with suppress(subprocess.TimeoutExpired):
        run.wait(seconds)
    with suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGKILL)
    run.wait()
