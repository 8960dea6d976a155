"""What a request wants in the words of RBAC. By its path alone: whether such a kind is served is looked up later."""

import re
from collections.abc import Mapping

from simulator.kubernetes.rbac import Attributes
from simulator.kubernetes.server.paths import SUBRESOURCES_OF_NAMESPACES
from simulator.kubernetes.server.wire import flag

_OF_OBJECTS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_OF_COLLECTIONS = {**_OF_OBJECTS, "GET": "list", "HEAD": "list", "DELETE": "deletecollection"}


def verb_of(method: str, query: Mapping[str, str], name: str, subresource: str = "") -> str:
    """The verb of a request about objects; `name` is "" for a collection."""
    if method == "GET" and not subresource and flag(query.get("watch")):
        return "watch"
    return (_OF_OBJECTS if name else _OF_COLLECTIONS).get(method, method.lower())


def attributes_of(method: str, path: str, query: Mapping[str, str]) -> Attributes:
    """What a request to a path (unquoted) wants."""
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) >= 3:
        group, parts = "", parts[2:]
    elif parts[0] == "apis" and len(parts) >= 4:
        group, parts = parts[1], parts[3:]
    else:
        return Attributes(method.lower(), path)
    namespace = ""
    if parts[0] == "namespaces" and len(parts) >= 2:
        namespace = parts[1]
        if len(parts) >= 3 and parts[2] not in SUBRESOURCES_OF_NAMESPACES:
            parts = parts[2:]
    resource, name, subresource = (*parts, "", "")[:3]
    verb = verb_of(method, query, name, subresource)
    if not name and verb in {"list", "watch", "deletecollection"}:
        # A rule with names can allow to watch the one object that is selected.
        selected = re.search(r"(?:^|,)metadata\.name==?([^,]+)", query.get("fieldSelector", ""))
        name = selected[1] if selected else ""
    return Attributes(verb, path, group, resource, subresource, namespace, name)
