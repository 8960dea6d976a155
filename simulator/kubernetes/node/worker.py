"""The life of one pod on the node, from its volumes to its last container."""

import asyncio
import uuid
from dataclasses import dataclass
from pathlib import Path

from simulator.clock import Clock
from simulator.kubernetes import delays, names, objects
from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.node.environment import ConfigError, Launch, launch_of
from simulator.kubernetes.node.logs import Log
from simulator.kubernetes.node.mounts import Mounts, NodeVolumes
from simulator.kubernetes.node.process import CannotStart, Process
from simulator.kubernetes.node.programs import Programs, Running, Served, program_of
from simulator.kubernetes.node.status import EPOCH, ContainerState, StatusReport
from simulator.kubernetes.node.watchdog import Watchdog
from simulator.kubernetes.resources import Obj

FIRST_BACK_OFF, LAST_BACK_OFF = 10.0, 300.0
"""Seconds before a container that keeps ending is restarted."""

START_ERROR = 128
"""Exit code of a container whose command could not be started."""


@dataclass
class Run:
    """A container of the pod with its output and, while it runs, its process."""

    state: ContainerState
    log: Log | None = None
    previous: Log | None = None
    process: Running | None = None


class PodWorker:
    """One pod. `run` returns when the pod has ended for good. Containers start while the `gate` is set."""

    def __init__(
        self,
        node: NodeVolumes,
        watchdog: Watchdog,
        gate: asyncio.Event,
        programs: Programs,
        pod: Obj,
        root: Path,
        address: str,
    ) -> None:
        self._node = node
        self._api: Api = node.api
        self._clock: Clock = node.clock
        self._events = node.events
        self._watchdog = watchdog
        self._gate = gate
        self._programs = programs
        self._pod = pod
        self._root = root
        self.mounts = Mounts(node, pod, root)
        self._report = StatusReport(self._api, self._clock, pod, address)
        self._initial = [Run(ContainerState(spec, initial=True)) for spec in pod["spec"].get("initContainers") or ()]
        self._containers = [Run(ContainerState(spec)) for spec in pod["spec"]["containers"]]
        if self._initial:
            for run in self._containers:
                run.state.state = {"waiting": {"reason": "PodInitializing"}}
        self._report.initial = [run.state for run in self._initial]
        self._report.containers = [run.state for run in self._containers]
        self._deleted = asyncio.Event()
        self._removed = False
        self._is_over = False
        self._sandbox = False
        self._phase = "Pending"

    @property
    def uid(self) -> str:
        return str(self._pod["metadata"]["uid"])

    @property
    def runs(self) -> list[Run]:
        return [*self._initial, *self._containers]

    def delete(self, *, removed: bool) -> None:
        """The pod is being deleted, or with `removed` already gone."""
        self._removed = self._removed or removed
        self._deleted.set()
        if self._is_over:
            asyncio.get_running_loop().call_soon(self._finish_deletion)
        if removed:
            for run in self.runs:
                if run.process is not None:
                    run.process.kill()

    async def run(self) -> None:
        """Run until all containers have ended, or the pod is deleted."""
        running = asyncio.create_task(self._run_containers())
        deletion = asyncio.create_task(self._deleted.wait())
        try:
            await asyncio.wait({running, deletion}, return_when=asyncio.FIRST_COMPLETED)
            running.cancel()
            await asyncio.wait({running})
            if not running.cancelled():
                running.result()
            await self._kill_containers()
            await self._end()
        finally:
            for task in (running, deletion):
                task.cancel()
            left = [run.process for run in self.runs if run.process is not None]
            for process in left:
                process.kill()
            await asyncio.gather(*(process.wait() for process in left))

    # Running

    async def _run_containers(self) -> None:
        await self._clock.sleep(5 * delays.CALL)
        self._write()
        await self.mounts.set_up()
        await self._clock.sleep(delays.SANDBOX)
        self._sandbox = True
        for run in self._initial:
            await self._run_until_done(run)
            if run.state.exit_code != 0:
                return
            self._write()
        async with asyncio.TaskGroup() as group:
            for run in self._containers:
                group.create_task(self._run_until_done(run))

    async def _run_until_done(self, run: Run) -> None:
        """Run a container, and restart it as the pod's restart policy says."""
        back_off = FIRST_BACK_OFF
        while True:
            await self._run_once(run)
            if not self._restarts(run):
                return
            self._write()
            if run.state.restarts:
                await self._back_off(run, back_off)
                back_off = min(2 * back_off, LAST_BACK_OFF)
            run.state.restarts += 1

    def _restarts(self, run: Run) -> bool:
        policy = self._pod["spec"].get("restartPolicy", "Always")
        failed = run.state.exit_code != 0
        if run.state.initial:
            return failed and policy != "Never"
        return policy == "Always" or (policy == "OnFailure" and failed)

    async def _back_off(self, run: Run, seconds: float) -> None:
        namespace, name = objects.key_of(self._pod)
        where = f"container={run.state.name} pod={name}_{namespace}({self.uid})"
        run.state.last_state = run.state.state
        text = f"back-off {seconds:g}s restarting failed {where}"
        run.state.state = {"waiting": {"reason": "CrashLoopBackOff", "message": text}}
        text = f"Back-off restarting failed container {run.state.name} in pod {name}_{namespace}({self.uid})"
        self._record(run, "Warning", "BackOff", text)
        self._write()
        await self._clock.sleep(seconds)

    async def _run_once(self, run: Run) -> None:
        state = run.state
        image = state.spec["image"]
        self._record(run, "Normal", "Pulled", f'Container image "{image}" already present on machine')
        await self._clock.sleep(delays.IMAGE)
        process = await self._create(run)
        if "terminated" in state.state:
            state.last_state = state.state
        state.container_id = f"containerd://{uuid.uuid4().hex}{uuid.uuid4().hex}"
        self._record(run, "Normal", "Created", f"Created container: {state.name}")
        await self._clock.sleep(delays.START)
        try:
            await self._gate.wait()
            await process.start(self._launch(run))
        except CannotStart as error:
            self._fail_start(run, str(error))
            return
        started = self._clock.timestamp()
        run.process = process
        state.state = {"running": {"startedAt": started}}
        self._record(run, "Normal", "Started", f"Started container {state.name}")
        self._phase = "Running" if not state.initial else self._phase
        self._write()
        code = await process.wait()
        run.process = None
        finished = self._clock.timestamp()
        await self._clock.sleep(delays.RELIST)
        state.terminate(code, started=started, finished=finished)

    async def _create(self, run: Run) -> Running:
        """The container with its log; configuration errors are recorded and retried."""
        while True:
            try:
                self._launch(run)
            except ConfigError as error:
                run.state.state = {"waiting": {"reason": "CreateContainerConfigError", "message": str(error)}}
                self._record(run, "Warning", "Failed", f"Error: {error}")
                self._write()
                await self._clock.sleep(10 * delays.RELIST)
            else:
                break
        run.previous, paths = run.log, self.mounts.paths(run.state.spec)
        run.log = Log(self._clock, paths.to_container)
        program = program_of(self._programs, run.state.spec)
        return Process(self._clock, self._watchdog, run.log) if program is None else Served(program, run.log)

    def _launch(self, run: Run) -> Launch:
        home = self._root / "containers" / run.state.name
        home.mkdir(parents=True, exist_ok=True)
        return launch_of(self._api, self._pod, run.state.spec, self.mounts.paths(run.state.spec), home)

    def _fail_start(self, run: Run, text: str) -> None:
        self._record(run, "Warning", "Failed", f"Error: {text}")
        if not run.state.initial:
            self._phase = "Running"
        now = self._clock.timestamp()
        run.state.terminate(START_ERROR, started=EPOCH, finished=now, reason="StartError", message=text)
        if run.log is not None:
            run.log.close()

    # Stopping

    async def _kill_containers(self) -> None:
        """End the running containers, within the pod's grace."""
        grace = self._grace()
        running = [run for run in self.runs if run.process is not None]
        for run in running:
            self._record(run, "Normal", "Killing", f"Stopping container {run.state.name}")
        await asyncio.gather(*(self._kill(run, run.process, grace) for run in running if run.process is not None))

    async def _kill(self, run: Run, process: Running, grace: float) -> None:
        await process.stop(grace)
        code = await process.wait()
        run.process = None
        begun = run.state.state.get("running", {}).get("startedAt", EPOCH)
        run.state.terminate(code, started=begun, finished=self._clock.timestamp())

    def _grace(self) -> float:
        pod = objects.find_same(self._api, names.PODS, self._pod)
        return float(pod["metadata"].get("deletionGracePeriodSeconds", 0)) if pod else 0.0

    async def _end(self) -> None:
        """The last reports: containers ended, sandbox removed, volumes unmounted; then the deletion is completed."""
        ended = all(run.state.exit_code is not None for run in self._containers)
        failed = any(run.state.exit_code not in {0, None} for run in self.runs)
        if not self._deleted.is_set():
            self._write(over=True)
            await self._clock.sleep(delays.RELIST + delays.SANDBOX_END)
        self._sandbox = False
        if ended or failed:
            self._phase = "Failed" if failed else "Succeeded"
        self._write(over=ended or failed)
        await self.mounts.take_down()
        self._is_over = True
        self._finish_deletion()

    def _finish_deletion(self) -> None:
        namespace, name = objects.key_of(self._pod)
        pod = objects.find_same(self._api, names.PODS, self._pod)
        if pod is None or not objects.is_deleting(pod):
            return
        try:
            self._api.delete(names.PODS, name, namespace, uid=self.uid, grace_seconds=0)
        except ApiError as error:
            if error.status != 404:
                raise

    # Reporting

    def _write(self, *, over: bool = False) -> None:
        if not self._removed:
            self._report.write(self._phase, sandbox=self._sandbox, over=over)

    def _record(self, run: Run, kind: str, reason: str, text: str) -> None:
        group = "initContainers" if run.state.initial else "containers"
        field_path = f"spec.{group}{{{run.state.name}}}"
        self._events.record(self._pod, kind, reason, text, field_path=field_path)
