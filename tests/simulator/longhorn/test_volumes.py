"""The life of volumes: states, tickets, claims, expansion, deletion."""

import time
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace

import pytest

from simulator.csi.protocol import Code, CsiError, VolumeCapability
from simulator.kubernetes.names import CLAIMS, STORAGE_CLASSES
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.timing import Timing
from simulator.longhorn.rest import NotFoundError
from tests.simulator.kubernetes.client import refusal
from tests.simulator.longhorn.cluster import MEBIBYTE, NODE, Cluster, refused, running


def states(longhorn: Cluster, name: str) -> list[str]:
    """The states that a volume went through, each once in a row."""
    found = (status.get("state", "") for status in longhorn.statuses("Volume", name))
    return [state for state, _ in groupby(filter(None, found))]


async def test_a_volume_passes_through_all_states(longhorn: Cluster) -> None:
    await longhorn.attached_volume()
    await longhorn.detach()
    await longhorn.until_detached()
    await longhorn.driver.delete_volume("vol")

    attached = ["attaching", "attached", "detaching", "detached"]
    assert states(longhorn, "vol") == ["creating", "detaching", "detached", *attached, "deleting"]
    assert not longhorn.storage.disk.exists("vol")
    assert "healthy" in [status.get("robustness") for status in longhorn.statuses("Volume", "vol")]


async def test_the_ticket_of_a_workload_is_answered(longhorn: Cluster) -> None:
    await longhorn.attached_volume()
    found = longhorn.get("volumeattachments", "vol")
    ((name, ticket),) = found["spec"]["attachmentTickets"].items()

    assert ticket["type"] == "csi-attacher"
    assert found["status"]["attachmentTicketStatuses"][name]["satisfied"] is True
    await longhorn.detach()
    assert longhorn.get("volumeattachments", "vol")["status"]["attachmentTicketStatuses"] == {}


async def test_a_workload_that_asks_before_the_restore_let_go_gets_its_volume(longhorn: Cluster) -> None:
    def ticket(name: str, hidden: str) -> dict[str, object]:
        parameters = {"disableFrontend": hidden}
        return {name: {"generation": 0, "id": name, "nodeID": NODE, "parameters": parameters, "type": "x"}}

    def ask(*tickets: dict[str, object]) -> None:
        asked = {name: each for named in tickets for name, each in named.items()}
        wanted = longhorn.get("volumeattachments", "vol")
        wanted["spec"]["attachmentTickets"] = asked
        longhorn.api.update("volumeattachments.longhorn.io", wanted)

    def satisfied(name: str) -> bool:
        statuses = longhorn.get("volumeattachments", "vol")["status"]["attachmentTicketStatuses"]
        return bool(statuses.get(name, {}).get("satisfied"))

    await longhorn.volume()
    restoring, workload = ticket("restoring", "true"), ticket("workload", "false")
    ask(restoring)
    await longhorn.until("volumeattachments", lambda: satisfied("restoring"))

    ask(restoring, workload)
    ask(workload)

    await longhorn.until("volumeattachments", lambda: satisfied("workload"))


async def test_what_belongs_to_a_deleted_volume_is_collected_and_its_backups_stay(longhorn: Cluster) -> None:
    await longhorn.attached_volume()
    await longhorn.finished_backup()
    await longhorn.detach()
    await longhorn.driver.delete_volume("vol")
    for plural in ("snapshots", "volumeattachments", "engines", "replicas"):
        await longhorn.until_gone(plural)

    assert len(longhorn.all("backups")) == 1


async def test_an_expanded_volume_is_larger_and_keeps_its_data(longhorn: Cluster) -> None:
    await longhorn.volume()
    longhorn.write(b"A" * MEBIBYTE)
    assert await longhorn.driver.controller_expand_volume("vol", 20 * MEBIBYTE) == 20 * MEBIBYTE
    content = longhorn.content()

    assert len(content) == 20 * MEBIBYTE
    assert content[:MEBIBYTE] == b"A" * MEBIBYTE


