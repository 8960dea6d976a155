"""Longhorn's admission webhooks: what they fill in, and what they refuse, with their texts."""

import base64
import re
from pathlib import Path

from simulator.kubernetes.admission import Admission
from simulator.kubernetes.api import Api
from simulator.kubernetes.definitions import read
from simulator.kubernetes.errors import Denied
from simulator.kubernetes.names import CLAIMS, VOLUMES
from simulator.kubernetes.objects import requested_bytes
from simulator.kubernetes.resources import Obj, copy_of
from simulator.longhorn import names, objects
from simulator.longhorn.decisions import LonghornDecisions
from simulator.longhorn.lagging_cache import LaggingCache

WEBHOOK = "validator.longhorn.io"
NAME = re.compile(r"^[a-z0-9][a-z0-9_.-]+$")
BLOCK_SIZES = ("2097152", "16777216")
CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINTS", "AWS_CERT", "VIRTUAL_HOSTED_STYLE")
BLANKS = {" ": "whitespace", "\n": "newline"}

SETTING_LABELS = {
    f"setting.longhorn.io/{setting}": "ignored"
    for setting in ("remove-snapshots-during-filesystem-trim", "replica-auto-balance", "snapshot-data-integrity")
}


def refused(message: str) -> Denied:
    """The webhook's refusal."""
    return Denied(message, webhook=WEBHOOK)


def refuse_for(*problems: str) -> None:
    """Refuse for the first problem that there is; "" is none."""
    for problem in problems:
        if problem:
            raise refused(problem)


def add_finalizer(request: Admission) -> None:
    """Have Longhorn asked before the object goes."""
    finalizers = request.object["metadata"].setdefault("finalizers", [])
    if names.FINALIZER not in finalizers:
        finalizers.append(names.FINALIZER)


