"""The state of the service in files that outlive it: discovered targets and open sessions."""

import json
import shutil
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import quote

from .loop import Device
from .target_portals import Portal

STATE = Path("/run/userspace-initiator")


@dataclass(frozen=True)
class Target:
    """A discovered target; `group` is its portal group, `settings` were set by `-o update`."""

    iqn: str
    portal: Portal
    group: str
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Session:
    """A login to a target: its number and its block device."""

    number: int
    iqn: str
    portal: Portal
    device: Device


class Records:
    """The files under `root`; thread-safe, and files are replaced atomically.

    A session's directory is created before the session and removed after it: a directory without a session remains of
    a login that was aborted.
    """

    def __init__(self, root: Path) -> None:
        self._targets = root / "targets"
        self._sessions = root / "sessions"
        self._lock = threading.Lock()
        self._latest = 0
        for directory in (root, self._targets, self._sessions):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def targets(self, iqn: str | None = None, portal: Portal | None = None) -> list[Target]:
        """The discovered targets, filtered by name or host."""
        with self._lock:
            read = [json.loads(path.read_text()) for path in sorted(self._targets.glob("*.json"))]
        known = [Target(**{**record, "portal": Portal(**record["portal"])}) for record in read]
        return [each for each in known if _matches(each, iqn, portal)]

    def remember(self, target: Target) -> None:
        """Add or replace a target."""
        with self._lock:
            _write(self._target_file(target), asdict(target))

    def forget(self, target: Target) -> None:
        """Remove a target, if it exists."""
        with self._lock:
            self._target_file(target).unlink(missing_ok=True)

    def sessions(self, iqn: str | None = None, portal: Portal | None = None) -> list[Session]:
        """The open sessions by number, filtered by target or host."""
        with self._lock:
            read = [json.loads(path.read_text()) for path in self._sessions.glob("*/session.json")]
        known = [
            Session(**{**record, "portal": Portal(**record["portal"]), "device": Device(**record["device"])})
            for record in read
        ]
        return sorted((each for each in known if _matches(each, iqn, portal)), key=lambda each: each.number)

    def begin(self) -> int:
        """Create the directory of a new session; returns its number, unique since the service started."""
        with self._lock:
            self._latest = max([self._latest, *self._numbers()]) + 1
            self.directory(self._latest).mkdir(mode=0o700)
            return self._latest

    def save(self, session: Session) -> None:
        """Record a session."""
        with self._lock:
            _write(self.directory(session.number) / "session.json", asdict(session))

    def discard(self, number: int) -> None:
        """Remove a session and its directory."""
        with self._lock:
            (self.directory(number) / "session.json").unlink(missing_ok=True)
            shutil.rmtree(self.directory(number))

    def incomplete(self) -> list[int]:
        """The numbers of directories without a session."""
        return sorted(set(self._numbers()) - {session.number for session in self.sessions()})

    def directory(self, number: int) -> Path:
        """The directory with the files of a session."""
        return self._sessions / str(number)

    def _numbers(self) -> list[int]:
        return [int(path.name) for path in self._sessions.iterdir()]

    def _target_file(self, target: Target) -> Path:
        return self._targets / f"{quote(f'{target.iqn}@{target.portal}', safe='')}.json"


def _matches(record: Target | Session, iqn: str | None, portal: Portal | None) -> bool:
    return (iqn is None or record.iqn == iqn) and (portal is None or record.portal.host == portal.host)


def _write(path: Path, content: dict[str, object]) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(content, indent=1))
    unfinished.replace(path)
