"""The rights that the manifests grant and those that a run has used, in RBAC's terms."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from fixtures.cleanup.leftovers import REMOVED
from fixtures.kubernetes.resource_kinds import ENGINE_IMAGE, LONGHORN_SETTING, VOLUME_SNAPSHOT_CONTENT

EVERYWHERE = ""
LONGHORN = "longhorn-system"

MANIFESTS = Path(__file__).parents[2] / "manifests" / "rbac"


@dataclass(frozen=True, order=True)
class Right:
    """A verb on a resource (`pods/log`) of an API group, everywhere or in one namespace."""

    group: str
    resource: str
    verb: str
    namespace: str

    def __str__(self) -> str:
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.resource}{'.' if self.group else ''}{self.group}{where}"


def granted(folder: Path = MANIFESTS) -> frozenset[Right]:
    """The rights that a folder's manifests grant. Raises ValueError for a wildcard, or a role without a binding."""
    documents = [each for path in sorted(folder.glob("*.yaml")) for each in yaml.safe_load_all(path.read_text())]
    bound = {(each["roleRef"]["kind"], each["roleRef"]["name"]) for each in documents if "roleRef" in each}
    rights = set()
    for role in documents:
        if role["kind"] not in ("Role", "ClusterRole"):
            continue
        if (role["kind"], role["metadata"]["name"]) not in bound:
            raise ValueError(f"{role['kind']} {role['metadata']['name']} has no binding")
        namespace = role["metadata"].get("namespace", EVERYWHERE)
        for rule in role["rules"]:
            for group, resource, verb in product(rule["apiGroups"], rule["resources"], rule["verbs"]):
                if "*" in (group, resource, verb):
                    raise ValueError(f"{role['kind']} {role['metadata']['name']} grants a wildcard: {rule}")
                rights.add(Right(group, resource, verb, namespace))
    return frozenset(rights)


def used(requests: Iterable[Mapping[str, Any]]) -> frozenset[Right]:
    """The least rights for requests that a simulator has counted.

    Requests in Longhorn's namespace need a right in that namespace only; the names of other namespaces are random.
    """
    rights = set()
    for each in requests:
        namespace = LONGHORN if each["namespace"] == LONGHORN else EVERYWHERE
        rights.add(Right(each["group"], each["resource"], each["verb"], namespace))
    return least(rights)


def for_clean_up() -> frozenset[Right]:
    """The rights that the clean-up needs, some of them only after something went wrong."""
    rights = {Right("snapshot.storage.k8s.io", VOLUME_SNAPSHOT_CONTENT.plural, "patch", EVERYWHERE)}
    for kind in REMOVED:
        group = kind.api_version.rpartition("/")[0]
        rights.add(Right(group, kind.plural, "delete", LONGHORN if group == "longhorn.io" else EVERYWHERE))
    return frozenset(rights)


def for_old_releases() -> frozenset[Right]:
    """The rights to learn the version of a Longhorn up to 1.4."""
    return frozenset({Right("longhorn.io", ENGINE_IMAGE.plural, "list", LONGHORN)})


def for_old_targets() -> frozenset[Right]:
    """The rights to replace the backup target of a Longhorn up to 1.7."""
    return frozenset({Right("longhorn.io", LONGHORN_SETTING.plural, "patch", LONGHORN)})


def for_newer_kubernetes() -> frozenset[Right]:
    """The right to forward a port on Kubernetes 1.35 and newer; older ones, and the simulator, demand `get`."""
    return frozenset({Right("", "pods/portforward", "create", EVERYWHERE)})


def least(rights: Iterable[Right]) -> frozenset[Right]:
    """Without rights in a namespace that are also granted everywhere."""
    everything = set(rights)
    return frozenset(
        right
        for right in everything
        if not right.namespace or Right(right.group, right.resource, right.verb, EVERYWHERE) not in everything
    )


def differences(has: frozenset[Right], needs: frozenset[Right]) -> list[str]:
    """A line for each right that is missing, and for each that is unused."""
    return [f"missing: {right}" for right in sorted(needs - has)] + [
        f"unused: {right}" for right in sorted(has - needs)
    ]
