"""The requests so far as RBAC describes them, to compare a client's permissions with its requests."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from simulator.kubernetes.server.attributes import verb_of
from simulator.kubernetes.server.paths import Target


class Requests:
    """Counts requests about objects since the start of the server, including refused ones."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, str, str, str]] = Counter()

    def note(self, user: str, method: str, query: Mapping[str, str], target: Target) -> None:
        """Count one request of a user."""
        resource = target.resource
        verb = verb_of(method, query, target.name, target.subresource)
        name = f"{resource.plural}/{target.subresource}" if target.subresource else resource.plural
        self._counts[verb, resource.group, name, target.namespace, user] += 1

    def page(self) -> dict[str, Any]:
        """All of them: verb, group, resource (with its subresource), namespace ("" for cluster-wide), user, count."""
        names = ("verb", "group", "resource", "namespace", "user")
        return {
            "requests": [
                dict(zip(names, key, strict=True)) | {"count": count} for key, count in sorted(self._counts.items())
            ]
        }
