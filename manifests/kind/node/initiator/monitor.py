"""Talk to a storage daemon's monitor (QMP, the protocol of QEMU's monitor, over a unix socket)."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from .errors import ExitCode, InitiatorError


def ask(path: Path, *commands: Mapping[str, object], seconds: float) -> list[Any]:
    """Run the commands in order; returns their results.

    Raises InitiatorError: nobody listens, no answer within `seconds`, or a command was refused.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(seconds)
            connection.connect(str(path))
            with connection.makefile("rw") as stream:
                stream.readline()
                _ask(stream, {"execute": "qmp_capabilities"})
                return [_ask(stream, each) for each in commands]
    except TimeoutError:
        message = f"the storage daemon did not answer within {seconds:g} s"
        raise InitiatorError(ExitCode.TIMED_OUT, message) from None
    except OSError as error:
        raise InitiatorError(ExitCode.OTHER, f"the storage daemon does not run: {error}") from None


def _ask(stream: TextIO, command: Mapping[str, object]) -> Any:
    stream.write(json.dumps(command) + "\n")
    stream.flush()
    for line in stream:
        answer = json.loads(line)
        if "error" in answer:
            message = f"the storage daemon refused {command['execute']}: {answer['error'].get('desc')}"
            raise InitiatorError(ExitCode.OTHER, message)
        if "return" in answer:
            return answer["return"]
    raise InitiatorError(ExitCode.OTHER, f"the storage daemon ended during {command['execute']}")
