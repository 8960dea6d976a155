"""Protection of storage objects in use: claims of pods, and bound PersistentVolumes."""

from collections.abc import Iterable

from simulator.kubernetes import delays, names, objects
from simulator.kubernetes.api import Api, Change
from simulator.kubernetes.controller import Controller, Key
from simulator.kubernetes.objects import claims_of, is_over

MANAGER = "kube-controller-manager"


class Protection:
    """Removes the protection finalizers of deleted claims and PersistentVolumes that are no longer in use."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._claims = Controller(api, api.clock, "pvc-protection", self._sync_claim)
        self._claims.watch(names.CLAIMS)
        self._claims.watch(names.PODS, _claims_of_pod)
        self._volumes = Controller(api, api.clock, "pv-protection", self._sync_volume)
        self._volumes.watch(names.VOLUMES)
        self.controllers = (self._claims, self._volumes)

    async def _sync_claim(self, key: Key) -> None:
        claim = self._api.find(names.CLAIMS, key[1], key[0])
        if claim is None or not objects.is_deleting(claim):
            return
        await delays.calls(self._api.clock, 3)
        pods = self._api.list(names.PODS, key[0])
        if any(key[1] in claims_of(pod).values() and pod["spec"].get("nodeName") and not is_over(pod) for pod in pods):
            return
        objects.remove_finalizers(self._api, names.CLAIMS, claim, [names.CLAIM_PROTECTION], manager=MANAGER)

    async def _sync_volume(self, key: Key) -> None:
        volume = self._api.find(names.VOLUMES, key[1])
        if volume is None or not objects.is_deleting(volume) or objects.status(volume).get("phase") == "Bound":
            return
        await self._api.clock.sleep(delays.CALL)
        objects.remove_finalizers(self._api, names.VOLUMES, volume, [names.VOLUME_PROTECTION], manager=MANAGER)


def _claims_of_pod(change: Change) -> Iterable[Key]:
    namespace, _ = change.key
    return [(namespace, claim) for claim in claims_of(change.object).values()]
