"""An API server that cannot be used: the cause in its own words, with what to do, and without waiting for a change."""

import base64
import datetime
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from fixtures.kubernetes.api_errors import Unreachable, UnusableKubeconfig
from fixtures.kubernetes.client import reach
from fixtures.kubernetes.run import Run
from tests.attacks.bad_input import assert_one_line

SECONDS = 2.0
YEARS_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
USER: dict[str, Any] = {"token": "t"}


@contextmanager
def serving(status: int = 200, certificate: trustme.LeafCert | None = None) -> Iterator[str]:
    """A server on this machine that answers every GET with a status; over TLS if it has a certificate."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"kind": "Status", "code": status}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            pass

    server = Quiet(("127.0.0.1", 0), Answers)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def refusal(folder: Path, server: str, user: dict[str, Any] = USER, authority: trustme.CA | None = None) -> str:
    """What is said about a server; it must not take longer than a moment."""
    cluster: dict[str, Any] = {"server": server}
    if authority is not None:
        cluster["certificate-authority-data"] = base64.b64encode(authority.cert_pem.bytes()).decode()
    path = folder / "kubeconfig"
    config = {
        "current-context": "a",
        "clusters": [{"name": "a", "cluster": cluster}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
        "users": [{"name": "a", "user": user}],
    }
    path.write_text(yaml.safe_dump(config))
    began = time.monotonic()
    with pytest.raises(UnusableKubeconfig) as caught:
        reach(path, Run("r1"), folder)
    assert time.monotonic() - began < SECONDS
    assert_one_line(str(caught.value))
    return str(caught.value)


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "does not accept the credentials"), (403, "system:discovery"), (404, "check `server` in the kubeconfig")],
)
def test_answers_that_no_waiting_changes(tmp_path: Path, status: int, words: str) -> None:
    """Credentials, rights and a wrong address."""
    with serving(status) as address:
        assert words in refusal(tmp_path, f"http://{address}")


def test_certificates(tmp_path: Path) -> None:
    """Expired, of another authority, and for another name."""
    authority, other = trustme.CA(), trustme.CA()
    expired = authority.issue_cert("127.0.0.1", not_before=YEARS_AGO, not_after=YEARS_AGO + datetime.timedelta(days=1))
    with serving(certificate=expired) as address:
        assert "has expired: renew it" in refusal(tmp_path, f"https://{address}", authority=authority)
    with serving(certificate=authority.issue_cert("127.0.0.1")) as address:
        said = refusal(tmp_path, f"https://{address}", authority=other)
        assert "unknown authority" in said
        assert "set `certificate-authority`" in said
    with serving(certificate=authority.issue_cert("kubernetes.example")) as address:
        assert "is not for 127.0.0.1" in refusal(tmp_path, f"https://{address}", authority=authority)


def test_the_other_scheme(tmp_path: Path) -> None:
    """Http where https is spoken, and the reverse."""
    with serving(certificate=trustme.CA().issue_cert("127.0.0.1")) as address:
        assert f"write `server: https://{address}`" in refusal(tmp_path, f"http://{address}")
    with serving() as address:
        assert "speaks http, not https" in refusal(tmp_path, f"https://{address}")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (None, "exec plugin ./plugin is not installed (get it there)"),
        (
            "echo 'log in first\x1b[2J' >&2; exit 3",
            "exec plugin ./plugin failed with exit code 3: log in first\\x1b[2J",
        ),
        ("echo '{'", "exec plugin ./plugin gives no credentials: its output is not valid JSON"),
        ('echo \'{"kind": "ExecCredential"}\'', "gives no credentials: its output is no ExecCredential"),
        (
            'echo \'{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":""}}\'',
            "its status has no token, and no client certificate with its key",
        ),
    ],
    ids=["missing", "failing", "garbage", "no-status", "empty"],
)
def test_exec_plugins(tmp_path: Path, script: str | None, words: str) -> None:
    """One that fails ends the run: without credentials nothing would be true."""
    if script is not None:
        (tmp_path / "plugin").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "plugin").chmod(0o755)
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin", "installHint": "get it there"}
    with serving() as address:
        assert words in refusal(tmp_path, f"http://{address}", {"exec": plugin})


@pytest.mark.usefixtures("short_pauses")
def test_a_server_that_may_come_up_is_waited_for(tmp_path: Path) -> None:
    """The control: nobody listens yet, which is nothing lasting."""
    (tmp_path / "kubeconfig").write_text(
        yaml.safe_dump(
            {
                "current-context": "a",
                "clusters": [{"name": "a", "cluster": {"server": "http://127.0.0.1:1"}}],
                "contexts": [{"name": "a", "context": {"cluster": "a"}}],
            }
        )
    )
    from fixtures.kubernetes.connection import Connection

    with pytest.raises(Unreachable) as caught:
        Connection(tmp_path / "kubeconfig", tmp_path).connect()
    assert not isinstance(caught.value, UnusableKubeconfig)
