"""The port through which a run reaches its S3 server in the cluster: for processes of this user, and no web page."""

import os
import socket
from collections.abc import Iterator
from typing import NoReturn

import pytest

from fixtures.kubernetes.port_forward import HERE, PortForward
from fixtures.outcomes import Blocked


class Counted:
    """A forwarding that counts how often somebody got as far as to the pod."""

    def __init__(self) -> None:
        self.opened = 0
        self.forward = PortForward(self._open)

    def _open(self) -> NoReturn:
        self.opened += 1
        raise Blocked("there is no pod")

    def send(self, *pieces: bytes) -> None:
        """Send something and wait until the connection is closed."""
        with socket.create_connection((HERE, self.forward.port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for each in pieces:
                connection.sendall(each)
            try:
                assert connection.recv(1) == b""
            except ConnectionResetError:
                return


@pytest.fixture
def counted() -> Iterator[Counted]:
    made = Counted()
    yield made
    made.forward.close()


def head(port: int, *lines: str, host: str = "127.0.0.1:{0}") -> bytes:
    sent = ["GET /bucket/object HTTP/1.1", f"Host: {host.format(port)}", *lines, "", ""]
    return "\r\n".join(sent).encode()


@pytest.mark.parametrize("pieces", [1, 3, 40])
def test_the_run_itself_gets_through(counted: Counted, pieces: int) -> None:
    """The live control; also if a request arrives in pieces, or is none of HTTP, such as the beginning of TLS."""
    whole = head(counted.forward.port, "Sec-Fetch-Site: none")
    size = len(whole) // pieces + 1
    counted.send(*(whole[start : start + size] for start in range(0, len(whole), size)))
    counted.send(b"\x16\x03\x01\x02\x00")
    assert counted.opened == 2


def test_another_user_does_not(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection is this process's; the forwarding is somebody else's."""
    other = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: other)
    counted.send(head(counted.forward.port))
    counted.send(b"\x16\x03\x01\x02\x00")
    assert counted.opened == 0


@pytest.mark.parametrize("line", ["Origin: http://evil.example", "origin: null", "Sec-Fetch-Site: cross-site"])
def test_a_web_page_does_not(counted: Counted, line: str) -> None:
    counted.send(head(counted.forward.port, "Accept: */*", line))
    assert counted.opened == 0


@pytest.mark.parametrize("host", ["evil.example:{0}", "127.0.0.1", "127.0.0.1:1", "evil.example"])
def test_a_name_that_was_pointed_here_does_not(counted: Counted, host: str) -> None:
    counted.send(head(counted.forward.port, host=host))
    assert counted.opened == 0
