"""Pre-provisioned contents and VolumeSnapshots for images that do not exist yet, and claims that need these.

Unless a test is about deletion their policy is Retain: under Delete an image in use holds up its VolumeSnapshot.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from conformance.scenarios import DeletedPair
from fixtures.kubernetes.budgets import PRE_PROVISIONED_READY
from fixtures.longhorn.backing_images import DOWNLOAD, EXPORT, BackingImages
from fixtures.longhorn.disk_images import qcow2_file
from fixtures.longhorn.handles import BackingImageHandle
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.volume_snapshots import Content, Snapshots, VolumeSnapshot
from fixtures.longhorn.volumes import SECTOR, SIZE, Source, Volumes
from fixtures.outcomes import precondition
from fixtures.s3.object_store import ObjectStore
from fixtures.workloads.data import MIB, Image, Stream
from fixtures.workloads.pods import Pvc

FILE_SIZE = 4 * MIB
"""Bytes of a disk in a file to download: less than a volume has, so that its end is noticed."""

ODD_SIZE = 3 * MIB + SECTOR
"""A multiple of a sector and of nothing larger that a disk is divided into: pages, clusters, blocks."""

TYPE, NAME = "backingImageDataSourceType", "backingImage"
"""The parameters that every handle has."""


@dataclass(frozen=True)
class OnDemandSnapshot:
    """A pre-provisioned content and VolumeSnapshot whose handle describes an image; not waited for.

    `holds` is what a volume of SIZE bytes on top of that image is to hold.
    """

    handle: BackingImageHandle
    content: Content
    snapshot: VolumeSnapshot
    holds: Image


@dataclass(frozen=True)
class OnDemand:
    """A claim through them, made once they were ready; it is not waited for.

    `early`: whether the image already existed just before the claim was created.
    """

    prepared: OnDemandSnapshot
    claim: Pvc
    early: bool

    @property
    def handle(self) -> BackingImageHandle:
        return self.prepared.handle

    @property
    def holds(self) -> Image:
        return self.prepared.holds


@dataclass(frozen=True)
class Published:
    """A file at a URL that Longhorn can download from, and what a volume of SIZE bytes on top of it holds."""

    url: str
    file: bytes
    holds: Image

    @property
    def checksum(self) -> str:
        """Its SHA-512, as Longhorn writes checksums."""
        return hashlib.sha512(self.file).hexdigest()


@dataclass(frozen=True)
class Publisher:
    """Puts files where Longhorn can download them, all in one bucket."""

    object_store: ObjectStore
    bucket: str

    def publish(self, key: str, *, packed: bool = False, size: int = FILE_SIZE) -> Published:
        """A file of that name with a disk of `size` bytes, raw or (`packed`) qcow2; what it holds is its own.

        Its first MiB and its last are written, to the very last sector.
        """
        seed = Stream(hashlib.sha256(key.encode()).hexdigest()[:16], block=SECTOR)
        holds = Image(SIZE).written(seed, 0, MIB).written(seed, size - MIB, MIB)
        disk = holds.data()[:size]
        file = qcow2_file(disk) if packed else disk
        return Published(self.object_store.publish(self.bucket, key, file), file, holds)


@dataclass(frozen=True)
class OnDemandImages:
    """The steps that the scenarios have in common, all in one namespace."""

    volumes: Volumes
    snapshots: Snapshots
    images: BackingImages
    longhorn: Longhorn

    def export_of(self, source: Source, export_type: str = "raw") -> BackingImageHandle:
        """The handle of a new image, to be exported from a volume."""
        volume = self.longhorn.volume_of(source.pvc)
        return self.handle(EXPORT, volume_name=volume, export_type=export_type)

    def download_of(self, url: str, **parameters: str) -> BackingImageHandle:
        """The handle of a new image, to be downloaded."""
        return self.handle(DOWNLOAD, url=url, **parameters)

    def handle(self, source_type: str, **parameters: str) -> BackingImageHandle:
        """The handle of a new image of any source type."""
        named = {TYPE: source_type, NAME: self.images.new_name("demand")}
        return BackingImageHandle.of(**named, **parameters)

    def preprovision(self, handle: BackingImageHandle, holds: Image, policy: str = "Retain") -> OnDemandSnapshot:
        """A content and a VolumeSnapshot for a handle."""
        content, snapshot = self.snapshots.preprovision(str(handle), self.volumes.namespace, policy=policy)
        return OnDemandSnapshot(handle, content, snapshot, holds)

    def claim(self, prepared: OnDemandSnapshot) -> OnDemand:
        """A claim of the usual size, created once the VolumeSnapshot is ready. Blocked if it does not become ready."""
        self.wait_ready(prepared)
        snapshot, early = (prepared.snapshot, self.images.find(prepared.handle.backing_image) is not None)
        return OnDemand(prepared, self.volumes.request_restore(*snapshot.place), early)

    def request_deletion(self, unused: OnDemand) -> VolumeSnapshot:
        """Delete the VolumeSnapshot of an image once it is made and its claim is gone; not waited for."""
        with precondition("the image that is to be deleted or kept was not made"):
            self.images.wait_ready(unused.handle.backing_image)
            claim = self.volumes.wait_bound(unused.claim)
        self.volumes.delete(Source(claim, unused.holds))
        self.snapshots.delete(unused.prepared.snapshot)
        return unused.prepared.snapshot

    def delete_pair(self, deleted: OnDemand, retained: OnDemand) -> DeletedPair[OnDemand]:
        """Two images under Delete and Retain: their claims are gone, their VolumeSnapshots are to go."""
        self.request_deletion(deleted)
        return DeletedPair(deleted, retained, self.request_deletion(retained))

    def restore(self, handle: BackingImageHandle, holds: Image, policy: str = "Retain") -> OnDemand:
        """All of it: content, VolumeSnapshot and claim for a handle."""
        return self.claim(self.preprovision(handle, holds, policy))

    def export(self, source: Source, export_type: str = "raw", *, policy: str = "Retain") -> OnDemand:
        """The same for the handle of a new image, to be exported from a volume."""
        return self.restore(self.export_of(source, export_type), source.image, policy)

    def content_manifest(self, other: OnDemand) -> dict[str, Any]:
        """The manifest of a content with the same handle, and of the form that the page's examples have; not sent."""
        reference = (self.volumes.namespace, "test-snapshot-on-demand-backing")
        return self.snapshots.content_manifest(str(other.handle), reference, class_name="longhorn-snapshot-vsc")

    def like(self, other: OnDemand) -> BackingImageHandle:
        """The handle of a new image that differs from another one in its name only."""
        return BackingImageHandle.of(**dict(other.handle.parameters) | {NAME: self.images.new_name("demand")})

    def image_of(self, restored: OnDemand) -> str:
        """The name of the image that the claim's volume has, once it is bound."""
        return self.volumes.image_of(self.volumes.wait_bound(restored.claim))

    def control(self, restored: OnDemand) -> None:
        """Check that a claim through the right handle is bound: Blocked if not."""
        with precondition("a claim through the right handle is not bound either"):
            self.volumes.wait_bound(restored.claim)

    def control_ready(self, restored: OnDemand) -> None:
        """Check that a correct image becomes ready: Blocked if not."""
        with precondition("an image of which nothing is wrong is not ready either"):
            self.images.wait_ready(restored.handle.backing_image)

    def wait_ready(self, prepared: OnDemandSnapshot) -> None:
        """Wait until a VolumeSnapshot is ready, for tests that are not about that: Blocked if it is not."""
        with precondition("the VolumeSnapshot for an image on demand is not ready"):
            self.snapshots.wait_ready(prepared.snapshot, PRE_PROVISIONED_READY)

    def refused(self, handle: str, pattern: str) -> str:
        """A claim through any text as a handle is refused for a reason that matches a pattern; the reason."""
        _, snapshot = self.snapshots.preprovision(handle, self.volumes.namespace, policy="Retain")
        claim = self.volumes.request_restore(*snapshot.place)
        return self.volumes.wait_refused(claim, pattern)
