"""The service of the node: runs command lines that it receives on a unix socket."""

import json
import logging
import os
import shlex
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from . import loop
from .commands import Commands
from .errors import ExitCode, InitiatorError
from .records import STATE, Records
from .sessions import Sessions

LOG = logging.getLogger(__name__)
SOCKET = STATE / "socket"


@dataclass(frozen=True)
class Answer:
    """The result of a command: exit code and output."""

    code: int
    output: str
    error: str


def serve() -> NoReturn:
    """Run forever; notifies systemd when it accepts commands. Raises OSError."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    loop.create_device_files()
    records = Records(STATE)
    sessions = Sessions(records)
    sessions.recover()
    commands = Commands(records, sessions)

    SOCKET.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(SOCKET))
        SOCKET.chmod(0o600)
        listener.listen()
        _notify("READY=1")
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_answer, args=(commands, connection), daemon=True).start()


def ask(arguments: list[str]) -> Answer:
    """Let the service run a command line. Raises InitiatorError: it is not running, or it exited during the command."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(str(SOCKET))
            with connection.makefile("rw") as stream:
                stream.write(json.dumps(arguments) + "\n")
                stream.flush()
                answered = stream.readline()
    except OSError as error:
        message = f"the node's service userspace-initiator does not run ({SOCKET}: {error.strerror})"
        raise InitiatorError(ExitCode.NO_SERVICE, message) from None
    if not answered:
        raise InitiatorError(ExitCode.NO_SERVICE, "the node's service userspace-initiator ended during the command")
    return Answer(**json.loads(answered))


def _answer(commands: Commands, connection: socket.socket) -> None:
    # A caller may have gone away, or may send no command.
    with suppress(OSError, ValueError), connection, connection.makefile("rw") as stream:
        arguments = json.loads(stream.readline())
        stream.write(json.dumps(vars(_run(commands, arguments))) + "\n")


def _run(commands: Commands, arguments: list[str]) -> Answer:
    try:
        return Answer(0, commands.run(arguments), "")
    except InitiatorError as error:
        code, message = error.code, str(error)
    except Exception as error:
        # The service must continue, and the caller needs an answer.
        LOG.exception("%s", shlex.join(arguments))
        code, message = ExitCode.OTHER, f"{type(error).__name__}: {error}"
    if code is not ExitCode.NOTHING_FOUND:
        LOG.warning("%s: exit code %d: %s", shlex.join(arguments), code, message)
    return Answer(code, "", f"iscsiadm: {message}\n")


def _notify(state: str) -> None:
    """The protocol of sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
            # A leading @ denotes a name in the abstract namespace.
            connection.connect(f"\0{address[1:]}" if address.startswith("@") else address)
            connection.sendall(state.encode())
