"""What no deletion ends on a real cluster: the clean-up frees what is the run's own, and says who left it."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest

from fixtures.cleanup import command
from fixtures.cleanup.leftovers import clean_up
from fixtures.kubernetes.budgets import BACKUP_COMPLETED, CLEANED, Steps
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.history import Recorder, recording
from fixtures.kubernetes.resource_kinds import BACKUP, NAMESPACE, PV, PVC, VOLUME_SNAPSHOT, VOLUME_SNAPSHOT_CONTENT
from fixtures.kubernetes.run import Run
from fixtures.kubernetes.waiting import wait, wait_gone
from fixtures.longhorn.objects import Backup, Longhorn
from fixtures.longhorn.target_address import TargetAddress
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.s3.access import S3Access
from fixtures.s3.backupstore_format import volume_directory
from fixtures.s3.object_store import minio_client
from fixtures.targets.registry import make_target
from fixtures.targets.simulator.options import SimulatorOptions
from fixtures.workloads.data import MIB, Stream
from fixtures.workloads.pods import Pvc, Workloads
from tests.fixtures.made_up import PUBLISHED_SCHEMA
from tools.cluster.leftovers import leftovers
from tools.cluster.simulated_cluster import simulator, suite

SYSTEM = "longhorn-system"
SCALE = 0.1


@dataclass(frozen=True)
class Half:
    """A run that has left things in a cluster, and another one whose things must stay."""

    api: Cluster
    recorder: Recorder
    snapshots: Snapshots
    workloads: Workloads
    store: S3Access

    def namespace(self, what: str) -> str:
        """A new one."""
        return str(self.api.create(NAMESPACE.manifest(self.api.run.name(what)))["metadata"]["name"])

    def claim(self, what: str = "claim") -> Pvc:
        """A volume with some data, in a new namespace."""
        claim = self.workloads.volume(self.namespace(what), size=16 * MIB)
        self.workloads.write(claim, Stream("stuck"), (0, MIB))
        return claim

    def cleaned(self) -> int:
        """The exit code of the clean-up after this run."""
        return command.clean(self.api, self.store, self.api.run.id, Steps(SCALE), sure=True)


MakeHalf = Callable[[str], Half]


@pytest.fixture
def cluster_with(tmp_path: Path) -> Iterator[Callable[..., MakeHalf]]:
    """Starts a simulator that leaves these things behind; makes runs on it."""
    ends: list[Callable[[], object]] = []

    def start(*quirks: str, faults: tuple[str, ...] = ()) -> MakeHalf:
        target = make_target(SimulatorOptions(quirks=quirks, faults=faults), tmp_path)
        ends.append(target.stop)
        address = target.start()

        def make(run_id: str) -> Half:
            return _half(address, run_id, tmp_path / run_id, ends)

        return make

    yield start
    for end in reversed(ends):
        end()


def _half(address: TargetAddress, run_id: str, folder: Path, ends: list[Callable[[], object]]) -> Half:
    folder.mkdir()
    run = Run(run_id)
    api = Cluster(address.kubeconfig, run, folder)
    context = recording(api, Steps())
    recorder = context.__enter__()
    ends.append(lambda: context.__exit__(None, None, None))
    assert address.s3 is not None
    return Half(api, recorder, Snapshots(api, recorder, run), Workloads(api, recorder, run), address.s3)


def test_a_claim_with_the_finalizer_of_its_snapshots(
    cluster_with: Callable[..., MakeHalf], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the run it is freed, its namespace goes; one of somebody else, in the same state, keeps its finalizer."""
    make = cluster_with("claim-keeps-its-finalizer")
    stuck = {}
    for run_id in ("mine", "other"):
        half = make(run_id)
        claim = half.claim()
        half.snapshots.create(claim, half.snapshots.create_class())
        snapshot = half.snapshots.wait_bound(half.snapshots.create(claim, half.snapshots.create_class()))
        half.workloads.delete_claim(claim)
        half.snapshots.delete(snapshot)
        stuck[run_id] = half, claim
    theirs, their_claim = stuck["other"]
    for item in theirs.api.list(VOLUME_SNAPSHOT, their_claim.namespace):
        theirs.api.delete_if_exists(
            VOLUME_SNAPSHOT, item["metadata"]["name"], their_claim.namespace, uid=item["metadata"]["uid"]
        )

    assert stuck["mine"][0].cleaned() == command.NOTHING

    said = capsys.readouterr().out
    assert "finding: snapshot-controller: PersistentVolumeClaim lsc-mine-claim-" in said
    assert theirs.api.get(PVC, *their_claim.place)["metadata"]["finalizers"]
    assert theirs.cleaned() == command.NOTHING


