"""A Volume's `status.kubernetesStatus`: its PersistentVolume, claim and pods."""

import asyncio
from collections.abc import Callable

from simulator.clock import Clock
from simulator.kubernetes.api import Api
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.store import Change
from simulator.longhorn import names, objects
from simulator.longhorn.volumes import empty_kubernetes_status

SCHEDULING_ERROR = "longhorn.io/volume-scheduling-error"
"""Annotation of the PersistentVolume; empty when the volume has its place."""

ENDED = frozenset({"Succeeded", "Failed"})


class KubernetesStatus:
    """Follows PersistentVolumes and pods at each of their changes, so that no state of theirs is skipped."""

    def __init__(self, api: Api, clock: Clock, used: Callable[[str], None]) -> None:
        """`used` is called with a volume's name when a pod that used it has ended."""
        self._api = api
        self._clock = clock
        self._used = used
        self._events = EventRecorder(api, "longhorn-kubernetes-pv-controller")

    async def run(self) -> None:
        """Follow until cancelled."""
        ends = [
            self._api.subscribe("persistentvolumes", self._volume_changed),
            self._api.subscribe("persistentvolumeclaims", self._claim_changed),
            self._api.subscribe("pods", self._pod_changed),
        ]
        try:
            await asyncio.Event().wait()
        finally:
            for end in ends:
                end()

    def _volume_changed(self, change: Change) -> None:
        name = _handle(change.object)
        volume = objects.find(self._api, names.VOLUMES, name) if name else None
        if volume is None:
            return
        known = volume["status"].get("kubernetesStatus") or empty_kubernetes_status()
        persistent = change.object["metadata"]["name"]
        phase = (change.object.get("status") or {}).get("phase", "")
        if change.type == "DELETED":
            if known["pvName"] == persistent:
                self._forget(volume, known, persistent)
        elif known["pvName"] != persistent:
            self._write(volume, known, {**empty_kubernetes_status(), "pvName": persistent, "pvStatus": phase})
        elif phase != known["pvStatus"] and phase not in {"Bound", "Pending"}:
            left = known["lastPVCRefAt"] or self._clock.timestamp()
            self._write(volume, known, {**known, "pvStatus": phase, "lastPVCRefAt": left})

    def _claim_changed(self, change: Change) -> None:
        """A claim that is bound now: its volume is in use."""
        phase = (change.object.get("status") or {}).get("phase")
        if change.type == "DELETED" or phase != "Bound":
            return
        persistent = change.object["spec"].get("volumeName", "")
        found = self._api.find("persistentvolumes", persistent)
        volume = objects.find(self._api, names.VOLUMES, _handle(found)) if found else None
        if volume is None:
            return
        known = volume["status"].get("kubernetesStatus") or empty_kubernetes_status()
        metadata = change.object["metadata"]
        if known["pvStatus"] == "Bound" and known["pvcName"] == metadata["name"]:
            return
        message = f"Persistent Volume {persistent} started to use/reuse Longhorn volume {volume['metadata']['name']}"
        self._events.record(volume, "Normal", "Start", message)
        annotation = {"metadata": {"annotations": {SCHEDULING_ERROR: ""}}}
        self._api.patch("persistentvolumes", persistent, "", annotation, manager=objects.MANAGER)
        new = {**known, "pvName": persistent, "pvStatus": "Bound", "lastPVCRefAt": ""}
        new |= {"namespace": metadata.get("namespace", ""), "pvcName": metadata["name"]}
        self._write(volume, known, {**new, **self._workloads(new)})

    def _forget(self, volume: Obj, known: Obj, persistent: str) -> None:
        new = {**known, "pvName": "", "pvStatus": ""}
        new["lastPVCRefAt"] = known["lastPVCRefAt"] or self._clock.timestamp()
        self._write(volume, known, new)
        message = f"Persistent Volume {persistent} stopped to use Longhorn volume {volume['metadata']['name']}"
        self._events.record(volume, "Normal", "Stop", message)

    def _pod_changed(self, change: Change) -> None:
        now = (change.object.get("status") or {}).get("phase")
        before = ((change.old or {}).get("status") or {}).get("phase")
        if change.type == "MODIFIED" and now == before:
            return
        namespace = change.object["metadata"].get("namespace", "")
        for claim in _claims(change.object):
            found = self._api.find("persistentvolumeclaims", claim, namespace)
            persistent = found["spec"].get("volumeName") if found else None
            volume = objects.find(self._api, names.VOLUMES, persistent) if persistent else None
            if volume is None or volume["status"].get("kubernetesStatus", {}).get("pvcName") != claim:
                continue
            known = volume["status"]["kubernetesStatus"]
            self._write(volume, known, {**known, **self._workloads(known)})
            if now in ENDED and before not in ENDED:
                self._used(volume["metadata"]["name"])

    def _workloads(self, known: Obj) -> Obj:
        """The pods that use the claim; when there are none any more, those that did, and since when they do not."""
        using = [
            {
                "podName": pod["metadata"]["name"],
                "podStatus": (pod.get("status") or {}).get("phase", ""),
                **_controller_of(pod),
            }
            for pod in self._api.list("pods", known["namespace"])
            if known["pvcName"] in _claims(pod)
        ]
        if using:
            return {"workloadsStatus": using, "lastPodRefAt": ""}
        if known["workloadsStatus"] and not known["lastPodRefAt"]:
            return {"lastPodRefAt": self._clock.timestamp()}
        return {}

    def _write(self, volume: Obj, known: Obj, new: Obj) -> None:
        if new != known:
            objects.set_status(self._api, names.VOLUMES, volume["metadata"]["name"], kubernetesStatus=new)


def _handle(persistent: Obj) -> str:
    """The Longhorn volume of a PersistentVolume, "" when it is another driver's."""
    csi = persistent["spec"].get("csi") or {}
    return str(csi.get("volumeHandle", "")) if csi.get("driver") == names.DRIVER else ""


def _claims(pod: Obj) -> set[str]:
    volumes = pod["spec"].get("volumes") or []
    return {each["persistentVolumeClaim"]["claimName"] for each in volumes if each.get("persistentVolumeClaim")}


def _controller_of(pod: Obj) -> Obj:
    owners = pod["metadata"].get("ownerReferences") or []
    owner: Obj = next((each for each in owners if each.get("controller")), {})
    return {"workloadName": owner.get("name", ""), "workloadType": owner.get("kind", "")}
