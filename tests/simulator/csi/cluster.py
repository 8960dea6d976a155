"""A cluster in this process for the tests of the control plane: an Api, the control plane, and a fake driver."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.clock import Clock
from simulator.csi import names
from simulator.csi.control_plane import ControlPlane
from simulator.csi.crds import register
from simulator.csi.decisions import CsiDecisions
from simulator.kubernetes.api import Api, Change
from simulator.kubernetes.names import CLAIMS, PODS, STORAGE_CLASSES
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.server import LogOptions
from tests.simulator.csi.driver import FakeDriver

NAMESPACE = "test"
BUDGET = 10.0
"""Seconds after which a wait is given up."""


@dataclass
class Cluster:
    """Creates objects in one namespace, waits for them, and keeps every revision."""

    api: Api
    driver: FakeDriver
    control_plane: ControlPlane
    revisions: list[Change] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, change: Change) -> None:
        self.revisions.append(change)
        self._changed.set()

    def _namespace(self, resource: str) -> str:
        return NAMESPACE if self.api.resource(resource).namespaced else ""

    def create(self, resource: str, name: str, **fields: Any) -> Obj:
        metadata = {"name": name, "namespace": self._namespace(resource)} | fields.pop("metadata", {})
        return self.api.create(resource, {"metadata": metadata, **fields})

    def get(self, resource: str, name: str) -> Obj:
        return self.api.get(resource, name, self._namespace(resource))

    def find(self, resource: str, name: str) -> Obj | None:
        return self.api.find(resource, name, self._namespace(resource))

    def patch(self, resource: str, name: str, change: Obj) -> Obj:
        return self.api.patch(resource, name, self._namespace(resource), change)

    def delete(self, resource: str, name: str) -> None:
        self.api.delete(resource, name, self._namespace(resource))

    async def until(self, condition: Callable[[], Any]) -> Any:
        """What `condition` gives as soon as it is something; looked at after each change of any object."""
        async with asyncio.timeout(BUDGET):
            while True:
                found = condition()
                if found:
                    return found
                self._changed.clear()
                await self._changed.wait()

    async def until_status(self, resource: str, name: str, key: str, value: Any) -> Obj:
        def look() -> Obj | None:
            found = self.find(resource, name)
            return found if found and (found.get("status") or {}).get(key) == value else None

        result: Obj = await self.until(look)
        return result

    async def until_gone(self, resource: str, name: str) -> None:
        assert self.find(resource, name) is not None
        await self.until(lambda: self.find(resource, name) is None)

    async def until_event(self, name: str, reason: str) -> None:
        """Return when there is an event about an object."""
        await self.until(lambda: reason in self.reasons(name))

    async def deleted(self, resource: str, name: str) -> None:
        """Delete an object that finalizers hold for a while, and return when it is gone."""
        self.delete(resource, name)
        await self.until_gone(resource, name)

    async def next_call(self) -> None:
        """Return when the driver is called."""
        self.driver.called.clear()
        async with asyncio.timeout(BUDGET):
            await self.driver.called.wait()

    def of(self, resource: str, name: str) -> list[Obj]:
        """All revisions of an object."""
        revisions = [each.object for each in self.revisions if each.resource.key == resource]
        return [each for each in revisions if each["metadata"]["name"] == name]

    def events(self, name: str) -> list[tuple[str, str, str]]:
        """(type, reason, message) of the events about an object."""
        return [
            (event["type"], event["reason"], event["message"])
            for event in self.api.list("events")
            if event["involvedObject"]["name"] == name
        ]

    def calls(self, prefix: str = "") -> list[str]:
        """The calls to the driver that begin so, in order."""
        return [call for call, _ in self.driver.calls if call.startswith(prefix)]

    def reasons(self, name: str) -> list[str]:
        return [reason for _, reason, _ in self.events(name)]

    def storage_class(self, name: str = "fast", **more: Any) -> None:
        self.create(STORAGE_CLASSES, name, provisioner=self.driver.name, allowVolumeExpansion=True, **more)

    def snapshot_class(self, name: str = "delete", policy: str = "Delete", **more: Any) -> None:
        self.create(names.CLASSES, name, **{"driver": self.driver.name, "deletionPolicy": policy, **more})

    def claim(
        self,
        name: str,
        *,
        size: str = "32Mi",
        mode: str = "Block",
        source: str = "",
        clone: str = "",
        storage_class: str = "fast",
        **more: Any,
    ) -> Obj:
        spec: Obj = {
            "storageClassName": storage_class,
            "accessModes": ["ReadWriteOnce"],
            "volumeMode": mode,
            "resources": {"requests": {"storage": size}},
            **more,
        }
        if source:
            spec["dataSource"] = {"name": source, "kind": "VolumeSnapshot", "apiGroup": names.SNAPSHOT_GROUP}
        if clone:
            spec["dataSource"] = {"name": clone, "kind": "PersistentVolumeClaim"}
        return self.create(CLAIMS, name, spec=spec)

    async def bound_claim(self, name: str = "src", **more: Any) -> Obj:
        self.claim(name, **more)
        return await self.until_status(CLAIMS, name, "phase", "Bound")

    def snapshot(self, name: str, claim: str = "", *, content: str = "", snapshot_class: str = "delete") -> Obj:
        source = {"persistentVolumeClaimName": claim} if claim else {"volumeSnapshotContentName": content}
        spec: Obj = {"source": source}
        if snapshot_class:
            spec["volumeSnapshotClassName"] = snapshot_class
        return self.create(names.SNAPSHOTS, name, spec=spec)

    async def ready_snapshot(self, name: str = "s", claim: str = "src", **more: Any) -> Obj:
        """A finished snapshot of a claim, which is made if it does not exist."""
        if self.find(CLAIMS, claim) is None:
            await self.bound_claim(claim)
        self.snapshot(name, claim, **more)
        return await self.until_status(names.SNAPSHOTS, name, "readyToUse", True)

    def content_of(self, snapshot: str) -> Obj:
        return self.get(names.CONTENTS, self.get(names.SNAPSHOTS, snapshot)["status"]["boundVolumeSnapshotContentName"])

    def content(self, name: str, handle: str, snapshot: str, *, policy: str = "Retain", **more: Any) -> Obj:
        spec = {
            "driver": self.driver.name,
            "deletionPolicy": policy,
            "source": {"snapshotHandle": handle},
            "volumeSnapshotRef": {"name": snapshot, "namespace": NAMESPACE},
            **more,
        }
        return self.create(names.CONTENTS, name, spec=spec)

    def pod(self, name: str, command: str | list[str], *, claim: str = "", mode: str = "Block", **more: Any) -> Obj:
        container: Obj = {"name": "c", "image": "busybox:1", **more.pop("container", {})}
        container["command"] = ["/bin/sh", "-c", command] if isinstance(command, str) else command
        spec: Obj = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [container], **more}
        if claim:
            spec["volumes"] = [*spec.get("volumes", ()), {"name": "v", "persistentVolumeClaim": {"claimName": claim}}]
            if mode == "Block":
                container["volumeDevices"] = [{"name": "v", "devicePath": "/dev/vol"}]
            else:
                container["volumeMounts"] = [{"name": "v", "mountPath": "/data"}]
        return self.create(PODS, name, spec=spec)

    async def finished_pod(self, name: str, command: str | list[str], **more: Any) -> tuple[str, str]:
        """Phase and log of a pod that has run to its end."""
        self.pod(name, command, **more)
        await self.until(lambda: self._phase(name) in {"Succeeded", "Failed"})
        return self._phase(name), await self.log(name)

    def _phase(self, pod: str) -> str:
        return str(self.get(PODS, pod)["status"]["phase"])

    async def log(self, pod: str, options: LogOptions | None = None) -> str:
        chunks = self.control_plane.logs(self.get(PODS, pod), "c", options or LogOptions())
        return b"".join([each async for each in chunks]).decode()


@asynccontextmanager
async def running(root: Path, decisions: CsiDecisions | None = None, *, pace: float = 0.001) -> AsyncIterator[Cluster]:
    """A running cluster with a namespace, a StorageClass and a VolumeSnapshotClass."""
    clock = Clock(pace)
    api = Api(clock)
    decisions = decisions or CsiDecisions()
    register(api, decisions)
    driver = FakeDriver(root / "driver")
    control_plane = ControlPlane(api, clock, [driver], decisions, root / "node", "csi-system")
    made = Cluster(api, driver, control_plane)
    end = api.subscribe("", made.note)
    api.create("namespaces", {"metadata": {"name": NAMESPACE}})
    made.storage_class()
    made.snapshot_class()
    running = asyncio.create_task(control_plane.run())
    try:
        yield made
    finally:
        end()
        running.cancel()
        await asyncio.wait({running})
    if not running.cancelled():
        running.result()
