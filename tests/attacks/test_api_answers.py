"""An API server that answers what is not Kubernetes': nothing is known then, which is said in one line, and in time."""

import gzip
import itertools
import json
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.kubernetes import answer_limits, connection, watching
from fixtures.kubernetes.api_errors import Rejected, RejectedByCluster, Unserved
from fixtures.kubernetes.budgets import ANSWERED, API_REACHABLE
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.history import Revision
from fixtures.kubernetes.object_view import condition
from fixtures.kubernetes.resource_kinds import NAMESPACE, PVC
from fixtures.kubernetes.waiting import compact_diff
from fixtures.outcomes import Blocked
from tests.attacks.bad_input import FUZZ, assert_one_line, spoiled, spoiled_text
from tests.attacks.odd_answers import BYTES, CHANGES, DRIPS, LISTS, OBJECTS, Raw, claim, claims, http
from tests.fixtures.fake_api import FakeApi, recording

SECONDS = 0.05
LATE = 60.0
"""Less than any budget; a machine that is busy needs some of it."""

Read = Callable[[Cluster], object]

READS: dict[str, Read] = {
    "find": lambda cluster: cluster.find(PVC, "a", "n"),
    "list": lambda cluster: cluster.list(PVC, "n"),
    "create": lambda cluster: cluster.create(PVC.manifest("a", "n"), dry_run=True),
    "patch": lambda cluster: cluster.patch(PVC, "a", [{"op": "remove", "path": "/spec"}], "n"),
    "version": lambda cluster: cluster.version(),
    "start of a watch": lambda cluster: cluster.open_watch(PVC, 1, 5).close(),
    "discovery": lambda cluster: cluster.serves(NAMESPACE),
    "log": lambda cluster: cluster.pod_log("p", "n"),
    "recent log": lambda cluster: cluster.recent_log(
        "p", "n", "c", since_seconds=1, most_lines=1, most_bytes=1, timeout=SECONDS
    ),
    "path": lambda cluster: cluster.read_bytes("/any/proxy/path", "read a path"),
    "download": lambda cluster: list(cluster.stream("/any/proxy/path", "download", SECONDS)),
}
OF_OBJECTS = ("find", "list", "create", "discovery")


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi((PVC,)) as served:
        yield served


