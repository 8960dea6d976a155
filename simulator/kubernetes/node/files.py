"""Volumes of a pod that are not claims: empty directories, files from ConfigMaps, Secrets and the pod itself."""

from pathlib import Path

from simulator.kubernetes import objects
from simulator.kubernetes.api import Api
from simulator.kubernetes.node.environment import ConfigError, entries_of, field_of
from simulator.kubernetes.node.volume_plugin import MountError
from simulator.kubernetes.resources import Obj


def set_up(api: Api, pod: Obj, volume: Obj, directory: Path) -> None:
    """Write the content of a volume of the pod to `directory`. Raises MountError."""
    directory.mkdir(parents=True, exist_ok=True)
    try:
        content = _content(api, pod, volume)
    except ConfigError as error:
        raise MountError(str(error)) from error
    for name, data in content.items():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _content(api: Api, pod: Obj, source: Obj) -> dict[str, bytes]:
    """The files of a volume, or of one source of a projected volume."""
    if "configMap" in source:
        return _selected(entries_of(api, pod, "configmaps", source["configMap"]) or {}, source["configMap"])
    if "secret" in source:
        reference = source["secret"]
        named = {**reference, "name": reference.get("secretName") or reference.get("name", "")}
        return _selected(entries_of(api, pod, "secrets", named) or {}, named)
    if "projected" in source:
        found: dict[str, bytes] = {}
        for each in source["projected"].get("sources") or ():
            found |= _content(api, pod, each)
        return found
    if "downwardAPI" in source:
        items = [each for each in source["downwardAPI"].get("items") or () if "fieldRef" in each]
        return {each["path"]: field_of(pod, each["fieldRef"]["fieldPath"]).encode() for each in items}
    if "serviceAccountToken" in source:
        account = pod["spec"].get("serviceAccountName", "default")
        namespace, _ = objects.key_of(pod)
        return {source["serviceAccountToken"]["path"]: f"{namespace}:{account}".encode()}
    return {}


def _selected(entries: dict[str, bytes], reference: Obj) -> dict[str, bytes]:
    items = reference.get("items")
    if not items:
        return entries
    missing = [each["key"] for each in items if each["key"] not in entries]
    if missing and not reference.get("optional"):
        raise MountError(f"references non-existent config key: {missing[0]}")
    return {each["path"]: entries[each["key"]] for each in items if each["key"] in entries}
