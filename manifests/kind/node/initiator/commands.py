"""The parts of `iscsiadm`'s command line that Longhorn uses, with the output of open-iscsi 2.1.8."""

import getopt
from collections.abc import Sequence

from .discovery import targets_at
from .errors import ExitCode, InitiatorError
from .records import Records, Session, Target
from .sessions import Sessions
from .target_portals import Portal, parse_portal

VERSION = "2.1.8"
SHORT = "Vm:t:p:T:o:n:v:P:luR"
LONG = ["version", "mode=", "type=", "portal=", "targetname=", "op=", "name=", "value=", "print="]
LONG += ["login", "logout", "rescan"]
NAMES = {
    "-V": "version",
    "-m": "mode",
    "-t": "type",
    "-p": "portal",
    "-T": "targetname",
    "-o": "op",
    "-n": "name",
    "-v": "value",
    "-P": "print",
    "-l": "login",
    "-u": "logout",
    "-R": "rescan",
}


def parse(arguments: Sequence[str]) -> dict[str, str]:
    """The options by long name; a flag has the value "". Raises InitiatorError (invalid arguments)."""
    try:
        options, rest = getopt.getopt(list(arguments), SHORT, LONG)
    except getopt.GetoptError as error:
        raise InitiatorError(ExitCode.INVALID_ARGUMENTS, str(error)) from None
    if rest:
        raise InitiatorError(ExitCode.INVALID_ARGUMENTS, f"unexpected argument '{rest[0]}'")
    return {NAMES.get(name, name.removeprefix("--")): value for name, value in options}


class Commands:
    """Runs command lines, also several at the same time."""

    def __init__(self, records: Records, sessions: Sessions) -> None:
        self._records = records
        self._sessions = sessions

    def run(self, arguments: Sequence[str]) -> str:
        """The output of a command. Raises InitiatorError."""
        options = parse(arguments)
        mode = options.get("mode")
        iqn = options.get("targetname")
        portal = parse_portal(options["portal"]) if "portal" in options else None
        if mode == "discovery":
            return self._discover(options, portal)
        if mode == "session":
            return self._session(options)
        if mode == "node":
            return self._node(options, iqn, portal)
        raise InitiatorError(ExitCode.INVALID_ARGUMENTS, f"mode '{mode}' is not discovery, node or session")

    def _discover(self, options: dict[str, str], portal: Portal | None) -> str:
        if options.get("type") not in ("sendtargets", "st") or portal is None:
            raise InitiatorError(ExitCode.INVALID_ARGUMENTS, "discovery needs --type sendtargets and --portal")
        # Read before asking the portal: another discovery may find new targets at the same time.
        known = self._records.targets(portal=portal)
        found = targets_at(portal)
        listed = {(each.iqn, each.portal) for each in found}
        for former in known:
            if (former.iqn, former.portal) not in listed:
                self._records.forget(former)
        for target in found:
            if not self._records.targets(target.iqn, target.portal):
                self._records.remember(target)
        if not found:
            raise InitiatorError(ExitCode.NOTHING_FOUND, "No portals found")
        return "".join(f"{_listed(target)}\n" for target in found)

    def _session(self, options: dict[str, str]) -> str:
        sessions = self._records.sessions()
        if "rescan" in options or "logout" in options:
            return self._act(options, sessions)
        if not sessions:
            raise InitiatorError(ExitCode.NOTHING_FOUND, "No active sessions.")
        if options.get("print", "0") == "0":
            return "".join(f"tcp: [{each.number}] {each.portal},1 {each.iqn} (non-flash)\n" for each in sessions)
        head = f"iSCSI Transport Class version 2.0-870\nversion {VERSION}\n"
        return head + "".join(_detailed(each, self._sessions.runs(each)) for each in sessions)

    def _node(self, options: dict[str, str], iqn: str | None, portal: Portal | None) -> str:
        if "rescan" in options or "logout" in options:
            return self._act(options, self._records.sessions(iqn, portal))
        targets = self._records.targets(iqn, portal)
        if not targets:
            raise InitiatorError(ExitCode.NOTHING_FOUND, "No records found")
        if "login" in options:
            return "".join(self._login(target) for target in targets)
        if "op" not in options and iqn is None:
            return "".join(f"{_listed(target)}\n" for target in targets)
        operation = options.get("op", "show")
        if operation == "show":
            return "".join(_record(target) for target in targets)
        if operation == "update":
            return self._update(options, targets)
        if operation == "delete":
            return self._delete(targets)
        raise InitiatorError(ExitCode.INVALID_ARGUMENTS, f"operation '{operation}' is not show, update or delete")

    def _login(self, target: Target) -> str:
        session = self._sessions.login(target)
        asked = f"[iface: default, target: {session.iqn}, portal: {_comma(session.portal)}]"
        return f"Logging in to {asked}\nLogin to {asked} successful.\n"

    def _act(self, options: dict[str, str], sessions: list[Session]) -> str:
        if not sessions:
            raise InitiatorError(ExitCode.NOTHING_FOUND, "No matching sessions found")
        return "".join(self._rescan(each) if "rescan" in options else self._logout(each) for each in sessions)

    def _logout(self, session: Session) -> str:
        self._sessions.logout(session)
        asked = f"[sid: {session.number}, target: {session.iqn}, portal: {_comma(session.portal)}]"
        return f"Logging out of session {asked}\nLogout of {asked} successful.\n"

    def _rescan(self, session: Session) -> str:
        self._sessions.rescan(session)
        return f"Rescanning session [sid: {session.number}, target: {session.iqn}, portal: {_comma(session.portal)}]\n"

    def _update(self, options: dict[str, str], targets: list[Target]) -> str:
        if "name" not in options or "value" not in options:
            raise InitiatorError(ExitCode.INVALID_ARGUMENTS, "update needs --name and --value")
        for each in targets:
            settings = {**each.settings, options["name"]: options["value"]}
            self._records.remember(Target(each.iqn, each.portal, each.group, settings))
        return ""

    def _delete(self, targets: list[Target]) -> str:
        for each in targets:
            if self._records.sessions(each.iqn, each.portal):
                raise InitiatorError(ExitCode.SESSION_EXISTS, f"a session is using the record: log out of {each.iqn}")
        for each in targets:
            self._records.forget(each)
        return ""