@pytest.mark.parametrize(
    ("volume", "node", "text"),
    [("vol", "elsewhere", "node elsewhere not found"), ("ghost", NODE, "volume ghost not found")],
)
async def test_attaching_what_is_not_there_is_refused(longhorn: Cluster, volume: str, node: str, text: str) -> None:
    await longhorn.volume()
    with refused(Code.NOT_FOUND) as refusal:
        await longhorn.driver.controller_publish_volume(volume, node)

    assert refusal.value.description == text


async def test_files_travel_through_stage_and_unstage(longhorn: Cluster, tmp_path: Path) -> None:
    files = VolumeCapability("SINGLE_NODE_WRITER", block=False, fs_type="ext4")
    await longhorn.volume()
    with pytest.raises(CsiError):
        await longhorn.driver.node_stage_volume("vol", files)
    await longhorn.attach()
    for content in ("", "written"):
        target = tmp_path / "pod" / "mount"
        await longhorn.driver.node_stage_volume("vol", files)
        await longhorn.driver.node_publish_volume("vol", target, files)
        found = target / "file"
        assert (found.read_text() if found.exists() else "") == content
        found.write_text("written")
        await longhorn.driver.node_unpublish_volume("vol", target)
        await longhorn.driver.node_unstage_volume("vol")
        assert not target.exists()


async def test_a_volume_tells_of_its_claim_and_its_pods(longhorn: Cluster) -> None:
    await longhorn.volume()
    api, once = longhorn.api, {"accessModes": ["ReadWriteOnce"]}

    def create(plural: str, name: str, spec: Obj) -> Obj:
        namespace = {} if plural == "persistentvolumes" else {"namespace": "default"}
        return api.create(plural, {"metadata": {"name": name, **namespace}, "spec": spec})

    def told() -> Obj:
        return dict(longhorn.status("volumes", "vol")["kubernetesStatus"])

    source = {"driver": "driver.longhorn.io", "volumeHandle": "vol"}
    create("persistentvolumes", "vol", {**once, "capacity": {"storage": "16Mi"}, "csi": source})
    wanted = {"storageClassName": "longhorn", "resources": {"requests": {"storage": "16Mi"}}, "volumeName": "vol"}
    claim = create("persistentvolumeclaims", "src", {**once, **wanted})
    api.update_status("persistentvolumeclaims", {**claim, "status": {"phase": "Bound"}})
    known = told()
    mounted = {"name": "v", "persistentVolumeClaim": {"claimName": "src"}}
    create("pods", "writer", {"containers": [{"name": "c", "image": "any"}], "volumes": [mounted]})
    using = told()
    api.delete("pods", "writer", "default", grace_seconds=0)
    left = told()

    assert (known["pvName"], known["pvStatus"], known["namespace"]) == ("vol", "Bound", "default")
    assert (known["pvcName"], known["workloadsStatus"]) == ("src", None)
    assert [each["podName"] for each in using["workloadsStatus"]] == ["writer"]
    assert using["lastPodRefAt"] == ""
    assert left["lastPodRefAt"]
    assert left["workloadsStatus"] == using["workloadsStatus"]
    assert api.get("persistentvolumes", "vol")["metadata"]["annotations"] == {"longhorn.io/volume-scheduling-error": ""}


@pytest.mark.parametrize(("replicas", "robustness"), [("1", "healthy"), ("3", "degraded")])
async def test_more_replicas_than_nodes_leave_a_volume_degraded(
    longhorn: Cluster, replicas: str, robustness: str
) -> None:
    await longhorn.attached_volume(parameters={"numberOfReplicas": replicas})
    backup = await longhorn.finished_backup()

    assert longhorn.get("volumes", "vol")["status"]["robustness"] == robustness
    assert backup.ready_to_use


class SlowRemoval(Timing):
    """Deletions of volumes are answered before they are done."""

    def removal_lag(self, volume: str) -> float:  # noqa: ARG002
        return 0.2


async def test_a_deletion_may_be_answered_before_replicas_are_gone(tmp_path: Path) -> None:
    """As a real driver does: claim and PersistentVolume go while Longhorn still has the volume."""
    async with running(tmp_path, timing=SlowRemoval()) as longhorn:
        await longhorn.volume()

        await longhorn.driver.delete_volume("vol")

        left = [len(longhorn.all(plural)) for plural in ("volumes", "engines", "replicas")]
        assert left == [1, 1, 1]
        for plural in ("replicas", "engines", "volumes"):
            await longhorn.until_gone(plural)


