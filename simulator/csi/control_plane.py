"""The control plane and the node of a cluster with CSI drivers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from simulator.clock import Clock
from simulator.csi import registration
from simulator.csi.attacher import Attacher
from simulator.csi.decisions import CsiDecisions
from simulator.csi.protocol import Driver
from simulator.csi.provisioner import Provisioner
from simulator.csi.resizer import Resizer
from simulator.csi.snapshot_controller import SnapshotController
from simulator.csi.snapshotter import Snapshotter
from simulator.csi.volume_plugin import CsiVolumePlugin
from simulator.kubernetes.api import Api
from simulator.kubernetes.controllers.attach_detach import AttachDetach
from simulator.kubernetes.controllers.binder import Binder
from simulator.kubernetes.controllers.lifecycle import Runnable
from simulator.kubernetes.controllers.protection import Protection
from simulator.kubernetes.controllers.scheduler import Scheduler
from simulator.kubernetes.node import registration as node_registration
from simulator.kubernetes.node.network import Network
from simulator.kubernetes.node.programs import Programs
from simulator.kubernetes.node.runtime import PodRuntime
from simulator.kubernetes.node.volumes_in_use import VolumesInUse
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.server import LogOptions, Server


class ControlPlane:
    """Everything of Kubernetes between an object and a CSI driver.

    `data_dir` is where pods have their files; the sidecars of the drivers run in `namespace`. A `server` serves the
    logs and ports of pods. `programs` are the servers that pods can be; `network` knows their addresses.
    """

    def __init__(
        self,
        api: Api,
        clock: Clock,
        drivers: Sequence[Driver],
        decisions: CsiDecisions,
        data_dir: Path,
        namespace: str,
        server: Server | None = None,
        programs: Programs | None = None,
    ) -> None:
        self._api = api
        self._drivers = [driver.name for driver in drivers]
        self._namespace = namespace
        plugins = {driver.name: CsiVolumePlugin(driver) for driver in drivers}
        in_use = VolumesInUse(clock)
        self._pods = PodRuntime(api, clock, plugins, in_use, data_dir, programs or {})
        self.network = Network(api, self._pods.ports)
        if server is not None:
            server.set_logs(self._pods.logs)
            server.set_ports(self.network.port)
        self._parts: list[Runnable] = [
            *SnapshotController(api, decisions).controllers,
            *Binder(api).controllers,
            *Protection(api).controllers,
            AttachDetach(api, in_use).controller,
            Scheduler(api).controller,
            self._pods,
        ]
        for driver in drivers:
            self._parts += [
                Snapshotter(api, driver, decisions).controller,
                *Provisioner(api, driver, decisions).controllers,
                *Attacher(api, driver).controllers,
                Resizer(api, driver).controller,
            ]

    async def run(self) -> None:
        """Create the node's objects and work until cancelled."""
        node_registration.register(self._api)
        registration.register(self._api, self._drivers, self._namespace)
        async with asyncio.TaskGroup() as group:
            for part in self._parts:
                group.create_task(part.run())

    def logs(self, pod: Obj, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        """The output of a container."""
        return self._pods.logs(pod, container, options)

    def paused(self, volume: str) -> AbstractAsyncContextManager[None]:
        """While entered, no process of a pod writes to the driver's `volume`."""
        return self._pods.paused(volume)
