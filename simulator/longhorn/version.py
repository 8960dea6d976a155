"""Which Longhorn is simulated, and what that version has."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import total_ordering
from typing import Any

NEWEST = "1.12.1"

_FIELDS_SINCE: Mapping[str, tuple[int, int]] = {
    "currentEngineNodeID": (12, 0),
    "dataLayout": (12, 1),
    "engineNodeID": (12, 0),
    "lastAutoSalvagedAt": (12, 0),
    "rebuildConcurrentSyncLimit": (11, 0),
    "requestedTime": (12, 0),
    "switchoverState": (12, 0),
}
"""Fields of Volume and Snapshot that not all versions with CSI snapshots have: minor and patch of the first."""


class UnknownVersionError(ValueError):
    """A version that no Longhorn documentation with CSI snapshots exists for."""


@total_ordering
@dataclass(frozen=True)
class Version:
    """A Longhorn version. `1.12` means its newest documentation and compares like `1.12.99`."""

    text: str
    numbers: tuple[int, int, int]

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Raises UnknownVersionError for what is no version, or one before 1.1, which had no CSI snapshots."""
        found = re.fullmatch(r"v?([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?", text)
        if not found:
            raise UnknownVersionError(f"{text[:60]!r} is not a Longhorn version such as 1.12.1 or 1.2")
        major, minor, patch = found.groups()
        numbers = (int(major), int(minor), int(patch) if patch else 99)
        if numbers < (1, 1, 0) or numbers[0] > 1:
            raise UnknownVersionError(f"Longhorn {text} has no documentation of CSI snapshots; known are 1.1 and newer")
        return cls(text.removeprefix("v"), numbers)

    def has(self, minor: int, patch: int = 0) -> bool:
        """Whether this is 1.`minor`.`patch` or newer."""
        return self.numbers >= (1, minor, patch)

    def fields(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Those fields of a spec or a status that this version's objects have."""
        return {key: value for key, value in content.items() if self.has(*_FIELDS_SINCE.get(key, (0,)))}

    def __lt__(self, other: "Version") -> bool:
        return self.numbers < other.numbers

    @property
    def tag(self) -> str:
        """The tag of the release's images."""
        return f"v{self.text}" if self.text.count(".") == 2 else f"v{self.text}.0"
