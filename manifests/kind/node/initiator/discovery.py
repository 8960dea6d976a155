"""Ask a portal for its targets (SendTargets, RFC 7143 section 4.2.1), by libiscsi's `iscsi-ls`."""

import re
import subprocess

from .errors import ExitCode, InitiatorError
from .records import Target
from .target_portals import Portal, parse_portal

LISTED = re.compile(r"^Target:(?P<iqn>\S+)\s+Portal:(?P<portal>[^,\s]+)(?:,(?P<group>\d+))?", re.MULTILINE)
SECONDS = 20.0


def targets_at(portal: Portal, seconds: float = SECONDS) -> list[Target]:
    """The targets of the portal, possibly none.

    Raises InitiatorError: no connection, or no answer within `seconds`.
    """
    try:
        done = subprocess.run(
            ["iscsi-ls", f"iscsi://{portal}"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        raise InitiatorError(ExitCode.TIMED_OUT, f"no answer from {portal} within {seconds:g} s") from None
    if done.returncode != 0:
        # Longhorn retries after the words "Could not", whatever the exit code.
        reason = " ".join(f"{done.stdout} {done.stderr}".split()).replace("Could not", "could not")
        raise InitiatorError(ExitCode.CONNECTION_FAILED, f"cannot discover targets at {portal}: {reason}")
    return [
        Target(found["iqn"], parse_portal(found["portal"]), found["group"] or "1")
        for found in LISTED.finditer(done.stdout)
    ]
