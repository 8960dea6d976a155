"""Longhorn's own REST API, as far as it shows volumes, snapshots, backups and images: longhorn-backend:9500.

Reached through the service proxy of the API server. Collections and objects come in the form of a Rancher API.
"""

from collections.abc import Callable

from aiohttp import web

from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj
from simulator.longhorn import names, objects
from simulator.longhorn.backing_images.rest import ImageDownloads
from simulator.longhorn.decisions import LonghornDecisions
from simulator.longhorn.lagging_cache import LaggingCache
from simulator.longhorn.snapshot_chains import SnapshotChains
from simulator.longhorn.support_bundles import SupportBundles

SERVICE, PORT = "longhorn-backend", 9500
VOLUME_SPEC = (
    *("accessMode", "backingImage", "backupTargetName", "dataEngine", "dataLocality", "dataSource", "encrypted"),
    *("frontend", "fromBackup", "numberOfReplicas", "size", "staleReplicaTimeout"),
)
VOLUME_STATUS = (
    *("cloneStatus", "kubernetesStatus", "lastBackup", "lastBackupAt", "restoreInitiated", "restoreRequired"),
    *("robustness", "state"),
)
BACKUP_STATUS = (
    *("backupTargetName", "compressionMethod", "error", "labels", "messages", "newlyUploadDataSize", "progress"),
    *("reUploadedDataSize", "size", "snapshotName", "state", "url", "volumeBackingImageName", "volumeCreated"),
    *("volumeName", "volumeSize"),
)


class NotFoundError(Exception):
    """Nothing is served at that path."""


