"""Schemas of the built-in kinds, as deep as clients usually write them; deeper fields are kept as sent."""

from typing import Any

from simulator.kubernetes.resources import Obj

TEXT: Obj = {"type": "string"}
NUMBER: Obj = {"type": "integer"}
FLAG: Obj = {"type": "boolean"}
QUANTITY: Obj = {"x-kubernetes-int-or-string": True}
NUMBER_OR_TEXT: Obj = {"x-kubernetes-int-or-string": True}
FREE: Obj = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
TIME: Obj = {"type": "string", "nullable": True}


def _struct(**properties: Obj) -> Obj:
    return {"type": "object", "properties": properties}


def _list(items: Obj) -> Obj:
    return {"type": "array", "items": items}


def _map(values: Obj) -> Obj:
    return {"type": "object", "additionalProperties": values}


def _each(kind: Obj, names: str) -> dict[str, Obj]:
    return dict.fromkeys(names.split(), kind)


def _reference() -> Obj:
    return _struct(**_each(TEXT, "apiVersion kind namespace name uid resourceVersion fieldPath"))


def _claim_spec() -> Obj:
    return _struct(
        **_each(TEXT, "storageClassName volumeMode volumeName volumeAttributesClassName"),
        accessModes=_list(TEXT),
        selector=FREE,
        resources=_struct(requests=_map(QUANTITY), limits=_map(QUANTITY)),
        dataSource=_struct(**_each(TEXT, "apiGroup kind name")),
        dataSourceRef=_struct(**_each(TEXT, "apiGroup kind name namespace")),
    )


def _volume_spec() -> Obj:
    secrets = "controllerPublishSecretRef nodeStageSecretRef nodePublishSecretRef controllerExpandSecretRef"
    csi = _struct(
        **_each(TEXT, "driver volumeHandle fsType"),
        **_each(FREE, f"{secrets} nodeExpandSecretRef"),
        readOnly=FLAG,
        volumeAttributes=_map(TEXT),
    )
    return _struct(
        **_each(TEXT, "persistentVolumeReclaimPolicy storageClassName volumeMode volumeAttributesClassName"),
        **_each(FREE, "hostPath nfs local iscsi fc nodeAffinity"),
        accessModes=_list(TEXT),
        mountOptions=_list(TEXT),
        capacity=_map(QUANTITY),
        claimRef=_reference(),
        csi=csi,
    )


def _container() -> Obj:
    variable = _struct(**_each(TEXT, "name value"), valueFrom=FREE)
    mount = _struct(
        **_each(TEXT, "name mountPath subPath subPathExpr mountPropagation recursiveReadOnly"), readOnly=FLAG
    )
    port = _struct(**_each(TEXT, "name protocol hostIP"), **_each(NUMBER, "containerPort hostPort"))
    names = "name image imagePullPolicy restartPolicy terminationMessagePath terminationMessagePolicy workingDir"
    return _struct(
        **_each(TEXT, names),
        **_each(_list(TEXT), "command args"),
        **_each(FLAG, "stdin stdinOnce tty"),
        **_each(FREE, "lifecycle livenessProbe readinessProbe startupProbe securityContext"),
        env=_list(variable),
        envFrom=_list(FREE),
        ports=_list(port),
        resizePolicy=_list(FREE),
        resources=_struct(requests=_map(QUANTITY), limits=_map(QUANTITY), claims=_list(FREE)),
        volumeMounts=_list(mount),
        volumeDevices=_list(_struct(**_each(TEXT, "name devicePath"))),
    )


def _pod_spec() -> Obj:
    kinds = "emptyDir configMap secret projected downwardAPI hostPath csi nfs iscsi ephemeral image"
    volume = _struct(**_each(FREE, kinds), name=TEXT, persistentVolumeClaim=_struct(claimName=TEXT, readOnly=FLAG))
    names = (
        "restartPolicy dnsPolicy serviceAccountName serviceAccount schedulerName nodeName hostname subdomain "
        "preemptionPolicy priorityClassName runtimeClassName"
    )
    flags = (
        "enableServiceLinks automountServiceAccountToken hostNetwork hostPID hostIPC hostUsers "
        "shareProcessNamespace setHostnameAsFQDN"
    )
    lists = "imagePullSecrets hostAliases readinessGates topologySpreadConstraints schedulingGates"
    return _struct(
        **_each(TEXT, names),
        **_each(FLAG, flags),
        **_each(NUMBER, "terminationGracePeriodSeconds activeDeadlineSeconds priority"),
        **_each(_list(FREE), f"{lists} resourceClaims ephemeralContainers"),
        **_each(FREE, "securityContext affinity dnsConfig os resources"),
        **_each(_list(_container()), "containers initContainers"),
        volumes=_list(volume),
        tolerations=_list(_struct(**_each(TEXT, "key operator value effect"), tolerationSeconds=NUMBER)),
        nodeSelector=_map(TEXT),
        overhead=_map(QUANTITY),
    )


