"""Names and ports of pods: of those that are reached at all, which are the servers that this process runs."""

from collections.abc import Callable, Mapping

from simulator.kubernetes import names, objects
from simulator.kubernetes.api import Api
from simulator.kubernetes.node.programs import Address
from simulator.kubernetes.resources import Obj

Ports = Callable[[Obj], Mapping[int, Address]]
"""The ports of a pod that answer, with where they are on this machine."""

_SUFFIXES = ("", ".svc", ".svc.cluster.local")


class Network:
    """What services are called inside of the cluster, and what is behind them."""

    def __init__(self, api: Api, ports: Ports) -> None:
        self._api = api
        self._ports = ports

    def port(self, pod: Obj, number: int) -> Address | None:
        """Where a port of a pod is on this machine, None if nothing answers there."""
        return self._ports(pod).get(number)

    def names(self) -> dict[Address, Address]:
        """Host and port of all services that have somebody behind them, by all their names."""
        found: dict[Address, Address] = {}
        for service in self._api.list("services"):
            for number, address in self._behind(service).items():
                namespace, name = objects.key_of(service)
                found |= {(f"{name}.{namespace}{suffix}", number): address for suffix in _SUFFIXES}
        return found

    def _behind(self, service: Obj) -> dict[int, Address]:
        """The ports of a service with the first pod that answers there."""
        selector = service["spec"].get("selector")
        if not selector:
            return {}
        namespace, _ = objects.key_of(service)
        found: dict[int, Address] = {}
        for pod in self._api.list(names.PODS, namespace):
            labels = pod["metadata"].get("labels") or {}
            if not selector.items() <= labels.items():
                continue
            answering = self._ports(pod)
            for port in service["spec"].get("ports") or ():
                address = answering.get(_number(pod, port["targetPort"]))
                if address is not None:
                    found.setdefault(port["port"], address)
        return found


def _number(pod: Obj, port: int | str) -> int:
    """A port of a pod by its number or its name; 0 for a name that it does not have."""
    if isinstance(port, int):
        return port
    declared = [each for container in pod["spec"]["containers"] for each in container.get("ports") or ()]
    return next((int(each["containerPort"]) for each in declared if each.get("name") == port), 0)
