"""The command `iscsiadm`: `--serve` runs the service, everything else is forwarded to it."""

import sys

from .commands import VERSION, parse
from .errors import InitiatorError
from .service import ask, serve


def main(arguments: list[str]) -> int:
    """Run the command; returns its exit code."""
    if arguments == ["--serve"]:
        serve()
    try:
        if "version" in parse(arguments):
            # Longhorn's managers call this when they start, to check that there is an initiator.
            print(f"iscsiadm version {VERSION}")
            return 0
        answer = ask(arguments)
    except InitiatorError as error:
        print(f"iscsiadm: {error}", file=sys.stderr)
        return error.code
    sys.stdout.write(answer.output)
    sys.stderr.write(answer.error)
    return answer.code
