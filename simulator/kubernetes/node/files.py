"""Volumes of a pod that are not claims: empty directories, files from ConfigMaps, Secrets and the pod itself."""

from pathlib import Path

from simulator.kubernetes import objects
from simulator.kubernetes.api import Api
from simulator.kubernetes.node.environment import field_of
from simulator.kubernetes.node.volume_plugin import MountError
from simulator.kubernetes.resources import Obj


def set_up(api: Api, pod: Obj, volume: Obj, directory: Path) -> None:
    """Write the content of a volume of the pod to `directory`. Raises MountError."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in _content(api, pod, volume).items():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _content(api: Api, pod: Obj, volume: Obj) -> dict[str, bytes]:
    if "configMap" in volume:
        return _selected(_config_map(api, pod, volume["configMap"]), volume["configMap"])
    if "secret" in volume:
        reference = {**volume["secret"], "name": volume["secret"].get("secretName", "")}
        return _selected(_secret(api, pod, reference), reference)
    if "projected" in volume:
        found: dict[str, bytes] = {}
        for source in volume["projected"].get("sources") or ():
            found |= _projected(api, pod, source)
        return found
    if "downwardAPI" in volume:
        return _fields(pod, volume["downwardAPI"])
    return {}


def _projected(api: Api, pod: Obj, source: Obj) -> dict[str, bytes]:
    if "configMap" in source:
        return _selected(_config_map(api, pod, source["configMap"]), source["configMap"])
    if "secret" in source:
        return _selected(_secret(api, pod, source["secret"]), source["secret"])
    if "downwardAPI" in source:
        return _fields(pod, source["downwardAPI"])
    if "serviceAccountToken" in source:
        account = pod["spec"].get("serviceAccountName", "default")
        namespace, _ = objects.key_of(pod)
        return {source["serviceAccountToken"]["path"]: f"{namespace}:{account}".encode()}
    return {}


def _fields(pod: Obj, source: Obj) -> dict[str, bytes]:
    items = [each for each in source.get("items") or () if "fieldRef" in each]
    return {each["path"]: field_of(pod, each["fieldRef"]["fieldPath"]).encode() for each in items}


def _config_map(api: Api, pod: Obj, reference: Obj) -> dict[str, bytes]:
    found = _found(api, pod, "configmaps", reference)
    return {key: value.encode() for key, value in (found.get("data") or {}).items()} if found else {}


def _secret(api: Api, pod: Obj, reference: Obj) -> dict[str, bytes]:
    found = _found(api, pod, "secrets", reference)
    return objects.secret_data(found) if found else {}


def _found(api: Api, pod: Obj, resource: str, reference: Obj) -> Obj | None:
    namespace, _ = objects.key_of(pod)
    found = api.find(resource, reference["name"], namespace)
    if found is None and not reference.get("optional"):
        raise MountError(f"{resource[:-1]} {objects.quoted(reference['name'])} not found")
    return found


def _selected(entries: dict[str, bytes], reference: Obj) -> dict[str, bytes]:
    items = reference.get("items")
    if not items:
        return entries
    missing = [each["key"] for each in items if each["key"] not in entries]
    if missing and not reference.get("optional"):
        raise MountError(f"references non-existent config key: {missing[0]}")
    return {each["path"]: entries[each["key"]] for each in items if each["key"] in entries}
