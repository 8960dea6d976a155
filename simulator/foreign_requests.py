"""Requests of web pages: the servers listen on loopback, which every page in a browser of this machine reaches.

A browser names the page in `Origin` or says in `Sec-Fetch-Site` that there is one. If the owner of a name lets it point
to 127.0.0.1 (DNS rebinding), a page of that name counts as the server's own; `Host` gives it away.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from multidict import CIMultiDictProxy

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost"})


def why_foreign(headers: CIMultiDictProxy[str], is_own: Callable[[str], bool]) -> str:
    """Why a request is refused, "" if it is not; `is_own` says whether a `Host` is one of the server's."""
    origins = headers.getall("Origin", [])
    if headers.get("Upgrade", "").lower() == "websocket":
        # Python's client for WebSockets names the server itself. No page has that origin: nothing here serves pages.
        origins = [each for each in origins if not is_own(_host_of(each))]
    if origins or headers.get("Sec-Fetch-Site", "none") != "none":
        return "requests of web pages are not served"
    hosts = headers.getall("Host", [])
    if len(hosts) != 1 or not is_own(hosts[0].lower()):
        return f"the host {', '.join(hosts) or 'that is missing'} is not this server"
    return ""


def _host_of(origin: str) -> str:
    """Host and port of an origin, "" if it is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""