@pytest.mark.parametrize("handle", ["bak://some-volume/", "bi://backing", "bi://backing?backingImage="])
def test_a_content_whose_handle_the_driver_cannot_delete(
    handle: str, cluster_with: Callable[..., MakeHalf], capsys: pytest.CaptureFixture[str]
) -> None:
    """Under Retain it goes; one of somebody else stays under Delete."""
    make = cluster_with("nameless-image-cannot-be-deleted")
    mine, other = make("mine"), make("other")
    contents = []
    for half in (mine, other):
        content, snapshot = half.snapshots.preprovision(handle, half.namespace("handles"))
        half.snapshots.wait_ready(snapshot)
        half.snapshots.delete(snapshot)
        contents.append(content)

    assert mine.cleaned() == command.NOTHING

    said = capsys.readouterr().out
    assert f"finding: Longhorn: VolumeSnapshotContent {contents[0].name} cannot be deleted by its handle" in said
    left = other.snapshots.content(contents[1].name)
    assert (left.object["spec"]["deletionPolicy"], left.handle) == ("Delete", handle)
    assert other.cleaned() == command.NOTHING


def test_a_deletion_that_got_lost(cluster_with: Callable[..., MakeHalf], capsys: pytest.CaptureFixture[str]) -> None:
    """The sidecar looks again when the content is touched."""
    half = cluster_with("deletion-gets-lost")("mine")
    snapshot = half.snapshots.wait_ready(half.snapshots.create(half.claim(), half.snapshots.create_class()))
    half.snapshots.delete(snapshot)

    assert half.cleaned() == command.NOTHING

    assert f"finding: csi-snapshotter: VolumeSnapshotContent snapcontent-{snapshot.uid} was not" in (
        capsys.readouterr().out
    )
    assert half.api.list(VOLUME_SNAPSHOT_CONTENT) == []


def test_a_backup_that_stays_is_deleted_and_noted(cluster_with: Callable[..., MakeHalf]) -> None:
    """Others' stay. Real ones do if they were deleted before they were ready, for a moment that a test may miss."""
    make = cluster_with(faults=("delete-leaves-the-backup",))
    snapshots = {}
    for run_id in ("mine", "other"):
        half = make(run_id)
        snapshot = half.snapshots.create(half.claim(), half.snapshots.create_class())
        half.snapshots.wait_ready(snapshot)
        content = half.snapshots.content_of(snapshot)
        half.snapshots.delete(snapshot)
        half.snapshots.wait_content_gone(content)
        snapshots[run_id] = half, snapshot
    (mine, snapshot), (other, _) = snapshots["mine"], snapshots["other"]
    assert len(mine.api.list(BACKUP)) == 2
    findings: list[str] = []

    assert clean_up(mine.api, mine.recorder, mine.api.run, note=findings.append) == []

    (finding,) = findings
    assert finding.startswith("Longhorn: Longhorn Backup longhorn-system/backup-")
    assert finding.endswith(f"stayed when VolumeSnapshotContent snapcontent-{snapshot.uid} went")
    assert len(mine.api.list(BACKUP)) == 1
    assert other.cleaned() == command.NOTHING


