"""Claims, volumes, classes, pods and the other built-in kinds: defaults and refusals."""

from typing import Any

import pytest

from simulator.kubernetes import quantities
from simulator.kubernetes.api import Api, Change
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.names import CLAIMS, STORAGE_CLASSES, VOLUMES
from simulator.kubernetes.resources import Obj
from tests.simulator.kubernetes.client import refusal

SNAPSHOT = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "s"}
CLONED = {"kind": "PersistentVolumeClaim", "name": "s"}
IMMUTABLE = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"


def requested(size: str) -> Obj:
    return {"resources": {"requests": {"storage": size}}}


def claim(name: str = "c", **spec: Any) -> Obj:
    base = {"accessModes": ["ReadWriteOnce"], **requested("32Mi")}
    return {"metadata": {"name": name, "namespace": "default"}, "spec": {**base, **spec}}


def storage_class(name: str = "fast", **fields: Any) -> Obj:
    return {"metadata": {"name": name}, "provisioner": "driver.example.org", **fields}


def pod(**spec: Any) -> Obj:
    containers = [{"name": "c", "image": "busybox:1"}]
    return {"metadata": {"name": "p", "namespace": "default"}, "spec": {"containers": containers, **spec}}


def test_claim_defaults(api: Api) -> None:
    default = storage_class("fast")
    default["metadata"]["annotations"] = {"storageclass.kubernetes.io/is-default-class": "true"}
    for each in (storage_class("slow"), default):
        api.create(STORAGE_CLASSES, each)

    made = api.create(CLAIMS, {**claim(), "status": {"phase": "Bound"}})

    assert made["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    assert (made["spec"]["volumeMode"], made["spec"]["storageClassName"]) == ("Filesystem", "fast")
    assert made["status"] == {"phase": "Pending"}
    assert api.create(CLAIMS, claim("n", storageClassName=""))["spec"]["storageClassName"] == ""


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"dataSource": SNAPSHOT}, (SNAPSHOT, SNAPSHOT)),
        ({"dataSourceRef": SNAPSHOT}, (SNAPSHOT, SNAPSHOT)),
        ({"dataSource": {"kind": "VolumeSnapshot", "name": "s"}}, (None, None)),
        ({"dataSource": {"apiGroup": "example.org", "kind": "Odd", "name": "s"}}, (None, None)),
        ({"dataSourceRef": {**SNAPSHOT, "namespace": "other"}}, (None, None)),
        ({"dataSource": CLONED}, (CLONED, CLONED)),
    ],
    ids=["source", "reference", "no-group", "foreign-kind", "other-namespace", "clone"],
)
def test_data_sources_that_are_kept(api: Api, sent: Obj, kept: tuple[Obj | None, Obj | None]) -> None:
    spec = api.create(CLAIMS, claim(**sent))["spec"]

    assert (spec.get("dataSource"), spec.get("dataSourceRef")) == kept


ACCESS_MODES = '"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"'
NO_CLAIM = "Invalid value: \"VolumeSnapshot\": must be 'PersistentVolumeClaim' when referencing the default apiGroup"


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"accessModes": []}, "spec.accessModes: Required value: at least 1 access mode is required"),
        ({"resources": {}}, "spec.resources[storage]: Required value"),
        (requested("0"), 'spec.resources[storage]: Invalid value: "0": must be greater than zero'),
        ({"volumeMode": "Raw"}, 'spec.volumeMode: Unsupported value: "Raw": supported values: "Block", "Filesystem"'),
        ({"accessModes": ["All"]}, f'spec.accessModes: Unsupported value: "All": supported values: {ACCESS_MODES}'),
        (
            {"dataSourceRef": {"kind": "VolumeSnapshot", "name": "s"}},
            f"[spec.dataSource: {NO_CLAIM}, spec.dataSourceRef: {NO_CLAIM}]",
        ),
    ],
)
def test_refused_claims(api: Api, spec: Obj, text: str) -> None:
    message = refusal(api.create, CLAIMS, claim(**spec)).message

    assert message == f'PersistentVolumeClaim "c" is invalid: {text}'


