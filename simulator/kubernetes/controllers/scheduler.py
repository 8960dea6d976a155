"""The scheduler of a cluster with one node, and the choice of that node for claims that wait for a consumer."""

from collections.abc import Iterable

from simulator.kubernetes import delays, names, objects
from simulator.kubernetes.api import Api, Change
from simulator.kubernetes.controller import Controller, Key
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.objects import claims_of, quoted
from simulator.kubernetes.resources import Obj

MANAGER = "kube-scheduler"
UNAVAILABLE = (
    "0/1 nodes are available: {why}. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
)


class Scheduler:
    """Binds each pod to the node as soon as its claims allow it."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._events = EventRecorder(api, "default-scheduler")
        self.controller = Controller(api, api.clock, "scheduler", self._sync)
        self.controller.watch(names.PODS)
        self.controller.watch(names.CLAIMS, self._pods_of_claim)

    def _pods_of_claim(self, change: Change) -> Iterable[Key]:
        namespace, name = change.key
        return [
            objects.key_of(pod)
            for pod in self._api.list(names.PODS, namespace)
            if not pod["spec"].get("nodeName") and name in claims_of(pod).values()
        ]

    async def _sync(self, key: Key) -> None:
        namespace, name = key
        pod = self._api.find(names.PODS, name, namespace)
        if pod is None or pod["spec"].get("nodeName") or objects.is_deleting(pod):
            return
        if pod["spec"].get("schedulerName", "default-scheduler") != "default-scheduler":
            return
        await self._api.clock.sleep(delays.CALL)
        problem = self._problem(pod)
        if problem:
            self._report(pod, UNAVAILABLE.format(why=problem) if problem.startswith("pod has") else problem)
            return
        if self._bind_claims(pod):
            self._bind(pod)

    def _problem(self, pod: Obj) -> str:
        """Why the pod cannot run on the node, empty if it can."""
        namespace, _ = objects.key_of(pod)
        for claim_name in claims_of(pod).values():
            claim = self._api.find(names.CLAIMS, claim_name, namespace)
            if claim is None:
                return f"persistentvolumeclaim {quoted(claim_name)} not found"
            if objects.is_deleting(claim):
                return f"persistentvolumeclaim {quoted(claim_name)} is being deleted"
            if not self._is_bound(claim) and not self._waits_for_consumer(claim):
                return "pod has unbound immediate PersistentVolumeClaims"
        return ""

    def _is_bound(self, claim: Obj) -> bool:
        return names.BIND_COMPLETED in objects.annotations(claim)

    def _waits_for_consumer(self, claim: Obj) -> bool:
        storage_class = self._api.find(names.STORAGE_CLASSES, claim["spec"].get("storageClassName") or "")
        return storage_class is not None and objects.waits_for_consumer(storage_class)

    def _bind_claims(self, pod: Obj) -> bool:
        """Select the node for waiting claims; returns whether all claims are bound."""
        namespace, _ = objects.key_of(pod)
        claims = [self._api.get(names.CLAIMS, name, namespace) for name in claims_of(pod).values()]
        waiting = [claim for claim in claims if not self._is_bound(claim)]
        for claim in waiting:
            objects.annotate(self._api, names.CLAIMS, claim, {names.SELECTED_NODE: names.NODE}, manager=MANAGER)
        return not waiting

    def _bind(self, pod: Obj) -> None:
        namespace, name = objects.key_of(pod)
        pod = objects.current(self._api, names.PODS, pod)
        bound = {
            **pod,
            "spec": {**pod["spec"], "nodeName": names.NODE},
            "status": {**objects.status(pod), "conditions": [self._condition("True")]},
        }
        self._api.replace(names.PODS, bound, subresource="binding", manager=MANAGER)
        text = f"Successfully assigned {namespace}/{name} to {names.NODE}"
        self._events.record(pod, "Normal", "Scheduled", text)

    def _condition(self, status: str) -> Obj:
        now = self._api.clock.timestamp()
        return {"type": "PodScheduled", "status": status, "lastProbeTime": None, "lastTransitionTime": now}

    def _report(self, pod: Obj, text: str) -> None:
        condition = {**self._condition("False"), "reason": "Unschedulable", "message": text}
        known = [each.get("message") for each in objects.status(pod).get("conditions") or ()]
        if text in known:
            return
        self._events.record(pod, "Warning", "FailedScheduling", text)
        status = {**objects.status(pod), "conditions": [condition]}
        self._api.update_status(names.PODS, {**pod, "status": status}, manager=MANAGER)
