"""Images that exist before any VolumeSnapshot, and the pre-provisioned objects that restore them through CSI.

A pre-provisioned content has the policy Retain by default: deleting it leaves the image to other tests.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from conformance.backing_image.scenarios import ImageExportSteps
from conformance.scenarios import DeletedPair, delete_preprovisioned
from fixtures.longhorn.backing_images import DOWNLOAD, EXPORT, BackingImage
from fixtures.longhorn.disk_images import qcow2_file
from fixtures.longhorn.handles import BackingImageHandle
from fixtures.longhorn.volume_snapshots import Content, VolumeSnapshot
from fixtures.longhorn.volumes import WRITE_UNIT, Source, Volumes, overwritten
from fixtures.outcomes import Blocked
from fixtures.s3.object_store import ObjectStore
from fixtures.workloads.data import MIB, Image
from fixtures.workloads.pods import Pvc

FILE_SIZE = 2 * MIB
"""Bytes of the disks in published files: less than a volume has, so that they are quickly made and downloaded."""

PIECES = ((0, MIB), (FILE_SIZE - WRITE_UNIT, WRITE_UNIT))
"""Where they hold something."""

NAME_WITH_ESCAPES = "a b&c+d.img"
"""A file whose URL has escapes, which a handle has to escape once more; no sign in it means anything to Longhorn."""


@dataclass(frozen=True)
class Existing:
    """An image that was not created through CSI, what it was made from, and what a volume based on it begins with."""

    image: BackingImage
    parameters: Mapping[str, str]
    content: Image

    @property
    def documented(self) -> dict[str, str]:
        """All that the page asks for in a handle of it, in the page's order."""
        return {
            "backingImageDataSourceType": self.image.source_type,
            "backingImage": self.image.name,
            "backingImageChecksum": self.image.checksum,
            **self.parameters,
        }


@dataclass(frozen=True)
class PreProvisionedImage:
    """A pre-provisioned content and VolumeSnapshot for an image, and a claim that restores it; not waited for."""

    existing: Existing
    handle: str
    content: Content
    snapshot: VolumeSnapshot
    claim: Pvc


ImagesByOrigin = Mapping[str, PreProvisionedImage]
"""Raw images by how they came to be: `download`, `export`."""


def written_handle(parameters: Mapping[str, str]) -> str:
    """A handle as the page writes it: these parameters in their order, the values URL-encoded."""
    return str(BackingImageHandle(tuple(parameters.items())))


@dataclass(frozen=True)
class ExistingImages:
    """Makes such images and what belongs to them."""

    steps: ImageExportSteps
    volumes: Volumes
    bucket: str
    store: ObjectStore | None

    def publish(self, seed: str, *, packed: bool = False, key: str = "") -> tuple[str, Image]:
        """A file with known data for everybody to download, raw or (`packed`) qcow2; its URL, and the data."""
        image = overwritten(Image(FILE_SIZE), seed, *PIECES)
        data = image.data()
        if self.store is None:
            raise Blocked(
                "the target provides no S3 access from this machine, so there is nothing that Longhorn could download"
            )
        url = self.store.publish(self.bucket, key or f"{seed}.img", qcow2_file(data) if packed else data)
        return url, image

    def download(self, seed: str, *, packed: bool = False, key: str = "") -> Existing:
        """A new image that Longhorn downloads; not waited for."""
        url, content = self.publish(seed, packed=packed, key=key)
        return Existing(self.steps.images.create(DOWNLOAD, {"url": url}), {"url": url}, content)

    def export(self, source: Source, export_type: str = "raw") -> Existing:
        """A new image that Longhorn exports from a volume; not waited for."""
        parameters = {"volume-name": self.steps.longhorn.volume_of(source.pvc), "export-type": export_type}
        return Existing(self.steps.images.create(EXPORT, parameters), parameters, source.image)

    def finish(self, existing: Existing) -> Existing:
        """An image when its file is complete."""
        return replace(existing, image=self.steps.images.wait_described(existing.image.name))

    def preprovision(self, unfinished: Existing) -> PreProvisionedImage:
        """For an image, once its file is complete: content and VolumeSnapshot as the page writes them, and a claim."""
        existing = self.finish(unfinished)
        handle, namespace = written_handle(existing.documented), self.volumes.namespace
        content, snapshot = self.steps.snapshots.preprovision(
            handle, namespace, policy="Retain", class_name=self.steps.class_name
        )
        return PreProvisionedImage(existing, handle, content, snapshot, self.volumes.request_restore(*snapshot.place))

    def claim(self, parameters: Mapping[str, str]) -> Pvc:
        """A claim that restores through a handle with these parameters; not waited for."""
        return self.claim_through(written_handle(parameters))

    def claim_through(self, handle: str) -> Pvc:
        """A claim that restores through a handle; not waited for."""
        _, snapshot = self.steps.snapshots.preprovision(handle, self.volumes.namespace, policy="Retain")
        return self.volumes.request_restore(*snapshot.place)

    def delete_pair(self, *unfinished: Existing) -> DeletedPair[Existing]:
        """The first image under Delete, the second under Retain; their VolumeSnapshots are deleted once ready."""
        deleted, retained = [self.finish(each) for each in unfinished]
        handles = written_handle(deleted.documented), written_handle(retained.documented)
        return DeletedPair(
            deleted, retained, delete_preprovisioned(self.steps.snapshots, self.volumes.namespace, *handles)
        )
