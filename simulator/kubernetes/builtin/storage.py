"""Claims, volumes, storage classes and attachments: defaults and validation."""

from simulator.kubernetes import quantities
from simulator.kubernetes.builtin.kind_strategy import Cluster
from simulator.kubernetes.errors import (
    FieldError,
    bad_request,
    field_forbidden,
    forbidden,
    invalid_value,
    not_supported,
    required,
)
from simulator.kubernetes.resources import Obj, at

CLAIM_FINALIZER = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER = "kubernetes.io/pv-protection"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
VOLUME_MODES = ("Block", "Filesystem")
DATA_SOURCES = {("PersistentVolumeClaim", ""), ("VolumeSnapshot", "snapshot.storage.k8s.io")}
"""Kind and group of what `dataSource` may name; anything else is dropped unless there is a `dataSourceRef`."""

SOURCES = ("csi", "hostPath", "nfs", "local", "iscsi", "fc")
"""Kinds of volume that a PersistentVolume may have."""


def prepare_claim(api: Cluster, new: Obj, old: Obj | None) -> None:
    """Default a claim as the API server and its admission plugins do."""
    for amounts in ("requests", "limits"):
        _canonical(new, at(new, f"spec.resources.{amounts}"))
    metadata, spec = new["metadata"], new.setdefault("spec", {})
    spec.setdefault("volumeMode", "Filesystem")
    if old is not None:
        return
    new["status"] = {"phase": "Pending"}
    metadata["finalizers"] = [*metadata.get("finalizers", []), CLAIM_FINALIZER]
    if spec.get("storageClassName") is None:
        spec.pop("storageClassName", None)
        default = _default_class(api)
        if default:
            spec["storageClassName"] = default
    _settle_data_source(spec)


def _default_class(api: Cluster) -> str:
    marked = [
        each
        for each in api.view("storageclasses.storage.k8s.io")
        if each["metadata"].get("annotations", {}).get(DEFAULT_CLASS) == "true"
    ]
    newest = max(marked, key=lambda each: each["metadata"]["creationTimestamp"], default=None)
    return newest["metadata"]["name"] if newest else ""


def _settle_data_source(spec: Obj) -> None:
    """Drop unsupported sources (such as one in another namespace), then fill each of the two from the other."""
    reference = spec.get("dataSourceRef")
    if reference and reference.get("namespace"):
        del spec["dataSourceRef"]
        reference = None
    source = spec.get("dataSource")
    if source and not reference and (source.get("kind"), source.get("apiGroup") or "") not in DATA_SOURCES:
        del spec["dataSource"]
        source = None
    if reference and not source:
        spec["dataSource"] = {key: value for key, value in reference.items() if key != "namespace"}
    elif source and not reference:
        spec["dataSourceRef"] = dict(source)


def validate_claim(api: Cluster, new: Obj, old: Obj | None) -> list[FieldError]:
    """What is wrong with a claim."""
    spec = new["spec"]
    if old is not None:
        return _claim_update_errors(api, new, old)
    found: list[FieldError] = []
    if not spec.get("accessModes"):
        found.append(required("spec.accessModes", "at least 1 access mode is required"))
    unknown = [mode for mode in spec.get("accessModes") or () if mode not in ACCESS_MODES]
    found += [not_supported("spec.accessModes", mode, ACCESS_MODES) for mode in unknown]
    requested = at(spec, "resources.requests.storage")
    if requested is None:
        found.append(required("spec.resources[storage]"))
    elif quantities.to_bytes(requested) <= 0:
        found.append(invalid_value("spec.resources[storage]", str(requested), "must be greater than zero"))
    if spec["volumeMode"] not in VOLUME_MODES:
        found.append(not_supported("spec.volumeMode", spec["volumeMode"], VOLUME_MODES))
    return found + _data_source_errors(spec)


def _data_source_errors(spec: Obj) -> list[FieldError]:
    found: list[FieldError] = []
    for field in ("dataSource", "dataSourceRef"):
        source = spec.get(field)
        if not source:
            continue
        found += [required(f"spec.{field}.{key}") for key in ("name", "kind") if not source.get(key)]
        if source.get("kind") and not source.get("apiGroup") and source["kind"] != "PersistentVolumeClaim":
            words = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
            found.append(invalid_value(f"spec.{field}", source["kind"], words))
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source and reference and source != {key: value for key, value in reference.items() if key != "namespace"}:
        found.append(FieldError("spec", "Invalid value: field: must match dataSourceRef"))
    return found


def _canonical(new: Obj, amounts: Obj | None) -> None:
    """Write quantities as the API server does. Raises ApiError 400 for an invalid one."""
    if amounts is None:
        return
    for name, text in amounts.items():
        try:
            amounts[name] = quantities.canonical(text)
        except ValueError as error:
            kind = new["kind"]
            raise bad_request(f'{kind} in version "v1" cannot be handled as a {kind}: {error}') from error


