"""How the CSI Mechanism Works in this Scenario: names that are derived from the VolumeSnapshot's uid."""

import pytest

from conformance.backup.scenarios import BackedUp
from fixtures.catalogue.clauses import clause
from fixtures.longhorn.objects import Longhorn

pytestmark = pytest.mark.names


@clause("backup.name.uid")
def test_uid_identifies_snapshot_and_content(backed_up: BackedUp) -> None:
    """The VolumeSnapshot's uid is in the names of the Longhorn snapshot and of the content."""
    uid = backed_up.snapshot.uid

    assert uid in backed_up.backup.snapshot, f"the Longhorn snapshot {backed_up.backup.snapshot} does not carry {uid}"
    assert uid in backed_up.content.name, f"{backed_up.content} does not carry {uid}"


@clause("backup.name.snapshot")
def test_longhorn_snapshot_is_named_by_uid(backed_up: BackedUp, longhorn: Longhorn) -> None:
    """There is a Longhorn snapshot `snapshot-<uid>` of the source volume, and it is the one that was backed up."""
    made = longhorn.snapshot_history(backed_up.backup.snapshot).created.object

    assert made["metadata"]["name"] == f"snapshot-{backed_up.snapshot.uid}"
    assert made["spec"]["volume"] == longhorn.volume_of(backed_up.source.pvc)


@clause("backup.name.content")
def test_content_is_named_by_uid(backed_up: BackedUp) -> None:
    """The content's name is `snapcontent-<uid>`."""
    assert backed_up.content.name == f"snapcontent-{backed_up.snapshot.uid}"
