"""What the VolumeSnapshotContent's snapshotHandle says."""

import pytest

from conformance.backup.scenarios import BackedUp
from fixtures.catalogue.clauses import clause
from fixtures.longhorn.handles import BackupHandle, parse_handle
from fixtures.longhorn.objects import Longhorn

pytestmark = pytest.mark.handle


@clause("backup.handle", "backup.handle.legacy")
def test_handle_names_the_backup(backed_up: BackedUp, longhorn: Longhorn) -> None:
    """The handle is <scheme>://<backup volume>/<backup name>, with the scheme of the documentation."""
    volume = longhorn.volume_of(backed_up.source.pvc)

    handle = parse_handle(backed_up.content.handle)

    documented = BackupHandle(longhorn.documented_backup_scheme, volume, backed_up.backup.name)
    assert handle == documented, f"the handle is {handle}, documented is {documented}"


@clause("backup.handle.field")
def test_content_carries_the_handle(backed_up: BackedUp, longhorn: Longhorn) -> None:
    """The field snapshotHandle of the content ends in the name of a backup that Longhorn has."""
    handle = backed_up.content.status.get("snapshotHandle") or ""

    named = longhorn.find_backup(handle.rpartition("/")[2] or "none")

    assert named is not None, f"snapshotHandle of {backed_up.content} is {handle!r}, which names no backup of Longhorn"
