"""What several tests of this page look at. Each is made once a worker, and whoever only looks leaves it as it is."""

from dataclasses import dataclass

from fixtures.backing_images import BackingImage, BackingImages
from fixtures.outcomes import standing_on
from fixtures.snapshots import Content, Snapshots, VolumeSnapshot
from fixtures.volumes import Source, Volumes


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


class Exporter:
    """The steps that the arrangements have in common, all in one namespace."""

    def __init__(self, volumes: Volumes, snapshots: Snapshots, images: BackingImages) -> None:
        self.volumes = volumes
        self._snapshots = snapshots
        self._images = images

    def request(self, source: Source, class_name: str) -> Requested:
        """A VolumeSnapshot, asked for."""
        return Requested(source, self._snapshots.create(source.pvc, class_name))

    def finish(self, requested: Requested) -> Exported:
        """A VolumeSnapshot that is ready, when its image's file is complete too."""
        snapshot = self._snapshots.wait_ready(requested.snapshot)
        content = self._snapshots.content_of(snapshot)
        image = self._images.wait_ready(self._images.wait_made(snapshot).name)
        return Exported(requested.source, snapshot, content, image)

    def given(self, requested: Requested) -> Exported:
        """As `finish`, for a test that is not about it: Blocked if it does not come to that."""
        with standing_on("the backing image that the test needs was not made"):
            return self.finish(requested)
