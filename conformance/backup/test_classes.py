"""VolumeSnapshotClasses: the one that is there, and the parameter `backupMode`."""

import pytest

from fixtures.catalogue import clause
from fixtures.cluster import Cluster
from fixtures.kinds import VOLUME_SNAPSHOT_CLASS

pytestmark = pytest.mark.classes


@clause("backup.class.default")
def test_class_longhorn_is_there(cluster: Cluster) -> None:
    """After installation there is a VolumeSnapshotClass `longhorn` whose deletionPolicy is Delete."""
    found = cluster.get(VOLUME_SNAPSHOT_CLASS, "longhorn")

    assert found["driver"] == "driver.longhorn.io"
    assert found["deletionPolicy"] == "Delete"
