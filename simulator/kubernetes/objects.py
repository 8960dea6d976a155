"""Reading Kubernetes objects and changing small parts of them, each change in one atomic write."""

import base64
import json

from simulator.kubernetes.api import Api
from simulator.kubernetes.quantities import to_bytes
from simulator.kubernetes.resources import Obj


def finalizers(obj: Obj) -> list[str]:
    return list(obj["metadata"].get("finalizers") or [])


def annotations(obj: Obj) -> dict[str, str]:
    return dict(obj["metadata"].get("annotations") or {})


def status(obj: Obj) -> Obj:
    return dict(obj.get("status") or {})


def is_deleting(obj: Obj) -> bool:
    return "deletionTimestamp" in obj["metadata"]


def key_of(obj: Obj) -> tuple[str, str]:
    """(namespace, name)."""
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def shown(obj: Obj) -> str:
    """`namespace/name` as controllers print it in messages."""
    return "/".join(part for part in key_of(obj) if part)


def quoted(text: str) -> str:
    """`text` as Go's %q prints it."""
    return json.dumps(text, ensure_ascii=False)


def current(api: Api, resource: str, obj: Obj) -> Obj:
    """The current object. Raises ApiError 404 when it is gone."""
    namespace, name = key_of(obj)
    return api.get(resource, name, namespace)


def find_same(api: Api, resource: str, obj: Obj) -> Obj | None:
    """The current object; None when it is gone, even if there is another one of its name."""
    namespace, name = key_of(obj)
    found = api.find(resource, name, namespace)
    return found if found and found["metadata"]["uid"] == obj["metadata"]["uid"] else None


def add_finalizers(api: Api, resource: str, obj: Obj, added: list[str], *, manager: str) -> Obj:
    """The object with all of `added`; nothing is written if it has them."""
    fresh = current(api, resource, obj)
    missing = [each for each in added if each not in finalizers(fresh)]
    if not missing:
        return fresh
    fresh["metadata"]["finalizers"] = finalizers(fresh) + missing
    return api.update(resource, fresh, manager=manager)


def remove_finalizers(api: Api, resource: str, obj: Obj, removed: list[str], *, manager: str) -> Obj:
    """The object without any of `removed`; removing the last one of a deleted object removes the object."""
    fresh = current(api, resource, obj)
    kept = [each for each in finalizers(fresh) if each not in removed]
    if kept == finalizers(fresh):
        return fresh
    fresh["metadata"]["finalizers"] = kept
    return api.update(resource, fresh, manager=manager)


def annotate(api: Api, resource: str, obj: Obj, changes: dict[str, str | None], *, manager: str) -> Obj:
    """The object with annotations set, or with None removed; nothing is written if nothing changes."""
    namespace, name = key_of(obj)
    patch: Obj = {"metadata": {"annotations": changes}}
    return api.patch(resource, name, namespace, patch, manager=manager)


def secret_data(secret: Obj) -> dict[str, bytes]:
    """The values of a Secret."""
    return {key: base64.b64decode(value) for key, value in (secret.get("data") or {}).items()}


def claims_of(pod: Obj) -> dict[str, str]:
    """The claims of a pod, by the name of the pod's volume."""
    return {
        volume["name"]: volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["spec"].get("volumes") or ()
        if volume.get("persistentVolumeClaim")
    }


def is_over(pod: Obj) -> bool:
    """Whether all containers of a pod have ended for good."""
    return status(pod).get("phase") in {"Succeeded", "Failed"}


def requested_bytes(claim: Obj) -> int:
    """Bytes that a claim requests."""
    return to_bytes(claim["spec"]["resources"]["requests"]["storage"])


def claim_reference(claim: Obj) -> Obj:
    """`claimRef` of a PersistentVolume that is reserved for a claim."""
    metadata = claim["metadata"]
    identity = {field: metadata[field] for field in ("namespace", "name", "uid")}
    version = {"apiVersion": "v1", "resourceVersion": metadata["resourceVersion"]}
    return {"kind": "PersistentVolumeClaim", **identity, **version}


def waits_for_consumer(storage_class: Obj) -> bool:
    """Whether claims of a StorageClass get their volume only when a pod uses them."""
    return storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"


def attached_volume(attachment: Obj) -> str:
    """The name of a VolumeAttachment's PersistentVolume, empty for an inline volume."""
    return str(attachment["spec"]["source"].get("persistentVolumeName", ""))
