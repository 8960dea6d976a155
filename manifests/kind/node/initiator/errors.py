"""Errors, with the exit codes by which callers of `iscsiadm` distinguish them."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of open-iscsi's `iscsiadm` in use."""

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
