"""`status` of a pod as the kubelet reports it."""

import hashlib
from dataclasses import dataclass, field

from simulator.clock import Clock
from simulator.kubernetes import names, objects
from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj

MANAGER = "kubelet"
HOST_ADDRESS = "172.18.0.2"
EPOCH = "1970-01-01T00:00:00Z"


@dataclass
class ContainerState:
    """A container's specification and state."""

    spec: Obj
    state: Obj = field(default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}})
    last_state: Obj = field(default_factory=dict)
    container_id: str = ""
    restarts: int = 0
    initial: bool = False

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def exit_code(self) -> int | None:
        terminated = self.state.get("terminated")
        return terminated["exitCode"] if terminated else None

    @property
    def is_running(self) -> bool:
        return "running" in self.state

    def terminate(self, exit_code: int, *, started: str, finished: str, reason: str = "", message: str = "") -> None:
        """The container has ended; the default reason is that of its exit code."""
        self.state = {
            "terminated": {
                "exitCode": exit_code,
                "reason": reason or ("Completed" if exit_code == 0 else "Error"),
                **({"message": message} if message else {}),
                "startedAt": started,
                "finishedAt": finished,
                "containerID": self.container_id,
            }
        }


class StatusReport:
    """Writes a pod's status; conditions keep the time of their last transition."""

    def __init__(self, api: Api, clock: Clock, pod: Obj, address: str) -> None:
        self._api = api
        self._clock = clock
        self._pod = pod
        self._address = address
        self._start_time = clock.timestamp()
        self.initial: list[ContainerState] = []
        self.containers: list[ContainerState] = []

    def write(self, phase: str, *, sandbox: bool, over: bool = False) -> None:
        """Report. `sandbox`: the pod's sandbox is up; `over`: no container will run again."""
        pod = objects.find_same(self._api, names.PODS, self._pod)
        if pod is None:
            return
        old = objects.status(pod)
        status: Obj = {
            "phase": phase,
            "conditions": self._conditions(old.get("conditions") or [], sandbox, over),
            "hostIP": HOST_ADDRESS,
            "hostIPs": [{"ip": HOST_ADDRESS}],
            "startTime": self._start_time,
        }
        if sandbox or "podIP" in old:
            status |= {"podIP": self._address, "podIPs": [{"ip": self._address}]}
        if self.initial:
            status["initContainerStatuses"] = [_container_status(each) for each in self.initial]
        status["containerStatuses"] = [_container_status(each) for each in self.containers]
        status["qosClass"] = old.get("qosClass", "BestEffort")
        self._api.update_status(names.PODS, {**pod, "status": status}, manager=MANAGER)

    def _conditions(self, old: list[Obj], sandbox: bool, over: bool) -> list[Obj]:
        unready = [each.name for each in self.containers if not each.is_running]
        waiting = [each.name for each in self.initial if each.exit_code != 0]
        initialized: Obj = {"status": "True"}
        if waiting:
            text = f"containers with incomplete status: [{' '.join(waiting)}]"
            initialized = {"status": "False", "reason": "ContainersNotInitialized", "message": text}
        ready: Obj = {"status": "True"}
        if over:
            succeeded = all(each.exit_code == 0 for each in self.containers)
            ready = {"status": "False", "reason": "PodCompleted" if succeeded else "PodFailed"}
            if succeeded:
                initialized = {"status": "True", "reason": "PodCompleted"}
        elif unready:
            text = f"containers with unready status: [{' '.join(unready)}]"
            ready = {"status": "False", "reason": "ContainersNotReady", "message": text}
        current = {
            "PodReadyToStartContainers": {"status": "True" if sandbox else "False"},
            "Initialized": initialized,
            "Ready": ready,
            "ContainersReady": ready,
        }
        before = {each["type"]: each for each in old}
        conditions = [self._condition(kind, before.get(kind), content) for kind, content in current.items()]
        return conditions + [each for each in old if each["type"] == "PodScheduled"]

    def _condition(self, kind: str, old: Obj | None, content: Obj) -> Obj:
        unchanged = old is not None and old["status"] == content["status"]
        since = old["lastTransitionTime"] if unchanged and old else self._clock.timestamp()
        times = {"lastProbeTime": None, "lastTransitionTime": since}
        return {"type": kind, "status": content["status"], **times, **content}


def _container_status(container: ContainerState) -> Obj:
    spec = container.spec
    ready = container.exit_code == 0 if container.initial else container.is_running
    status: Obj = {
        "name": container.name,
        "state": container.state,
        "lastState": container.last_state,
        "ready": ready,
        "restartCount": container.restarts,
        "image": spec["image"],
        "imageID": image_id(spec["image"]) if container.container_id else "",
    }
    if container.container_id:
        status["containerID"] = container.container_id
    status["started"] = container.is_running
    if container.container_id:
        status["resources"] = spec.get("resources") or {}
    mounts = [_mount_status(mount) for mount in spec.get("volumeMounts") or ()]
    if mounts:
        status["volumeMounts"] = mounts
    return status


def _mount_status(mount: Obj) -> Obj:
    status: Obj = {"name": mount["name"], "mountPath": mount["mountPath"]}
    if mount.get("readOnly"):
        status |= {"readOnly": True, "recursiveReadOnly": "Disabled"}
    return status


def image_id(image: str) -> str:
    """A made-up digest of an image."""
    repository = image.rpartition(":")[0] if ":" in image.rpartition("/")[2] else image
    return f"{repository}@sha256:{hashlib.sha256(image.encode()).hexdigest()}"