class Webhooks:
    """Mutator and validator."""

    def __init__(self, api: Api, decisions: LonghornDecisions, image: str, cache: LaggingCache) -> None:
        self._api = api
        self._decisions = decisions
        self._image = image
        self._cache = cache

    def register(self) -> None:
        """Put the webhooks in front of the API."""
        for resource, operations, hook, mutating in (
            (names.VOLUMES, ("CREATE",), self._fill_volume, True),
            (names.VOLUMES, ("UPDATE",), self._label_volume, True),
            (names.SNAPSHOTS, ("CREATE",), self._fill_snapshot, True),
            (names.BACKUPS, ("CREATE",), self._fill_backup, True),
            (names.BACKUP_TARGETS, ("CREATE",), add_finalizer, True),
            (names.VOLUMES, ("CREATE",), self._check_volume, False),
            (names.VOLUMES, ("UPDATE",), self._check_volume_update, False),
            (names.SNAPSHOTS, ("CREATE",), self._check_snapshot, False),
            (names.SNAPSHOTS, ("UPDATE",), self._check_snapshot_update, False),
            (names.BACKUPS, ("CREATE",), self._check_backup, False),
            (names.BACKUP_TARGETS, ("CREATE", "UPDATE"), self._check_target, False),
            (names.BACKUP_TARGETS, ("DELETE",), self._check_target_deletion, False),
            (CLAIMS, ("UPDATE",), self._check_claim, False),
        ):
            self._api.admit(resource, operations, hook, mutating=mutating)

    def _fill_volume(self, request: Admission) -> None:
        metadata, spec = request.object["metadata"], request.object.setdefault("spec", {})
        metadata["name"] = name = names.corrected(metadata.get("name", ""))
        version = self._decisions.version
        for key, value in version.fields(copy_of(read(Path(__file__).with_suffix(".yaml")))).items():
            if spec.get(key) in (None, "") or key not in spec:
                spec[key] = value
        spec["image"] = spec.get("image") or self._image
        if version.has(5):
            spec["backupCompressionMethod"] = (
                spec.get("backupCompressionMethod") or self._decisions.compression_method()
            )
        if version.has(10):
            chosen = str(self._decisions.block_size() * names.MEBIBYTE)
            spec["backupBlockSize"] = spec.get("backupBlockSize") or chosen
        if version.has(10) and spec["dataSource"]:
            spec["cloneMode"] = spec.get("cloneMode") or "full-copy"
        spec["size"] = str(names.rounded(int(spec.get("size") or 0)))
        labels = metadata.setdefault("labels", {})
        labels[names.VOLUME_LABEL] = name
        labels["recurring-job-group.longhorn.io/default"] = "enabled"
        if version.has(8):
            labels[names.BACKUP_TARGET_LABEL] = spec["backupTargetName"]
        if version.has(12, 1) and spec["dataSource"]:
            labels["longhorn.io/clone-source-volume"] = spec["dataSource"].partition("://")[2].partition("/")[0]
        add_finalizer(request)

    def _label_volume(self, request: Admission) -> None:
        """The first change of a volume's spec adds the labels of settings that it leaves to the cluster."""
        old = request.old or {}
        if request.object.get("spec") != old.get("spec") and not objects.is_deleted(request.object):
            request.object["metadata"].setdefault("labels", {}).update(SETTING_LABELS)

    def _fill_snapshot(self, request: Admission) -> None:
        metadata, spec = request.object["metadata"], request.object.setdefault("spec", {})
        spec.setdefault("labels", None)
        volume = objects.find(self._api, names.VOLUMES, spec.get("volume") or "")
        if volume is not None:
            metadata.setdefault("labels", {})[names.VOLUME_LABEL] = volume["metadata"]["name"]
            metadata["ownerReferences"] = [objects.owner(volume)]
        add_finalizer(request)

    def _fill_backup(self, request: Admission) -> None:
        metadata, spec = request.object["metadata"], request.object.setdefault("spec", {})
        spec.setdefault("syncRequestedAt", None)
        version = self._decisions.version
        snapshot = objects.find(self._api, names.SNAPSHOTS, spec.get("snapshotName") or "")
        volume = objects.find(self._api, names.VOLUMES, snapshot["spec"]["volume"]) if snapshot else None
        labels = metadata.setdefault("labels", {})
        if volume is not None:
            target = volume["spec"].get("backupTargetName") or "default"
            for key, value in names.backup_labels(volume["metadata"]["name"], target, version).items():
                labels.setdefault(key, value)
            spec["labels"] = dict(spec.get("labels") or {})
            if version.has(3):
                spec["labels"].setdefault("longhorn.io/volume-access-mode", volume["spec"].get("accessMode", "rwo"))
            if version.has(10):
                spec["backupBlockSize"] = spec.get("backupBlockSize") or volume["spec"].get("backupBlockSize")
        if version.has(7):
            spec["backupMode"] = spec.get("backupMode") or self._decisions.default_backup_mode()
        add_finalizer(request)

    def _check_volume(self, request: Admission) -> None:
        spec = request.object["spec"]
        if not NAME.fullmatch(request.name or request.object["metadata"]["name"]):
            raise refused(f"invalid name {request.object['metadata']['name']}")
        if spec.get("dataSource"):
            source = spec["dataSource"].partition("://")[2].partition("/")[0]
            if objects.find(self._api, names.VOLUMES, source) is None:
                raise refused(f'{names.VOLUMES} "{source}" not found')
        block, size = int(spec.get("backupBlockSize") or names.BLOCK), int(spec["size"])
        if size % block:
            raise refused(f"volume size {size} must be an integer multiple of the backup block size {block}")

    def _check_claim(self, request: Admission) -> None:
        """A claim that is to grow, from 1.12 on, by its PersistentVolume, as far as the webhook knows that."""
        old, new = request.old or {}, request.object
        volume = new["spec"].get("volumeName")
        if not self._decisions.version.has(12) or not volume or requested_bytes(new) <= requested_bytes(old):
            return
        if self._cache.find(VOLUMES, volume) is None:
            text = f'persistentvolume "{volume}" not found'
            raise Denied(text, webhook=WEBHOOK, status=500, reason="InternalError")

    def _check_volume_update(self, request: Admission) -> None:
        old, new = (request.old or {}).get("spec") or {}, request.object["spec"]
        if not self._decisions.version.has(11):
            return
        for field, label in (("backingImage", "BackingImage"), ("encrypted", "Encrypted")):
            if old.get(field) != new.get(field):
                raise refused(f"{label} is immutable")

    def _check_snapshot(self, request: Admission) -> None:
        spec = request.object["spec"]
        if not spec.get("volume"):
            raise refused("spec.volume is required")
        for key, value in (spec.get("labels") or {}).items():
            if "=" in key or "=" in value:
                raise refused("labels cannot contain '='")
        if objects.find(self._api, names.VOLUMES, spec["volume"]) is None:
            raise refused(f"failed to get volume {spec['volume']}")

    def _check_snapshot_update(self, request: Admission) -> None:
        old, new = request.old or {}, request.object
        if old["spec"].get("volume") != new["spec"].get("volume"):
            raise refused("spec.volume field is immutable")
        if objects.is_deleted(new):
            return
        if old["metadata"].get("ownerReferences") != new["metadata"].get("ownerReferences"):
            raise refused("snapshot OwnerReferences field is immutable")
        label = names.VOLUME_LABEL
        if (old["metadata"].get("labels") or {}).get(label) != (new["metadata"].get("labels") or {}).get(label):
            raise refused(f"label {label} is immutable")

    def _check_backup(self, request: Admission) -> None:
        version, spec, metadata = self._decisions.version, request.object["spec"], request.object["metadata"]
        if version.has(8) and not NAME.fullmatch(metadata["name"]):
            raise refused(f"invalid name {metadata['name']}")
        mode = spec.get("backupMode", "")
        if version.has(7) and mode not in {"", "full", "incremental"}:
            raise refused(f"BackupMode {mode} is not a valid option")
        if version.has(8, 1):
            self._check_backup_target(metadata.get("labels") or {}, fresh=bool(spec.get("snapshotName")))
        if version.has(10):
            self._check_backup_volume(spec, metadata.get("labels") or {})

    def _check_backup_target(self, labels: Obj, *, fresh: bool) -> None:
        name = labels.get(names.BACKUP_TARGET_LABEL)
        if not name:
            raise refused("missing backup target label on backup object")
        target = objects.find(self._api, names.BACKUP_TARGETS, name)
        if target is None:
            raise refused(f'failed to get backup target {name}: {names.BACKUP_TARGETS} "{name}" not found')
        if fresh and not target["status"].get("available"):
            raise refused(f"backup target {name} is not available")

    def _check_backup_volume(self, spec: Obj, labels: Obj) -> None:
        snapshot = objects.find(self._api, names.SNAPSHOTS, spec.get("snapshotName") or "")
        if snapshot is None:
            return
        of, labelled = snapshot["spec"]["volume"], labels.get(names.BACKUP_VOLUME_LABEL)
        if of != labelled:
            raise refused(f"snapshot volume name {of} and label volume name {labelled} does not match")
        size = spec.get("backupBlockSize")
        if size and size not in BLOCK_SIZES:
            raise refused(f"unsupported BackupBlockSize: {size}")
        volume = objects.find(self._api, names.VOLUMES, of)
        if volume is not None and size and int(volume["spec"]["size"]) % int(size):
            total = volume["spec"]["size"]
            raise refused(f"volume size {total} must be an integer multiple of the backup block size {size}")

    def _check_target(self, request: Admission) -> None:
        url, name = request.object["spec"].get("backupTargetURL") or "", request.object["metadata"]["name"]
        if any(character in url for character in "$,"):
            raise refused(f"url {url}, contains $ or ,")
        for other in objects.all_of(self._api, names.BACKUP_TARGETS):
            if url and other["metadata"]["name"] != name and other["spec"].get("backupTargetURL") == url:
                raise refused(f"url {url} is the same to backup target {other['metadata']['name']}")
        secret = request.object["spec"].get("credentialSecret") or ""
        if request.old is None or secret != (request.old["spec"].get("credentialSecret") or ""):
            self._check_credentials(secret)

    def _check_credentials(self, secret: str) -> None:
        """Values with blanks at their ends are mistakes; a Secret that is not there may yet come."""
        found = self._api.find("secrets", secret, names.NAMESPACE) if secret else None
        data = (found or {}).get("data") or {}
        wrong = []
        for key in CREDENTIALS:
            value = base64.b64decode(data.get(key) or "").decode()
            ends = {"leading": value[:1], "trailing": value[-1:]}
            wrong += [f"invalid {end} {BLANKS[blank]} in {key}" for end, blank in ends.items() if blank in BLANKS]
        if wrong:
            raise refused(f"credential validation error(s): {'; '.join(wrong)}")

    @staticmethod
    def _check_target_deletion(request: Admission) -> None:
        if request.name == "default":
            raise refused("deleting default backup target is not allowed")
