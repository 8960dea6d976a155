"""Names that Kubernetes' storage controllers write into objects: kinds of resources, finalizers, annotations."""

import hashlib

CLAIMS = "persistentvolumeclaims"
VOLUMES = "persistentvolumes"
PODS = "pods"
STORAGE_CLASSES = "storageclasses.storage.k8s.io"
ATTACHMENTS = "volumeattachments.storage.k8s.io"
CSI_DRIVERS = "csidrivers.storage.k8s.io"
CSI_NODES = "csinodes.storage.k8s.io"
LEASES = "leases.coordination.k8s.io"

CLAIM_PROTECTION = "kubernetes.io/pvc-protection"
VOLUME_PROTECTION = "kubernetes.io/pv-protection"

BETA_STORAGE_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner"
STORAGE_PROVISIONER = "volume.kubernetes.io/storage-provisioner"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"

NODE = "simulator-control-plane"


def attachment_name(volume_handle: str, driver: str, node: str) -> str:
    """The name of the VolumeAttachment of one volume on one node."""
    return "csi-" + hashlib.sha256(f"{volume_handle}{driver}{node}".encode()).hexdigest()
