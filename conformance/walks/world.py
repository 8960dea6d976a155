"""A walk on a cluster: what its steps send, and how their outcome is compared with the model."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from conformance.backing_image.requirements import must_be_intact
from conformance.backing_image.scenarios import ImageExportSteps
from conformance.backup.scenarios import BackupSteps
from conformance.walks.model import (
    BACKUP,
    CLAUSES,
    DELETE,
    EQUAL,
    FIRST_DATA,
    IMAGE,
    IN_CLUSTER,
    PATTERNS,
    ZEROS,
    Content,
    Model,
    Snapshot,
)
from conformance.walks.rules import Step, apply, clauses
from fixtures.kubernetes.budgets import PRE_PROVISIONED_READY
from fixtures.kubernetes.object_view import is_being_deleted
from fixtures.kubernetes.waiting import StepBlocked
from fixtures.longhorn.in_cluster_snapshots import InClusterSnapshot, InClusterSnapshots
from fixtures.longhorn.volume_snapshots import Content as ContentObject
from fixtures.longhorn.volume_snapshots import Snapshots, VolumeSnapshot
from fixtures.longhorn.volumes import (
    SIZE,
    SPARSE_WRITES,
    Source,
    Volumes,
    equal_blocks,
    filled,
    grown,
    stream,
)
from fixtures.outcomes import Violation
from fixtures.s3.backupstore import Backupstore
from fixtures.workloads.data import Image, Stream, first_difference
from fixtures.workloads.pods import Pvc, Workloads


class WalkEnds(Exception):
    """A step was not possible for a reason that no page is about; what came before it stands."""


@dataclass(frozen=True)
class Made:
    """What a VolumeSnapshot of the walk is on the cluster, and the name of its backup or image."""

    snapshot: VolumeSnapshot
    content: ContentObject
    name: str
    volume: str = ""
    """The Longhorn volume that a backup is of."""
    taken: InClusterSnapshot | None = None


@contextmanager
def judged_by(clause: str) -> Iterator[None]:
    """For a body that compares with the documentation: what is violated there is this clause."""
    try:
        yield
    except AssertionError as error:
        violation = error if isinstance(error, Violation) else Violation(str(error))
        violation.clause = violation.clause or clause
        raise violation from None


def image_of(content: Content, size: int = SIZE) -> Image:
    """The bytes that a volume of `size` bytes holds after all of these writes."""
    image = Image(SIZE)
    for write in content:
        image = filled(image, *_writing(*write))
    return image if size == SIZE else grown(image, size)


def _writing(pattern: str, word: str) -> tuple[Stream | None, tuple[tuple[int, int], ...]]:
    """What a pattern writes (None: zeros), and where."""
    if pattern == FIRST_DATA:
        return stream(word), SPARSE_WRITES
    if pattern == ZEROS:
        return None, PATTERNS[pattern]
    return equal_blocks(word) if pattern == EQUAL else stream(word), PATTERNS[pattern]


@dataclass
class World:
    """A walk under way. `store` is None where the bucket cannot be read."""

    model: Model
    backups: BackupSteps
    images: ImageExportSteps
    in_cluster: InClusterSnapshots
    workloads: Workloads
    store: Backupstore | None
    claims: dict[str, Pvc] = field(default_factory=dict)
    made: dict[str, Made] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    deleted: bool = False
    """Whether the walk has deleted a VolumeSnapshot."""

    def take(self, step: Step) -> None:
        """Do a step, and compare its outcome with the model. Violation names the clause."""
        named = clauses(self.model, step)
        apply(self.model, step)
        act: Callable[..., None] = getattr(self, step.rule.replace(" ", "_"))
        act(*step.made, *step.to, *((named,) if named else ()))

    def arrive(self) -> tuple[str, ...]:
        """Compare all that is there at the end of the walk; the clauses by which it was."""
        for volume in self.model.volumes:
            self.read(volume)
        restored = {self.model.clause_of(volume) for volume, of in self.model.volumes.items() if of.restored}
        stored = {self._clause_of_stored(of.type) for of in self._compare_stored(*self.model.types)}
        return self.seen((*restored, *stored))

    def seen(self, clauses: Iterable[str]) -> tuple[str, ...]:
        """Those of the clauses that can be judged here: without access to the bucket not those about what is in it."""
        hidden = () if self.store is not None else (CLAUSES[BACKUP].content, CLAUSES[BACKUP].others)
        return tuple(clause for clause in clauses if clause not in hidden)

    @property
    def _volumes(self) -> Volumes:
        return self.backups.volumes

    @property
    def _snapshots(self) -> Snapshots:
        return self.backups.snapshots

    def _source(self, volume: str) -> Source:
        of = self.model.volumes[volume]
        return Source(self.claims[volume], image_of(of.content, of.size))

    # Volumes

    def new(self, volume: str) -> None:
        self.claims[volume] = self._volumes.new().pvc
        self.write(volume, FIRST_DATA)

    def write(self, volume: str, pattern: str) -> None:
        data, ranges = _writing(*self.model.volumes[volume].content[-1])
        del pattern
        self.workloads.write(self.claims[volume], data, *ranges)

    def read(self, volume: str, clauses: tuple[str, ...] = ()) -> None:
        source = self._source(volume)
        with judged_by(clauses[0] if clauses else self.model.clause_of(volume)):
            self.workloads.verify(source.pvc, source.image)

    def expand(self, volume: str) -> None:
        before = Source(self.claims[volume], image_of(self.model.volumes[volume].content))
        try:
            self.claims[volume] = self._volumes.expanded(before, self.model.volumes[volume].size).pvc
        except StepBlocked as blocked:
            raise WalkEnds(str(blocked)) from blocked

    def delete_volume(self, volume: str) -> None:
        claim = self.claims.pop(volume)
        self._volumes.delete(Source(claim, Image(claim.size)))

    # VolumeSnapshots

    def snap(self, snapshot: str, volume: str, type_: str, policy: str, clauses: tuple[str, str]) -> None:
        del policy
        class_, source = self._class(snapshot), self._source(volume)
        with judged_by(clauses[0]):
            if type_ == BACKUP:
                self._backed_up(snapshot, self.backups.request(source, class_).snapshot)
            elif type_ == IN_CLUSTER:
                ready = self._snapshots.wait_ready(self._snapshots.create(source.pvc, class_))
                taken = self.in_cluster.wait_taken(ready)
                self.made[snapshot] = Made(ready, self._snapshots.content_of(ready), taken.name, taken=taken)
            else:
                exported = self.images.export(source, class_)
                self.made[snapshot] = Made(exported.snapshot, exported.content, exported.image.name)
        self._compare(snapshot, clauses[1])

    def snap_two(self, one: str, two: str, volume: str, clauses: tuple[str, str]) -> None:
        source = self._source(volume)
        requested = {each: self.backups.request(source, self._class(each)).snapshot for each in (one, two)}
        for each, snapshot in requested.items():
            with judged_by(clauses[0]):
                self._backed_up(each, snapshot)
            self._compare(each, clauses[1])

    def snap_again(self, snapshot: str, volume: str, earlier: str, clauses: tuple[str, str]) -> None:
        source, name = self._source(volume), self.made[earlier].snapshot.name
        with judged_by(clauses[0]):
            requested = self.backups.request(source, self._class(snapshot), name=name).snapshot
            self._backed_up(snapshot, requested)
        self._compare(snapshot, clauses[1])

    def give_up(self, volume: str, type_: str, clauses: tuple[str]) -> None:
        self.deleted = True
        with judged_by(clauses[0]):
            steps = self.backups if type_ == BACKUP else self.images
            steps.delete_unfinished(steps.request(self._source(volume), self._class_of(type_, DELETE)))

    def _backed_up(self, name: str, snapshot: VolumeSnapshot) -> None:
        ready = self._snapshots.wait_ready(snapshot)
        backup = self.backups.longhorn.wait_backup_completed(self.backups.longhorn.wait_backup_started(ready).name)
        self.made[name] = Made(ready, self._snapshots.content_of(ready), backup.name, backup.volume)

    def _class(self, snapshot: str) -> str:
        of = self.model.snapshots[snapshot]
        return self._class_of(of.type, of.policy)

    def _class_of(self, type_: str, policy: str) -> str:
        name = self.model.class_of(type_, policy)
        if name not in self.classes:
            parameters = None if type_ == BACKUP else {"type": type_}
            self.classes[name] = self._snapshots.create_class(policy, parameters)
        return self.classes[name]

    def delete_class(self, type_: str, policy: str) -> None:
        del type_, policy
        for name in self.classes.keys() - set(self.model.classes.values()):
            self._snapshots.delete_class(self.classes.pop(name))

    # Restores

    def restore(self, volume: str, snapshot: str, clauses: tuple[str]) -> None:
        self._restored((volume,), snapshot, clauses)

    def restore_two(self, one: str, two: str, snapshot: str, clauses: tuple[str]) -> None:
        self._restored((one, two), snapshot, clauses)

    def _restored(self, volumes: tuple[str, ...], snapshot: str, clauses: tuple[str]) -> None:
        place, size = self.made[snapshot].snapshot.place, self.model.snapshots[snapshot].size
        claims = {each: self.workloads.restore_claim(*place, size=size) for each in volumes}
        for each, claim in claims.items():
            with judged_by(clauses[0]):
                self.claims[each] = self._volumes.wait_bound(claim)
            self.read(each, clauses)

    # Deletions

    def delete(self, snapshot: str, clauses: tuple[str, str]) -> None:
        self.deleted = True
        of, made = self.model.snapshots[snapshot], self.made[snapshot]
        with judged_by(clauses[0]):
            self._snapshots.delete(made.snapshot)
            self._snapshots.wait_gone(made.snapshot)
            if of.policy == DELETE:
                self._snapshots.wait_content_gone(made.content)
                self._wait_gone(of, made)
            else:
                self._snapshots.content(made.content.name)
        if of.data in self.model.data:
            self._compare(snapshot, clauses[0])
        self._compare_stored(of.type)

    def release(self, snapshot: str, clauses: tuple[str]) -> None:
        with judged_by(clauses[0]):
            self._snapshots.delete_content(self.made[snapshot].content)
            self._snapshots.wait_content_gone(self.made[snapshot].content)
            if self.model.snapshots[snapshot].data in self.model.data:
                self._compare(snapshot, clauses[0])

    def use_again(self, snapshot: str, earlier: str, policy: str, clauses: tuple[str]) -> None:
        made = self.made[earlier]
        with judged_by(clauses[0]):
            content, bound = self._snapshots.preprovision(made.content.handle, made.snapshot.place[1], policy=policy)
            ready = self._snapshots.wait_ready(bound, PRE_PROVISIONED_READY)
        self.made[snapshot] = replace(made, snapshot=ready, content=content)

    def _wait_gone(self, of: Snapshot, made: Made) -> None:
        if of.type == BACKUP:
            self.backups.longhorn.wait_backup_gone(made.name)
        elif made.taken is not None:
            # One with nothing between it and the live data is only given up, and merged with the next that is taken.
            self.in_cluster.wait_deletion_requested(made.taken)
        else:
            self.images.images.wait_gone(made.name)

    # Comparisons of what is stored

    def _compare(self, snapshot: str, clause: str) -> None:
        """Compare a backup, read from the bucket, or the file of an image, with what it must hold."""
        of, made = self.model.snapshots[snapshot], self.made[snapshot]
        image = image_of(of.content, of.size)
        with judged_by(clause):
            if of.type == IN_CLUSTER:
                found = self.in_cluster.find(made.name)
                assert found is not None, f"the Longhorn snapshot {made.name} is gone"
                assert not is_being_deleted(found.object), f"{found} is being deleted"
            elif of.type == IMAGE:
                must_be_intact(self.images.images, made.name, image)
            elif self.store is not None and not of.base:
                # A volume that was expanded makes all of its backups longer.
                stored = self.store.image(made.volume, made.name)[: image.size]
                difference = first_difference(stored, image)
                assert difference is None, f"backup {made.name} of volume {made.volume}: {difference}"

    def _compare_stored(self, *types: str) -> list[Snapshot]:
        """Compare all backups and images of some types that must exist; snapshots that stand for them."""
        stored = [of for of in self.model.stored().values() if of.type in types]
        for of in stored:
            self._compare(of.data, self._clause_of_stored(of.type))
        return stored

    def _clause_of_stored(self, type_: str) -> str:
        """The clause by which what is stored stays, or is right if nothing was deleted so far."""
        return CLAUSES[type_].others if self.deleted else CLAUSES[type_].content
