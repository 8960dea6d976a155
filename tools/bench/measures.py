"""What is measured."""

import asyncio
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from fixtures.kubernetes.resource_kinds import POD, PVC, VOLUME_SNAPSHOT, VOLUME_SNAPSHOT_CLASS
from simulator.clock import Clock
from simulator.longhorn.backupstore import BackupRequest, Backupstore, BackupstoreDecisions
from simulator.longhorn.disk import Disk
from simulator.longhorn.version import NEWEST, Version
from simulator.s3.server import INSIDE_ENDPOINT, S3Server
from tools.bench.client import Watch, request
from tools.simulator_process import SimulatorProcess, running_simulator

OBJECTS = 1000
UPDATES = 300
SNAPSHOTS = 5
VOLUME = 64 << 20
STARTS = 5


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    value: str
    how: str


def starts(directory: Path) -> Row:
    """From launch to ready line."""
    seconds = []
    for number in range(STARTS):
        place = directory / f"start-{number}"
        place.mkdir()
        with running_simulator(place) as cluster:
            seconds.append(cluster.start_seconds)
    return Row("start", _milliseconds(statistics.median(seconds)), f"launch to ready line, median of {STARTS}")


def listing(cluster: SimulatorProcess) -> Row:
    """A list of many objects."""
    connection = cluster.access.connect()
    path = "/api/v1/namespaces/default/configmaps"
    for number in range(OBJECTS):
        request(connection, "POST", path, {"metadata": {"name": f"object-{number:04}"}, "data": {"key": "x" * 200}})
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        found = len(request(connection, "GET", path)["items"])
        seconds.append(time.perf_counter() - began)
    return Row(f"list of {found} objects", _milliseconds(statistics.median(seconds)), "median of 5, with decoding")


def watching(cluster: SimulatorProcess) -> list[Row]:
    """From sending a write to the event at a watcher."""
    connection = cluster.access.connect()
    path = "/api/v1/namespaces/default/secrets"
    watch = Watch(cluster.access, path)
    seconds = []
    request(connection, "POST", path, {"metadata": {"name": "watched"}})
    for number in range(UPDATES):
        body = {"metadata": {"name": "watched", "labels": {"number": str(number)}}}
        began = time.perf_counter()
        request(connection, "PUT", f"{path}/watched", body)
        seconds.append(watch.wait("watched", "metadata.labels.number", str(number)) - began)
    seconds.sort()
    how = f"write sent to event seen, {UPDATES} writes"
    return [
        Row("watch latency p50", _milliseconds(seconds[len(seconds) // 2]), how),
        Row("watch latency p99", _milliseconds(seconds[len(seconds) * 99 // 100]), how),
    ]


def snapshots(cluster: SimulatorProcess) -> Row:
    """From a VolumeSnapshot's creation to readyToUse, with 1 MiB more to back up each time."""
    connection = cluster.access.connect()
    pods, ready = Watch(cluster.access, POD.path("default")), Watch(cluster.access, VOLUME_SNAPSHOT.path("default"))
    snapshot_class = VOLUME_SNAPSHOT_CLASS.manifest(
        "bench", driver="driver.longhorn.io", deletionPolicy="Delete", parameters={"type": "bak"}
    )
    request(connection, "POST", VOLUME_SNAPSHOT_CLASS.path(), snapshot_class)
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "volumeMode": "Block",
        "storageClassName": "longhorn",
        "resources": {"requests": {"storage": "32Mi"}},
    }
    request(connection, "POST", PVC.path("default"), PVC.manifest("bench", spec=spec))
    seconds = []
    for number in range(SNAPSHOTS):
        request(connection, "POST", POD.path("default"), _writer(number))
        pods.wait(f"writer-{number}", "status.phase", "Succeeded")
        requested = {"volumeSnapshotClassName": "bench", "source": {"persistentVolumeClaimName": "bench"}}
        snapshot = VOLUME_SNAPSHOT.manifest(f"bench-{number}", spec=requested)
        began = time.perf_counter()
        request(connection, "POST", VOLUME_SNAPSHOT.path("default"), snapshot)
        seconds.append(ready.wait(f"bench-{number}", "status.readyToUse", True) - began)
    how = f"VolumeSnapshot created to readyToUse, median of {SNAPSHOTS}, 1 MiB new each"
    return Row("snapshot to ready", _milliseconds(statistics.median(seconds)), how)


def copying() -> list[Row]:
    """Bytes through backup and restore, without the cluster around them."""
    with tempfile.TemporaryDirectory() as directory:
        made, restored = asyncio.run(_copied(Path(directory)))
    how = f"{VOLUME >> 20} MiB that do not compress, lz4"
    return [
        Row("backup", f"{VOLUME / made / (1 << 20):.0f} MiB/s", how),
        Row("restore", f"{VOLUME / restored / (1 << 20):.0f} MiB/s", how),
    ]


async def _copied(directory: Path) -> tuple[float, float]:
    server = S3Server("key", "secret", "bench", "us-east-1")
    await server.storage.ready()
    bucket = server.connect(INSIDE_ENDPOINT, "key", "secret", "bench")
    store = Backupstore(bucket, "", Clock(0), BackupstoreDecisions(), Version.parse(NEWEST))
    disk = Disk(directory)
    disk.create("source", VOLUME)
    disk.create("target", VOLUME)
    for offset in range(0, VOLUME, 1 << 20):
        disk.write("source", offset, os.urandom(1 << 20))
    disk.take_snapshot("source", "snapshot")
    wanted = BackupRequest("source", "snapshot", "backup", VOLUME, "2026-01-01T00:00:00Z", {})
    began = time.perf_counter()
    await store.create_backup(disk, wanted, lambda _: None)
    made = time.perf_counter()
    await store.restore(disk, "target", "source", "backup", lambda _: None)
    return made - began, time.perf_counter() - made


def memory(cluster: SimulatorProcess, when: str) -> Row:
    """Resident memory of the simulator."""
    try:
        lines = Path(f"/proc/{cluster.pid}/status").read_text().splitlines()
        size = next(f"{int(line.split()[1]) / 1024:.0f} MiB" for line in lines if line.startswith("VmRSS:"))
    except OSError:
        size = "unknown"
    return Row("memory", size, f"resident, {when}")


def _writer(number: int) -> dict[str, object]:
    command = f"head -c 1048576 /dev/urandom | dd of=/dev/volume bs=1M seek={number} conv=notrunc,fsync iflag=fullblock"
    container = {
        "name": "writer",
        "image": "busybox",
        "command": ["/bin/sh", "-c", command],
        "volumeDevices": [{"name": "volume", "devicePath": "/dev/volume"}],
    }
    volume = {"name": "volume", "persistentVolumeClaim": {"claimName": "bench"}}
    spec = {"restartPolicy": "Never", "containers": [container], "volumes": [volume]}
    return {"metadata": {"name": f"writer-{number}"}, "spec": spec}


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