def test_a_claim_is_immutable_but_for_its_size_once_bound(api: Api) -> None:
    api.create(STORAGE_CLASSES, storage_class("grows", allowVolumeExpansion=True))
    api.create(STORAGE_CLASSES, storage_class("fixed"))

    def resize(name: str, size: str) -> Obj:
        return api.patch(CLAIMS, name, "default", {"spec": requested(size)})

    for name in ("grows", "fixed"):
        api.create(CLAIMS, claim(name, storageClassName=name))
        with pytest.raises(ApiError, match=IMMUTABLE):
            resize(name, "64Mi")
        status = {"status": {"phase": "Bound", "capacity": {"storage": "32Mi"}}}
        api.patch(CLAIMS, name, "default", {"spec": {"volumeName": "v"}})
        api.patch(CLAIMS, name, "default", status, subresource="status")
        with pytest.raises(ApiError, match=IMMUTABLE):
            api.patch(CLAIMS, name, "default", {"spec": {"volumeMode": "Block"}})

    assert resize("grows", "64Mi")["spec"]["resources"]["requests"]["storage"] == "64Mi"
    with pytest.raises(ApiError, match=r"storage: Forbidden: field can not be less than status.capacity$"):
        resize("grows", "16Mi")
    error = refusal(resize, "fixed", "64Mi")
    assert error.status == 403
    assert error.message == (
        'persistentvolumeclaims "fixed" is forbidden: only dynamically provisioned pvc can be resized and the '
        "storageclass that provisions the pvc must support resize"
    )


def test_volume_defaults_and_phases(api: Api) -> None:
    source = {"csi": {"driver": "d", "volumeHandle": "v"}}
    spec = {"capacity": {"storage": "1024Mi"}, "accessModes": ["ReadWriteOnce"], **source}

    made = api.create(VOLUMES, {"metadata": {"name": "v", "finalizers": ["example.org/first"]}, "spec": spec})

    assert made["metadata"]["finalizers"] == ["example.org/first", "kubernetes.io/pv-protection"]
    assert made["spec"]["capacity"] == {"storage": "1Gi"}
    assert made["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert made["status"]["phase"] == "Pending"
    bound = api.patch(VOLUMES, "v", "", {"status": {"phase": "Bound"}}, subresource="status")
    assert bound["status"]["lastPhaseTransitionTime"].endswith("Z")
    with pytest.raises(ApiError, match=r"spec\.persistentvolumesource is immutable after creation"):
        api.patch(VOLUMES, "v", "", {"spec": {"csi": {"volumeHandle": "w"}}})


def test_a_storage_class_does_not_change(api: Api) -> None:
    made = api.create(STORAGE_CLASSES, storage_class(parameters={"a": "1"}))

    assert (made["reclaimPolicy"], made["volumeBindingMode"]) == ("Delete", "Immediate")
    with pytest.raises(ApiError, match=r"parameters: Forbidden: updates to parameters are forbidden\.$"):
        api.patch(STORAGE_CLASSES, "fast", "", {"parameters": {"a": "2"}})


def test_pod_defaults(api: Api) -> None:
    made = api.create("pods", pod(volumes=[{"name": "v"}]))

    spec = made["spec"]
    assert made["metadata"]["generation"] == 1
    assert made["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    assert spec["terminationGracePeriodSeconds"] == 30
    assert spec["volumes"][0] == {"name": "v", "emptyDir": {}}
    token = spec["volumes"][1]["name"]
    assert token.startswith("kube-api-access-")
    assert spec["containers"][0]["volumeMounts"][0]["name"] == token
    assert spec["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    tolerated = [each["key"] for each in spec["tolerations"]]
    assert tolerated == ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]


RESTART_POLICIES = 'supported values: "Always", "OnFailure", "Never"'
WITH_DEVICE = {"name": "c", "image": "b", "volumeDevices": [{"name": "v", "devicePath": "/dev/v"}]}


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"containers": []}, "spec.containers: Required value"),
        ({"containers": [{"name": "c"}]}, "spec.containers[0].image: Required value"),
        ({"restartPolicy": "Sometimes"}, f'spec.restartPolicy: Unsupported value: "Sometimes": {RESTART_POLICIES}'),
        ({"containers": [WITH_DEVICE]}, 'spec.containers[0].volumeDevices[0].name: Not found: "v"'),
    ],
)
def test_refused_pods(api: Api, spec: Obj, text: str) -> None:
    assert refusal(api.create, "pods", pod(**spec)).message == f'Pod "p" is invalid: {text}'