def _event() -> Obj:
    return _struct(
        **_each(TEXT, "reason message type action reportingComponent reportingInstance"),
        **_each(TIME, "firstTimestamp lastTimestamp eventTime"),
        involvedObject=_reference(),
        related=_reference(),
        source=_struct(component=TEXT, host=TEXT),
        count=NUMBER,
        series=FREE,
    )


def _service_spec() -> Obj:
    port = _struct(
        **_each(TEXT, "name protocol appProtocol"), **_each(NUMBER, "port nodePort"), targetPort=NUMBER_OR_TEXT
    )
    names = (
        "type clusterIP externalName sessionAffinity loadBalancerIP loadBalancerClass externalTrafficPolicy "
        "internalTrafficPolicy ipFamilyPolicy trafficDistribution"
    )
    return _struct(
        **_each(TEXT, names),
        **_each(_list(TEXT), "clusterIPs externalIPs ipFamilies loadBalancerSourceRanges"),
        **_each(FLAG, "publishNotReadyAddresses allocateLoadBalancerNodePorts"),
        selector=_map(TEXT),
        ports=_list(port),
        sessionAffinityConfig=FREE,
        healthCheckNodePort=NUMBER,
    )


def _storage_class() -> Obj:
    return _struct(
        **_each(TEXT, "provisioner reclaimPolicy volumeBindingMode"),
        parameters=_map(TEXT),
        allowVolumeExpansion=FLAG,
        mountOptions=_list(TEXT),
        allowedTopologies=_list(FREE),
    )


def _lease_spec() -> Obj:
    return _struct(
        **_each(TEXT, "holderIdentity preferredHolder strategy"),
        **_each(NUMBER, "leaseDurationSeconds leaseTransitions"),
        **_each(TIME, "acquireTime renewTime"),
    )


def _csi_driver_spec() -> Obj:
    flags = "attachRequired podInfoOnMount storageCapacity requiresRepublish seLinuxMount"
    return _struct(
        **_each(FLAG, flags),
        fsGroupPolicy=TEXT,
        volumeLifecycleModes=_list(TEXT),
        tokenRequests=_list(FREE),
        nodeAllocatableUpdatePeriodSeconds=NUMBER,
    )


def _node_spec() -> Obj:
    return _struct(
        **_each(TEXT, "podCIDR providerID externalID"),
        podCIDRs=_list(TEXT),
        taints=_list(FREE),
        unschedulable=FLAG,
        configSource=FREE,
    )


def schemas() -> dict[str, Obj]:
    """The schema of each built-in resource."""

    def whole(spec: Obj, **more: Any) -> Obj:
        return _struct(spec=spec, status=FREE, **more)

    attachment = _struct(
        **_each(TEXT, "attacher nodeName"), source=_struct(persistentVolumeName=TEXT, inlineVolumeSpec=FREE)
    )
    return {
        "namespaces": whole(_struct(finalizers=_list(TEXT))),
        "configmaps": _struct(data=_map(TEXT), binaryData=_map(TEXT), immutable=FLAG),
        "events": _event(),
        "nodes": whole(_node_spec()),
        "persistentvolumeclaims": whole(_claim_spec()),
        "persistentvolumes": whole(_volume_spec()),
        "pods": whole(_pod_spec()),
        "secrets": _struct(data=_map(TEXT), stringData=_map(TEXT), type=TEXT, immutable=FLAG),
        "serviceaccounts": _struct(
            secrets=_list(_reference()), imagePullSecrets=_list(FREE), automountServiceAccountToken=FLAG
        ),
        "services": whole(_service_spec()),
        "leases.coordination.k8s.io": _struct(spec=_lease_spec()),
        "csidrivers.storage.k8s.io": _struct(spec=_csi_driver_spec()),
        "csinodes.storage.k8s.io": _struct(spec=_struct(drivers=_list(FREE))),
        "storageclasses.storage.k8s.io": _storage_class(),
        "volumeattachments.storage.k8s.io": whole(attachment),
        "customresourcedefinitions.apiextensions.k8s.io": whole(FREE),
    }
