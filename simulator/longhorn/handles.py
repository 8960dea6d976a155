"""CSI snapshot handles: how the driver reads them, by version."""

from dataclasses import dataclass

from simulator.longhorn.version import Version


@dataclass(frozen=True)
class Handle:
    """A handle taken apart. `type` is snap, bak, bi, another scheme as it was written, or "" when nothing fits."""

    type: str
    volume: str = ""
    id: str = ""


def parse(text: str, version: Version) -> Handle:
    """Takes `text` apart as the driver of that version does; parts after the second are ignored."""
    if not version.has(3):
        return _before_types(text)
    scheme, mark, rest = text.partition("://")
    if not mark:
        return Handle("")
    scheme = "bak" if scheme == "bs" else scheme
    if scheme == "bi" and version.has(5):
        return Handle("bi", id=rest)
    parts = rest.split("/")
    return Handle(scheme, parts[0], parts[1]) if len(parts) > 1 else Handle("")


def _before_types(text: str) -> Handle:
    """1.1 and 1.2 know only backups: the scheme is ignored, and a bare word is the name of a backup."""
    _, mark, rest = text.partition("://")
    if not mark:
        return Handle("bak", id=text)
    volume, _, backup = rest.partition("/")
    return Handle("bak", volume, backup.partition("/")[0])
