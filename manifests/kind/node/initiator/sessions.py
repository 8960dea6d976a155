"""Log in, log out, rescan: the operations on sessions."""

import logging
import threading
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from . import fake_sysfs, loop, processes, storage_daemon
from .discovery import targets_at
from .errors import ExitCode, InitiatorError
from .records import Records, Session, Target

LOG = logging.getLogger(__name__)
TARGET_GONE_SECONDS = 3.0


class Sessions:
    """The sessions in the records. Operations on one target never wait for another one."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._sysfs_lock = threading.Lock()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def recover(self) -> None:
        """Continue after a restart of the service: sessions stay, incomplete ones are removed."""
        for number in self._records.incomplete():
            LOG.warning("session %d is incomplete: removed", number)
            self._remove(number)
        self._refresh()

    def runs(self, session: Session) -> bool:
        """Whether the session works on this side; its target may be gone."""
        directory = self._records.directory(session.number)
        return storage_daemon.runs(directory) and loop.attached(session.device)

    def login(self, target: Target) -> Session:
        """Make the target's LUN a block device.

        A session of the target whose storage daemon has died is replaced. Raises InitiatorError: another session is
        running, or the login failed.
        """
        with self._locks[target.iqn]:
            for former in self._records.sessions(target.iqn, target.portal):
                if self.runs(former):
                    raise InitiatorError(ExitCode.SESSION_EXISTS, f"session {former.number} exists: {target.iqn}")
                LOG.warning("session %d of %s has died: replaced", former.number, target.iqn)
                self._end(former)
            began = time.monotonic()
            session = self._open(target)
            LOG.info("login: %s is %s (%.2f s)", target.iqn, session.device.name, _since(began))
            return session

    def logout(self, session: Session) -> None:
        """Remove the session and its block device; quickly, even if the target is gone."""
        with self._locks[session.iqn]:
            if session not in self._records.sessions():
                raise InitiatorError(ExitCode.NOTHING_FOUND, f"session {session.number} is gone already")
            began = time.monotonic()
            self._end(session)
            LOG.info("logout: %s was %s (%.2f s)", session.iqn, session.device.name, _since(began))

    def rescan(self, session: Session) -> int:
        """Adopt the LUN's size for the device; returns it in bytes."""
        with self._locks[session.iqn]:
            lun = storage_daemon.refresh(self._records.directory(session.number))
            device = loop.grow(session.device.name)
            if device != lun:
                raise InitiatorError(ExitCode.OTHER, f"{session.device.name} has {device} bytes, its LUN has {lun}")
            LOG.info("rescan: %s (%s) has %d bytes", session.iqn, session.device.name, lun)
            return lun

    def _open(self, target: Target) -> Session:
        number = self._records.begin()
        directory = self._records.directory(number)
        try:
            storage_daemon.start(directory, target.iqn, target.portal)
            device = loop.attach(storage_daemon.disk(directory), _holder(directory))
            session = Session(number, target.iqn, target.portal, device)
            self._records.save(session)
            self._refresh()
        except BaseException:
            self._remove(number)
            raise
        return session

    def _end(self, session: Session) -> None:
        directory = self._records.directory(session.number)
        if loop.attached(session.device):
            if not loop.flush(session.device.name, give_up_if=lambda: not self._has_target(session)):
                LOG.error("%s: not all of %s could be written", session.iqn, session.device.name)
                storage_daemon.end(directory)
            if not loop.detach(session.device, _holder(directory)):
                LOG.warning("%s: %s is still in use", session.iqn, session.device.name)
        self._remove(session.number)
        self._refresh()

    def _remove(self, number: int) -> None:
        directory = self._records.directory(number)
        processes.kill(_holder(directory))
        storage_daemon.stop(directory)
        self._records.discard(number)

    def _has_target(self, session: Session) -> bool:
        with suppress(InitiatorError):
            return any(each.iqn == session.iqn for each in targets_at(session.portal, TARGET_GONE_SECONDS))
        return False

    def _refresh(self) -> None:
        with self._sysfs_lock:
            fake_sysfs.refresh({session.device.name for session in self._records.sessions()})


def _holder(directory: Path) -> Path:
    return directory / "holder"


def _since(began: float) -> float:
    return time.monotonic() - began
