"""What several tests of this page share. Each is made once per worker; tests that only read leave it as it is."""

from dataclasses import dataclass

from conformance.scenarios import Requested, Restoring
from fixtures.longhorn.backing_images import BackingImage, BackingImages
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.volume_snapshots import Content, Snapshots, VolumeSnapshot
from fixtures.longhorn.volumes import Source, Volumes
from fixtures.outcomes import precondition
from fixtures.workloads.pods import Pvc


@dataclass(frozen=True)
class Exported:
    """A VolumeSnapshot that became ready, its content, its image with a complete file, and what the volume held."""

    source: Source
    snapshot: VolumeSnapshot
    content: Content
    image: BackingImage


@dataclass(frozen=True)
class Layered:
    """A volume that restored an image and was written to then; its brother restored the image before that."""

    source: Source
    base: Exported
    brother: Pvc


@dataclass(frozen=True)
class SameName:
    """An image that was retained, and a later VolumeSnapshot of its name and its volume, which was changed before.

    The VolumeSnapshot of the image is gone. The later one is not waited for.
    """

    retained: Exported
    later: Requested


@dataclass(frozen=True)
class ImageExportSteps:
    """The steps that the scenarios have in common, all in one namespace."""

    volumes: Volumes
    snapshots: Snapshots
    images: BackingImages
    longhorn: Longhorn
    class_name: str

    def request(self, source: Source, class_name: str = "", *, name: str = "") -> Requested:
        """A new VolumeSnapshot, not waited for; of a class with policy Delete and format raw if none is named."""
        return Requested(source, self.snapshots.create(source.pvc, class_name or self.class_name, name=name))

    def take(self, source: Source) -> Requested:
        """A VolumeSnapshot that is ready; the export to its image's file may still be in progress."""
        return Requested(source, self.snapshots.wait_ready(self.request(source).snapshot))

    def finish(self, requested: Requested) -> Exported:
        """A VolumeSnapshot that is ready, when its image's file is complete too."""
        snapshot = self.snapshots.wait_ready(requested.snapshot)
        content = self.snapshots.content_of(snapshot)
        image = self.images.wait_ready(self.images.wait_created(snapshot).name)
        return Exported(requested.source, snapshot, content, image)

    def export(self, source: Source, class_name: str = "") -> Exported:
        """A VolumeSnapshot of a volume, created and ready, and its image with a complete file."""
        return self.images.unless_stalled(lambda: self.finish(self.request(source, class_name)))

    def export_or_block(self, source: Source, class_name: str = "") -> Exported:
        """As `export`, for a test that is not about it: Blocked if it does not come to that."""
        with precondition("the backing image that the test needs was not made"):
            return self.export(source, class_name)

    def finish_or_block(self, requested: Requested) -> Exported:
        """As `finish`, for a test that is not about it: Blocked if it does not come to that."""
        with precondition("the backing image that the test needs was not made"):
            return self.finish(requested)

    def restore(self, exported: Exported, *, name: str = "") -> Restoring[Exported]:
        """A new claim of the same size, in the same namespace, that restores a VolumeSnapshot; not waited for."""
        return Restoring(self.volumes.restore(exported.snapshot, exported.source, name=name), exported)

    def restored(self, exported: Exported) -> Source:
        """A new volume that restores a VolumeSnapshot, bound; Blocked if it does not come to that."""
        with precondition("the image that the test needs was not restored"):
            claim = self.volumes.wait_bound(self.volumes.restore(exported.snapshot, exported.source))
        return Source(claim, exported.source.image)

    def delete_while_in_use(self, exported: Exported) -> VolumeSnapshot:
        """Delete a VolumeSnapshot whose image is in use, and wait until the driver has refused; as it is then."""
        self.snapshots.delete(exported.snapshot)
        self.snapshots.wait_deletion_refused(exported.content)
        return self.snapshots.read(exported.snapshot)

    def delete(self, exported: Exported) -> None:
        """Delete a VolumeSnapshot of a class with policy Delete, and wait until its content and image are gone."""
        self.snapshots.delete(exported.snapshot)
        self.wait_gone(exported)

    def wait_gone(self, exported: Exported) -> None:
        """Wait until a deleted VolumeSnapshot, its content and its image are gone."""
        self.snapshots.wait_gone(exported.snapshot)
        self.snapshots.wait_content_gone(exported.content)
        self.images.wait_gone(exported.image.name)

    def delete_unfinished(self, requested: Requested) -> tuple[VolumeSnapshot, BackingImage]:
        """Delete a VolumeSnapshot whose content has just got its handle, and wait for it and its image to go."""
        self.snapshots.wait_handle(requested.snapshot)
        self.snapshots.delete(requested.snapshot)
        # Not before, or a fast export is done by then.
        image = self.images.wait_created(requested.snapshot)
        self.snapshots.wait_gone(requested.snapshot)
        self.images.wait_gone(image.name)
        return requested.snapshot, image
