"""The kinds that Kubernetes itself brings."""

import base64
import zlib
from dataclasses import replace

from simulator.kubernetes.builtin import pods, storage
from simulator.kubernetes.builtin.kind_strategy import PLAIN, Strategy
from simulator.kubernetes.builtin.schemas import schemas
from simulator.kubernetes.resources import Obj, Resource

DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


def _resource(
    group: str,
    plural: str,
    kind: str,
    short: tuple[str, ...] = (),
    *,
    namespaced: bool = False,
    status: bool = False,
    generations: bool = False,
) -> Resource:
    return Resource(
        group=group,
        version="v1",
        plural=plural,
        singular=kind.lower(),
        kind=kind,
        namespaced=namespaced,
        short_names=short,
        status_subresource=status,
        builtin=True,
        counts_generations=generations,
        categories=("all",) if plural in {"pods", "services"} else (),
    )


def resources() -> tuple[tuple[Resource, Strategy], ...]:
    """All built-in resources with their strategies."""
    known = schemas()
    return tuple((replace(resource, schema=known[resource.key]), strategy) for resource, strategy in _served())


def _served() -> tuple[tuple[Resource, Strategy], ...]:
    storage, api = "storage.k8s.io", "apiextensions.k8s.io"
    return (
        (_resource("", "namespaces", "Namespace", ("ns",), status=True), NAMESPACES),
        (_resource("", "configmaps", "ConfigMap", ("cm",), namespaced=True), PLAIN),
        (_resource("", "events", "Event", ("ev",), namespaced=True), PLAIN),
        (_resource("", "nodes", "Node", ("no",), status=True), PLAIN),
        (
            _resource("", "persistentvolumeclaims", "PersistentVolumeClaim", ("pvc",), namespaced=True, status=True),
            CLAIMS,
        ),
        (_resource("", "persistentvolumes", "PersistentVolume", ("pv",), status=True), VOLUMES),
        (_resource("", "pods", "Pod", ("po",), namespaced=True, status=True, generations=True), PODS),
        (_resource("", "secrets", "Secret", namespaced=True), SECRETS),
        (_resource("", "serviceaccounts", "ServiceAccount", ("sa",), namespaced=True), PLAIN),
        (_resource("", "services", "Service", ("svc",), namespaced=True, status=True), SERVICES),
        (_resource("coordination.k8s.io", "leases", "Lease", namespaced=True), PLAIN),
        (_resource(storage, "csidrivers", "CSIDriver"), PLAIN),
        (_resource(storage, "csinodes", "CSINode"), PLAIN),
        (_resource(storage, "storageclasses", "StorageClass", ("sc",)), CLASSES),
        (_resource(storage, "volumeattachments", "VolumeAttachment", status=True), ATTACHMENTS),
        (
            _resource(api, "customresourcedefinitions", "CustomResourceDefinition", ("crd", "crds"), status=True),
            PLAIN,
        ),
    )


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


NAMESPACES = Strategy(prepare=_prepare_namespace)


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


SECRETS = Strategy(prepare=_prepare_secret)
SERVICES = Strategy(prepare=_prepare_service, answers_object=True)
CLAIMS = Strategy(prepare=storage.prepare_claim, validate=storage.validate_claim, answers_object=True)
VOLUMES = Strategy(prepare=storage.prepare_volume, validate=storage.validate_volume, answers_object=True)
CLASSES = Strategy(prepare=storage.prepare_class, validate=storage.validate_class, answers_object=True)
ATTACHMENTS = Strategy(prepare=storage.prepare_attachment, validate=storage.validate_attachment, answers_object=True)
PODS = Strategy(prepare=pods.prepare_pod, validate=pods.validate_pod, graceful=True, answers_object=True)
