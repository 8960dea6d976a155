"""The environment and the command of a container, as Kubernetes expands them."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from simulator.kubernetes import names, objects
from simulator.kubernetes.api import Api
from simulator.kubernetes.node.paths import Paths
from simulator.kubernetes.resources import Obj, at

_REFERENCE = re.compile(r"\$(\$|\(([A-Za-z_][A-Za-z0-9_.\-]*)\))")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class ConfigError(Exception):
    """A container that cannot be configured; the kubelet retries it."""


@dataclass(frozen=True)
class Launch:
    """A container as a process; `to_host` replaces paths of the container by those of this machine."""

    command: tuple[str, ...]
    environment: dict[str, str]
    directory: Path
    to_host: Callable[[str], str]


def launch_of(api: Api, pod: Obj, container: Obj, paths: Paths, home: Path) -> Launch:
    """How a container is started; `home` is the default working directory. Raises ConfigError."""
    variables = _variables(api, pod, container)
    words = [*(container.get("command") or ()), *(container.get("args") or ())] or ["/bin/sh"]
    command = tuple(paths.to_host(_expand(word, variables)) for word in words)
    environment = {"PATH": _PATH, "HOSTNAME": pod["metadata"]["name"], "HOME": str(home)}
    environment |= {name: paths.to_host(value) for name, value in variables.items()}
    if "LANG" in os.environ:
        environment.setdefault("LANG", os.environ["LANG"])
    wanted = container.get("workingDir")
    directory = Path(paths.to_host(wanted)) if wanted else home
    return Launch(command, environment, directory if directory.is_dir() else home, paths.to_host)


def _expand(text: str, variables: dict[str, str]) -> str:
    """`$(NAME)` replaced where NAME is known; `$$` is a dollar sign."""

    def value(match: re.Match[str]) -> str:
        if match[1] == "$":
            return "$"
        return variables.get(match[2], match[0])

    return _REFERENCE.sub(value, text)


def _variables(api: Api, pod: Obj, container: Obj) -> dict[str, str]:
    found: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        prefix = source.get("prefix", "")
        for kind, resource in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
            if kind in source:
                entries = entries_of(api, pod, resource, source[kind]) or {}
                found |= {prefix + key: value.decode(errors="replace") for key, value in entries.items()}
    for each in container.get("env") or ():
        if "valueFrom" in each:
            value = _value_from(api, pod, each["valueFrom"])
            if value is not None:
                found[each["name"]] = value
        else:
            found[each["name"]] = _expand(each.get("value", ""), found)
    return found


def _value_from(api: Api, pod: Obj, source: Obj) -> str | None:
    if "fieldRef" in source:
        return field_of(pod, source["fieldRef"]["fieldPath"])
    for kind, resource in (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")):
        if kind in source:
            reference = source[kind]
            entries = entries_of(api, pod, resource, reference)
            if entries is not None and reference["key"] in entries:
                return entries[reference["key"]].decode(errors="replace")
            if not reference.get("optional"):
                namespace, _ = objects.key_of(pod)
                where = f"{kind.removesuffix('KeyRef').capitalize()} {namespace}/{reference['name']}"
                raise ConfigError(f"couldn't find key {reference['key']} in {where}")
    return None


def entries_of(api: Api, pod: Obj, resource: str, reference: Obj) -> dict[str, bytes] | None:
    """The data of a ConfigMap or Secret; None if an optional one is missing. Raises ConfigError."""
    namespace, _ = objects.key_of(pod)
    found = api.find(resource, reference["name"], namespace)
    if found is None:
        if reference.get("optional"):
            return None
        raise ConfigError(f"{resource[:-1]} {objects.quoted(reference['name'])} not found")
    if resource == "secrets":
        return objects.secret_data(found)
    return {key: value.encode() for key, value in (found.get("data") or {}).items()}


def field_of(pod: Obj, path: str) -> str:
    """The downward API: a field of the pod as text."""
    if path == "spec.nodeName":
        return names.NODE
    labelled = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
    if labelled:
        return str((pod["metadata"].get(labelled[1]) or {}).get(labelled[2], ""))
    value = at(pod, path)
    return "" if value is None else str(value)
