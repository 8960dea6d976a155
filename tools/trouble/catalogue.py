"""The kinds of trouble. Each decides from a seed and the number of the request; seconds are wall-clock seconds."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass

from tools.trouble.proxy import Decide, Exchange, Fault

Make = Callable[[int], Decide]
"""From a seed."""

_STATUS = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}


def _status(code: int, reason: str, message: str) -> bytes:
    return json.dumps(_STATUS | {"code": code, "reason": reason, "message": message}).encode()


_JSON = {"Content-Type": "application/json"}
_HTML = {"Content-Type": "text/html"}
_XML = {"Content-Type": "application/xml"}
_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Sign in to go on</body></html>"

UNAVAILABLE = (
    Fault("5xx", 503, {"Content-Type": "text/plain"}, b"upstream connect error or disconnect\n"),
    Fault("5xx", 500, _JSON, _status(500, "", "etcdserver: request timed out")),
    Fault("5xx", 502, _HTML, b"<html><body><h1>502 Bad Gateway</h1></body></html>"),
    Fault("5xx", 504, _JSON, _status(504, "Timeout", "request did not complete within the allotted timeout")),
)
"""What load balancers and API servers answer while nobody can serve a request."""

BUSY = Fault("429", 429, _JSON | {"Retry-After": "1"}, _status(429, "TooManyRequests", "too many requests"))
RESET = Fault("reset", reset=True)
LOST = Fault("lost answer", lost=True)
TRUNCATED = Fault("truncated", keep=0.5)
DRIP = Fault("drip", drip=1.0)
CUT = Fault("cut watch", cut_after=1.0)

SLOW_DOWN = Fault("503", 503, _XML, b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>")
HTML = Fault("HTML", 200, _HTML, _PAGE)
EMPTY = Fault("empty", 200, {}, b"")


def _garbage(body: bytes) -> bytes:
    return bytes(255 - byte for byte in body)


GARBAGE = Fault("garbage", spoil=_garbage)
SHORTER = Fault("wrong length", keep=0.7)


def _sometimes(seed: int, exchange: Exchange, *odds: tuple[float, Fault]) -> Fault | None:
    """At most one of these faults, each with its probability."""
    drawn = random.Random(f"{seed} {exchange.number}").random()
    for probability, fault in odds:
        if drawn < probability:
            return fault
        drawn -= probability
    return None


def sometimes(*odds: tuple[float, Fault]) -> Make:
    """At most one of these faults for each request, each with its probability; watches are not spoiled."""

    def make(seed: int) -> Decide:
        def decide(exchange: Exchange) -> Fault | None:
            fault = _sometimes(seed, exchange, *odds)
            # Of a watch there is no body to wait for.
            endless = fault is not None and (fault.lost or fault.keep < 1.0 or fault.drip or fault.spoil)
            return None if endless and exchange.is_watch else fault

        return decide

    return make


def bursts(length: float, period: float, faults: tuple[Fault, ...] = UNAVAILABLE) -> Make:
    """Every `period` seconds all requests fail for `length` seconds."""

    def make(seed: int) -> Decide:
        phase = random.Random(seed).uniform(0, period)

        def decide(exchange: Exchange) -> Fault | None:
            in_burst = (exchange.seconds + phase) % period < length
            return faults[exchange.number % len(faults)] if in_burst else None

        return decide

    return make


def first(count: int, fault: Fault) -> Make:
    """The first requests fail."""
    return lambda _: lambda exchange: fault if exchange.number <= count else None


def after(seconds: float, fault: Fault) -> Make:
    """From a moment on all requests fail."""
    return lambda _: lambda exchange: fault if exchange.seconds >= seconds else None


def cut_watches(_: int) -> Decide:
    """Every watch breaks after a moment."""
    return lambda exchange: CUT if exchange.is_watch else None


def both(*makes: Make) -> Make:
    """The first fault that one of them decides on."""

    def make(seed: int) -> Decide:
        parts = [each(seed) for each in makes]
        return lambda exchange: next((fault for part in parts if (fault := part(exchange))), None)

    return make


@dataclass(frozen=True)
class Trouble:
    """A kind of trouble between the suite and the API server, or the store, or both.

    `gone`: what fails does not come back, so verdicts may be missing, but not wrong.
    """

    name: str
    what: str
    api: Make | None = None
    s3: Make | None = None
    gone: bool = False


_FIVE = bursts(1.5, 12.0)

ALL = (
    Trouble("none", "the proxies alone, which spoil nothing", sometimes(), sometimes()),
    Trouble("api-5xx", "API server: 5xx for 1.5 s every 12 s", _FIVE),
    Trouble("api-resets", "API server: 2 % of the requests are reset", sometimes((0.02, RESET))),
    Trouble("api-lost-answers", "API server: 1 % are carried out, the answer is lost", sometimes((0.01, LOST))),
    Trouble("api-truncated", "API server: 2 % of the answers are cut in half", sometimes((0.02, TRUNCATED))),
    Trouble("api-drip", "API server: 2 % of the answers take a second, in small pieces", sometimes((0.02, DRIP))),
    Trouble("api-429", "API server: 2 % are refused with 429 and Retry-After: 1", sometimes((0.02, BUSY))),
    Trouble("api-first", "API server: the first 8 requests are reset", first(8, RESET)),
    Trouble("api-watches", "API server: every watch breaks after a second", cut_watches),
    Trouble(
        "api-all",
        "API server: 5xx, 2 % resets, 1 % lost answers, 2 % truncated",
        both(_FIVE, sometimes((0.02, RESET), (0.01, LOST), (0.02, TRUNCATED))),
    ),
    Trouble("s3-html", "store: 30 % are answered 200 with HTML", s3=sometimes((0.3, HTML))),
    Trouble("s3-empty", "store: 30 % are answered 200 with nothing", s3=sometimes((0.3, EMPTY))),
    Trouble("s3-garbage", "store: 30 % of the answers have other bytes", s3=sometimes((0.3, GARBAGE))),
    Trouble("s3-length", "store: 30 % of the answers are too short", s3=sometimes((0.3, SHORTER))),
    Trouble("s3-5xx", "store: 30 % are answered 503", s3=sometimes((0.3, SLOW_DOWN))),
    Trouble("s3-resets", "store: 30 % of the requests are reset", s3=sometimes((0.3, RESET))),
    Trouble("api-gone", "API server: gone after 12 s", after(12.0, RESET), gone=True),
    Trouble("s3-gone", "store: gone after 6 s", s3=after(6.0, RESET), gone=True),
    Trouble("s3-gone-html", "store: 200 with HTML only, after 6 s", s3=after(6.0, HTML), gone=True),
    Trouble("s3-gone-empty", "store: 200 with nothing only, after 6 s", s3=after(6.0, EMPTY), gone=True),
    Trouble("s3-gone-garbage", "store: other bytes only, after 6 s", s3=after(6.0, GARBAGE), gone=True),
)
