"""What Longhorn's objects are called, and the constants that occur in all of them.

Seen on a real 1.12.1 cluster unless a function says otherwise.
"""

import hashlib

from simulator.longhorn.version import Version

NAMESPACE = "longhorn-system"
DRIVER = "driver.longhorn.io"
FINALIZER = "longhorn.io"
NODE = "simulator-control-plane"
BACKEND = "http://longhorn-backend:9500"

VOLUMES = "volumes.longhorn.io"
ENGINES = "engines.longhorn.io"
REPLICAS = "replicas.longhorn.io"
SNAPSHOTS = "snapshots.longhorn.io"
BACKUPS = "backups.longhorn.io"
BACKUP_VOLUMES = "backupvolumes.longhorn.io"
BACKUP_TARGETS = "backuptargets.longhorn.io"
ATTACHMENTS = "volumeattachments.longhorn.io"
SETTINGS = "settings.longhorn.io"
NODES = "nodes.longhorn.io"
ENGINE_IMAGES = "engineimages.longhorn.io"
BACKING_IMAGES = "backingimages.longhorn.io"
BACKING_IMAGE_DATA_SOURCES = "backingimagedatasources.longhorn.io"
BACKING_IMAGE_MANAGERS = "backingimagemanagers.longhorn.io"
BACKUP_BACKING_IMAGES = "backupbackingimages.longhorn.io"
SUPPORT_BUNDLES = "supportbundles.longhorn.io"

VOLUME_LABEL = "longhornvolume"
BACKUP_VOLUME_LABEL = "backup-volume"
BACKUP_TARGET_LABEL = "backup-target"
EXPORT_LABEL = "longhorn.io/export-from-volume"
EXPORTING_LABEL = "longhorn.io/for-exporting-backing-image"
HEAD = "volume-head"

MEBIBYTE = 1 << 20
SMALLEST = 10 * MEBIBYTE
ROUNDING = 2 * MEBIBYTE
BLOCK = 2 * MEBIBYTE


def rounded(size: int) -> int:
    """The size that a volume gets for a wish of `size` bytes: at least 10 MiB, in steps of 2 MiB."""
    return max(SMALLEST, -(-size // ROUNDING) * ROUNDING)


def corrected(name: str, limit: int = 40) -> str:
    """A name cut to `limit` characters, made unique again by eight digits of its SHA-512."""
    if len(name) <= limit:
        return name
    return f"{name[: limit - 9].rstrip('-')}-{hashlib.sha512(name.encode()).hexdigest()[:8]}"


def attachment_ticket(volume: str, node: str) -> str:
    """The ticket of a workload: the name that Kubernetes gives to the VolumeAttachment of that volume and node."""
    return f"csi-{hashlib.sha256(f'{volume}{DRIVER}{node}'.encode()).hexdigest()}"


def backup_volume(volume: str, target: str, version: Version) -> str:
    """The BackupVolume object's name: the volume's own up to 1.7, with a suffix from 1.8 on."""
    if not version.has(8):
        return volume
    return f"{volume}-{hashlib.sha256(f'{volume}-{target}'.encode()).hexdigest()[:8]}"


def backup_labels(volume: str, target: str, version: Version) -> dict[str, str]:
    """The labels by which a Backup is listed under its backup volume; from 1.8 on also under its target."""
    labels = {BACKUP_VOLUME_LABEL: volume}
    return {**labels, BACKUP_TARGET_LABEL: target} if version.has(8) else labels


def engine_of(volume: str) -> str:
    return f"{volume}-e-0"


def engine_image(tag: str) -> str:
    return f"docker.io/longhornio/longhorn-engine:{tag}"


def backing_image_manager(tag: str) -> str:
    return f"docker.io/longhornio/backing-image-manager:{tag}"