@pytest.fixture
def cluster(api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """Reached once; from then on what is not answered once is not answered."""
    monkeypatch.setattr(connection, "API_REACHABLE", replace(API_REACHABLE, seconds=0.0))
    reached = api.cluster(tmp_path)
    assert reached.find(PVC, "none", "n") is None
    return reached


@pytest.fixture
def quick(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer may take long, once the server is reached."""
    del cluster
    for module in (answer_limits, connection):
        monkeypatch.setattr(module, "ANSWERED", replace(ANSWERED, seconds=SECONDS))


def answer(api: FakeApi, pieces: Raw) -> None:
    """Answer everything with this."""
    api.raw = lambda *_: pieces()


def refusal(read: Read, cluster: Cluster) -> str:
    """The one line in which it is said that there is no answer."""
    began = time.monotonic()
    with pytest.raises(Blocked) as caught:
        read(cluster)
    assert time.monotonic() - began < LATE
    assert_one_line(str(caught.value))
    return str(caught.value)


@pytest.mark.parametrize("name", OF_OBJECTS)
def test_bytes_that_are_no_answer(api: FakeApi, cluster: Cluster, name: str) -> None:
    """No HTTP, no JSON, not an object, pages of proxies with any status: whatever was asked for."""
    for content in BYTES.values():
        answer(api, lambda content=content: iter([content]))  # type: ignore[misc]
        refusal(READS[name], cluster)


@pytest.mark.parametrize("name", ["find", "patch"])
def test_objects_with_other_types(api: FakeApi, cluster: Cluster, name: str) -> None:
    """One that is read, and the answer to a write."""
    for what, item in OBJECTS.items():
        answer(api, lambda item=item: iter([http(orjson.dumps(item))]))  # type: ignore[misc]
        assert f"the API server at {api.url} answered " in refusal(READS[name], cluster), what


def test_lists_with_other_types(api: FakeApi, cluster: Cluster) -> None:
    """None of them is an empty list, in which all objects would be gone."""
    for what, body in LISTS.items():
        answer(api, lambda body=body: iter([http(orjson.dumps(body))]))  # type: ignore[misc]
        assert f"list persistentvolumeclaims: the API server at {api.url} answered " in refusal(
            READS["list"], cluster
        ), what


def test_odd_answers_that_are_right(api: FakeApi, cluster: Cluster) -> None:
    """The control: what the API promises is read, with any type of content, and of two equal keys the last."""
    item = orjson.dumps(claim(status={"conditions": None}))
    twice = item.replace(b'"name":"a"', b'"name":"b","name":"a"')
    packed = gzip.compress(item)
    for content in (http(item, "Content-Type: text/html"), http(twice), http(packed, "Content-Encoding: gzip")):
        answer(api, lambda content=content: iter([content]))  # type: ignore[misc]
        assert cluster.get(PVC, "a", "n")["spec"] == {"volumeName": "v"}
    answer(api, lambda: iter([http(orjson.dumps(claims(claim(), items=[])))]))
    assert cluster.list(PVC, "n") == []
    answer(api, lambda: iter([http(b"404 page not found", status="404 Not Found")]))
    for name in ("list", "patch"):
        with pytest.raises(Unserved):
            READS[name](cluster)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", READS)
def test_a_server_that_drips(api: FakeApi, cluster: Cluster, name: str) -> None:
    """Of any part of an answer a byte now and then, and no end: there is a limit for the whole."""
    for what in DRIPS if name == "find" else ("header", "body", "body of a refusal"):
        # A watch has begun then.
        if (name, what) != ("start of a watch", "body"):
            answer(api, DRIPS[what])
            assert f"not complete after {SECONDS} s" in refusal(READS[name], cluster), what


@pytest.mark.parametrize("head", ["Content-Length: 1000000000", "X: no length", "Content-Encoding: gzip"])
@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden"])
def test_an_answer_without_end(
    api: FakeApi, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, status: str, head: str
) -> None:
    """It is not kept in memory; neither is one that grows when it is unpacked."""
    monkeypatch.setattr(answer_limits, "LARGEST_ANSWER", 1 << 20)
    monkeypatch.setattr(connection, "LARGEST_ANSWER", 1 << 20)
    piece = gzip.compress(b"a" * (4 << 20)) if "gzip" in head else b"a" * (1 << 18)
    start = f"HTTP/1.1 {status}\r\n{head}\r\n\r\n".encode()
    answer(api, lambda: itertools.chain([start], itertools.repeat(piece, 1 if "gzip" in head else 10_000)))

    said = refusal(READS["list"], cluster)

    if "gzip" in head and status != "200 OK":
        # It is not unpacked.
        assert "answered 403" in said
        assert "aaa" not in said
    else:
        assert "more than 1 MiB" in said


def test_watches_with_something_else(api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is opened anew, and nothing is recorded of what came: all real changes are, each once."""
    monkeypatch.setattr(watching, "_PAUSE_SECONDS", 0.0)
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    streams = iter([iter([head, line + b"\n"]) for line in CHANGES.values()])
    api.raw = lambda _, path: next(streams, None) if "watch=true" in path else None
    with recording(api, tmp_path, (PVC,)) as recorder:
        api.put(PVC, "real", "n")
        history = recorder.of(PVC, "real", "n")

        assert [revision.type for revision in history] == ["ADDED"]
        assert [each.name for each in recorder.histories(PVC)] == ["real"]
        assert next(streams, None) is None


def test_a_watch_whose_line_never_ends(api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not kept in memory."""
    monkeypatch.setattr(watching, "_LONGEST_LINE", 1 << 20)
    sent = itertools.count()
    line = (next(sent).to_bytes(8, "big").hex().encode() * 4096 for _ in range(100_000))
    streams = iter([itertools.chain([b"HTTP/1.1 200 OK\r\n\r\n"], line)])
    api.raw = lambda _, path: next(streams, None) if "watch=true" in path else None
    with recording(api, tmp_path, (PVC,)) as recorder:
        api.put(PVC, "real", "n")

        assert [revision.type for revision in recorder.of(PVC, "real", "n")] == ["ADDED"]
    assert next(sent) < 10_000


@FUZZ
@given(spoiled(claim(status={"conditions": [{"type": "A", "status": "True"}], "phase": "Bound"})))
def test_wrong_objects(api: FakeApi, cluster: Cluster, item: Any) -> None:
    """One that is read."""
    attack(api, cluster, http(as_json(item)))


@FUZZ
@given(spoiled(claims(claim())))
def test_wrong_lists(api: FakeApi, cluster: Cluster, body: Any) -> None:
    """The list itself."""
    attack(api, cluster, http(as_json(body)), READS["list"])


@FUZZ
@given(spoiled_text(orjson.dumps(claim()).decode()))
def test_broken_json(api: FakeApi, cluster: Cluster, content: bytes) -> None:
    """Text that is cut, is no JSON or not even text."""
    attack(api, cluster, http(content))


@FUZZ
@given(spoiled_text(http(orjson.dumps(claim()), "Content-Type: application/json").decode()))
def test_broken_http(api: FakeApi, cluster: Cluster, content: bytes) -> None:
    """The same with status line and headers."""
    attack(api, cluster, content)


@FUZZ
@given(
    st.sampled_from([400, 403, 404, 409, 422, 429, 500]),
    spoiled({"kind": "Status", "reason": "NotFound", "code": 404, "message": "no", "details": {"name": "a"}}),
)
def test_wrong_refusals(api: FakeApi, cluster: Cluster, status: int, body: Any) -> None:
    """What comes with the status of a failure; a whole Status is a refusal."""
    good = isinstance(body, dict) and body.get("kind", "Status") == "Status"
    attack(api, cluster, http(as_json(body), status=f"{status} Odd"), refusals=Rejected if good else ())


def attack(api: FakeApi, cluster: Cluster, content: bytes, read: Read = READS["find"], refusals: Any = ()) -> None:
    """Answer with something: it is refused in one line, or nobody who works with it stumbles over it."""
    answer(api, lambda: iter([content]))
    try:
        found: Any = read(cluster)
    except Blocked as error:
        if not isinstance(error, RejectedByCluster | Unserved):
            assert_one_line(str(error))
        return
    except refusals:
        # In the API server's own words, of any length.
        return
    for item in found if isinstance(found, list) else [found] if found else []:
        revision = Revision(int(item["metadata"]["resourceVersion"]), "ADDED", item, 0.0)
        assert all(isinstance(each, str) for each in (revision.name, revision.namespace, revision.uid))
        assert isinstance(condition(item, "A"), dict)
        assert compact_diff({}, {**revision.spec, **revision.status, "item": deepcopy(item)})


def as_json(value: Any) -> bytes:
    """As a broken encoder would write it: with NaN, and with halves of surrogate pairs."""
    return json.dumps(value).encode()