@pytest.mark.parametrize("policy", ["Delete", "Retain"])
def test_a_backup_that_stayed_before_the_clean_up_began(
    policy: str, cluster_with: Callable[..., MakeHalf], capsys: pytest.CaptureFixture[str]
) -> None:
    """Another process has not seen how it went, but its Events are there; one that was ready may have been retained."""
    unready = ("delete-leaves-the-backup", "backup-never-ready")
    make = cluster_with(faults=unready if policy == "Delete" else ())
    backups = {}
    for run_id in ("mine", "other"):
        half = make(run_id)
        snapshot = half.snapshots.create(half.claim(), half.snapshots.create_class(policy))
        longhorn = Longhorn(half.api, half.recorder, half.api.run, SYSTEM, legacy_handles=False)
        backup = longhorn.wait_backup_started(snapshot)
        if policy == "Retain":
            half.snapshots.wait_ready(snapshot)
        content = half.snapshots.wait_handle(snapshot)
        half.snapshots.delete(snapshot)
        if policy == "Retain":
            half.api.delete_if_exists(VOLUME_SNAPSHOT_CONTENT, content.name, uid=content.uid)
        half.snapshots.wait_content_gone(content)
        longhorn.wait_backup_completed(backup.name)
        ready = half.snapshots.history(snapshot).all(lambda item: (item.get("status") or {}).get("readyToUse") is True)
        assert bool(ready) == (policy == "Retain")
        backups[run_id] = half, backup, snapshot
    mine, backup, snapshot = backups["mine"]
    left = backups["other"][1].name

    assert mine.cleaned() == command.NOTHING

    said = capsys.readouterr().out
    stayed = f"{BACKUP.describe(backup.object)} stayed when {VOLUME_SNAPSHOT.describe(snapshot.object)} went"
    assert (f"finding: Longhorn: {stayed}, which no Event calls ready" in said) == (policy == "Delete")
    assert ("finding" in said) == (policy == "Delete")
    assert [item["metadata"]["name"] for item in mine.api.list(BACKUP)] == [left]
    assert backups["other"][0].cleaned() == command.NOTHING


