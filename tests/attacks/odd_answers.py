"""Answers of an API server that are not what they should be, as the bytes that arrive."""

import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from fixtures.kubernetes.resource_kinds import PVC, Obj

Raw = Callable[[], Iterator[bytes]]
"""The pieces of a whole answer."""


def http(body: bytes, *headers: str, status: str = "200 OK", length: str = "") -> bytes:
    """An answer; the length is right if none is given."""
    named = f"Content-Length: {length or len(body)}"
    lines = [f"HTTP/1.1 {status}", "Connection: close", named, *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def claim(**changed: Any) -> Obj:
    """A good object with other fields; `metadata` changes single ones."""
    metadata = {"name": "a", "namespace": "n", "uid": "u", "resourceVersion": "7", "labels": {"l": "1"}}
    good = {"apiVersion": PVC.api_version, "kind": PVC.kind, "metadata": metadata, "spec": {"volumeName": "v"}}
    if isinstance(inner := changed.pop("metadata", {}), dict):
        return {**good, **changed, "metadata": {**metadata, **inner}}
    return {**good, **changed, "metadata": inner}


def claims(*items: Any, **changed: Any) -> Obj:
    """A list of objects with other fields."""
    return {"kind": "PersistentVolumeClaimList", "metadata": {"resourceVersion": "9"}, "items": list(items), **changed}


def without(document: Obj, key: str) -> Obj:
    """A document that lacks something."""
    return {k: v for k, v in document.items() if k != key}


_PAGE = b"<!DOCTYPE html>\n<html><body>\n<h1>Sign in</h1>\n</body></html>"
_DEEP = b'{"a":' * 20_000 + b"1" + b"}" * 20_000


def _nested(times: int) -> Any:
    found: Any = 1
    for _ in range(times):
        found = [found]
    return found


BYTES: dict[str, bytes] = {
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "garbage": bytes(range(256)) * 4,
    "half a status line": b"HTTP/1.1 20",
    "status no number": http(b"{}", status="abc OK"),
    "status 999": http(b"{}", status="999 Odd"),
    "header without end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
    "many headers": http(b"{}", *(f"X-{n}: 1" for n in range(500))),
    "HTML": http(_PAGE, "Content-Type: text/html"),
    "HTML as JSON": http(_PAGE, "Content-Type: application/json"),
    "no body": http(b""),
    "204": http(b"", status="204 No Content"),
    "text": http(b"ok"),
    "null": http(b"null"),
    "string": http(b'"object"'),
    "list": http(b"[]"),
    "number": http(b"1"),
    "empty object": http(b"{}"),
    "NaN": http(b'{"metadata": {"name": "a", "resourceVersion": "7"}, "spec": {"n": NaN}}'),
    "deep": http(_DEEP),
    "deep lists": http(b"[" * 20_000),
    "deep and whole": http(orjson.dumps(claim(spec={"a": _nested(150)}))),
    "not UTF-8": http(b'{"metadata": {"name": "\xff\xfe"}}'),
    "half a pair": http(b'{"metadata": {"name": "\\ud800"}}'),
    "cut": http(b'{"metadata": {"na', length="500"),
    "gzip that is none": http(b"{}", "Content-Encoding: gzip"),
    "unknown encoding": http(b"\x00\x01", "Content-Encoding: br"),
    "length not a number": http(b"{", length="abc"),
    "length negative": http(b"{", length="-5"),
    "length huge": http(b"{}", length="9" * 30),
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "chunk negative": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n0\r\n\r\n",
    "redirect": http(b"", "Location: http://127.0.0.1:1/", status="302 Found"),
    "redirect nowhere": http(b"", "Location: http://[::1", status="307 Temporary Redirect"),
    "a failure as success": http(b'{"kind": "Status", "status": "Failure", "code": 500, "message": "no"}'),
    **{
        f"HTML {code}": http(_PAGE, status=f"{code} Odd") for code in (400, 401, 403, 404, 405, 409, 418, 422, 500, 502)
    },
    "deep 404": http(_DEEP, status="404 Not Found"),
    "list 404": http(b"[]", status="404 Not Found"),
    "details a list": http(b'{"kind": "Status", "details": ["a"], "code": "x"}', status="404 Not Found"),
    "packed 400": http(b"\x1f\x8b\x08\x00" + b"\xff" * 50, "Content-Encoding: gzip", status="400 Bad Request"),
}
"""Whatever was asked for."""

OBJECTS: dict[str, Any] = {
    "metadata missing": without(claim(), "metadata"),
    "metadata null": claim(metadata=None),
    "metadata a list": claim(metadata=["name"]),
    "metadata a text": claim(metadata="name"),
    "name missing": claim(metadata={"name": None}),
    "name empty": claim(metadata={"name": ""}),
    "name a number": claim(metadata={"name": 1}),
    "name a list": claim(metadata={"name": ["a"]}),
    "namespace a number": claim(metadata={"namespace": 1}),
    "uid a list": claim(metadata={"uid": ["u"]}),
    "revision missing": claim(metadata={"resourceVersion": None}),
    "revision a number": claim(metadata={"resourceVersion": 7}),
    "revision a word": claim(metadata={"resourceVersion": "seven"}),
    "revision of other digits": claim(metadata={"resourceVersion": "٧"}),
    "revision negative": claim(metadata={"resourceVersion": "-7"}),
    "revision endless": claim(metadata={"resourceVersion": "7" * 5000}),
    "labels a list": claim(metadata={"labels": ["l"]}),
    "labels of numbers": claim(metadata={"labels": {"l": 1}}),
    "annotations a text": claim(metadata={"annotations": "a"}),
    "finalizers a text": claim(metadata={"finalizers": "a"}),
    "owners of texts": claim(metadata={"ownerReferences": ["a"]}),
    "spec a text": claim(spec="spec"),
    "status a list": claim(status=[1]),
    "conditions of numbers": claim(status={"conditions": [1]}),
    "conditions an object": claim(status={"conditions": {"Ready": "True"}}),
    "another kind": claim(kind="Secret"),
    "kind a list": claim(kind=["Secret"]),
    "another version": claim(apiVersion="v2"),
}
"""In place of one object, or of one in a list."""

LISTS: dict[str, Any] = {
    "items missing": without(claims(), "items"),
    "items null": claims(items=None),
    "items a text": claims(items="items"),
    "items an object": claims(items={"a": 1}),
    "items of texts": claims("a"),
    "items of null": claims(claim(), None),
    "items of lists": claims([claim()]),
    "metadata missing": without(claims(), "metadata"),
    "metadata a list": claims(metadata=[]),
    "revision missing": claims(metadata={}),
    "revision a number": claims(metadata={"resourceVersion": 9}),
    "revision a word": claims(metadata={"resourceVersion": "nine"}),
    "revision empty": claims(metadata={"resourceVersion": ""}),
    "no list": claims(kind="PersistentVolumeClaim"),
    "kind a number": claims(kind=1),
    **{f"item: {name}": claims(claim(), item) for name, item in OBJECTS.items()},
}

CHANGES: dict[str, bytes] = {
    "not JSON": b"<html>",
    "null": b"null",
    "list": b"[]",
    "text": b'"ADDED"',
    "empty object": b"{}",
    "deep": _DEEP,
    "type missing": orjson.dumps({"object": claim()}),
    "type unknown": orjson.dumps({"type": "CHANGED", "object": claim()}),
    "type a list": orjson.dumps({"type": ["ADDED"], "object": claim()}),
    "object missing": b'{"type": "ADDED"}',
    "error a list": b'{"type": "ERROR", "object": ["code"]}',
    "bookmark without metadata": b'{"type": "BOOKMARK", "object": {}}',
    "bookmark of a word": b'{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "x"}}}',
    **{name: orjson.dumps({"type": "ADDED", "object": item}) for name, item in OBJECTS.items()},
}
"""Lines of a watch."""


def _drip(head: bytes, endless: bytes) -> Raw:
    def pieces() -> Iterator[bytes]:
        yield head
        pause = threading.Event()
        for byte in itertools.cycle(endless):
            # The client breaks the connection.
            pause.wait(0.01)
            yield bytes([byte])

    return pieces


_HEAD = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
DRIPS: dict[str, Raw] = {
    "status line": _drip(b"", b"HTTP/1.1 "),
    "header": _drip(_HEAD, b"x"),
    "headers": _drip(_HEAD, b"X: 1\r\n"),
    "continue": _drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body of a failure": _drip(b"HTTP/1.1 500 Internal Server Error\r\n\r\n", b" "),
    "body of a refusal": _drip(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 100000\r\n\r\n", b" "),
    "body": _drip(_HEAD + b"Content-Length: 100000\r\n\r\n{", b" "),
    "body without length": _drip(_HEAD + b"\r\n{", b" "),
    "size of a chunk": _drip(_CHUNKED, b"0"),
    "chunks": _drip(_CHUNKED, b"1\r\n \r\n"),
    "after the last chunk": _drip(_CHUNKED + b"2\r\n{}\r\n0\r\n", b"X: 1\r\n"),
}
"""Never silent for long, and never done."""
