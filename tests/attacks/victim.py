"""A running simulator, and requests to its two servers with exactly the headers that an attacker would send."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tools.api_access import TIMEOUT, ApiAccess

PODS = "/api/v1/namespaces/default/pods"


@dataclass(frozen=True)
class Victim:
    """A running simulator; `said` is its announcement, and `folder` holds its kubeconfig and its log."""

    folder: Path
    pid: int
    said: Mapping[str, Any]

    @cached_property
    def access(self) -> ApiAccess:
        """What its owner has."""
        return ApiAccess.read(self.folder / "kubeconfig")

    @property
    def s3(self) -> str:
        """Host and port of S3."""
        endpoint: str = self.said["s3"]["endpoint"]
        return urlsplit(endpoint).netloc

    def api(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> "Told":
        """Ask the API server, whoever it is, without a token unless `headers` have one."""
        # Not the default one, which loads all authorities of the machine each time.
        blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
        return ask(HTTPSConnection(self.access.address, timeout=TIMEOUT, context=blind), method, path, headers, body)

    def store(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> "Told":
        """Ask S3 without a signature."""
        return ask(HTTPConnection(self.s3, timeout=TIMEOUT), method, path, headers, body)

    def pods(self) -> list[str]:
        """The names of all pods."""
        return [each["metadata"]["name"] for each in self.access.json("/api/v1/pods")["items"]]


@dataclass(frozen=True)
class Told:
    """An answer."""

    status: int
    media: str
    body: bytes


def ask(
    connection: HTTPConnection, method: str, path: str, headers: Mapping[str, str] | None, body: bytes | None
) -> Told:
    """Send the given headers, the usual `Host` unless one is given, the length of the body, and nothing else."""
    given = headers or {}
    connection.putrequest(method, path, skip_host="Host" in given, skip_accept_encoding=True)
    for name, value in given.items():
        if value:
            connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    told = Told(answer.status, answer.headers.get("Content-Type", ""), answer.read())
    connection.close()
    return told
