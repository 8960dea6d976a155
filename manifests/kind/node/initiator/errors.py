"""What goes wrong, with the exit code by which the callers of `iscsiadm` tell one from another."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Those exit codes of open-iscsi's `iscsiadm` that are given here."""

    OTHER = 1
    CONNECTION_FAILED = 4
    LOGIN_FAILED = 5
    INVALID_ARGUMENTS = 7
    TIMED_OUT = 8
    SESSION_EXISTS = 15
    NO_SERVICE = 20
    NOTHING_FOUND = 21


class InitiatorError(Exception):
    """Ends the command with `code` and its message on standard error."""

    def __init__(self, code: ExitCode, message: str) -> None:
        super().__init__(message)
        self.code = code