def _comma(portal: Portal) -> str:
    return f"{portal.host},{portal.port}"


def _listed(target: Target) -> str:
    return f"{target.portal},{target.group} {target.iqn}"


def _record(target: Target) -> str:
    settings = {
        "node.name": target.iqn,
        "node.tpgt": target.group,
        "node.startup": "manual",
        "node.conn[0].address": target.portal.host,
        "node.conn[0].port": str(target.portal.port),
        # A login makes the LUN available without a scan.
        "node.session.scan": "auto",
        **target.settings,
    }
    lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
    return f"# BEGIN RECORD {VERSION}\n{lines}# END RECORD\n"


def _detailed(session: Session, runs: bool) -> str:
    states = ("LOGGED IN", "LOGGED_IN", "running") if runs else ("TRANSPORT WAIT", "FAILED", "transport-offline")
    connection, state, device = states
    scsi = f"scsi{session.number} Channel 00 Id 0 Lun"
    return (
        f"Target: {session.iqn} (non-flash)\n"
        f"\tCurrent Portal: {session.portal},1\n"
        f"\tPersistent Portal: {session.portal},1\n"
        f"\t\tIface Transport: tcp\n"
        f"\t\tSID: {session.number}\n"
        f"\t\tiSCSI Connection State: {connection}\n"
        f"\t\tiSCSI Session State: {state}\n"
        f"\t\tHost Number: {session.number}\tState: running\n"
        f"\t\t{scsi}: 0\n"
        f"\t\t{scsi}: 1\n"
        f"\t\t\tAttached scsi disk {session.device.name}\t\tState: {device}\n"
    )
