"""`python -m tests.kind.forks SOCKET`: does what docker, kind and kubectl are asked for, each call in a fork of it.

A Python of its own for each call would take ten times as long to start as it has to do. It ends when its stdin does.
"""

import marshal
import os
import select
import signal
import socket
import sys
import threading
import traceback
from pathlib import Path

from tests.kind import fakes


def serve(path: str) -> None:
    """Answer calls until whoever started this has gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(16)
        print("listening", flush=True)
        while sys.stdin not in select.select([listening, sys.stdin], [], [])[0]:
            connection, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                try:
                    _answer(connection)
                finally:
                    os._exit(0)
            connection.close()


def _answer(connection: socket.socket) -> None:
    """Do in this process what was asked for, with the files of whoever asked."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, files, _, _ = socket.recv_fds(connection, 4, 3)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    with connection.makefile("rb") as stream:
        arguments, folder, environment = marshal.loads(stream.read(int.from_bytes(head)))
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    threading.Thread(target=_end_with_tool, args=(connection,), daemon=True).start()
    status = 1
    try:
        status = fakes.main(arguments[0], Path(arguments[1]), arguments[2:])
    except Exception:  # noqa: BLE001 - as Python itself would tell it
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    connection.send(bytes([status]))


def _end_with_tool(connection: socket.socket) -> None:
    """What is killed does no more, and keeps no pipe open."""
    connection.recv(1)
    os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[1])
