"""Service names and pod ports, for the servers that run in this process."""

from collections.abc import Callable, Mapping

from simulator.kubernetes import names, objects
from simulator.kubernetes.api import Api
from simulator.kubernetes.node.programs import Address
from simulator.kubernetes.resources import Obj

Ports = Callable[[Obj], Mapping[int, Address]]
"""The open ports of a pod with their addresses on this machine."""

_SUFFIXES = ("", ".svc", ".svc.cluster.local")


class Network:
    """The names of services inside the cluster, and the addresses behind them."""

    def __init__(self, api: Api, ports: Ports) -> None:
        self._api = api
        self._ports = ports

    def port(self, pod: Obj, number: int) -> Address | None:
        """The address of a pod's port on this machine, None if it is not open."""
        return self._ports(pod).get(number)

    def names(self) -> dict[Address, Address]:
        """The addresses of all services with an open port, by host and port in all spellings."""
        found: dict[Address, Address] = {}
        for service in self._api.list("services"):
            for number, address in self._behind(service).items():
                namespace, name = objects.key_of(service)
                found |= {(f"{name}.{namespace}{suffix}", number): address for suffix in _SUFFIXES}
        return found

    def _behind(self, service: Obj) -> dict[int, Address]:
        """The ports of a service, each with the address of the first pod that has it open."""
        selector = service["spec"].get("selector")
        if not selector:
            return {}
        namespace, _ = objects.key_of(service)
        found: dict[int, Address] = {}
        for pod in self._api.list(names.PODS, namespace):
            labels = pod["metadata"].get("labels") or {}
            if not selector.items() <= labels.items():
                continue
            opened = self._ports(pod)
            for port in service["spec"].get("ports") or ():
                address = opened.get(_number(pod, port["targetPort"]))
                if address is not None:
                    found.setdefault(port["port"], address)
        return found


def _number(pod: Obj, port: int | str) -> int:
    """A port of a pod by its number or its name; 0 for an unknown name."""
    if isinstance(port, int):
        return port
    declared = [each for container in pod["spec"]["containers"] for each in container.get("ports") or ()]
    return next((int(each["containerPort"]) for each in declared if each.get("name") == port), 0)
