"""What several tests of this page look at. Each is made once a worker, and whoever only looks leaves it as it is."""

from dataclasses import dataclass

from fixtures.longhorn.backing_images import BackingImage, BackingImages
from fixtures.longhorn.volume_snapshots import Content, Snapshots, VolumeSnapshot
from fixtures.longhorn.volumes import Source, Volumes
from fixtures.outcomes import precondition
from fixtures.workloads.pods import Pvc


@dataclass(frozen=True)
class Requested:
    """A VolumeSnapshot that was asked for and not waited for."""

    source: Source
    snapshot: VolumeSnapshot


@dataclass(frozen=True)
class Exported:
    """A VolumeSnapshot that became ready, its content, its image with a complete file, and what the volume held."""

    source: Source
    snapshot: VolumeSnapshot
    content: Content
    image: BackingImage


@dataclass(frozen=True)
class Formats:
    """VolumeSnapshots with a class of each format, of a volume of their own each; not waited for.

    The volume of the qcow2 one was written at its very ends only, the other one never.
    """

    raw: Requested
    qcow2: Requested

    def of(self, export_type: str) -> Requested:
        """The one whose class names this format."""
        return {"raw": self.raw, "qcow2": self.qcow2}[export_type]


@dataclass(frozen=True)
class Twins:
    """Two VolumeSnapshots of one volume that was never written, asked for at once; not waited for."""

    one: Requested
    other: Requested

    @property
    def both(self) -> tuple[Requested, Requested]:
        """The two of them."""
        return self.one, self.other


@dataclass(frozen=True)
class Moments:
    """Two images of one volume: of its first data, overwritten as soon as that was allowed, and of what was then."""

    first: Exported
    second: Exported


@dataclass(frozen=True)
class Successive:
    """Two images of one volume, which was overwritten in part only when the file of the older one was complete."""

    older: Exported
    newer: Exported


@dataclass(frozen=True)
class Restoring:
    """A claim that restores an image; it is not waited for."""

    claim: Pvc
    exported: Exported


@dataclass(frozen=True)
class Layered:
    """A volume that restored an image and was written to then."""

    source: Source
    base: Exported


@dataclass(frozen=True)
class Policies:
    """Two images of one volume with different data: of a class with Retain, and of a class with Delete."""

    retained: Exported
    deleted: Exported


class Exporter:
    """The steps that the arrangements have in common, all in one namespace."""

    def __init__(self, volumes: Volumes, snapshots: Snapshots, images: BackingImages) -> None:
        self.volumes = volumes
        self._snapshots = snapshots
        self._images = images

    def request(self, source: Source, class_name: str) -> Requested:
        """A VolumeSnapshot, asked for."""
        return Requested(source, self._snapshots.create(source.pvc, class_name))

    def take(self, source: Source, class_name: str) -> Requested:
        """A VolumeSnapshot that is ready; the file of its image may still be on its way."""
        return Requested(source, self._snapshots.wait_ready(self.request(source, class_name).snapshot))

    def finish(self, requested: Requested) -> Exported:
        """A VolumeSnapshot that is ready, when its image's file is complete too."""
        snapshot = self._snapshots.wait_ready(requested.snapshot)
        content = self._snapshots.content_of(snapshot)
        image = self._images.wait_ready(self._images.wait_created(snapshot).name)
        return Exported(requested.source, snapshot, content, image)

    def given(self, requested: Requested) -> Exported:
        """As `finish`, for a test that is not about it: Blocked if it does not come to that."""
        with precondition("the backing image that the test needs was not made"):
            return self.finish(requested)

    def restore(self, exported: Exported, *, name: str = "") -> Restoring:
        """A claim of the same size, in the same namespace, that restores a VolumeSnapshot; asked for."""
        return Restoring(self.volumes.restore(exported.snapshot, exported.source, name=name), exported)

    def restored(self, exported: Exported) -> Source:
        """A new volume that restores a VolumeSnapshot, bound; Blocked if it does not come to that."""
        with precondition("the image that the test needs was not restored"):
            claim = self.volumes.wait_bound(self.volumes.restore(exported.snapshot, exported.source))
        return Source(claim, exported.source.image)

    def ask_in_vain(self, exported: Exported) -> VolumeSnapshot:
        """Delete a VolumeSnapshot whose image is in use, and wait until the driver has refused; as it is then."""
        self._snapshots.delete(exported.snapshot)
        self._snapshots.wait_deletion_refused(exported.content)
        return self._snapshots.read(exported.snapshot)

    def delete(self, exported: Exported) -> None:
        """Delete a VolumeSnapshot of a class with policy Delete, and wait for what goes with it."""
        self._snapshots.delete(exported.snapshot)
        self.wait_gone(exported)

    def wait_gone(self, exported: Exported) -> None:
        """Wait until a deleted VolumeSnapshot, its content and its image are gone."""
        self._snapshots.wait_gone(exported.snapshot)
        self._snapshots.wait_content_gone(exported.content)
        self._images.wait_gone(exported.image.name)

    def delete_unfinished(self, requested: Requested) -> tuple[VolumeSnapshot, BackingImage]:
        """Delete a VolumeSnapshot whose content has just got its handle, and wait for it and its image to go."""
        self._snapshots.wait_handle(requested.snapshot)
        image = self._images.wait_created(requested.snapshot)
        self._snapshots.delete(requested.snapshot)
        self._snapshots.wait_gone(requested.snapshot)
        self._images.wait_gone(image.name)
        return requested.snapshot, image
