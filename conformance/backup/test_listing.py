"""Viewing the Backup: where Longhorn lists it."""

import pytest

from conformance.backup.scenarios import BackedUp
from fixtures.catalogue.clauses import clause
from fixtures.longhorn.handles import parse_backup_handle
from fixtures.longhorn.objects import Longhorn, backed_up_volume

pytestmark = pytest.mark.listing


@clause("backup.listed")
def test_backup_is_listed_under_its_volume(backed_up: BackedUp, longhorn: Longhorn) -> None:
    """The backup volume that the handle names exists, and lists the backup."""
    handle = parse_backup_handle(backed_up.content.handle)

    backup_volume = longhorn.wait_backup_volume(handle.volume)

    listed = [backup.name for backup in longhorn.backups_of(backed_up_volume(backup_volume))]
    assert handle.backup in listed, f"backup volume {handle.volume} does not list backup {handle.backup} but {listed}"
