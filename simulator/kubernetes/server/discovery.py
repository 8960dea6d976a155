"""Discovery: which groups, versions and resources there are, plain and aggregated."""

from collections.abc import Iterable

from simulator.kubernetes.resources import Obj, Resource

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
STATUS_VERBS = ("get", "patch", "update")
VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
EXTRA_SUBRESOURCES: dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    "pods": (("log", "Pod", ("get",)), ("portforward", "PodPortForwardOptions", ("create", "get"))),
    "services": (("proxy", "ServiceProxyOptions", ("create", "delete", "get", "patch", "update")),),
    "serviceaccounts": (("token", "TokenRequest", ("create",)),),
    "namespaces": (("finalize", "Namespace", ("update",)),),
}
"""Subresources besides status: name, kind and verbs."""


def wants_aggregated(accept: str) -> bool:
    """Whether the client understands the aggregated form."""
    return any(
        "g=apidiscovery.k8s.io" in part and "v=v2;" in part.replace(" ", "") + ";" and "APIGroupDiscoveryList" in part
        for part in accept.split(",")
    )


def groups(resources: Iterable[Resource]) -> dict[str, dict[str, list[Resource]]]:
    """The resources by group and version."""
    found: dict[str, dict[str, list[Resource]]] = {}
    for resource in resources:
        found.setdefault(resource.group, {}).setdefault(resource.version, []).append(resource)
    return found


def core_versions(server: str) -> Obj:
    """GET /api"""
    address = {"clientCIDR": "0.0.0.0/0", "serverAddress": server}
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]}


def group_list(resources: Iterable[Resource]) -> Obj:
    """GET /apis"""
    listed = [group_entry(name, list(versions)) for name, versions in groups(resources).items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}


def group_entry(group: str, versions: list[str]) -> Obj:
    """GET /apis/<group>, without its kind."""
    entries = [{"groupVersion": f"{group}/{version}", "version": version} for version in versions]
    return {"name": group, "versions": entries, "preferredVersion": entries[0]}


def resource_list(group_version: str, resources: Iterable[Resource]) -> Obj:
    """GET /api/v1 and /apis/<group>/<version>"""
    listed: list[Obj] = []
    for resource in resources:
        entry: Obj = {
            "name": resource.plural,
            "singularName": resource.singular,
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": list(VERBS),
        }
        listed.append(entry | _other_names(resource))
        for name, kind, verbs in subresources(resource):
            below = {"name": f"{resource.plural}/{name}", "singularName": "", "kind": kind, "verbs": list(verbs)}
            listed.append(below | {"namespaced": resource.namespaced})
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": listed}


def _other_names(resource: Resource) -> Obj:
    found = {"shortNames": list(resource.short_names), "categories": list(resource.categories)}
    return {key: value for key, value in found.items() if value}


def subresources(resource: Resource) -> list[tuple[str, str, tuple[str, ...]]]:
    """Name, kind and verbs of each subresource."""
    found = [("status", resource.kind, STATUS_VERBS)] if resource.status_subresource else []
    return [*found, *EXTRA_SUBRESOURCES.get(resource.key, ())]


def aggregated(resources: Iterable[Resource], *, core: bool) -> Obj:
    """GET /api or /apis in the aggregated form."""
    items = [
        {
            "metadata": {"name": name, "creationTimestamp": None} if name else {"creationTimestamp": None},
            "versions": _versions(versions),
        }
        for name, versions in groups(resources).items()
        if (not name) is core
    ]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _versions(versions: dict[str, list[Resource]]) -> list[Obj]:
    return [
        {"version": version, "resources": [_described(resource) for resource in resources], "freshness": "Current"}
        for version, resources in versions.items()
    ]


def _described(resource: Resource) -> Obj:
    def kind(name: str) -> Obj:
        return {"group": resource.group, "version": resource.version, "kind": name}

    entry: Obj = {
        "resource": resource.plural,
        "responseKind": kind(resource.kind),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(VERBS),
    }
    entry |= _other_names(resource)
    below = [
        {"subresource": name, "responseKind": kind(of), "verbs": list(verbs)}
        for name, of, verbs in subresources(resource)
    ]
    if below:
        entry["subresources"] = below
    return entry
