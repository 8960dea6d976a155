"""The objects of the one node, and the leases of Kubernetes' own processes."""

import platform
from collections.abc import Iterable

from simulator.kubernetes import names, objects
from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj

MANAGER = "kubelet"
KUBERNETES_VERSION = "v1.33.13"
_CAPACITY = {"cpu": "2", "memory": "8Gi", "pods": "110", "ephemeral-storage": "100Gi"}
_PRESSURES = {
    "MemoryPressure": ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
}


def register(api: Api) -> None:
    """Create the Node and the leases of Kubernetes' processes. Existing objects stay."""
    _create_node(api, api.clock.timestamp())
    create_leases(api, [("kube-node-lease", names.NODE)])
    create_leases(api, [("kube-system", each) for each in ("kube-scheduler", "kube-controller-manager")])


def create_leases(api: Api, leases: Iterable[tuple[str, str]]) -> None:
    """Create leases, each given as (namespace, name), where the namespace exists."""
    now = api.clock.timestamp().replace("Z", ".000000Z")
    for namespace, name in leases:
        if api.find("namespaces", namespace) is not None:
            spec = {"holderIdentity": f"{name}-0", "leaseDurationSeconds": 15, "leaseTransitions": 0}
            spec |= {"acquireTime": now, "renewTime": now}
            create_missing(api, names.LEASES, {"metadata": {"name": name, "namespace": namespace}, "spec": spec})


def create_missing(api: Api, resource: str, obj: Obj) -> bool:
    """Create an object unless it exists; returns whether it was created."""
    if api.find(resource, *reversed(objects.key_of(obj))) is not None:
        return False
    api.create(resource, obj, manager=MANAGER)
    return True


def _create_node(api: Api, now: str) -> None:
    labels = {
        "kubernetes.io/hostname": names.NODE,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": platform.machine(),
        "node-role.kubernetes.io/control-plane": "",
    }
    node = {"metadata": {"name": names.NODE, "labels": labels}, "spec": {"podCIDR": "10.244.0.0/16"}}
    if not create_missing(api, "nodes", node):
        return
    conditions = [_condition(kind, "False", *words, now) for kind, words in _PRESSURES.items()]
    conditions.append(_condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", now))
    status: Obj = {
        "capacity": _CAPACITY,
        "allocatable": _CAPACITY,
        "conditions": conditions,
        "addresses": [{"type": "InternalIP", "address": "172.18.0.2"}, {"type": "Hostname", "address": names.NODE}],
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
    times = {"lastHeartbeatTime": now, "lastTransitionTime": now}
    return {"type": kind, "status": status, "reason": reason, "message": message, **times}