def _claim_update_errors(api: Cluster, new: Obj, old: Obj) -> list[FieldError]:
    spec, before = dict(new["spec"]), dict(old["spec"])
    found: list[FieldError] = []
    asked, had = at(spec, "resources.requests.storage"), at(before, "resources.requests.storage")
    if asked != had and at(old, "status.phase") == "Bound":
        spec["resources"], before["resources"] = {}, {}
        found += _resize_errors(api, new, old, quantities.to_bytes(asked), quantities.to_bytes(had))
    if not before.get("volumeName"):
        spec.pop("volumeName", None)
    if spec != before:
        words = (
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
        )
        found.append(field_forbidden("spec", words))
    return found


def _resize_errors(api: Cluster, new: Obj, old: Obj, asked: int, had: int) -> list[FieldError]:
    if asked < had:
        capacity = at(old, "status.capacity.storage")
        if capacity is None or asked < quantities.to_bytes(capacity):
            return [field_forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")]
        return []
    storage_class = api.find("storageclasses.storage.k8s.io", old["spec"].get("storageClassName") or "")
    if storage_class is None or not storage_class.get("allowVolumeExpansion"):
        why = (
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must "
            "support resize"
        )
        raise forbidden(api.resource("persistentvolumeclaims"), new["metadata"]["name"], why)
    return []


def prepare_volume(api: Cluster, new: Obj, old: Obj | None) -> None:
    """Default a PersistentVolume, and set the time of a phase change."""
    _canonical(new, at(new, "spec.capacity"))
    now = api.clock.timestamp()
    metadata, spec = new["metadata"], new.setdefault("spec", {})
    spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
    spec.setdefault("volumeMode", "Filesystem")
    if old is not None:
        status, before = new.get("status", {}), old.get("status", {})
        if status.get("phase") != before.get("phase"):
            new["status"] = {**status, "lastPhaseTransitionTime": now}
        return
    metadata["finalizers"] = [*metadata.get("finalizers", []), VOLUME_FINALIZER]
    new["status"] = {"phase": "Pending", "lastPhaseTransitionTime": now}


def validate_volume(_api: Cluster, new: Obj, old: Obj | None) -> list[FieldError]:
    """What is wrong with a PersistentVolume."""
    spec = new["spec"]
    found: list[FieldError] = []
    if not spec.get("accessModes"):
        found.append(required("spec.accessModes"))
    capacity = at(spec, "capacity.storage")
    if capacity is None:
        found.append(required("spec.capacity"))
    elif quantities.to_bytes(capacity) <= 0:
        found.append(invalid_value("spec.capacity[storage]", str(capacity), "must be greater than zero"))
    if not any(spec.get(source) for source in SOURCES):
        found.append(required("spec", "must specify a volume type"))
    if spec["volumeMode"] not in VOLUME_MODES:
        found.append(not_supported("spec.volumeMode", spec["volumeMode"], VOLUME_MODES))
    if old is not None:
        before = old["spec"]
        if any(spec.get(source) != before.get(source) for source in SOURCES):
            words = "spec.persistentvolumesource is immutable after creation"
            found.append(field_forbidden("spec.persistentvolumesource", words))
        if spec["volumeMode"] != before["volumeMode"]:
            found.append(invalid_value("spec.volumeMode", spec["volumeMode"], "field is immutable"))
    return found


def prepare_class(_api: Cluster, new: Obj, _old: Obj | None) -> None:
    """Default a StorageClass."""
    new.setdefault("reclaimPolicy", "Delete")
    new.setdefault("volumeBindingMode", "Immediate")


def validate_class(_api: Cluster, new: Obj, old: Obj | None) -> list[FieldError]:
    """What is wrong with a StorageClass; nearly all of it may not change."""
    found: list[FieldError] = []
    if not new.get("provisioner"):
        found.append(required("provisioner"))
    if new["reclaimPolicy"] not in {"Delete", "Retain"}:
        found.append(not_supported("reclaimPolicy", new["reclaimPolicy"], ("Delete", "Retain")))
    modes = ("Immediate", "WaitForFirstConsumer")
    if new["volumeBindingMode"] not in modes:
        found.append(not_supported("volumeBindingMode", new["volumeBindingMode"], modes))
    if old is not None:
        found += [
            field_forbidden(field, f"updates to {field} are forbidden.")
            for field in ("parameters", "provisioner", "reclaimPolicy")
            if new.get(field) != old.get(field)
        ]
        if new["volumeBindingMode"] != old["volumeBindingMode"]:
            found.append(invalid_value("volumeBindingMode", new["volumeBindingMode"], "field is immutable"))
    return found


def prepare_attachment(_api: Cluster, new: Obj, old: Obj | None) -> None:
    """A new VolumeAttachment is not attached."""
    if old is None:
        new["status"] = {"attached": False}


def validate_attachment(_api: Cluster, new: Obj, old: Obj | None) -> list[FieldError]:
    """What is wrong with a VolumeAttachment."""
    spec = new.get("spec") or {}
    found = [required(f"spec.{field}") for field in ("attacher", "nodeName") if not spec.get(field)]
    if not spec.get("source"):
        found.append(required("spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName"))
    if old is not None and spec != old.get("spec"):
        found.append(FieldError("spec", "Invalid value: field is immutable"))
    return found
