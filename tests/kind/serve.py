"""`python -m tests.kind.serve --kubeconfig FILE`: a simulator that also serves what an installation consists of."""

import sys
from typing import Any

from simulator.__main__ import main
from simulator.csi import crds
from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Resource

_OPEN: dict[str, Any] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def _resource(group: str, version: str, plural: str, kind: str) -> Resource:
    schema = {"type": "object", "properties": {"metadata": {"type": "object"}, "spec": _OPEN, "status": _OPEN}}
    return Resource(group, version, plural, kind.lower(), kind, namespaced=True, schema=schema)


EXTRA = (
    _resource("apps", "v1", "deployments", "Deployment"),
    _resource("apps", "v1", "daemonsets", "DaemonSet"),
    _resource("longhorn.io", "v1beta2", "instancemanagers", "InstanceManager"),
)


def run() -> int:
    """The simulator's exit status."""
    register = crds.register

    def register_all(api: Api, *rest: Any, **named: Any) -> None:
        register(api, *rest, **named)
        for resource in EXTRA:
            api.register(resource)

    crds.register = register_all
    return main()


if __name__ == "__main__":
    sys.exit(run())
