"""The disks of the cluster on which copies of an image may lie."""

from collections.abc import Iterable
from dataclasses import dataclass

from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj
from simulator.longhorn import names, objects


@dataclass(frozen=True)
class NodeDisk:
    """A disk of a node."""

    uuid: str
    path: str
    node: str


def all_disks(api: Api) -> list[NodeDisk]:
    """All disks that Longhorn knows."""
    return [disk for node in objects.all_of(api, names.NODES) for disk, _, _ in _disks(node)]


def eligible(api: Api, image: Obj) -> list[NodeDisk]:
    """The disks that take copies, and that the image's selectors want: each tag must be there."""
    spec = image["spec"]
    nodes, disks = set(spec.get("nodeSelector") or ()), set(spec.get("diskSelector") or ())
    found = []
    for node in objects.all_of(api, names.NODES):
        if not node["spec"].get("allowScheduling", True) or not nodes <= set(node["spec"].get("tags") or ()):
            continue
        found += [disk for disk, tags, open_ in _disks(node) if open_ and disks <= tags]
    return found


def _disks(node: Obj) -> Iterable[tuple[NodeDisk, set[str], bool]]:
    """Each disk of a node with its tags, and whether it takes copies."""
    for name, spec in (node["spec"].get("disks") or {}).items():
        uuid = (node["status"].get("diskStatus") or {}).get(name, {}).get("diskUUID")
        if uuid:
            disk = NodeDisk(uuid, spec.get("path", ""), node["metadata"]["name"])
            yield disk, set(spec.get("tags") or ()), bool(spec.get("allowScheduling", True))
