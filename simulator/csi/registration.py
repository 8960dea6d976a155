"""The objects of CSI drivers: CSIDriver, CSINode, and the leases of the sidecars."""

from collections.abc import Collection

from simulator.kubernetes.api import Api
from simulator.kubernetes.names import CSI_DRIVERS, CSI_NODES, NODE
from simulator.kubernetes.node.registration import create_leases, create_missing


def register(api: Api, drivers: Collection[str], namespace: str) -> None:
    """Create the objects of the drivers, whose sidecars run in `namespace`. Existing objects stay."""
    on_node = [{"name": driver, "nodeID": NODE, "topologyKeys": None} for driver in drivers]
    create_missing(api, CSI_NODES, {"metadata": {"name": NODE}, "spec": {"drivers": on_node}})
    create_leases(api, [("kube-system", "snapshot-controller-leader")])
    for driver in drivers:
        spec = {
            "attachRequired": True,
            "podInfoOnMount": True,
            "volumeLifecycleModes": ["Persistent"],
            "storageCapacity": False,
            "fsGroupPolicy": "ReadWriteOnceWithFSType",
            "requiresRepublish": False,
            "seLinuxMount": False,
        }
        create_missing(api, CSI_DRIVERS, {"metadata": {"name": driver}, "spec": spec})
        dashed = driver.replace(".", "-")
        sidecars = ("external-snapshotter-leader-{}", "{}", "external-attacher-leader-{}", "external-resizer-{}")
        create_leases(api, [(namespace, each.format(dashed)) for each in sidecars])
