"""A bare HTTP client of the REST server, for tests of what a client sees on the wire, and refusals of the API."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.server import Server, serve

Make = Callable[..., Obj]
LANTERNS = "lanterns.light.example.org"
BASE = "/apis/light.example.org/v1/namespaces/default/lanterns"
CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
JSON = "application/json"
MERGE = "application/merge-patch+json"


def refusal(call: Callable[..., object], *arguments: Any, **more: Any) -> ApiError:
    """The error of a call that the API refuses."""
    with pytest.raises(ApiError) as caught:
        call(*arguments, **more)
    return caught.value


class Client:
    """A bare HTTP client of one server."""

    def __init__(self, server: Server, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session

    async def ask(
        self, method: str, path: str, body: Any = None, *, kind: str = JSON, accept: str = "", **query: str
    ) -> tuple[int, Any, Any]:
        """Status, decoded body (text if it is no JSON) and headers."""
        headers = {"Content-Type": kind, "User-Agent": "tester/1.0", **({"Accept": accept} if accept else {})}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        url = self.server.url + path
        async with self.session.request(method, url, data=data, headers=headers, params=query) as response:
            text = await response.text()
            is_json = response.content_type == "application/json"
            return response.status, json.loads(text) if is_json else text, response.headers

    async def refusal(self, method: str, path: str, body: Any = None, **more: str) -> tuple[int, str]:
        """Status and message of a request that is refused."""
        status, answer, _ = await self.ask(method, path, body, **more)
        return status, answer["message"]

    async def get(self, path: str, **more: str) -> Any:
        """The body of the answer to a GET."""
        return (await self.ask("GET", path, **more))[1]

    async def lines(self, path: str, **query: str) -> AsyncIterator[Obj]:
        """The events of a watch."""
        async with self.session.get(self.server.url + path, params={"watch": "1", **query}) as response:
            async for line in response.content:
                yield json.loads(line)


def authorized(server: Server) -> dict[str, str]:
    """The headers by which a server knows who may ask."""
    return {"Authorization": f"Bearer {server.authentication.token}"}


@asynccontextmanager
async def serving(api: Api) -> AsyncIterator[Client]:
    """A client of a new server; a request fails after ten seconds."""
    server = await serve(api)
    try:
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=10), headers=authorized(server)
        ) as session:
            yield Client(server, session)
    finally:
        await server.stop()
