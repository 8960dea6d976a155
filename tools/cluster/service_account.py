"""A simulated cluster for the service account in manifests/rbac, which an administrator has prepared."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from tools.api_access import ApiAccess
from tools.cluster.rbac import MANIFESTS
from tools.cluster.simulated_cluster import SimulatedCluster

ACCOUNT = "/api/v1/namespaces/longhorn-snapshot-conformance/serviceaccounts/conformance"
_USER = "system:serviceaccount:longhorn-snapshot-conformance:conformance"
_SECONDS = 4 * 3600


def with_few_rights(cluster: SimulatedCluster, *folders: Path) -> SimulatedCluster:
    """The cluster as the service account reaches it. HTTPError if a manifest is refused.

    `folders` are those below manifests/rbac that grant more.
    """
    administrator = ApiAccess.read(cluster.kubeconfig)
    files = [path for folder in (MANIFESTS, *folders) for path in sorted(folder.glob("*.yaml"))]
    manifests = [each for path in files for each in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
    for manifest in sorted(manifests, key=lambda each: each["kind"] != "Namespace"):
        if manifest["kind"] != "Kustomization":
            administrator.json(collection(manifest), method="POST", body=manifest)
    token = administrator.json(f"{ACCOUNT}/token", method="POST", body={"spec": {"expirationSeconds": _SECONDS}})
    config = yaml.safe_load(cluster.kubeconfig.read_text(encoding="utf-8"))
    config["users"][0]["user"] = {"token": token["status"]["token"]}
    kubeconfig = cluster.kubeconfig.with_name("account.kubeconfig")
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(yaml.safe_dump(config), encoding="utf-8")
    return replace(cluster, kubeconfig=kubeconfig)


def requests(cluster: SimulatedCluster) -> list[dict[str, Any]]:
    """The requests of the service account, including refused ones, as the simulator counts them."""
    return [each for each in cluster.page("/simulator/requests")["requests"] if each["user"] == _USER]


def collection(manifest: dict[str, Any]) -> str:
    """The path to create an object at; its kind has a plain plural."""
    version, metadata = manifest["apiVersion"], manifest["metadata"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    place = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
    return f"{root}{place}/{manifest['kind'].lower()}s"
