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


def struct(**properties: Obj) -> Obj:
    """An object with these fields."""
    return {"type": "object", "properties": properties}


def array(items: Obj) -> Obj:
    """A list."""
    return {"type": "array", "items": items}


def mapping(values: Obj) -> Obj:
    """An object with any fields, all alike."""
    return {"type": "object", "additionalProperties": values}


def each(kind: Obj, names: str) -> dict[str, Obj]:
    """Several fields of one kind."""
    return dict.fromkeys(names.split(), kind)


def _reference() -> Obj:
    return struct(**each(TEXT, "apiVersion kind namespace name uid resourceVersion fieldPath"))


def _claim_spec() -> Obj:
    return struct(
        **each(TEXT, "storageClassName volumeMode volumeName volumeAttributesClassName"),
        accessModes=array(TEXT),
        selector=FREE,
        resources=struct(requests=mapping(QUANTITY), limits=mapping(QUANTITY)),
        dataSource=struct(**each(TEXT, "apiGroup kind name")),
        dataSourceRef=struct(**each(TEXT, "apiGroup kind name namespace")),
    )


def _volume_spec() -> Obj:
    secrets = "controllerPublishSecretRef nodeStageSecretRef nodePublishSecretRef controllerExpandSecretRef"
    csi = struct(
        **each(TEXT, "driver volumeHandle fsType"),
        **each(FREE, f"{secrets} nodeExpandSecretRef"),
        readOnly=FLAG,
        volumeAttributes=mapping(TEXT),
    )
    return struct(
        **each(TEXT, "persistentVolumeReclaimPolicy storageClassName volumeMode volumeAttributesClassName"),
        **each(FREE, "hostPath nfs local iscsi fc nodeAffinity"),
        accessModes=array(TEXT),
        mountOptions=array(TEXT),
        capacity=mapping(QUANTITY),
        claimRef=_reference(),
        csi=csi,
    )


def _container() -> Obj:
    variable = struct(**each(TEXT, "name value"), valueFrom=FREE)
    mount = struct(**each(TEXT, "name mountPath subPath subPathExpr mountPropagation recursiveReadOnly"), readOnly=FLAG)
    port = struct(**each(TEXT, "name protocol hostIP"), **each(NUMBER, "containerPort hostPort"))
    names = "name image imagePullPolicy restartPolicy terminationMessagePath terminationMessagePolicy workingDir"
    return struct(
        **each(TEXT, names),
        **each(array(TEXT), "command args"),
        **each(FLAG, "stdin stdinOnce tty"),
        **each(FREE, "lifecycle livenessProbe readinessProbe startupProbe securityContext"),
        env=array(variable),
        envFrom=array(FREE),
        ports=array(port),
        resizePolicy=array(FREE),
        resources=struct(requests=mapping(QUANTITY), limits=mapping(QUANTITY), claims=array(FREE)),
        volumeMounts=array(mount),
        volumeDevices=array(struct(**each(TEXT, "name devicePath"))),
    )


def _pod_spec() -> Obj:
    kinds = "emptyDir configMap secret projected downwardAPI hostPath csi nfs iscsi ephemeral image"
    volume = struct(**each(FREE, kinds), name=TEXT, persistentVolumeClaim=struct(claimName=TEXT, readOnly=FLAG))
    names = (
        "restartPolicy dnsPolicy serviceAccountName serviceAccount schedulerName nodeName hostname subdomain "
        "preemptionPolicy priorityClassName runtimeClassName"
    )
    flags = (
        "enableServiceLinks automountServiceAccountToken hostNetwork hostPID hostIPC hostUsers "
        "shareProcessNamespace setHostnameAsFQDN"
    )
    lists = "imagePullSecrets hostAliases readinessGates topologySpreadConstraints schedulingGates"
    return struct(
        **each(TEXT, names),
        **each(FLAG, flags),
        **each(NUMBER, "terminationGracePeriodSeconds activeDeadlineSeconds priority"),
        **each(array(FREE), f"{lists} resourceClaims ephemeralContainers"),
        **each(FREE, "securityContext affinity dnsConfig os resources"),
        **each(array(_container()), "containers initContainers"),
        volumes=array(volume),
        tolerations=array(struct(**each(TEXT, "key operator value effect"), tolerationSeconds=NUMBER)),
        nodeSelector=mapping(TEXT),
        overhead=mapping(QUANTITY),
    )


