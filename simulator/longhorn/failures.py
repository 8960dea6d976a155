"""How a refusal inside Longhorn reaches the CSI caller."""

from simulator.csi.protocol import Code, CsiError
from simulator.longhorn import names
from simulator.longhorn.decisions import Refusal


def csi_error(refusal: Refusal) -> CsiError:
    """The refusal as the answer of a call."""
    return CsiError(*refusal)


def volume_not_found(name: str) -> CsiError:
    """What is answered when the source volume does not exist."""
    return CsiError(Code.NOT_FOUND, f"volume {name} not found")


def api_failure(path: str, message: str, code: Code = Code.INTERNAL) -> CsiError:
    """A failed call of Longhorn's own REST API at `path`, framed as its client reports it."""
    body = f"code=Internal Server Error, detail=, message={message}"
    status = "Bad response statusCode [500]. Status [500 Internal Server Error]."
    return CsiError(code, f"{status} Body: [{body}] from [{names.BACKEND}/v1/{path}]")
