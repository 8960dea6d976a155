"""The objects of the one node, of its drivers, and the leases of those who work on it."""

import platform
from collections.abc import Iterable

from simulator.csi import names
from simulator.csi.objects import Obj
from simulator.kubernetes.api import Api

MANAGER = "kubelet"
DRIVER_NAMESPACE = "longhorn-system"
KUBERNETES_VERSION = "v1.33.13"
_CAPACITY = {"cpu": "2", "memory": "8Gi", "pods": "110", "ephemeral-storage": "100Gi"}
_TROUBLES = {
    "MemoryPressure": ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
}


def create_objects(api: Api, drivers: Iterable[str]) -> None:
    """Create the Node, its CSINode, a CSIDriver for each driver, and the leases. What is there stays."""
    drivers = list(drivers)
    now = api.clock.timestamp()
    _create_node(api, now)
    csi_node = {
        "metadata": {"name": names.NODE},
        "spec": {"drivers": [{"name": driver, "nodeID": names.NODE, "topologyKeys": None} for driver in drivers]},
    }
    _create(api, names.CSI_NODES, csi_node)
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
        _create(api, names.CSI_DRIVERS, {"metadata": {"name": driver}, "spec": spec})
    for namespace, name in _leases(drivers):
        if api.find("namespaces", namespace) is not None:
            holder = f"{name}-0"
            spec = {"holderIdentity": holder, "leaseDurationSeconds": 15, "leaseTransitions": 0}
            times = {"acquireTime": _micro(now), "renewTime": _micro(now)}
            _create(api, names.LEASES, {"metadata": {"name": name, "namespace": namespace}, "spec": {**spec, **times}})


def _leases(drivers: list[str]) -> list[tuple[str, str]]:
    found = [
        ("kube-node-lease", names.NODE),
        ("kube-system", "kube-scheduler"),
        ("kube-system", "kube-controller-manager"),
        ("kube-system", "snapshot-controller-leader"),
    ]
    for driver in drivers:
        dashed = driver.replace(".", "-")
        found += [
            (DRIVER_NAMESPACE, f"external-snapshotter-leader-{dashed}"),
            (DRIVER_NAMESPACE, dashed),
            (DRIVER_NAMESPACE, f"external-attacher-leader-{dashed}"),
            (DRIVER_NAMESPACE, f"external-resizer-{dashed}"),
        ]
    return found


def _create_node(api: Api, now: str) -> None:
    labels = {
        "kubernetes.io/hostname": names.NODE,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": platform.machine(),
        "node-role.kubernetes.io/control-plane": "",
    }
    node = {"metadata": {"name": names.NODE, "labels": labels}, "spec": {"podCIDR": "10.244.0.0/16"}}
    if not _create(api, "nodes", node):
        return
    conditions = [_condition(kind, "False", *words, now) for kind, words in _TROUBLES.items()]
    conditions.append(_condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", now))
    status: Obj = {
        "capacity": _CAPACITY,
        "allocatable": _CAPACITY,
        "conditions": conditions,
        "addresses": [
            {"type": "InternalIP", "address": "172.18.0.2"},
            {"type": "Hostname", "address": names.NODE},
        ],
        "nodeInfo": {
            "kubeletVersion": KUBERNETES_VERSION,
            "kubeProxyVersion": KUBERNETES_VERSION,
            "operatingSystem": "linux",
            "architecture": platform.machine(),
            "containerRuntimeVersion": "containerd://2.1.3",
            "kernelVersion": platform.release(),
            "osImage": platform.system(),
            "machineID": "",
            "systemUUID": "",
            "bootID": "",
        },
    }
    stored = api.get("nodes", names.NODE)
    api.update_status("nodes", {**stored, "status": status}, manager=MANAGER)


def _condition(kind: str, status: str, reason: str, message: str, now: str) -> Obj:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastHeartbeatTime": now,
        "lastTransitionTime": now,
    }


def _create(api: Api, resource: str, obj: Obj) -> bool:
    metadata = obj["metadata"]
    if api.find(resource, metadata["name"], metadata.get("namespace", "")) is not None:
        return False
    api.create(resource, obj, manager=MANAGER)
    return True


def _micro(timestamp: str) -> str:
    return timestamp.replace("Z", ".000000Z")
