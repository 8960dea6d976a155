"""Addresses of targets, in the formats of the command line and of targets."""

import re
from dataclasses import dataclass

from .errors import ExitCode, InitiatorError

PORT = 3260
WRITTEN = re.compile(r"(?:\[(?P<bracketed>[0-9a-fA-F:.%\w]+)\]|(?P<plain>[\w.-]+))(?::(?P<port>\d+))?")


@dataclass(frozen=True)
class Portal:
    """Where a target listens; `str()` writes it as `host:port`, an IPv6 address in brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_portal(text: str) -> Portal:
    """Read `HOST`, `HOST:PORT`, `[IPV6]:PORT` or a bare IPv6 address; a portal group after a comma is passed over.

    Raises InitiatorError (invalid arguments) for anything else.
    """
    address = text.partition(",")[0]
    if address.count(":") > 1 and not address.startswith("["):
        address = f"[{address}]"
    found = WRITTEN.fullmatch(address)
    port = int((found and found["port"]) or PORT)
    if found is None or not 0 < port < 65536:
        raise InitiatorError(ExitCode.INVALID_ARGUMENTS, f"'{text}' is not an address of a target (HOST, HOST:PORT)")
    return Portal(found["bracketed"] or found["plain"], port)
