"""Support bundles: a SupportBundle object asks for one, a manager collects it, Longhorn's own API hands it out once.

What is inside has the places of the real thing (support-bundle-kit): `metadata.yaml`, the objects of Longhorn's
namespace as YAML, but no Secrets, and an archive for each node.
"""

import io
import zipfile

import yaml
from aiohttp import web

from simulator.clock import Clock
from simulator.kubernetes.admission import Admission
from simulator.kubernetes.api import Api, Change
from simulator.kubernetes.controller import Controller, Key, Result
from simulator.kubernetes.resources import Obj
from simulator.longhorn import names, objects

STARTED, GENERATING, READY, REPLACED = "Started", "Generating", "ReadyForDownload", "Replaced"
KIT = "longhornio/support-bundle-kit:v0.0.88"
ADDRESS = "10.244.255.254"

_PHASES = ("init", "cluster bundle", "node bundle", "prepare package", "package", "done")
_START, _PHASE = 5.0, 4.0
_LEFT_OUT = frozenset({"secrets", "events"})


class SupportBundles:
    """Creates the requested bundles; a ready one is replaced by the next."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._files: dict[str, bytes] = {}
        self.controller = Controller(api, clock, "support-bundles", self._reconcile, workers=1)
        self.controller.watch(names.SUPPORT_BUNDLES, self._keys)
        api.admit(names.SUPPORT_BUNDLES, ("CREATE",), _hold, mutating=True)

    def _keys(self, change: Change) -> tuple[Key, ...]:
        if change.type == "DELETED":
            self._files.pop(change.key[1], None)
        return (change.key,)

    async def _reconcile(self, key: Key) -> Result | None:
        name = key[1]
        found = objects.find(self._api, names.SUPPORT_BUNDLES, name)
        if found is None:
            return None
        if objects.is_deleted(found):
            objects.release(self._api, names.SUPPORT_BUNDLES, name)
            return None
        state = found["status"].get("state", "")
        if not state:
            self._replace_ready(name)
            self._set(name, state=STARTED, ownerID=names.NODE, image=KIT, managerIP="", progress=0)
            return Result(after=_START)
        if state == STARTED:
            self._set(name, state=GENERATING)
            return Result(after=_PHASE)
        return self._collect(found) if state == GENERATING else None

    def _collect(self, bundle: Obj) -> Result | None:
        """One phase of the manager further."""
        name, status = bundle["metadata"]["name"], bundle["status"]
        done = round(int(status.get("progress") or 0) * len(_PHASES) / 100) + 1
        fields: Obj = {"progress": 100 * done // len(_PHASES), "managerIP": ADDRESS}
        manager = objects.condition("Manager", True, self._clock.timestamp(), "Create", _PHASES[done - 1])
        fields["conditions"] = objects.with_condition(status.get("conditions"), manager)
        if done < len(_PHASES):
            self._set(name, **fields)
            return Result(after=_PHASE)
        packed = self._files[name] = self._packed(bundle)
        made = self._clock.timestamp()
        filename = f"supportbundle_{self._uid()}_{made.replace(':', '-')}.zip"
        self._set(name, **fields, state=READY, filename=filename, filesize=len(packed))
        return None

    def _replace_ready(self, name: str) -> None:
        for other in objects.all_of(self._api, names.SUPPORT_BUNDLES):
            if other["metadata"]["name"] != name and other["status"].get("state") == READY:
                self._set(other["metadata"]["name"], state=REPLACED)
                objects.delete(self._api, names.SUPPORT_BUNDLES, other["metadata"]["name"])

    def _set(self, name: str, **fields: object) -> None:
        objects.set_status(self._api, names.SUPPORT_BUNDLES, name, **fields)

    def _uid(self) -> str:
        return str(self._api.get("namespaces", names.NAMESPACE)["metadata"]["uid"])

    def _packed(self, bundle: Obj) -> bytes:
        spec = bundle["spec"]
        about = {
            "projectNamespaceUUID": self._uid(),
            "bundleName": bundle["metadata"]["name"],
            "bundleCreatedAt": self._clock.timestamp(),
            "issueURL": spec.get("issueURL", ""),
            "issueDescription": spec.get("description", ""),
        }
        memory = io.BytesIO()
        with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("metadata.yaml", yaml.safe_dump(about, sort_keys=False))
            for resource in self._api.resources():
                if not resource.namespaced or resource.plural in _LEFT_OUT:
                    continue
                if found := self._api.list(resource.key, names.NAMESPACE):
                    place = f"{resource.group or 'kubernetes'}/{resource.version}/{resource.plural}"
                    text = yaml.safe_dump({"items": found}, sort_keys=False)
                    archive.writestr(f"yamls/namespaced/{names.NAMESPACE}/{place}.yaml", text)
            archive.writestr(f"nodes/{names.NODE}.zip", _node())
        return memory.getvalue()

    # Longhorn's own API ----------------------------------------------------------------------------------------------

    def shown(self, name: str) -> Obj | None:
        """What the API shows of a bundle, None without one."""
        found = objects.find(self._api, names.SUPPORT_BUNDLES, name)
        if found is None:
            return None
        status = found["status"]
        told = {"id": names.NODE, "type": "supportBundle", "nodeID": names.NODE, "name": name}
        told |= {"state": status.get("state", ""), "errorMessage": ""}
        return {**told, "progressPercentage": status.get("progress", 0)}

    def download(self, name: str) -> web.Response:
        """The archive of a ready bundle, which is deleted with that; 500 for any other."""
        content = self._files.get(name)
        if content is None:
            message = "support bundle not ready"
            return web.json_response({"type": "error", "status": 500, "message": message}, status=500)
        bundle = self._api.get(names.SUPPORT_BUNDLES, name, names.NAMESPACE)
        filename = bundle["status"]["filename"]
        objects.delete(self._api, names.SUPPORT_BUNDLES, name)
        headers = {"Content-Disposition": f"attachment; filename={filename}"}
        return web.Response(body=content, content_type="application/zip", headers=headers)


def _hold(request: Admission) -> None:
    request.object["metadata"].setdefault("finalizers", []).append(names.FINALIZER)


def _node() -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("hostinfos/hostinfo", f"hostname : \n\t{names.NODE}\n")
        archive.writestr("logs/kubelet.log", "")
    return memory.getvalue()
