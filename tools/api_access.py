"""Access to a simulator's API server for whoever has its kubeconfig: the address, the token, whom to trust."""

import base64
import json
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

TIMEOUT = 30.0
"""Seconds without an answer after which a request fails."""


class AuthorizedConnection(HTTPSConnection):
    """One that sends the token with every request."""

    headers: Mapping[str, str] = {}

    def request(  # type: ignore[override]
        self, method: str, url: str, body: str | bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        """Send a request."""
        super().request(method, url, body, {**self.headers, **(headers or {})})


@dataclass(frozen=True)
class ApiAccess:
    """What a simulator's kubeconfig says. `authority` is a PEM text."""

    server: str
    token: str = field(repr=False)
    authority: str

    @classmethod
    def read(cls, kubeconfig: Path | str) -> "ApiAccess":
        """From the file that a simulator wrote."""
        config = yaml.safe_load(Path(kubeconfig).read_text(encoding="utf-8"))
        (cluster,), (user,) = config["clusters"], config["users"]
        authority = base64.b64decode(cluster["cluster"]["certificate-authority-data"]).decode()
        return cls(cluster["cluster"]["server"], user["user"]["token"], authority)

    @property
    def address(self) -> str:
        """Host and port."""
        return urlsplit(self.server).netloc

    @property
    def headers(self) -> dict[str, str]:
        """What every request needs."""
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def trust(self) -> ssl.SSLContext:
        """Trusts the server's certificate only."""
        return ssl.create_default_context(cadata=self.authority)

    def connect(self) -> AuthorizedConnection:
        """A new connection; not to be shared between threads."""
        connection = AuthorizedConnection(self.address, timeout=TIMEOUT, context=self.trust)
        connection.headers = self.headers
        return connection

    def open(
        self, path: str, *, method: str = "GET", body: Any = None, media: str = "application/json"
    ) -> HTTPResponse:
        """The answer to a request, `body` sent as JSON. HTTPError for an error status, OSError if none comes."""
        data = None if body is None else json.dumps(body).encode()
        headers = self.headers | ({} if data is None else {"Content-Type": media})
        request = urllib.request.Request(f"{self.server}{path}", data, headers, method=method)
        opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=self.trust), urllib.request.ProxyHandler({})
        )
        answer: HTTPResponse = opener.open(request, timeout=TIMEOUT)
        return answer

    def json(self, path: str, *, method: str = "GET", body: Any = None, media: str = "application/json") -> Any:
        """The JSON that is the answer; errors as of `open`."""
        with self.open(path, method=method, body=body, media=media) as answer:
            return json.load(answer)
