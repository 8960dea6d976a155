"""The kinds that Kubernetes itself brings."""

import base64
import zlib
from pathlib import Path

from simulator.kubernetes import definitions
from simulator.kubernetes.builtin import pods, storage
from simulator.kubernetes.builtin.kind_strategy import PLAIN, Strategy
from simulator.kubernetes.resources import Obj, Resource

DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


def resources() -> tuple[tuple[Resource, Strategy], ...]:
    """All built-in resources with their strategies."""
    known = definitions.resources(Path(__file__).with_suffix(".yaml"), builtin=True)
    return tuple((resource, _STRATEGIES.get(resource.kind, PLAIN)) for resource in known)


def definition_of(resource: Resource, now: str) -> Obj:
    """The CustomResourceDefinition of a registered resource, with its status."""
    names: Obj = {
        "plural": resource.plural,
        "singular": resource.singular,
        "kind": resource.kind,
        "listKind": f"{resource.kind}List",
    }
    if resource.short_names:
        names["shortNames"] = list(resource.short_names)
    version: Obj = {
        "served": True,
        "schema": {"openAPIV3Schema": resource.schema},
        "subresources": {"status": {}} if resource.status_subresource else {},
    }
    if resource.columns:
        version["additionalPrinterColumns"] = [
            {"name": column.name, "type": column.type, "jsonPath": column.path} for column in resource.columns
        ]
    established = (
        ("NamesAccepted", "NoConflicts", "no conflicts found"),
        ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    )
    return {
        "metadata": {"name": resource.key},
        "spec": {
            "group": resource.group,
            "names": names,
            "scope": "Namespaced" if resource.namespaced else "Cluster",
            "versions": [
                {"name": each.version, "storage": each.version == resource.version, **version}
                for each in resource.in_all_versions()
            ],
            "conversion": {"strategy": "None"},
        },
        "status": {
            "conditions": [
                {"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": now}
                for kind, reason, message in established
            ],
            "acceptedNames": names,
            "storedVersions": [resource.version],
        },
    }


def _prepare_namespace(_api: object, new: Obj, old: Obj | None) -> None:
    metadata = new["metadata"]
    metadata["labels"] = {**metadata.get("labels", {}), "kubernetes.io/metadata.name": metadata.get("name", "")}
    if old is None:
        new["spec"] = {"finalizers": ["kubernetes"]}
        new["status"] = {"phase": "Active"}


def _prepare_secret(_api: object, new: Obj, _old: Obj | None) -> None:
    new["type"] = new.get("type") or "Opaque"
    texts = new.pop("stringData", None)
    if texts:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in texts.items()}
        new["data"] = {**(new.get("data") or {}), **encoded}


def _prepare_service(_api: object, new: Obj, old: Obj | None) -> None:
    spec = new.setdefault("spec", {})
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port.get("port"))
    if old is None:
        place = zlib.crc32(f"{new['metadata'].get('namespace')}/{new['metadata'].get('name')}".encode())
        spec.setdefault("clusterIP", f"10.96.{place >> 8 & 255}.{place & 255 or 1}")
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
        spec.setdefault("internalTrafficPolicy", "Cluster")
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
        new["status"] = {"loadBalancer": {}}


_STRATEGIES = {
    "Namespace": Strategy(prepare=_prepare_namespace),
    "Secret": Strategy(prepare=_prepare_secret),
    "Service": Strategy(prepare=_prepare_service, answers_object=True),
    "PersistentVolumeClaim": Strategy(storage.prepare_claim, storage.validate_claim, answers_object=True),
    "PersistentVolume": Strategy(storage.prepare_volume, storage.validate_volume, answers_object=True),
    "StorageClass": Strategy(storage.prepare_class, storage.validate_class, answers_object=True),
    "VolumeAttachment": Strategy(storage.prepare_attachment, storage.validate_attachment, answers_object=True),
    "Pod": Strategy(pods.prepare_pod, pods.validate_pod, graceful=True, answers_object=True),
}
