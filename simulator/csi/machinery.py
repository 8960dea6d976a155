"""The snapshot machinery and the storage side of a cluster with one node, as one thing that runs."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from simulator.clock import Clock
from simulator.csi import node
from simulator.csi.attach_detach import AttachDetach
from simulator.csi.attacher import Attacher
from simulator.csi.binder import Binder
from simulator.csi.decisions import MachineryDecisions
from simulator.csi.objects import Obj
from simulator.csi.pods.in_use import VolumesInUse
from simulator.csi.pods.network import Network
from simulator.csi.pods.programs import Programs
from simulator.csi.pods.runtime import PodRuntime
from simulator.csi.protection import Protection
from simulator.csi.protocol import Driver
from simulator.csi.provisioner import Provisioner
from simulator.csi.resizer import Resizer
from simulator.csi.scheduler import Scheduler
from simulator.csi.snapshot_controller import SnapshotController
from simulator.csi.snapshotter import Snapshotter
from simulator.kubernetes.api import Api
from simulator.kubernetes.server import LogOptions, Server


class _Runnable(Protocol):
    async def run(self) -> None: ...


class Machinery:
    """Everything of Kubernetes between an object and a CSI driver.

    `data_dir` is where pods have their files. With a `server` the logs and ports of pods can be had through it.
    `programs` are the servers that pods can be; `network` tells where they are.
    """

    def __init__(
        self,
        api: Api,
        clock: Clock,
        drivers: Sequence[Driver],
        decisions: MachineryDecisions,
        data_dir: Path,
        server: Server | None = None,
        programs: Programs | None = None,
    ) -> None:
        self._api = api
        self._drivers = {driver.name: driver for driver in drivers}
        in_use = VolumesInUse(clock)
        self._pods = PodRuntime(api, clock, self._drivers, in_use, data_dir, programs or {})
        self.network = Network(api, self._pods.ports)
        if server is not None:
            server.set_logs(self._pods.logs)
            server.set_ports(self.network.port)
        self._parts: list[_Runnable] = [
            *SnapshotController(api, clock, decisions).controllers,
            *Binder(api, clock, decisions).controllers,
            *Protection(api, clock).controllers,
            AttachDetach(api, clock, decisions, in_use).controller,
            Scheduler(api, clock).controller,
            self._pods,
        ]
        for driver in drivers:
            self._parts += [
                Snapshotter(api, clock, driver, decisions).controller,
                *Provisioner(api, clock, driver, decisions).controllers,
                *Attacher(api, clock, driver).controllers,
                Resizer(api, clock, driver).controller,
            ]

    async def run(self) -> None:
        """Make the node's objects and work until cancelled."""
        node.create_objects(self._api, self._drivers)
        async with asyncio.TaskGroup() as group:
            for part in self._parts:
                group.create_task(part.run())

    def logs(self, pod: Obj, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        """What a container printed."""
        return self._pods.logs(pod, container, options)

    def paused(self, volume: str) -> AbstractAsyncContextManager[None]:
        """While entered, no process of a pod writes to the driver's `volume`."""
        return self._pods.paused(volume)
