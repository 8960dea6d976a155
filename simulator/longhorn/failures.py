"""How a refusal inside Longhorn reaches the CSI caller."""

import json

from simulator.csi.protocol import Code, CsiError
from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj
from simulator.longhorn import names, objects
from simulator.longhorn.decisions import Refusal

_MANAGER = "10.244.0.20:9500"
"""The address of Longhorn's manager, of which the links in its answers are made."""


def check(refusal: Refusal | None) -> None:
    """Raise what a call is refused with as a CsiError; None for a call that is not refused."""
    if refusal:
        raise CsiError(*refusal)


def existing_volume(api: Api, name: str) -> Obj:
    """The Volume of that name. Raises CsiError when there is none."""
    volume = objects.find(api, names.VOLUMES, name)
    if volume is None:
        raise CsiError(Code.NOT_FOUND, f"volume {name} not found")
    return volume


def api_failure(path: str, message: str, code: Code = Code.INTERNAL) -> CsiError:
    """A failed call of Longhorn's own REST API at `path`, framed as its client reports it."""
    body = f"code=Internal Server Error, detail=, message={message}"
    status = "Bad response statusCode [500]. Status [500 Internal Server Error]."
    return CsiError(code, f"{status} Body: [{body}] from [{names.BACKEND}/v1/{path}]")


def backup_not_found(backup: str, backup_volume: str) -> str:
    """What Longhorn's client says when a backup volume has no such backup; it follows that volume's own link."""
    missing = f"backup.longhorn.io {json.dumps(backup)} not found"
    body = f"code=Not Found, detail=, message=failed to get backup '{backup}' of volume '{backup_volume}': {missing}"
    link = f"http://{_MANAGER}/v1/backupvolumes/{backup_volume}?action=backupGet"
    return f"Bad response statusCode [404]. Status [404 Not Found]. Body: [{body}] from [{link}]"
