"""Pods: defaults as the API server and its admission plugins fill them in, and validation."""

import re

from simulator.kubernetes.builtin.kind_strategy import Cluster
from simulator.kubernetes.errors import FieldError, field_forbidden, forbidden, not_supported, required
from simulator.kubernetes.metadata import name_suffix
from simulator.kubernetes.resources import Obj, copy_of

TOKEN_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
TOKEN_VOLUME_PREFIX = "kube-api-access-"
RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DEFAULT_MODE = 420
_IMAGE_TAG = re.compile(r":([^:/@]+)(@.*)?$")


def prepare_pod(api: Cluster, new: Obj, old: Obj | None) -> None:
    """Fill a pod's defaults; a new one also gets what the admission plugins add."""
    spec = new.setdefault("spec", {})
    account = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
    defaults: Obj = {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": account,
        "serviceAccount": account,
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }
    for name, value in defaults.items():
        spec.setdefault(name, value)
    for volume in spec.get("volumes") or ():
        for kind in ("configMap", "secret", "projected", "downwardAPI"):
            if isinstance(volume.get(kind), dict):
                volume[kind].setdefault("defaultMode", _DEFAULT_MODE)
        if set(volume) == {"name"}:
            volume["emptyDir"] = {}
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    for container in containers:
        _default_container(container)
    if old is None:
        new["status"] = {"phase": "Pending", "qosClass": _quality(containers)}
        spec["tolerations"] = _tolerations(spec.get("tolerations") or [])
        _mount_token(api, new, account, containers)


def _default_container(container: Obj) -> None:
    container.setdefault("resources", {})
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    tag = _IMAGE_TAG.search(container.get("image", ""))
    untagged = tag is None and "@" not in container.get("image", "")
    latest = untagged or (tag is not None and tag[1] == "latest" and not tag[2])
    container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
    for port in container.get("ports") or ():
        port.setdefault("protocol", "TCP")


def _tolerations(given: list[Obj]) -> list[Obj]:
    result = copy_of(given)
    for state in ("not-ready", "unreachable"):
        key = f"node.kubernetes.io/{state}"
        if not any(each.get("key") in {key, None} and each.get("effect") in {"NoExecute", None} for each in given):
            result.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
    return list(result)


def _quality(containers: list[Obj]) -> str:
    resources = [container.get("resources") or {} for container in containers]
    if not any(each.get("requests") or each.get("limits") for each in resources):
        return "BestEffort"
    complete = all(
        {"cpu", "memory"} <= set(each.get("limits") or {})
        and (each.get("requests") or each["limits"]) == each["limits"]
        for each in resources
    )
    return "Guaranteed" if complete else "Burstable"


def _mount_token(api: Cluster, new: Obj, account: str, containers: list[Obj]) -> None:
    """What the ServiceAccount admission plugin does."""
    metadata, spec = new["metadata"], new["spec"]
    namespace = metadata["namespace"]
    if api.find("serviceaccounts", account, namespace) is None:
        why = f'error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
        raise forbidden(api.resource("pods"), metadata.get("name", ""), why)
    if spec.get("automountServiceAccountToken") is False:
        return
    name = TOKEN_VOLUME_PREFIX + name_suffix()
    sources: list[Obj] = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {
            "downwardAPI": {
                "items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]
            }
        },
    ]
    volume = {"name": name, "projected": {"sources": sources, "defaultMode": _DEFAULT_MODE}}
    spec["volumes"] = [*(spec.get("volumes") or ()), volume]
    for container in containers:
        mounts = container.get("volumeMounts") or []
        if not any(mount.get("mountPath") == TOKEN_MOUNT for mount in mounts):
            container["volumeMounts"] = [*mounts, {"name": name, "readOnly": True, "mountPath": TOKEN_MOUNT}]


def validate_pod(_api: Cluster, new: Obj, old: Obj | None) -> list[FieldError]:
    """What is wrong with a pod."""
    if old is not None:
        return _update_errors(new["spec"], old["spec"])
    spec = new["spec"]
    found: list[FieldError] = []
    volumes = {volume.get("name") for volume in spec.get("volumes") or ()}
    if not spec.get("containers"):
        found.append(required("spec.containers"))
    for group in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(group) or ()):
            found += _container_errors(container, f"spec.{group}[{index}]", volumes)
    if spec["restartPolicy"] not in RESTART_POLICIES:
        found.append(not_supported("spec.restartPolicy", spec["restartPolicy"], RESTART_POLICIES))
    return found


def _container_errors(container: Obj, path: str, volumes: set[str | None]) -> list[FieldError]:
    found = [required(f"{path}.{field}") for field in ("name", "image") if not container.get(field)]
    for field, target in (("volumeMounts", "mountPath"), ("volumeDevices", "devicePath")):
        for index, use in enumerate(container.get(field) or ()):
            place = f"{path}.{field}[{index}]"
            if use.get("name") not in volumes:
                found.append(FieldError(f"{place}.name", f'Not found: "{use.get("name", "")}"', "FieldValueNotFound"))
            if not use.get(target):
                found.append(required(f"{place}.{target}"))
    return found


def _update_errors(spec: Obj, before: Obj) -> list[FieldError]:
    mutable = {"activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"}
    if not before.get("nodeName"):
        mutable.add("nodeName")

    def fixed(pod: Obj) -> Obj:
        kept = {key: value for key, value in pod.items() if key not in mutable}
        for group in ("containers", "initContainers"):
            kept[group] = [
                {key: value for key, value in container.items() if key != "image"} for container in pod.get(group) or ()
            ]
        return kept

    if fixed(spec) == fixed(before):
        return []
    words = (
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
        "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
    )
    return [field_forbidden("spec", words)]
