"""What docker, kind and kubectl are on PATH: `python tool.py SOCKET TOOL WORLD ARGUMENT...`.

It passes its arguments and its open files on to `tests.kind.forks`, which does as the tool would, and ends as that
does. It runs some hundred times, so it needs nothing that takes long to load.
"""

import _socket
import marshal
import os
import sys


def main() -> int:
    """The exit status of the tool."""
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    connection.connect(sys.argv[1])
    files = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    here = os.getcwd()  # noqa: PTH109 - pathlib takes as long to load as all the rest
    request = marshal.dumps((sys.argv[2:], here, dict(os.environ)))
    connection.sendmsg([len(request).to_bytes(4)], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)])
    while request:
        request = request[connection.send(request) :]
    # Ended without an answer, what was to be done is not done.
    return (connection.recv(1) or b"\xff")[0]


if __name__ == "__main__":
    sys.exit(main())