LAG = 1000.0


class SlowCaches(Timing):
    """Longhorn's own caches are behind the API server."""

    def cache_lag(self, whose: str) -> float:  # noqa: ARG002
        return LAG


def let_the_lag_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    later = SimpleNamespace(monotonic=lambda: time.monotonic() + LAG)
    monkeypatch.setattr("simulator.longhorn.lagging_cache.time", later)


async def test_longhorns_api_may_be_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It shows what it knew a moment ago, then what is so."""
    async with running(tmp_path, timing=SlowCaches()) as longhorn:
        await longhorn.volume()

        with pytest.raises(NotFoundError):
            longhorn.storage.rest.answer("GET", "v1/volumes/vol", "", "http://longhorn/v1")
        let_the_lag_pass(monkeypatch)
        assert longhorn.storage.rest.answer("GET", "v1/volumes/vol", "", "http://longhorn/v1")["id"] == "vol"


async def test_the_webhook_may_be_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not find the PersistentVolume of a claim that is to grow, which is no refusal (500); later it does."""
    spec = {
        "volumeName": "pv",
        "storageClassName": "growing",
        "resources": {"requests": {"storage": "1Gi"}},
        "accessModes": ["ReadWriteOnce"],
    }
    larger = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    async with running(tmp_path, timing=SlowCaches()) as longhorn:
        csi = {"driver": "driver.longhorn.io", "volumeHandle": "vol"}
        capacity = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"]}
        longhorn.api.create("persistentvolumes", {"metadata": {"name": "pv"}, "spec": {"csi": csi, **capacity}})
        storage = {"provisioner": "driver.longhorn.io", "allowVolumeExpansion": True}
        longhorn.api.create(STORAGE_CLASSES, {"metadata": {"name": "growing"}, **storage})
        claim = longhorn.api.create(CLAIMS, {"metadata": {"name": "c", "namespace": "default"}, "spec": spec})
        bound = {"phase": "Bound", "capacity": {"storage": "1Gi"}}
        longhorn.api.update_status(CLAIMS, {**claim, "status": bound})

        error = refusal(longhorn.api.patch, CLAIMS, "c", "default", larger)

        said = 'admission webhook "validator.longhorn.io" denied the request: persistentvolume "pv" not found'
        assert (error.status, error.message) == (500, said)
        let_the_lag_pass(monkeypatch)
        longhorn.api.patch(CLAIMS, "c", "default", larger)


async def test_an_expansion_may_get_lost(longhorn: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new size is in the Volume's spec, and the volume does not grow, however often the driver is asked."""
    monkeypatch.setattr(longhorn.decisions, "loses_expansion", lambda volume: volume == "vol")
    await longhorn.volume()

    for _ in range(2):
        with refused(Code.DEADLINE_EXCEEDED, "to requested capacity 20971520 failed"):
            await longhorn.driver.controller_expand_volume("vol", 20 * MEBIBYTE)

    assert longhorn.get("volumes", "vol")["spec"]["size"] == str(20 * MEBIBYTE)
    assert longhorn.storage.disk.size("vol") == 16 * MEBIBYTE


async def test_a_claim_may_be_deleted_by_its_name(longhorn: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that a deleted Volume's status names, although it is a later one."""
    monkeypatch.setattr(longhorn.decisions, "deletes_claim_by_name", lambda _: 0.0)
    await longhorn.volume()
    known = {**longhorn.status("volumes", "vol"), "kubernetesStatus": {"pvcName": "c", "namespace": "default"}}
    longhorn.patch("volumes", "vol", {"status": known}, "status")
    spec = {"resources": {"requests": {"storage": "1Gi"}}, "accessModes": ["ReadWriteOnce"]}
    for name in ("c", "other"):
        longhorn.api.create(CLAIMS, {"metadata": {"name": name, "namespace": "default"}, "spec": spec})

    await longhorn.driver.delete_volume("vol")

    going = {each["metadata"]["name"]: "deletionTimestamp" in each["metadata"] for each in longhorn.api.list(CLAIMS)}
    assert going.get("c", True)
    assert going["other"] is False