def _event() -> Obj:
    return struct(
        **each(TEXT, "reason message type action reportingComponent reportingInstance"),
        **each(TIME, "firstTimestamp lastTimestamp eventTime"),
        involvedObject=_reference(),
        related=_reference(),
        source=struct(component=TEXT, host=TEXT),
        count=NUMBER,
        series=FREE,
    )


def _service_spec() -> Obj:
    port = struct(**each(TEXT, "name protocol appProtocol"), **each(NUMBER, "port nodePort"), targetPort=NUMBER_OR_TEXT)
    names = (
        "type clusterIP externalName sessionAffinity loadBalancerIP loadBalancerClass externalTrafficPolicy "
        "internalTrafficPolicy ipFamilyPolicy trafficDistribution"
    )
    return struct(
        **each(TEXT, names),
        **each(array(TEXT), "clusterIPs externalIPs ipFamilies loadBalancerSourceRanges"),
        **each(FLAG, "publishNotReadyAddresses allocateLoadBalancerNodePorts"),
        selector=mapping(TEXT),
        ports=array(port),
        sessionAffinityConfig=FREE,
        healthCheckNodePort=NUMBER,
    )


def _storage_class() -> Obj:
    return struct(
        **each(TEXT, "provisioner reclaimPolicy volumeBindingMode"),
        parameters=mapping(TEXT),
        allowVolumeExpansion=FLAG,
        mountOptions=array(TEXT),
        allowedTopologies=array(FREE),
    )


def _lease_spec() -> Obj:
    return struct(
        **each(TEXT, "holderIdentity preferredHolder strategy"),
        **each(NUMBER, "leaseDurationSeconds leaseTransitions"),
        **each(TIME, "acquireTime renewTime"),
    )


def _csi_driver_spec() -> Obj:
    flags = "attachRequired podInfoOnMount storageCapacity requiresRepublish seLinuxMount"
    return struct(
        **each(FLAG, flags),
        fsGroupPolicy=TEXT,
        volumeLifecycleModes=array(TEXT),
        tokenRequests=array(FREE),
        nodeAllocatableUpdatePeriodSeconds=NUMBER,
    )


def _node_spec() -> Obj:
    return struct(
        **each(TEXT, "podCIDR providerID externalID"),
        podCIDRs=array(TEXT),
        taints=array(FREE),
        unschedulable=FLAG,
        configSource=FREE,
    )


def schemas() -> dict[str, Obj]:
    """The schema of each built-in resource."""

    def whole(spec: Obj, **more: Any) -> Obj:
        return struct(spec=spec, status=FREE, **more)

    attachment = struct(
        **each(TEXT, "attacher nodeName"), source=struct(persistentVolumeName=TEXT, inlineVolumeSpec=FREE)
    )
    return {
        "namespaces": whole(struct(finalizers=array(TEXT))),
        "configmaps": struct(data=mapping(TEXT), binaryData=mapping(TEXT), immutable=FLAG),
        "events": _event(),
        "nodes": whole(_node_spec()),
        "persistentvolumeclaims": whole(_claim_spec()),
        "persistentvolumes": whole(_volume_spec()),
        "pods": whole(_pod_spec()),
        "secrets": struct(data=mapping(TEXT), stringData=mapping(TEXT), type=TEXT, immutable=FLAG),
        "serviceaccounts": struct(
            secrets=array(_reference()), imagePullSecrets=array(FREE), automountServiceAccountToken=FLAG
        ),
        "services": whole(_service_spec()),
        "leases.coordination.k8s.io": struct(spec=_lease_spec()),
        "csidrivers.storage.k8s.io": struct(spec=_csi_driver_spec()),
        "csinodes.storage.k8s.io": struct(spec=struct(drivers=array(FREE))),
        "storageclasses.storage.k8s.io": _storage_class(),
        "volumeattachments.storage.k8s.io": whole(attachment),
        "customresourcedefinitions.apiextensions.k8s.io": whole(FREE),
    }
