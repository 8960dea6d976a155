"""S3 servers that are deployed as pods: run by this process, each with its own objects and keys.

Each is a server like the first one, whatever its image; its command line and environment set port, keys and
certificate.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from simulator.s3.connection import S3Connection, S3UnreachableError
from simulator.s3.server import S3Server

IMAGES = frozenset({"minio", "silo", "seaweedfs"})
"""The last part of the names of images with such a server."""

Address = tuple[str, int]
Names = Callable[[], Mapping[Address, Address]]
"""The addresses of the cluster's services on this machine, by host and port."""

_HOST = "127.0.0.1"
_REGION = "us-east-1"
_KEYS = (("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD"), ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
_PORTS = {"--address": 9000, "-s3.port": 8333}


class S3Services:
    """All S3 servers of the cluster as Longhorn reaches them: the first one, and those in pods, by their services."""

    def __init__(self, first: S3Server) -> None:
        self._first = first
        self._deployed: dict[Address, S3Server] = {}
        self._accounts = 0
        self.names: Names = dict
        first.names = self.hosts

    def hosts(self) -> dict[Address, Address]:
        """The addresses on this machine, by host and port as pods write them."""
        return {**self.names(), **self._first.hosts()}

    def connect(self, endpoint: str, access_key: str, secret_key: str, bucket: str) -> S3Connection:
        """A connection from inside the cluster. Raises S3UnreachableError for an unknown endpoint."""
        parts = urlsplit(endpoint)
        server = None if self._first.is_at(endpoint) else self._behind(parts)
        if server is None:
            return self._first.connect(endpoint, access_key, secret_key, bucket)
        if server.endpoint.partition(":")[0] != parts.scheme:
            spoken = "HTTP response to HTTPS client" if parts.scheme == "https" else "HTTPS response to HTTP client"
            raise S3UnreachableError(f"server gave {spoken}")
        return server.inside(access_key, secret_key, bucket)

    def _behind(self, parts: SplitResult) -> S3Server | None:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = self.names().get((parts.hostname or "", port))
        return self._deployed.get(address) if address is not None else None

    async def start(
        self, access_key: str, secret_key: str, certificate: ssl.SSLContext | None
    ) -> tuple[S3Server, Address]:
        """Start another server on a free port, without buckets."""
        self._accounts += 1
        server = S3Server(access_key, secret_key, "", _REGION, account=f"{self._accounts:012}")
        server.names = self.hosts
        await server.start(_HOST, 0, certificate)
        parts = urlsplit(server.endpoint)
        address = (parts.hostname or "", parts.port or 0)
        self._deployed[address] = server
        return server, address

    async def stop(self, server: S3Server, address: Address) -> None:
        """Stop a server and drop its objects, which were in its pod."""
        self._deployed.pop(address, None)
        await server.stop()
        server.storage.forget()


class S3Program:
    """One run of a container that has an S3 server inside, in place of a process."""

    def __init__(self, services: S3Services) -> None:
        self._services = services
        self._server: tuple[S3Server, Address] | None = None
        self._ended = asyncio.Event()
        self.ports: dict[int, Address] = {}

    async def start(
        self, command: Sequence[str], environment: Mapping[str, str], to_host: Callable[[str], str]
    ) -> None:
        """Listen as the command line says; `to_host` maps paths of the container to this machine.

        Raises ValueError for a server without keys, OSError for a certificate that cannot be read.
        """
        options = _options(command)
        access_key, secret_key = _keys(environment)
        self._server = await self._services.start(access_key, secret_key, _certificate(options, to_host))
        self.ports = {_port(options): self._server[1]}

    async def wait(self) -> int:
        """The exit code once it has ended."""
        await self._ended.wait()
        server, self._server = self._server, None
        self.ports = {}
        if server is not None:
            await self._services.stop(*server)
        return 0

    def end(self) -> None:
        """End it."""
        self._ended.set()


def _options(command: Sequence[str]) -> dict[str, str]:
    """`--name value` and `-name=value`."""
    found: dict[str, str] = {}
    for word, following in zip(command, [*command[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if name.startswith("-"):
            found[name] = value if equals else following
    return found


def _keys(environment: Mapping[str, str]) -> tuple[str, str]:
    for access, secret in _KEYS:
        if access in environment and secret in environment:
            return environment[access], environment[secret]
    raise ValueError("an S3 server is started without keys")


def _port(options: Mapping[str, str]) -> int:
    for name, usual in _PORTS.items():
        if name in options:
            return int(options[name].rpartition(":")[2] or usual)
    return _PORTS["--address"]


def _certificate(options: Mapping[str, str], to_host: Callable[[str], str]) -> ssl.SSLContext | None:
    if folder := options.get("--certs-dir"):
        files = (f"{folder}/public.crt", f"{folder}/private.key")
    elif "-s3.cert.file" in options:
        files = (options["-s3.cert.file"], options["-s3.key.file"])
    else:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate, key = (Path(to_host(file)) for file in files)
    context.load_cert_chain(certificate, key)
    return context