def test_what_outlives_a_namespace_that_somebody_deleted(
    cluster_with: Callable[..., MakeHalf], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is the run's if its classes made something there; otherwise it is left, and said."""
    make = cluster_with()
    mine, other = make("mine"), make("mine2")
    places, volumes = {}, []
    for half, what in ((mine, "proven"), (mine, "unproven"), (other, "theirs")):
        claim, name = half.claim(what), half.snapshots.create_class("Retain")
        snapshot = half.snapshots.wait_ready(half.snapshots.create(claim, name))
        if what == "unproven":
            half.snapshots.delete_class(name)
        volumes.append((half, half.api.get(PVC, *claim.place)["spec"]["volumeName"]))
        places[what] = claim.namespace, half.snapshots.content_of(snapshot).name, snapshot
    for half, (namespace, _, _) in zip((mine, mine, other), places.values(), strict=True):
        half.api.delete(NAMESPACE, namespace)
        wait_gone(half.recorder, CLEANED, NAMESPACE, namespace)
    # As long as it is there, the run's StorageClass proves the same.
    for half, volume in volumes:
        wait_gone(half.recorder, CLEANED, PV, volume)

    assert mine.cleaned() == command.NOTHING

    said = capsys.readouterr().out
    contents = {item["metadata"]["name"] for item in mine.api.list(VOLUME_SNAPSHOT_CONTENT)}
    assert contents == {places["unproven"][1], places["theirs"][1]}
    snapshots = {Backup(item).snapshot for item in mine.api.list(BACKUP)}
    assert snapshots == {f"snapshot-{places[what][2].uid}" for what in ("unproven", "theirs")}
    alike = said.partition("left alone, since nothing shows that run mine made it:\n")[2].splitlines()
    assert sorted(line.strip().rpartition("/")[0] or line.strip() for line in alike) == [
        "Longhorn Backup longhorn-system",
        f"VolumeSnapshotContent {places['unproven'][1]}",
    ]
    assert other.cleaned() == command.NOTHING
    assert {item["metadata"]["name"] for item in mine.api.list(VOLUME_SNAPSHOT_CONTENT)} == {places["unproven"][1]}


def test_the_lock_of_a_failed_backup_is_waited_for(
    cluster_with: Callable[..., MakeHalf], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it no longer counts, which takes 150 s; here somebody takes it away once the clean-up has said so."""
    half = cluster_with("failed-backup-keeps-its-lock")("mine")
    claim = half.claim()
    half.snapshots.wait_ready(half.snapshots.create(claim, half.snapshots.create_class()))
    longhorn = Longhorn(half.api, half.recorder, half.api.run, SYSTEM, legacy_handles=False)
    client, bucket = minio_client(half.store), half.store.bucket
    directory = volume_directory(longhorn.store_address().prefix, claim.volume)
    right = client.get_object(bucket, f"{directory}volume.cfg").read()
    # Nothing is to be written for this volume for a while.
    client.put_object(bucket, f"{directory}volume.cfg", io.BytesIO(b"{"), 1)
    failed = longhorn.wait_backup_started(half.snapshots.create(claim, half.snapshots.create_class()))
    wait(half.recorder, BACKUP_COMPLETED, BACKUP, failed.name, SYSTEM, until=lambda item: Backup(item).state == "Error")
    client.put_object(bucket, f"{directory}volume.cfg", io.BytesIO(right), len(right))
    locks = [str(each.object_name) for each in client.list_objects(bucket, f"{directory}locks/")]
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if line.startswith("waiting up to") and "failed to acquire lock" in line:
            client.remove_object(bucket, locks.pop())

    monkeypatch.setattr(command, "print_live", say)
    monkeypatch.setattr("fixtures.cleanup.waiting.TOLD_EVERY", 0.5)
    assert len(locks) == 1

    assert half.cleaned() == command.NOTHING

    assert locks == []
    assert any("could not be deleted before the lock of a failed backup was 150 s old" in line for line in said)
    assert half.api.list(BACKUP) == []
    assert "everything was removed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("quirk", "tests", "component", "about"),
    [
        ("deletion-gets-lost", "test_handle.py", "csi-snapshotter", "VolumeSnapshotContent snapcontent-"),
        ("claim-keeps-its-finalizer", "test_classes.py", "snapshot-controller", "PersistentVolumeClaim lsc-"),
    ],
)
def test_a_run_reports_it_and_its_verdicts_stay(
    quirk: str, tests: str, component: str, about: str, tmp_path: Path
) -> None:
    """A finding is neither a leftover nor a violation: the run conforms, and names the component."""
    with simulator(tmp_path / "cluster", quirks=(quirk,)) as cluster:
        ran = suite(tmp_path / "report", *cluster.arguments, f"conformance/backup/{tests}")
        left = leftovers(cluster)

    assert (ran.exit_code, left) == (0, []), ran.text
    assert {problem["kind"] for problem in ran.report["problems"]} == {"finding"}
    assert f"{component}: {about}" in ran.report["problems"][0]["message"]
    assert f"FINDING about {component}" in ran.text
    assert {verdict for verdict, _ in ran.verdicts.values()} == {"conforms", "not verified", "not applicable"}
    jsonschema.validate(ran.report, PUBLISHED_SCHEMA)


def test_a_class_that_the_sidecar_needs_again(tmp_path: Path) -> None:
    """csi-snapshotter is Longhorn's: what it does without the class costs the clause about that, and no other."""
    with simulator(tmp_path / "cluster", quirks=("class-is-needed-again",)) as cluster:
        ran = suite(tmp_path / "report", *cluster.arguments, "conformance/backup/test_classes.py")

    violated = [name for name, (verdict, _) in ran.verdicts.items() if verdict == "violates"]
    assert (ran.exit_code, violated) == (1, ["backup.class.deleted"]), ran.text
    assert ran.report["problems"] == []
