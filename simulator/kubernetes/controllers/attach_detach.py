"""The attach/detach controller: one VolumeAttachment per volume that a pod on the node uses."""

from collections.abc import Iterable

from simulator.kubernetes import delays, names, objects
from simulator.kubernetes.api import Api, Change
from simulator.kubernetes.controller import Controller, Key
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.node.volumes_in_use import VolumesInUse
from simulator.kubernetes.objects import attached_volume, claims_of, is_over
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.wait_for_change import wait_for_change

MANAGER = "kube-controller-manager"
FIRST_RETRY, LAST_RETRY = 0.5, 122.0
"""Seconds before a failed attachment is retried; doubled each time."""

MAX_WAITING = 100
"""Volumes that can wait for their attachment at the same time."""


class AttachDetach:
    """A queue of PersistentVolumes: each is attached while a pod uses it, and detached when none does."""

    def __init__(self, api: Api, in_use: VolumesInUse) -> None:
        self._api = api
        self._in_use = in_use
        self._events = EventRecorder(api, "attachdetach-controller")
        self.controller = Controller(api, api.clock, "attach-detach", self._sync, workers=MAX_WAITING)
        self.controller.watch(names.PODS, self._volumes_of_pod)
        self.controller.watch(names.CLAIMS, _volume_of_claim)
        self.controller.watch(names.ATTACHMENTS, lambda change: [("", attached_volume(change.object))])
        in_use.listen(lambda volume: self.controller.enqueue(("", volume)))

    def _volumes_of_pod(self, change: Change) -> Iterable[Key]:
        return [("", claim["spec"]["volumeName"]) for claim in self._bound_claims(change.object)]

    def _bound_claims(self, pod: Obj) -> list[Obj]:
        namespace, _ = objects.key_of(pod)
        found = (self._api.find(names.CLAIMS, name, namespace) for name in claims_of(pod).values())
        return [claim for claim in found if claim is not None and claim["spec"].get("volumeName")]

    async def _sync(self, key: Key) -> None:
        volume = self._api.find(names.VOLUMES, key[1])
        if volume is None or "csi" not in volume["spec"]:
            return
        if self._users(key[1]):
            await self._attach(volume)
            return
        attachment = self._attachment(volume)
        if attachment is None:
            self._in_use.detach(key[1])
        elif not objects.is_deleting(attachment) and not self._in_use.is_in_use(key[1]):
            self._in_use.detach(key[1])
            self._api.delete(names.ATTACHMENTS, attachment["metadata"]["name"])

    def _users(self, volume: str) -> list[Obj]:
        return [
            pod
            for pod in self._api.list(names.PODS, fields=f"spec.nodeName={names.NODE}")
            if not is_over(pod) and any(claim["spec"]["volumeName"] == volume for claim in self._bound_claims(pod))
        ]

    def _attachment(self, volume: Obj) -> Obj | None:
        return self._api.find(names.ATTACHMENTS, _attachment_of(volume))

    async def _attach(self, volume: Obj) -> None:
        """Attach the volume, unless the pods stop using it. Failures are recorded at the pods and retried."""
        name = volume["metadata"]["name"]
        pause = FIRST_RETRY
        with wait_for_change(self._api, names.PODS, names.ATTACHMENTS) as change:
            while not self._in_use.is_attached(name) and (pods := self._users(name)):
                attachment = self._attachment(volume)
                if attachment is None:
                    await delays.calls(self._api.clock, 3)
                    if self._attachment(volume) is None:
                        self._create(volume)
                    continue
                status = objects.status(attachment)
                if objects.is_deleting(attachment) or not (status.get("attached") or status.get("attachError")):
                    await change.wait()
                elif status.get("attached"):
                    await self._api.clock.sleep(4 * delays.RECONCILER)
                    self._record(pods, "Normal", "SuccessfulAttachVolume", f'succeeded for volume "{name}" ')
                    self._in_use.attach(name)
                else:
                    error = status["attachError"]["message"]
                    self._record(pods, "Warning", "FailedAttachVolume", f'failed for volume "{name}" : {error}')
                    await self._api.clock.sleep(5 * delays.RECONCILER + pause)
                    pause = min(2 * pause, LAST_RETRY)

    def _record(self, pods: list[Obj], type_: str, reason: str, text: str) -> None:
        for pod in pods:
            self._events.record(pod, type_, reason, f"AttachVolume.Attach {text}")

    def _create(self, volume: Obj) -> None:
        attachment = {
            "metadata": {"name": _attachment_of(volume)},
            "spec": {
                "attacher": volume["spec"]["csi"]["driver"],
                "source": {"persistentVolumeName": volume["metadata"]["name"]},
                "nodeName": names.NODE,
            },
        }
        self._api.create(names.ATTACHMENTS, attachment, manager=MANAGER)


def _attachment_of(volume: Obj) -> str:
    csi = volume["spec"]["csi"]
    return names.attachment_name(csi["volumeHandle"], csi["driver"], names.NODE)


def _volume_of_claim(change: Change) -> Iterable[Key]:
    name = change.object["spec"].get("volumeName")
    return [("", name)] if name and change.type != "DELETED" else []
