"""Each stage of readiness is waited for, is reached when it is there, and is named when it is not."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fixtures.kubernetes.budgets import Steps
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.history import Recorder
from fixtures.kubernetes.resource_kinds import (
    BACKUP,
    BACKUP_TARGET,
    BACKUP_VOLUME,
    CSI_NODE,
    CUSTOM_RESOURCE_DEFINITION,
    DAEMON_SET,
    DEPLOYMENT,
    ENGINE_IMAGE,
    EVENT,
    INSTANCE_MANAGER,
    LONGHORN_NODE,
    LONGHORN_SETTING,
    LONGHORN_VOLUME,
    NODE,
    STORAGE_CLASS,
    Kind,
)
from fixtures.kubernetes.run import Run
from fixtures.outcomes import Blocked
from fixtures.targets.kind.readiness import SIDECARS, Readiness
from tests.fixtures.fake_api import FakeApi

Obj = dict[str, Any]
Put = tuple[Kind, str, str, Obj]

KINDS = (
    NODE,
    CUSTOM_RESOURCE_DEFINITION,
    DEPLOYMENT,
    DAEMON_SET,
    CSI_NODE,
    STORAGE_CLASS,
    EVENT,
    LONGHORN_NODE,
    LONGHORN_SETTING,
    LONGHORN_VOLUME,
    ENGINE_IMAGE,
    INSTANCE_MANAGER,
    BACKUP_TARGET,
)
LONGHORN = "longhorn-system"


def conditions(**states: bool) -> list[Obj]:
    """Conditions by type."""
    return [{"type": name, "status": str(state)} for name, state in states.items()]


def deployment(ready: bool, generation: int = 2) -> Obj:
    """A Deployment of two whose status is about its second generation."""
    status = {"observedGeneration": 2, "updatedReplicas": 2, "availableReplicas": 2 if ready else 1}
    return {"metadata": {"generation": generation}, "spec": {"replicas": 2}, "status": status}


def daemon_set(ready: bool, wanted: int = 1) -> Obj:
    """A DaemonSet."""
    status = {"desiredNumberScheduled": wanted, "numberReady": int(ready), "updatedNumberScheduled": wanted}
    return {"status": status}


def disk(ready: bool, size: int = 1 << 30) -> Obj:
    """A Longhorn node that is in order but for its disk."""
    disks = {"disk-1": {"storageMaximum": size, "conditions": conditions(Ready=True, Schedulable=ready)}}
    return {"status": {"conditions": conditions(Ready=True, Schedulable=True), "diskStatus": disks}}


STAGES: dict[str, tuple[Callable[[Readiness], None], Callable[[bool], list[Put]], str]] = {
    "node": (
        Readiness.node,
        lambda ready: [(NODE, "n1", "", {"status": {"conditions": conditions(Ready=ready)}})],
        "make the node ready",
    ),
    "definitions": (
        lambda stage: stage.definitions(["a.example"]),
        lambda ready: [
            (CUSTOM_RESOURCE_DEFINITION, "a.example", "", {"status": {"conditions": conditions(Established=ready)}})
        ],
        "establish a CRD",
    ),
    "snapshot-controller": (
        Readiness.snapshot_controller,
        lambda ready: [(DEPLOYMENT, "snapshot-controller", "kube-system", deployment(ready))],
        "start the snapshot-controller",
    ),
    "an old status": (
        Readiness.snapshot_controller,
        lambda ready: [(DEPLOYMENT, "snapshot-controller", "kube-system", deployment(True, 2 if ready else 3))],
        "start the snapshot-controller",
    ),
    "S3 server": (
        lambda stage: stage.s3_server("s3", "conformance-s3"),
        lambda ready: [(DEPLOYMENT, "s3", "conformance-s3", deployment(ready))],
        "start the S3 server",
    ),
    "manager": (
        Readiness.manager,
        lambda ready: [(DAEMON_SET, "longhorn-manager", LONGHORN, daemon_set(ready))],
        "start longhorn-manager",
    ),
    "manager on one of two nodes": (
        Readiness.manager,
        lambda ready: [(DAEMON_SET, "longhorn-manager", LONGHORN, daemon_set(True, 1 if ready else 2))],
        "start longhorn-manager",
    ),
    "manager on no node": (
        Readiness.manager,
        lambda ready: [(DAEMON_SET, "longhorn-manager", LONGHORN, daemon_set(ready, int(ready)))],
        "start longhorn-manager",
    ),
    "driver's sidecar": (
        Readiness.driver,
        lambda ready: [
            *((DEPLOYMENT, name, LONGHORN, deployment(True)) for name in ("longhorn-driver-deployer", *SIDECARS[:-1])),
            (DAEMON_SET, "longhorn-csi-plugin", LONGHORN, daemon_set(True)),
            *[(DEPLOYMENT, SIDECARS[-1], LONGHORN, deployment(True))] * ready,
        ],
        "deploy Longhorn's CSI driver",
    ),
    "driver's plugin": (
        Readiness.driver,
        lambda ready: [
            *((DEPLOYMENT, name, LONGHORN, deployment(True)) for name in ("longhorn-driver-deployer", *SIDECARS)),
            (DAEMON_SET, "longhorn-csi-plugin", LONGHORN, daemon_set(ready)),
        ],
        "deploy Longhorn's CSI driver",
    ),
    "registration": (
        Readiness.registered,
        lambda ready: [
            (NODE, "n1", "", {}),
            (CSI_NODE, "n1", "", {"spec": {"drivers": [{"name": "driver.longhorn.io" if ready else "other"}]}}),
        ],
        "register the CSI driver",
    ),
    "disk": (
        Readiness.longhorn_node,
        lambda ready: [(LONGHORN_NODE, "n1", LONGHORN, disk(ready))],
        "get a schedulable Longhorn node with a disk",
    ),
    "disk without room": (
        Readiness.longhorn_node,
        lambda ready: [(LONGHORN_NODE, "n1", LONGHORN, disk(True, int(ready)))],
        "get a schedulable Longhorn node with a disk",
    ),
    "engine image": (
        Readiness.engine,
        lambda ready: [
            (ENGINE_IMAGE, "ei", LONGHORN, {"status": {"state": "deployed", "nodeDeploymentMap": {"n1": ready}}}),
            (INSTANCE_MANAGER, "im", LONGHORN, {"status": {"currentState": "running"}}),
        ],
        "deploy the engine image",
    ),
    "instance manager": (
        Readiness.engine,
        lambda ready: [
            (ENGINE_IMAGE, "ei", LONGHORN, {"status": {"state": "deployed", "nodeDeploymentMap": {"n1": True}}}),
            (INSTANCE_MANAGER, "im", LONGHORN, {"status": {"currentState": "running" if ready else "starting"}}),
        ],
        "start an instance manager",
    ),
    "StorageClass": (
        Readiness.storage_class,
        lambda ready: [(STORAGE_CLASS, "longhorn" if ready else "standard", "", {})],
        "create the StorageClass longhorn",
    ),
    "a backup target at all": (
        Readiness.backup_target_made,
        lambda ready: [(BACKUP_TARGET, "default", LONGHORN, {})] * ready,
        "create Longhorn's settings",
    ),
    "settings": (
        lambda stage: stage.settings_made("a", "b"),
        lambda ready: [(LONGHORN_SETTING, name, LONGHORN, {"value": ""}) for name in ("a", "b")[: 1 + ready]],
        "create Longhorn's settings",
    ),
    "backup target": (
        lambda stage: stage.backup_target("s3://b@r/"),
        lambda ready: [
            (
                BACKUP_TARGET,
                "default",
                LONGHORN,
                {"spec": {"backupTargetURL": "s3://b@r/"}, "status": {"available": ready}},
            )
        ],
        "make the backup target available",
    ),
    "former backup target": (
        lambda stage: stage.backup_target_let_go(0),
        lambda ready: [(BACKUP_TARGET, "default", LONGHORN, {"status": {"available": not ready}})],
        "detach the backup target",
    ),
    "another backup target": (
        lambda stage: stage.backup_target("s3://b@r/"),
        lambda ready: [
            (
                BACKUP_TARGET,
                "default",
                LONGHORN,
                {"spec": {"backupTargetURL": "s3://b@r/" if ready else "nfs://x"}, "status": {"available": True}},
            )
        ],
        "make the backup target available",
    ),
}


@contextmanager
def watched(folder: Path, scale: float) -> Iterator[tuple[FakeApi, Readiness]]:
    """An API, and the stages as they are seen through it, with budgets that are so much shorter."""
    with FakeApi(KINDS) as api:
        cluster = Cluster(api.kubeconfig(folder), Run("test"), folder)
        recorder = Recorder(cluster, Steps(scale), KINDS)
        recorder.start()
        try:
            yield api, Readiness(cluster, recorder)
        finally:
            recorder.stop()


def put(api: FakeApi, objects: list[Put]) -> None:
    """Make the objects, or change them."""
    for kind, name, namespace, fields in objects:
        api.put(kind, name, namespace, **{key: dict(value) for key, value in fields.items()})


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_is_over_when_it_is_reached(tmp_path: Path, name: str) -> None:
    """It is waited for while something is missing."""
    stage, objects, _ = STAGES[name]
    with watched(tmp_path, 0.2) as (api, readiness):
        put(api, objects(False))
        ended = threading.Event()
        failures: list[Exception] = []

        def wait() -> None:
            try:
                stage(readiness)
            except Blocked as error:
                failures.append(error)
            ended.set()

        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not ended.wait(0.15)
        put(api, objects(True))
        waiting.join(10)

    assert (ended.is_set(), failures) == (True, [])


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_that_is_not_reached_is_named(tmp_path: Path, name: str) -> None:
    """With what is there, and with where to look."""
    stage, objects, step = STAGES[name]
    with watched(tmp_path, 0.001) as (api, readiness):
        put(api, objects(False))
        with pytest.raises(Blocked, match=f"could not {step}.*: (timed out|no such object)") as caught:
            stage(readiness)

    assert "look at: " in str(caught.value)
    assert "last revisions:" in str(caught.value) or "was never seen" in str(caught.value)


def test_what_was_said_of_a_former_target_does_not_count(tmp_path: Path) -> None:
    """Though it may have had the same URL, with other keys."""
    with watched(tmp_path, 0.001) as (api, readiness):
        spec = {"backupTargetURL": "s3://b@r/"}
        used = api.put(BACKUP_TARGET, "default", LONGHORN, spec=spec, status={"available": True})
        readiness.backup_target("s3://b@r/", used)
        with pytest.raises(Blocked, match="could not make the backup target available"):
            readiness.backup_target("s3://b@r/", used + 1)

        gone = api.put(BACKUP_TARGET, "default", LONGHORN, spec=spec, status={"available": False})
        readiness.backup_target_let_go(gone)
        with pytest.raises(Blocked, match="could not detach the backup target"):
            readiness.backup_target_let_go(gone + 1)


def test_kinds_are_served_a_moment_after_they_are_defined(tmp_path: Path) -> None:
    """Those that are not in the end are named."""
    late: list[Kind] = [*KINDS, BACKUP]
    with watched(tmp_path, 1) as (api, readiness):
        adding = threading.Timer(0.3, lambda: setattr(api, "kinds", tuple(late)))
        adding.start()
        readiness.served(late)
        adding.join()

    with watched(tmp_path, 0.001) as (api, readiness):
        api.kinds = tuple(late)
        with pytest.raises(Blocked, match="could not establish a CRD and served: backupvolumes; look at: "):
            readiness.served([*late, BACKUP_VOLUME])


def test_a_webhook_that_comes_up_is_asked_until_it_answers(tmp_path: Path) -> None:
    failing = '{"message": "failed calling webhook \\"validator.longhorn.io\\": connection refused"}'
    with watched(tmp_path, 1) as (api, readiness):
        for _ in range(2):
            api.answer_next(500, failing, method="POST")

        readiness.webhook()

    asked = [path for method, path, _ in api.requests if method == "POST"]
    assert len(asked) == 3
    assert all(path.endswith("/namespaces/longhorn-system/volumes?dryRun=All") for path in asked)


def test_a_refusal_by_the_webhook_is_an_answer(tmp_path: Path) -> None:
    """One by the API server itself is not: then nobody asked the webhook."""
    denied = '{"message": "admission webhook \\"validator.longhorn.io\\" denied the request: size"}'
    with watched(tmp_path, 1) as (api, readiness):
        api.answer_next(400, denied, method="POST")
        readiness.webhook()

        api.answer_next(403, '{"message": "volumes is forbidden"}', method="POST")
        with pytest.raises(Blocked, match=r"could not get a response from Longhorn's webhook.*volumes is forbidden"):
            readiness.webhook()


def test_a_webhook_that_does_not_come_up_is_given_up(tmp_path: Path) -> None:
    with watched(tmp_path, 0.001) as (api, readiness):
        for _ in range(9):
            api.answer_next(500, '{"message": "no endpoints available"}', method="POST")
        with pytest.raises(Blocked, match=r"no endpoints available[\s\S]*log of longhorn-manager: webhook"):
            readiness.webhook()
