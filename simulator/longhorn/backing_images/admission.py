"""Longhorn's admission webhooks for backing images, and for volumes that have one."""

import re
from urllib.parse import urlsplit

from simulator.kubernetes.admission import Admission
from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj
from simulator.longhorn import names, objects
from simulator.longhorn.admission import NAME, add_finalizer, refuse_for, refused
from simulator.longhorn.backing_images.decisions import CLONE, DOWNLOAD, EXPORT, RESTORE, UPLOAD, BackingImageDecisions
from simulator.longhorn.backing_images.images import users
from simulator.longhorn.backupstore import BackupstoreError
from simulator.longhorn.backupstore.target import parse_backup_url
from simulator.longhorn.go_format import go_map
from simulator.longhorn.lagging_cache import LaggingCache
from simulator.longhorn.version import Version

LOOPBACK = re.compile(r"(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[?::1\]?|0\.0\.0\.0)")
MINIMUM_COPIES = "default-min-number-of-backing-image-copies"
LABELS = {"longhorn.io/component": "backing-image", "longhorn.io/managed-by": "longhorn-manager"}


class ImageWebhooks:
    """Mutator and validator."""

    def __init__(self, api: Api, decisions: BackingImageDecisions, cache: LaggingCache) -> None:
        self._api = api
        self._decisions = decisions
        self._cache = cache

    def register(self) -> None:
        """Put the webhooks in front of the API."""
        for resource, operations, hook, mutating in (
            (names.BACKING_IMAGES, ("CREATE",), self._fill, True),
            (names.BACKING_IMAGES, ("CREATE",), self._check, False),
            (names.BACKING_IMAGES, ("UPDATE",), self._check_update, False),
            (names.BACKING_IMAGES, ("DELETE",), self._check_deletion, False),
            (names.VOLUMES, ("CREATE",), self._check_volume, False),
        ):
            self._api.admit(resource, operations, hook, mutating=mutating)

    def _fill(self, request: Admission) -> None:
        metadata, spec = request.object["metadata"], request.object.setdefault("spec", {})
        version = self._decisions.version
        metadata["name"] = self._decisions.stored_name(metadata.get("name", ""))
        spec["checksum"] = (spec.get("checksum") or "").strip()
        parameters = {key: value.strip() for key, value in (spec.get("sourceParameters") or {}).items()}
        if spec.get("sourceType") == EXPORT:
            parameters["export-type"] = parameters.get("export-type") or "raw"
        spec["sourceParameters"] = parameters
        defaults: Obj = {"disks": {}}
        if version.has(7):
            copies = int(objects.setting(self._api, MINIMUM_COPIES) or 1)
            defaults |= {"diskFileSpecMap": {}, "secret": "", "secretNamespace": "", "minNumberOfCopies": copies}
        if version.has(8):
            defaults["dataEngine"] = "v1"
        for key, value in defaults.items():
            spec[key] = spec.get(key) or value
        metadata["labels"] = {**(metadata.get("labels") or {}), **LABELS}
        add_finalizer(request)

    def _check(self, request: Admission) -> None:
        spec, name, version = request.object["spec"], request.object["metadata"]["name"], self._decisions.version
        if not NAME.fullmatch(name):
            raise refused(f"invalid name {name}")
        kind = spec.get("sourceType") or ""
        refuse_for(self._decisions.refuse_checksum(spec["checksum"]), _source_type_problem(kind, version))
        if version.has(12) and spec.get("dataEngine") == "v2":
            raise refused("v2 backing image is not supported")
        self._check_source(spec)
        if version.has(10) and spec.get("secret"):
            secret, namespace = spec["secret"], spec.get("secretNamespace") or ""
            if self._api.find("secrets", secret, namespace) is None:
                raise refused(f"failed to get secret {secret} in namespace {namespace} for the backing image {name}")

    def _check_source(self, spec: Obj) -> None:
        kind, parameters = spec["sourceType"], spec["sourceParameters"]
        if kind == DOWNLOAD:
            self._check_url(parameters)
        refuse_for(self._decisions.refuse_parameters(kind, parameters))
        if kind == EXPORT:
            of = parameters.get("volume-name") or ""
            volume = objects.find(self._api, names.VOLUMES, of)
            missing = self._decisions.refuse_export_of(of, volume)
            refuse_for(missing, self._decisions.refuse_export_type(parameters["export-type"]))
        if kind == CLONE and objects.find(self._api, names.BACKING_IMAGES, parameters["backing-image"]) is None:
            raise refused(f"failed to get source backing image {parameters['backing-image']}")

    def _check_url(self, parameters: Obj) -> None:
        url = parameters.get("url") or ""
        if not self._decisions.version.has(12, 1):
            if not url:
                raise refused(f"invalid parameter {go_map(parameters)} for source type {DOWNLOAD}")
            return
        if not url:
            raise refused("download URL is not provided")
        try:
            parts = urlsplit(url)
            host = parts.hostname
        except ValueError:
            raise refused(f"invalid download URL: {url}") from None
        if parts.scheme not in {"http", "https"}:
            raise refused(f'invalid download URL scheme "{parts.scheme}"')
        if not host:
            raise refused(f"invalid download URL: {url}")
        if LOOPBACK.fullmatch(host.lower()):
            raise refused("download URL must not target a loopback address")

    def _check_update(self, request: Admission) -> None:
        spec = request.object["spec"]
        if spec.get("sourceType") == DOWNLOAD and not objects.is_deleted(request.object):
            self._check_url(spec.get("sourceParameters") or {})

    def _check_deletion(self, request: Admission) -> None:
        # What the cache does not have yet counts as well: to delete what is in use would be a breach, and no lag.
        volumes = self._cache.all(names.VOLUMES, names.NAMESPACE)
        known = [each["metadata"]["name"] for each in volumes if each["spec"].get("backingImage") == request.name]
        using = sorted({*known, *users(self._api, request.name)})
        refuse_for(self._decisions.refuse_deletion(request.name, using))

    def _check_volume(self, request: Admission) -> None:
        spec = request.object["spec"]
        name = spec.get("backingImage")
        if not name:
            return
        image = objects.find(self._api, names.BACKING_IMAGES, name)
        if image is None:
            raise refused(f'{names.BACKING_IMAGES} "{name}" not found')
        version = self._decisions.version
        engines = spec.get("dataEngine") or "v1", image["spec"].get("dataEngine") or "v1"
        if version.has(8) and engines[0] != engines[1]:
            raise refused("volume should have the same data engine as the backing image")
        if not version.has(8) and engines[0] == "v2":
            raise refused("backing image is not supported for data engine v2")
        self._check_backup(spec.get("fromBackup") or "", image)
        virtual = int(image["status"].get("virtualSize") or 0)
        refuse_for(self._decisions.refuse_volume_size(int(spec["size"]), virtual))

    def _check_backup(self, url: str, image: Obj) -> None:
        """A restored volume needs the very image that the backed-up one had."""
        try:
            source = parse_backup_url(url)[1]
        except BackupstoreError:
            return
        listed = objects.all_of(self._api, names.BACKUP_VOLUMES, f"{names.BACKUP_VOLUME_LABEL}={source}")
        recorded = listed[0]["status"].get("backingImageChecksum") if listed else ""
        current, name = image["status"].get("checksum"), image["metadata"]["name"]
        if recorded and current and recorded != current:
            differs = "current checksum doesn't match the recoreded checksum in backup volume"
            raise refused(f"backing image {name} {differs}")


def _source_type_problem(source_type: str, version: Version) -> str:
    """Why no image can have that source type, "" when it can; restore since 1.6, clone since 1.7."""
    known = [DOWNLOAD, UPLOAD, EXPORT]
    known += [RESTORE] if version.has(6) else []
    known += [CLONE] if version.has(7) else []
    return "" if source_type in known else f"unknown backing image source type {source_type}"
