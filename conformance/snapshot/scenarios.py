"""What several tests of this page share. Each is made once per worker; tests that only read leave it as it is."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from conformance.scenarios import Requested, Restoring
from fixtures.longhorn.in_cluster_snapshots import InClusterSnapshot, InClusterSnapshots
from fixtures.longhorn.volume_snapshots import Content, Snapshots, VolumeSnapshot
from fixtures.longhorn.volumes import Source, Volumes
from fixtures.outcomes import precondition
from fixtures.workloads.pods import Pvc


@dataclass(frozen=True)
class Taken:
    """A VolumeSnapshot that became ready, its content and its Longhorn snapshot, and what the volume held then."""

    source: Source
    snapshot: VolumeSnapshot
    content: Content
    taken: InClusterSnapshot


@dataclass(frozen=True)
class Chain:
    """Three snapshots of one volume with different data, under Delete, Delete and Retain; then it changed again.

    The VolumeSnapshots of the second and the third are deleted; the first one's is not.
    """

    kept: Taken
    deleted: Taken
    retained: Taken


@dataclass(frozen=True)
class SnapshotSteps:
    """The steps that the scenarios have in common, all in one namespace."""

    volumes: Volumes
    snapshots: Snapshots
    in_cluster: InClusterSnapshots
    class_name: str
    attached: Callable[[Pvc], AbstractContextManager[None]] | None
    """Keeps a volume attached, None where the documentation asks for no attachment: since 1.5."""

    def request(self, source: Source, class_name: str = "") -> Requested:
        """A new VolumeSnapshot, of a class with policy Delete if none is named.

        It is not waited for, unless its source has to be attached until it is taken.
        """
        with self.in_use(source):
            snapshot = self.snapshots.create(source.pvc, class_name or self.class_name)
            if self.attached:
                self.snapshots.wait_handle(snapshot)
        return Requested(source, snapshot)

    def in_use(self, source: Source) -> AbstractContextManager[None]:
        """Keeps a volume attached as long as the documentation asks for that."""
        return self.attached(source.pvc) if self.attached else nullcontext()

    def finish(self, requested: Requested) -> Taken:
        """A VolumeSnapshot that is ready."""
        snapshot = self.snapshots.wait_ready(requested.snapshot)
        content = self.snapshots.content_of(snapshot)
        return Taken(requested.source, snapshot, content, self.in_cluster.wait_taken(snapshot))

    def take_or_block(self, source: Source, class_name: str = "") -> Taken:
        """A VolumeSnapshot, created and ready, for a test that is not about it: Blocked if that fails."""
        with precondition("the snapshot that the test needs was not taken"):
            return self.finish(self.request(source, class_name))

    def take_of_deleted_volume(self) -> Taken:
        """A VolumeSnapshot, ready, whose volume was deleted then."""
        taken = self.take_or_block(self.volumes.new())
        with precondition("the source is not deleted"):
            self.volumes.delete(taken.source)
        return taken

    def restore(self, taken: Taken) -> Restoring[Taken]:
        """A new claim of the same size, in the same namespace, that restores a VolumeSnapshot; as with `request`."""
        return Restoring(self._restored(taken.snapshot, taken.source), taken)

    def restore_handle(self, taken: Taken) -> Pvc:
        """A claim that restores a snapshot by its handle, through a pre-provisioned content; as with `request`."""
        place = taken.source.pvc.namespace
        _, snapshot = self.snapshots.preprovision(taken.content.handle, place, policy="Retain")
        return self._restored(snapshot, taken.source)

    def _restored(self, snapshot: VolumeSnapshot, source: Source) -> Pvc:
        with self.in_use(source):
            claim = self.volumes.restore(snapshot, source)
            return self.volumes.wait_bound(claim) if self.attached else claim
