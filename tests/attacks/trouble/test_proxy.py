"""The proxy of the attacks: without a fault nothing is changed, and a seed always means the same faults."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
import urllib3
from aiohttp import web

from tools.trouble import catalogue
from tools.trouble.proxy import HERE, Exchange, Fault, proxy

SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/s3/aws4_request, SignedHeaders=host"}


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    """A server that answers with the request line, headers and body that reached it."""
    loop, ready, ports = asyncio.new_event_loop(), threading.Event(), list[int]()

    async def answer(request: web.Request) -> web.Response:
        lines = [f"{request.method} {request.raw_path}", *(f"{k.lower()}: {v}" for k, v in request.headers.items())]
        body = await request.read()
        return web.Response(text="\n".join([*lines, body.decode()]), status=203, headers={"ETag": '"e"'})

    async def serve() -> web.AppRunner:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, HERE, 0).start()
        ports.append(runner.addresses[0][1])
        ready.set()
        return runner

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(serve(), loop).result(10)
    yield f"http://{HERE}:{ports[0]}"
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer the-token"}, SIGNED], ids=["token", "signature"])
def test_requests_and_answers_pass_unchanged(echo: str, headers: dict[str, str]) -> None:
    """Host becomes the server's own, unless it is signed."""
    with proxy(echo, lambda _: None) as standing:
        answer = urllib3.request(
            "PUT", f"{standing.url}/a%2Fb/c?x=%20&y", headers={**headers, "X-Any": "thing"}, body=b"body", retries=False
        )

    lines = answer.data.decode().splitlines()
    assert (answer.status, answer.headers["ETag"]) == (203, '"e"')
    assert (lines[0], lines[-1]) == ("PUT /a%2Fb/c?x=%20&y", "body")
    assert f"authorization: {headers['Authorization']}" in lines
    assert "x-any: thing" in lines
    host = standing.url if headers is SIGNED else echo
    assert f"host: {host.removeprefix('http://')}" in lines


def test_it_listens_on_this_machine_only(echo: str) -> None:
    """Whoever is elsewhere has no part in it."""
    with proxy(echo, lambda _: None) as standing:
        assert standing.url.startswith(f"http://{HERE}:")


def test_a_seed_means_the_same_faults() -> None:
    """For every kind of trouble; another seed means others, where there is chance."""

    def drawn(seed: int) -> list[Fault | None]:
        exchanges = [Exchange(number, "GET", "/path", number / 10) for number in range(1, 500)]
        kinds = [make(seed) for each in catalogue.ALL for make in (each.api, each.s3) if make is not None]
        return [decide(exchange) for decide in kinds for exchange in exchanges]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


@pytest.mark.parametrize("odds", [0.02, 0.3])
def test_faults_are_as_frequent_as_they_say(odds: float) -> None:
    """Within a third, in 5000 requests."""
    decide = catalogue.sometimes((odds, catalogue.RESET))(1)
    happened = sum(decide(Exchange(number, "GET", "/path", 0.0)) is not None for number in range(5000))

    assert happened == pytest.approx(5000 * odds, rel=0.34)


def test_bursts() -> None:
    """Of each period this much."""
    decide = catalogue.bursts(1.5, 12.0)(1)
    failing = [moment for moment in range(1200) if decide(Exchange(moment, "GET", "/path", moment / 10))]

    assert len(failing) == pytest.approx(150, abs=1)