class RestApi:
    """Answers requests below /v1."""

    def __init__(
        self,
        api: Api,
        decisions: LonghornDecisions,
        chains: SnapshotChains,
        images: ImageDownloads,
        bundles: SupportBundles,
    ) -> None:
        self._api = api
        self._cache = LaggingCache(api, "API")
        self._decisions = decisions
        self._chains = chains
        self._images = images
        self._bundles = bundles

    async def handle(self, request: web.Request, path: str) -> web.StreamResponse:
        """A handler for `Server.add_service`."""
        match [part for part in path.split("?")[0].split("/") if part]:
            case ["v1", "backingimages", name, "download"] if request.method == "GET":
                return await self._images.download(request, name, self._find(names.BACKING_IMAGES, name))
            case ["v1", "backingimages", name] if request.query.get("action") == "upload":
                return await self._images.upload(request, name)
            case ["v1", "supportbundles", _, name, "download"] if request.method == "GET":
                return self._bundles.download(name)
        base = f"{request.scheme}://{request.host}/v1"
        try:
            answer = self.answer(request.method, path, request.query.get("action", ""), base)
        except NotFoundError as error:
            answer = {"actions": None, "code": "Not Found", "detail": "", "links": {"self": f"{base}/{path}"}}
            answer |= {"message": str(error), "status": 404, "type": "error"}
            return web.json_response(answer, status=404)
        return web.json_response(self._decisions.api_answer(answer))

    def answer(self, method: str, path: str, action: str, base: str) -> Obj:
        """The JSON for a request. Raises NotFoundError."""
        parts = [part for part in path.split("?")[0].split("/") if part]
        if len(parts) == 4 and parts[1] == "supportbundles":
            bundle = self._bundles.shown(parts[3])
            if bundle is None:
                raise NotFoundError(f"{names.SUPPORT_BUNDLES} {parts[3]!r} not found")
            return bundle
        if len(parts) not in {2, 3} or parts[0] != "v1":
            raise NotFoundError(f"{path} not found")
        collections: dict[str, tuple[str, Callable[[Obj, str], Obj], dict[str, Callable[[Obj, str], list[Obj]]]]] = {
            "volumes": (names.VOLUMES, self._volume, {"snapshotList": self._snapshots}),
            "backingimages": (names.BACKING_IMAGES, self._image, {}),
            "backupvolumes": (names.BACKUP_VOLUMES, self._backup_volume, {"backupList": self._backups}),
        }
        if parts[1] not in collections:
            raise NotFoundError(f"{path} not found")
        resource, shape, actions = collections[parts[1]]
        if len(parts) == 2 and method == "GET":
            listed = [each for each in objects.all_of(self._api, resource) if self._is_shown(resource, each)]
            return _collection([shape(each, base) for each in listed], base, path)
        found = self._find(resource, parts[2]) if len(parts) == 3 else None
        if found is None or not self._is_shown(resource, found):
            raise NotFoundError(f"{resource} {parts[-1]!r} not found")
        if method == "POST" and action in actions:
            return _collection(actions[action](found, base), base, path)
        if method == "GET" and not action:
            return shape(found, base)
        raise NotFoundError(f"{path} has no action {action}")

    def _find(self, resource: str, name: str) -> Obj | None:
        found = self._cache.find(resource, name, names.NAMESPACE)
        return None if found is None else {**found, "status": objects.status_of(found)}

    def _is_shown(self, resource: str, item: Obj) -> bool:
        return resource != names.BACKING_IMAGES or self._images.is_shown(item)

    def _volume(self, volume: Obj, base: str) -> Obj:
        spec, status, name = volume["spec"], volume["status"], volume["metadata"]["name"]
        conditions = {each["type"]: each for each in status.get("conditions") or []}
        return {
            **_links("volume", f"{base}/volumes/{name}", name, "snapshotList"),
            **{key: spec[key] for key in VOLUME_SPEC if key in spec},
            **{key: status[key] for key in VOLUME_STATUS if key in status},
            "conditions": conditions,
            "created": volume["metadata"]["creationTimestamp"],
            "ready": status.get("state") in {"attached", "detached"} and not status.get("restoreRequired"),
        }

    def _image(self, image: Obj, base: str) -> Obj:
        name = image["metadata"]["name"]
        return {**_links("backingImage", f"{base}/backingimages/{name}", name, "upload"), **self._images.shown(image)}

    def _snapshots(self, volume: Obj, base: str) -> list[Obj]:
        name = volume["metadata"]["name"]
        layers = self._chains.layers(name)
        listed = [each for each in map(self._snapshot, layers) if each]
        head: Obj = {"children": {}, "created": "", "labels": None, "name": names.HEAD, "parent": (layers or [""])[-1]}
        listed.append({**head, "removed": False, "size": "0", "usercreated": False})
        return [{**_links("snapshot", f"{base}/snapshots/{each['name']}", each["name"]), **each} for each in listed]

    def _snapshot(self, name: str) -> Obj | None:
        found = objects.find(self._api, names.SNAPSHOTS, name)
        if found is None or not found["status"].get("children"):
            return None
        status = found["status"]
        return {
            "children": status["children"],
            "created": status["creationTime"],
            "labels": status["labels"],
            "name": name,
            "parent": status["parent"],
            "removed": status["markRemoved"],
            "size": str(status["size"]),
            "usercreated": status["userCreated"],
        }

    def _backup_volume(self, volume: Obj, base: str) -> Obj:
        spec, status, name = volume["spec"], volume["status"], volume["metadata"]["name"]
        fields = ("backingImageName", "dataStored", "labels", "lastBackupAt", "lastBackupName", "messages", "size")
        return {
            **_links("backupVolume", f"{base}/backupvolumes/{name}", name, "backupList"),
            **{key: status.get(key) for key in (*fields, "storageClassName")},
            "backupTargetName": spec.get("backupTargetName"),
            "created": status.get("createdAt"),
            "volumeName": spec.get("volumeName"),
        }

    def _backups(self, volume: Obj, base: str) -> list[Obj]:
        selector = f"{names.BACKUP_VOLUME_LABEL}={volume['spec'].get('volumeName')}"
        listed = []
        for each in objects.all_of(self._api, names.BACKUPS, selector):
            status, name = each["status"], each["metadata"]["name"]
            listed.append(
                {
                    **_links("backup", f"{base}/backups/{name}", name),
                    **{key: status.get(key) for key in BACKUP_STATUS},
                    "created": status.get("backupCreatedAt"),
                    "snapshotCreated": status.get("snapshotCreatedAt"),
                }
            )
        return listed


def _links(kind: str, url: str, name: str, *actions: str) -> Obj:
    return {
        "id": name,
        "name": name,
        "type": kind,
        "links": {"self": url},
        "actions": {action: f"{url}?action={action}" for action in actions},
    }


def _collection(data: list[Obj], base: str, path: str) -> Obj:
    kind = data[0]["type"] if data else ""
    own = f"{base.removesuffix('/v1')}/{path.lstrip('/')}"
    return {"data": data, "links": {"self": own}, "resourceType": kind, "type": "collection"}
