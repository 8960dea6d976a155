"""How a walk is made."""

import math
from collections.abc import Callable, Sequence

import pytest

from conformance.backing_image.scenarios import ImageExportSteps
from conformance.backup.scenarios import BackupSteps
from conformance.walks.model import BACKUP, IMAGE, IN_CLUSTER, Model
from conformance.walks.planning import clauses_of, plan, usual_seeds
from conformance.walks.walk import Walk, WalkingTime
from conformance.walks.world import World
from fixtures.catalogue.clauses import FIRST_IMAGES, Version, clause
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.history import Recorder
from fixtures.longhorn.backing_images import BackingImages
from fixtures.longhorn.in_cluster_snapshots import InClusterSnapshots
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.target_address import TargetAddress
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.longhorn.volumes import Volumes
from fixtures.observers.contents import BackupContents
from fixtures.plugin.collection import deselect
from fixtures.plugin.session import SESSION
from fixtures.s3.backupstore import Backupstore
from fixtures.workloads.pods import Workloads

_MOST_SECONDS = 300.0
"""How long a worker walks on a real cluster."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each walk, with the clauses that it comes to."""
    if "seed" in metafunc.fixturenames:
        chosen = metafunc.config.stash[SESSION].options.walks or usual_seeds()
        walks = [pytest.param(seed, marks=clause(*clauses_of(plan(seed))), id=str(seed)) for seed in chosen]
        metafunc.parametrize("seed", walks)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`--no-walks` leaves them out."""
    if config.option.no_walks:
        deselect(config, items, frozenset(item.nodeid for item in items if item.get_closest_marker("walk")))


@pytest.fixture(scope="session")
def walking_time(address: TargetAddress) -> WalkingTime:
    """How long this worker may walk: without end on a simulator, where a walk takes seconds."""
    return WalkingTime(_MOST_SECONDS if address.qualifies else math.inf)


@pytest.fixture(scope="session")
def types(profile: Version, address: TargetAddress) -> Sequence[str]:
    """The types of VolumeSnapshots that the documentation knows and the target can make."""
    # Before that the source of an in-cluster snapshot has to be attached.
    newer = profile >= FIRST_IMAGES
    known = {BACKUP: "backup-target" in address.features, IMAGE: newer, IN_CLUSTER: newer}
    return tuple(type_ for type_, is_known in known.items() if is_known)


@pytest.fixture(scope="session")
def make_world(
    types: Sequence[str],
    volumes_in: Callable[[str], Volumes],
    snapshots: Snapshots,
    longhorn: Longhorn,
    backing_images: BackingImages,
    workloads: Workloads,
    recorder: Recorder,
    optional_backupstore: Backupstore | None,
    backup_contents: BackupContents,
) -> Callable[[], World]:
    """Makes a namespace in which nothing is, for one walk."""

    def make() -> World:
        volumes = volumes_in("walk")
        return World(
            Model(tuple(types)),
            BackupSteps(volumes, snapshots, longhorn, "", backup_contents),
            ImageExportSteps(volumes, snapshots, backing_images, longhorn, ""),
            InClusterSnapshots(recorder, longhorn),
            workloads,
            optional_backupstore,
        )

    return make


@pytest.fixture
def walk(
    make_world: Callable[[], World],
    cluster: Cluster,
    address: TargetAddress,
    tell_clauses: Callable[[Sequence[str]], None],
    always_deviates: Callable[[str], bool],
    walking_time: WalkingTime,
) -> Walk:
    """A walk that can be taken. Shorter ones are looked for on a simulator only."""
    return Walk(make_world, cluster, tell_clauses, always_deviates, walking_time, shrinks=not address.qualifies)
