"""Pages in a real browser that try to reach the simulator, with certificates accepted whoever signed them."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.attacks.test_api_access import POD
from tests.attacks.victim import PODS, Victim
from tests.fixtures.report import browser as browsers
from tests.fixtures.report.browser import Browser

SEND = """
    const [url, body] = arguments;
    return fetch(url, {mode: 'no-cors', method: 'POST', body: new Blob([body])}).then(told => told.type, String);
"""
GET = "return fetch(arguments[0], {mode: 'no-cors'}).then(told => told.type, String);"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser that shows somebody's page."""
    browsers.require()
    path: Path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text("<title>Kittens</title>")
    with browsers.started("--ignore-certificate-errors") as browser:
        browser.open(path)
        yield browser


@pytest.fixture
def bystander() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that takes everything: its URL, and the headers that came."""
    came: list[dict[str, str]] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", came
        server.shutdown()


def test_the_browser_sends_what_a_page_wants(page: Browser, bystander: tuple[str, list[dict[str, str]]]) -> None:
    """The live control: a body without a content type, from another origin, without a question beforehand."""
    url, came = bystander

    assert page.script(SEND, url, POD.decode()) == "opaque"
    (headers,) = came
    assert headers["origin"] == "null"
    assert "content-type" not in headers


def test_no_page_makes_a_pod(page: Browser, victim: Victim) -> None:
    before = victim.pods()
    told = page.script(SEND, victim.access.server + PODS, POD.decode())

    assert told == "opaque", "the request was sent, and answered"
    assert victim.pods() == before
    assert not any("intruder" in str(each) for each in victim.access.json("/api/v1/events")["items"])


def test_no_page_reads_or_writes_in_s3(page: Browser, victim: Victim) -> None:
    endpoint = victim.said["s3"]["endpoint"]

    assert page.script(SEND, f"{endpoint}/backupbucket/any?uploads", "x") == "opaque"
    assert page.script(GET, f"{endpoint}/backupbucket") == "opaque"
    # A page may read an answer only if that says so in a header, which none does.
    readable = "return fetch(arguments[0]).then(told => told.text(), String)"
    for url in (f"{endpoint}/backupbucket", f"{victim.access.server}/simulator/about", victim.access.server + PODS):
        assert "TypeError" in page.script(readable, url)
