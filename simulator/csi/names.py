"""Names that the snapshot-controller and the sidecars write into objects: kinds, finalizers, annotations."""

SNAPSHOT_GROUP = "snapshot.storage.k8s.io"
SNAPSHOTS = f"volumesnapshots.{SNAPSHOT_GROUP}"
CONTENTS = f"volumesnapshotcontents.{SNAPSHOT_GROUP}"
CLASSES = f"volumesnapshotclasses.{SNAPSHOT_GROUP}"

SNAPSHOT_AS_SOURCE = "snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection"
SNAPSHOT_BOUND = "snapshot.storage.kubernetes.io/volumesnapshot-bound-protection"
CONTENT_BOUND = "snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection"
CLAIM_AS_SOURCE = "snapshot.storage.kubernetes.io/pvc-as-source-protection"
CLONE_PROTECTION = "provisioner.storage.kubernetes.io/cloning-protection"
PROVISIONER_FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer"

ANNOTATION_PREFIX = "snapshot.storage.kubernetes.io/"
BEING_CREATED = "snapshot.storage.kubernetes.io/volumesnapshot-being-created"
BEING_DELETED = "snapshot.storage.kubernetes.io/volumesnapshot-being-deleted"
DEFAULT_SNAPSHOT_CLASS = "snapshot.storage.kubernetes.io/is-default-class"
DELETION_SECRET_NAME = "snapshot.storage.kubernetes.io/deletion-secret-name"
DELETION_SECRET_NAMESPACE = "snapshot.storage.kubernetes.io/deletion-secret-namespace"
ALLOW_MODE_CHANGE = "snapshot.storage.kubernetes.io/allow-volume-mode-change"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
DELETION_SECRET_OF_VOLUME = "volume.kubernetes.io/provisioner-deletion-secret-name"
DELETION_SECRET_NAMESPACE_OF_VOLUME = "volume.kubernetes.io/provisioner-deletion-secret-namespace"
NODE_ID = "csi.alpha.kubernetes.io/node-id"
PARAMETER_PREFIX = "csi.storage.k8s.io/"
PROVISIONER_IDENTITY = "storage.kubernetes.io/csiProvisionerIdentity"


def attacher_finalizer(driver: str) -> str:
    """The finalizer that the attacher of `driver` puts on PersistentVolumes and VolumeAttachments."""
    return "external-attacher/" + driver.replace(".", "-")
