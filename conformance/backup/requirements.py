"""What several tests of these pages require. Each function is one requirement, which it asserts."""

from fixtures.longhorn.objects import Longhorn


def must_keep_the_backup(name: str, longhorn: Longhorn) -> None:
    """A retained backup is there in Longhorn, complete."""
    kept = longhorn.find_backup(name)

    assert kept is not None, f"the retained backup {name} is gone from Longhorn"
    assert kept.completed, f"the retained backup {name} is {kept.state}"
