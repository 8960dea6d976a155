"""Things of others in a cluster that look like those of a run, and whether they are as they were."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fixtures.kubernetes import resource_kinds as kinds
from fixtures.kubernetes.budgets import Steps
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.history import Recorder, recording
from fixtures.kubernetes.resource_kinds import Kind, Obj
from fixtures.kubernetes.run import RUN_LABEL, TARGET_LABEL, Run
from fixtures.longhorn.backing_images import DOWNLOAD, BackingImages
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.volume_snapshots import DRIVER, IMAGE_TO_BE_MADE, Snapshots
from fixtures.s3.access import S3Access
from fixtures.s3.object_store import MARKER, ObjectStore, minio_admin, minio_client
from fixtures.workloads.data import MIB, Stream
from fixtures.workloads.pods import Workloads
from tools.cluster.simulated_cluster import SimulatedCluster

RUN = "ci"
"""The id of the runs that they resemble."""

SYSTEM = "longhorn-system"

_UNLABELLED: Obj = {RUN_LABEL: None}
_FOREIGN_LABELS: tuple[Obj, ...] = (
    _UNLABELLED,
    {RUN_LABEL: "ci2"},
    {RUN_LABEL: "c"},
    {RUN_LABEL: None, TARGET_LABEL: "cis"},
    {RUN_LABEL: None, "app": RUN},
    {RUN_LABEL: None, f"{RUN_LABEL}s": RUN},
)
"""Merged into the labels of an object made by a run: none, those of other runs, and other labels with the id."""

_WATCHED = (
    *kinds.RECORDED,
    kinds.SECRET,
    kinds.CONFIG_MAP,
    kinds.SERVICE,
    kinds.SUPPORT_BUNDLE,
    kinds.LONGHORN_SETTING,
)
_UNSTABLE = (kinds.EVENT, kinds.VOLUME_ATTACHMENT, kinds.LONGHORN_VOLUME_ATTACHMENT, kinds.BACKING_IMAGE_MANAGER)

_GONE_NAMESPACE = "lsc-ci-source-97"
"""Of a name as the run gives it; it does not exist."""


@dataclass(frozen=True)
class Bystanders:
    """All that was in a cluster and its store at one moment: each thing, with what nobody may change."""

    things: dict[str, str]

    def harmed(self, later: "Bystanders") -> list[str]:
        """Those that are gone or changed since, one line each."""
        lines = []
        for name, was in self.things.items():
            now = later.things.get(name)
            if now != was:
                lines.append(f"{name}: gone" if now is None else f"{name}: was {was}, is {now}")
        return lines


def look(cluster: SimulatedCluster, folder: Path) -> Bystanders:
    """All that is there now."""
    api = Cluster(cluster.kubeconfig, Run("look"), folder)
    things = {}
    for kind in _WATCHED:
        if kind in _UNSTABLE or not api.serves(kind):
            continue
        for item in api.list(kind):
            things[kind.describe(item)] = _lasting(item)
    client, admin = minio_client(cluster.s3), minio_admin(cluster.s3)
    for bucket in client.list_buckets():
        things[f"bucket {bucket.name}"] = ""
        for found in client.list_objects(bucket.name, recursive=True):
            # Longhorn itself updates its directory of a volume with each backup.
            things[f"key {bucket.name}/{found.object_name}"] = str(found.etag)
    things |= {f"user {name}": json.dumps(user) for name, user in json.loads(admin.user_list()).items()}
    things |= {f"policy {name}": json.dumps(policy) for name, policy in json.loads(admin.policy_list()).items()}
    return Bystanders(things)


def _lasting(item: Obj) -> str:
    metadata = item["metadata"]
    kept = {name: metadata.get(name) for name in ("uid", "labels", "annotations", "finalizers", "deletionTimestamp")}
    rest = {name: item.get(name) for name in ("spec", "data", "parameters", "driver", "deletionPolicy", "value")}
    return json.dumps({**kept, **rest}, sort_keys=True)


def make(cluster: SimulatedCluster, folder: Path) -> int:
    """Create some 60 look-alikes of what the run `RUN` makes; how many."""
    run = Run("ci-team")
    api = Cluster(cluster.kubeconfig, run, folder)
    with recording(api, Steps()) as recorder:
        in_store = _in_store(cluster.s3)
        _Maker(api, recorder, run).make_all(_published(cluster.s3))
        return in_store + len(run.created)


class _Maker:
    """Makes objects as a run does, under names that begin like those of `RUN`, and then changes their labels."""

    def __init__(self, api: Cluster, recorder: Recorder, run: Run) -> None:
        self._api = api
        self._snapshots = Snapshots(api, recorder, run)
        self._workloads = Workloads(api, recorder, run)
        self._longhorn = Longhorn(api, recorder, run, SYSTEM, legacy_handles=False)
        self._images = BackingImages(api, recorder, run, self._longhorn)
        self._made = 0

    def make_all(self, url: str) -> None:
        names = ("lsc-ci", "lsc-ci-source-91", "lsc-ci-gw0-source-92", "ci", "team-lsc-ci-source-1", "lsc-ci-team-x")
        for name in names:
            self._make(kinds.NAMESPACE.manifest(name))
        for name in names[:3]:
            self._small_things(name)
        for name in names[1:3]:
            self._volume_with_snapshots(name)
        for name in ("lsc-ci-team-golden", "lsc-ci-nightly-image-1", "lsc-ci-gw0-image-93", "lsc-ci-demand-94"):
            spec = {"sourceType": DOWNLOAD, "sourceParameters": {"url": url}}
            self._make(kinds.BACKING_IMAGE.manifest(name, SYSTEM, spec=spec))
            self._images.wait_ready(name)
        for number in range(95, 98):
            self._cluster_wide(number)

    def _make(self, manifest: Obj) -> None:
        """Each with the next of the foreign labels."""
        made = self._api.create(manifest)
        kind = next(each for each in _WATCHED if each.kind == made["kind"] and each.api_version == made["apiVersion"])
        self._relabel(kind, made["metadata"]["name"], made["metadata"].get("namespace", ""))

    def _relabel(self, kind: Kind, name: str, namespace: str = "") -> None:
        labels = _FOREIGN_LABELS[self._made % len(_FOREIGN_LABELS)]
        self._made += 1
        self._api.patch(kind, name, {"metadata": {"labels": labels}}, namespace)

    def _small_things(self, namespace: str) -> None:
        for kind in (kinds.CONFIG_MAP, kinds.SECRET, kinds.SERVICE_ACCOUNT):
            self._make(kind.manifest(f"lsc-ci-{kind.plural}-1", namespace))

    def _volume_with_snapshots(self, namespace: str) -> None:
        claim = self._workloads.volume(namespace, size=16 * MIB)
        self._workloads.write(claim, Stream("bystander"), (0, MIB))
        self._relabel(kinds.PVC, *claim.place)
        for policy, parameters in (("Retain", None), ("Delete", None), ("Delete", {"type": "bi"})):
            name = self._snapshots.create_class(policy, parameters)
            snapshot = self._snapshots.wait_ready(self._snapshots.create(claim, name))
            self._relabel(kinds.VOLUME_SNAPSHOT_CLASS, name)
            self._relabel(kinds.VOLUME_SNAPSHOT, *snapshot.place)
        self._images.wait_ready(self._images.of_snapshot(snapshot).name)
        backup = self._longhorn.create_backup(claim.volume)
        self._relabel(kinds.BACKUP, backup.name, SYSTEM)

    def _cluster_wide(self, number: int) -> None:
        self._make(kinds.STORAGE_CLASS.manifest(f"lsc-ci-storage-{number}", provisioner=DRIVER))
        self._make(
            kinds.VOLUME_SNAPSHOT_CLASS.manifest(f"lsc-ci-class-{number}", driver=DRIVER, deletionPolicy="Delete")
        )
        content: dict[str, Any] = {
            "driver": DRIVER,
            "deletionPolicy": "Retain",
            "source": {"snapshotHandle": f"bak://lsc-ci-source-{number}/backup-{number}"},
            "volumeSnapshotRef": {"name": f"lsc-ci-snapshot-{number}", "namespace": _GONE_NAMESPACE},
        }
        note = {"annotations": {IMAGE_TO_BE_MADE: "lsc-ci-demand-94"}}
        self._make(kinds.VOLUME_SNAPSHOT_CONTENT.manifest(f"lsc-ci-content-{number}", metadata=note, spec=content))
        volume = {
            "capacity": {"storage": "16Mi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "",
            "csi": {"driver": DRIVER, "volumeHandle": f"lsc-ci-volume-{number}"},
            "claimRef": {"namespace": _GONE_NAMESPACE, "name": f"lsc-ci-claim-{number}"},
        }
        self._make(kinds.PV.manifest(f"lsc-ci-pv-{number}", spec=volume))
        self._make(kinds.SECRET.manifest(f"lsc-ci-backup-target-{number}", SYSTEM))


def _published(access: S3Access) -> str:
    return ObjectStore(access, "ci2").publish("lsc-ci-published-91", "disk.raw", bytes(MIB))


def _in_store(access: S3Access) -> int:
    """Buckets without a marker, with that of another run, or with one that only contains the id; keys; users."""
    client = minio_client(access)
    markers = {"lsc-ci-bucket-92": None, "lsc-ci": None, "ci-nightly": RUN, "lsc-ci-bucket-93": "ci2"}
    markers |= {"lsc-ci-bucket-94": f"{RUN}\n", "lsc-ci-bucket-95": "c"}
    for bucket, marker in markers.items():
        client.make_bucket(bucket, access.region)
        if marker is not None:
            client.put_object(bucket, MARKER, io.BytesIO(marker.encode()), len(marker))
    keys = ("lsc-ci-file", f"lsc-ci/{MARKER}", "ci", "lsc-ci-source-91/volume.cfg")
    for key in keys:
        client.put_object(access.bucket, key, io.BytesIO(b"bystander"), 9)
    client.put_object("lsc-ci-bucket-92", f"backup/{MARKER}", io.BytesIO(RUN.encode()), len(RUN))
    store = ObjectStore(access, "ci2")
    for name in ("lsc-ci-reader-91", "lsc-ci-gw0-reader-92"):
        store.make_user(name, "of-a-bystander", access.bucket)
    return len(markers) + len(keys) + 1 + 4
