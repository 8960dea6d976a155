"""A store, and a way to it through the API server, that answer nothing of S3: it is said in one line, and in time."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from fixtures.kubernetes import answer_limits, connection, port_forward
from fixtures.kubernetes.budgets import ANSWERED, API_REACHABLE, STORE_REACHABLE
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.port_forward import HERE, forward_to_pod
from fixtures.kubernetes.resource_kinds import PVC
from fixtures.outcomes import Blocked
from fixtures.s3 import backupstore, object_store
from fixtures.s3.access import S3Access
from fixtures.s3.backupstore import Bucket
from fixtures.s3.object_store import ObjectStore
from tests.attacks.bad_input import FUZZ, assert_one_line, spoiled_text
from tests.attacks.odd_answers import BYTES, DRIPS, http
from tests.fixtures.fake_api import FakeApi

SECONDS = 0.05
LATE = 60.0
"""Less than any budget; a machine that is busy needs some of it."""

LIST = (
    "<ListBucketResult><Name>b</Name><Prefix>k</Prefix><KeyCount>1</KeyCount><Contents><Key>k</Key><Size>1</Size>"
    '<ETag>"e"</ETag></Contents></ListBucketResult>'
)

Read = Callable[[Bucket, ObjectStore], object]

READS: dict[str, Read] = {
    "get": lambda bucket, _: bucket.read("k"),
    "list": lambda bucket, _: bucket.keys("k"),
    "find buckets": lambda _, store: store.buckets_of_runs(),
    "read openly": lambda _, store: store.is_public("b", "k", b"data"),
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    """What is not answered once is not answered."""
    for module in (backupstore, object_store):
        monkeypatch.setattr(module, "STORE_REACHABLE", replace(STORE_REACHABLE, seconds=0.0))
    monkeypatch.setattr(connection, "API_REACHABLE", replace(API_REACHABLE, seconds=0.0))
    with FakeApi((PVC,)) as served:
        yield served


@pytest.fixture
def access(server: FakeApi) -> S3Access:
    return S3Access(server.url, server.url, "key", "secret", "b", "us-east-1")


@pytest.fixture
def bucket(access: S3Access) -> Bucket:
    return Bucket(access)


@pytest.fixture
def store(access: S3Access) -> ObjectStore:
    return ObjectStore(access, "r1")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer may take long."""
    for module in (answer_limits, port_forward):
        monkeypatch.setattr(module, "ANSWERED", replace(ANSWERED, seconds=SECONDS))


def refusal(read: Read, bucket: Bucket, store: ObjectStore) -> str:
    """The one line in which it is said that there is no answer."""
    began = time.monotonic()
    with pytest.raises(Blocked) as caught:
        read(bucket, store)
    assert time.monotonic() - began < LATE
    assert_one_line(str(caught.value))
    return str(caught.value)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", READS)
def test_a_store_that_drips(server: FakeApi, bucket: Bucket, store: ObjectStore, name: str) -> None:
    """Of any part of an answer a byte now and then, and no end: there is a limit for the whole."""
    for what in DRIPS if name == "get" else ("header", "body"):
        server.raw = lambda *_, what=what: DRIPS[what]()
        assert f"not complete after {SECONDS} s" in refusal(READS[name], bucket, store), what


@pytest.mark.parametrize("name", ["get", "list", "find buckets"])
def test_bytes_that_are_nothing_of_s3(server: FakeApi, bucket: Bucket, store: ObjectStore, name: str) -> None:
    """Neither is one of them an empty bucket, or a key that is not there."""
    for content in BYTES.values():
        server.raw = lambda *_, content=content: iter([content])
        refusal(READS[name], bucket, store)


@FUZZ
@given(spoiled_text(http(LIST.encode(), "Content-Type: application/xml").decode()))
def test_broken_lists(server: FakeApi, bucket: Bucket, content: bytes) -> None:
    """With headers that are cut, and what is no XML."""
    server.raw = lambda *_: iter([content])
    try:
        found = bucket.keys("k")
    except Blocked as error:
        assert_one_line(str(error))
    else:
        assert all(each.startswith("k") for each in found)


@pytest.mark.usefixtures("quick")
def test_a_forwarding_that_is_not_opened(server: FakeApi, tmp_path: Path) -> None:
    """It drips, leads elsewhere, or believes in lengths that nobody has."""
    cluster = server.cluster(tmp_path)
    cluster.connect()
    for what in ("status line", "header", "headers"):
        server.raw = lambda *_, what=what: DRIPS[what]()
        assert f"timed out: not opened after {SECONDS} s" in _trouble(cluster), what
    for content in BYTES.values():
        server.raw = lambda *_, content=content: iter([content])
        assert_one_line(_trouble(cluster))


def _trouble(cluster: Cluster) -> str:
    forward = forward_to_pod(cluster, "p", "n", 1)
    with socket.create_connection((HERE, forward.port), timeout=LATE) as sending, suppress(ConnectionResetError):
        sending.sendall(b"\x16\x03\x01")
        assert sending.recv(1) == b""
    forward.close()
    return forward.trouble
