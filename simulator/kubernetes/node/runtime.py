"""The kubelet, with a container runtime whose containers are processes of this machine."""

import asyncio
import shutil
import sys
import traceback
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from simulator.clock import Clock
from simulator.kubernetes import names, objects
from simulator.kubernetes.api import Api, Change
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.node.mounts import NodeVolumes
from simulator.kubernetes.node.programs import Address, Programs, ports_of
from simulator.kubernetes.node.volume_plugin import VolumePlugin
from simulator.kubernetes.node.volumes_in_use import VolumesInUse
from simulator.kubernetes.node.watchdog import Watchdog
from simulator.kubernetes.node.worker import PodWorker, Run
from simulator.kubernetes.objects import is_over
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.server import LogOptions


class PodRuntime:
    """Runs the pods that are bound to the node."""

    def __init__(
        self,
        api: Api,
        clock: Clock,
        plugins: Mapping[str, VolumePlugin],
        in_use: VolumesInUse,
        data_dir: Path,
        programs: Programs,
    ) -> None:
        self._api = api
        self._clock = clock
        self._root = data_dir / "pods"
        self._programs = programs
        self._node = NodeVolumes(api, clock, plugins, in_use, EventRecorder(api, "kubelet", names.NODE))
        self._watchdog = Watchdog()
        self._gate = asyncio.Event()
        self._gate.set()
        self._frozen = 0
        self._workers: dict[str, PodWorker] = {}
        self._addresses = 0
        self._wake: asyncio.Queue[Obj] = asyncio.Queue()

    async def run(self) -> None:
        """Run pods until cancelled, and end all their processes then."""
        end = self._api.subscribe(names.PODS, self._follow)
        for pod in self._api.list(names.PODS):
            self._see(pod)
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    pod = await self._wake.get()
                    group.create_task(self._host(pod))
        finally:
            end()
            self._watchdog.close()
            shutil.rmtree(self._root, ignore_errors=True)

    def _follow(self, change: Change) -> None:
        if change.type == "DELETED":
            worker = self._workers.pop(change.object["metadata"]["uid"], None)
            if worker is not None:
                worker.delete(removed=True)
        else:
            self._see(change.object)

    def _see(self, pod: Obj) -> None:
        if pod["spec"].get("nodeName") != names.NODE:
            return
        worker = self._workers.get(pod["metadata"]["uid"])
        if worker is None:
            if not is_over(pod):
                self._admit(pod)
        elif objects.is_deleting(pod):
            worker.delete(removed=False)

    def _admit(self, pod: Obj) -> None:
        uid = pod["metadata"]["uid"]
        self._addresses += 1
        address = f"10.244.{self._addresses >> 8 & 255}.{self._addresses & 255}"
        self._workers[uid] = PodWorker(
            self._node, self._watchdog, self._gate, self._programs, pod, self._root / uid, address
        )
        self._wake.put_nowait(pod)

    async def _host(self, pod: Obj) -> None:
        worker = self._workers.get(pod["metadata"]["uid"])
        if worker is None:
            return
        try:
            await worker.run()
        except Exception as error:  # noqa: BLE001 - a defect with one pod must not end the others
            print(f"pod {objects.shown(pod)} cannot be run any further", file=sys.stderr)
            traceback.print_exception(error)
        await worker.mounts.report_unused()
        await asyncio.to_thread(worker.mounts.remove)

    # For the API server and for drivers

    async def logs(self, pod: Obj, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        """The output of a container. Raises KeyError when the pod has no such container."""
        run = self._run_of(pod, container)
        log = None if run is None else (run.previous if options.previous else run.log)
        if log is None:
            return
        async for text in log.read(options):
            yield text

    def _run_of(self, pod: Obj, container: str) -> Run | None:
        worker = self._workers.get(pod["metadata"]["uid"])
        if worker is None:
            return None
        return next((run for run in worker.runs if run.state.name == container), None)

    def ports(self, pod: Obj) -> dict[int, Address]:
        """The open ports of a pod with their addresses on this machine."""
        worker = self._workers.get(pod["metadata"]["uid"])
        return {} if worker is None else ports_of(run.process for run in worker.runs)

    @asynccontextmanager
    async def paused(self, volume: str) -> AsyncIterator[None]:
        """While entered, no container that uses the driver's `volume` runs, and none starts: its data stand still."""
        self._frozen += 1
        self._gate.clear()
        processes = [
            run.process
            for worker in self._workers.values()
            if volume in worker.mounts.handles
            for run in worker.runs
            if run.process is not None
        ]
        try:
            for process in processes:
                process.freeze()
            for process in processes:
                await process.stopped()
            yield
        finally:
            for process in processes:
                process.thaw()
            self._frozen -= 1
            if not self._frozen:
                self._gate.set()