def test_a_pod_needs_its_service_account(api: Api) -> None:
    assert refusal(api.create, "pods", pod(serviceAccountName="no")).message == (
        'pods "p" is forbidden: error looking up service account default/no: serviceaccount "no" not found'
    )


def test_a_running_pod_gets_time_to_end(api: Api) -> None:
    seen: list[tuple[str, int | None]] = []

    def note(change: Change) -> None:
        seen.append((change.type, change.object["metadata"].get("deletionGracePeriodSeconds")))

    api.create("pods", pod())
    api.patch("pods", "p", "default", {"spec": {"nodeName": "n"}})
    api.patch("pods", "p", "default", {"status": {"phase": "Running"}}, subresource="status")
    api.subscribe("pods", note)

    marked = api.delete("pods", "p", "default")
    assert marked["metadata"]["generation"] == 3
    api.delete("pods", "p", "default", grace_seconds=0)

    assert seen == [("MODIFIED", 30), ("MODIFIED", 0), ("DELETED", 0)]


@pytest.mark.parametrize("grace", [None, 1])
def test_a_finished_pod_is_deleted_at_once(api: Api, grace: int | None) -> None:
    kinds: list[str] = []
    api.create("pods", pod(nodeName="n"))
    api.patch("pods", "p", "default", {"status": {"phase": "Succeeded"}}, subresource="status")
    api.subscribe("pods", lambda change: kinds.append(change.type))

    api.delete("pods", "p", "default", grace_seconds=grace)

    assert kinds == ["MODIFIED", "DELETED"]


def test_secrets_take_text(api: Api) -> None:
    made = api.create("secrets", {"metadata": {"name": "s", "namespace": "default"}, "stringData": {"a": "b"}})

    assert (made["type"], made["data"]) == ("Opaque", {"a": "Yg=="})
    assert "stringData" not in made


def test_every_namespace_has_an_account_and_a_certificate(api: Api) -> None:
    made = api.create("namespaces", {"metadata": {"name": "n"}})

    assert made["metadata"]["labels"] == {"kubernetes.io/metadata.name": "n"}
    assert (made["spec"], made["status"]) == ({"finalizers": ["kubernetes"]}, {"phase": "Active"})
    assert api.get("serviceaccounts", "default", "n")
    assert api.get("configmaps", "kube-root-ca.crt", "n")


@pytest.mark.parametrize(
    ("text", "size", "canonical"),
    [
        ("32Mi", 33554432, "32Mi"),
        ("1024Mi", 1 << 30, "1Gi"),
        ("1.5Gi", 1610612736, "1536Mi"),
        ("1000000000", 10**9, "1G"),
        ("33554432", 33554432, "33554432"),
        ("1e3", 1000, "1k"),
        ("100m", 1, "100m"),
        (2048, 2048, "2048"),
    ],
)
def test_quantities(text: str | int, size: int, canonical: str) -> None:
    assert quantities.to_bytes(text) == size
    assert quantities.canonical(text) == canonical


def test_invalid_quantity(api: Api) -> None:
    assert refusal(api.create, CLAIMS, claim(**requested("much"))).status == 400
    assert quantities.binary(33554432) == "32Mi"
    assert quantities.binary(1073741825) == "1073741825"
