"""What a request's path addresses."""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.kubernetes.resources import Resource

SUBRESOURCES_OF_NAMESPACES = frozenset({"status", "finalize"})

Lookup = Callable[[str, str, str], Resource | None]
"""Finds a served resource by group, version and plural."""


@dataclass(frozen=True)
class Target:
    """A resource, an object of it, or a subresource of the object; `rest` is the remaining path (for proxies)."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""


def target_of(path: str, lookup: Lookup) -> Target | None:
    """What `path` (unquoted) addresses, None when nothing of that kind is served."""
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) >= 3:
        group, version, parts = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) >= 4:
        group, version, parts = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    is_namespaced = parts[0] == "namespaces" and len(parts) >= 3
    if is_namespaced and (group or parts[2] not in SUBRESOURCES_OF_NAMESPACES):
        namespace, parts = parts[1], parts[2:]
    resource = lookup(group, version, parts[0])
    if resource is None or (namespace and not resource.namespaced):
        return None
    name = parts[1] if len(parts) > 1 else ""
    if name and resource.namespaced and not namespace:
        return None
    subresource = parts[2] if len(parts) > 2 else ""
    rest = "/".join(parts[3:])
    if rest and subresource != "proxy":
        return None
    return Target(resource, namespace, name, subresource, rest)
