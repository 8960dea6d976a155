"""The disks of the cluster on which copies of an image may lie."""

from collections.abc import Iterable
from dataclasses import dataclass

from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj
from simulator.longhorn import names, objects


@dataclass(frozen=True)
class Place:
    """A disk of a node."""

    uuid: str
    path: str
    node: str


def places(api: Api) -> list[Place]:
    """All disks that Longhorn knows."""
    return [place for node in objects.all_of(api, names.NODES) for place, _, _ in _disks(node)]


def allowed(api: Api, image: Obj) -> list[Place]:
    """The disks that take copies, and that the image's selectors want: each tag must be there."""
    spec = image["spec"]
    nodes, disks = set(spec.get("nodeSelector") or ()), set(spec.get("diskSelector") or ())
    found = []
    for node in objects.all_of(api, names.NODES):
        if not node["spec"].get("allowScheduling", True) or not nodes <= set(node["spec"].get("tags") or ()):
            continue
        found += [place for place, tags, open_ in _disks(node) if open_ and disks <= tags]
    return found


def _disks(node: Obj) -> Iterable[tuple[Place, set[str], bool]]:
    name = node["metadata"]["name"]
    for disk, spec in (node["spec"].get("disks") or {}).items():
        uuid = (node["status"].get("diskStatus") or {}).get(disk, {}).get("diskUUID")
        if uuid:
            place = Place(uuid, spec.get("path", ""), name)
            yield place, set(spec.get("tags") or ()), bool(spec.get("allowScheduling", True))
