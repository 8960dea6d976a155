"""A store that lies or fails: what it sends counts only if it is an answer of S3, whole and right."""

import io
import itertools
from dataclasses import replace

import pytest

from fixtures.kubernetes.api_errors import TransportFailed
from fixtures.kubernetes.budgets import STORE_REACHABLE
from fixtures.outcomes import Blocked
from fixtures.s3.access import S3Access
from fixtures.s3.answers import Listed, object_problem, page_problem
from fixtures.s3.backupstore import Bucket
from fixtures.s3.object_store import ObjectStore, minio_client
from tests.attacks.trouble.spoiled import Script
from tools.trouble import catalogue
from tools.trouble.proxy import Fault

RUN = "r1"
KEY, CONTENT = "backupstore/file", b"what Longhorn has written\n" * 100
OTHER = Fault("another object", spoil=lambda body: body[:-1] + b"?")
DENIED_LIE = Fault(
    "no such key",
    404,
    {"Content-Type": "application/xml"},
    b"<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>",
)
NOT_FOUND_PAGE = Fault("404 page", 404, {"Content-Type": "text/html"}, b"<html>404 Not Found</html>")
FAILURES = (
    catalogue.HTML,
    catalogue.EMPTY,
    catalogue.GARBAGE,
    catalogue.SHORTER,
    catalogue.SLOW_DOWN,
    catalogue.RESET,
    NOT_FOUND_PAGE,
)
LIES = (*FAILURES, OTHER, DENIED_LIE)
lies = pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
failures = pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)

Stored = tuple[S3Access, Script]


@pytest.fixture
def bucket(stored: Stored) -> Bucket:
    """A bucket with one object, which was listed."""
    access, _ = stored
    _put(access)
    bucket = Bucket(access)
    assert bucket.keys("backupstore/") == [KEY]
    return bucket


@pytest.mark.usefixtures("short_pauses")
@lies
def test_an_object_is_read_again(bucket: Bucket, stored: Stored, lie: Fault) -> None:
    """Until it is the one that the store lists."""
    stored[1].spoil("GET", f"/{KEY}", lie, lie)

    assert bucket.read(KEY) == CONTENT
    assert stored[1].planned == []


@pytest.mark.usefixtures("short_pauses")
@failures
def test_a_list_is_read_again(bucket: Bucket, stored: Stored, failure: Fault) -> None:
    """What is no list of the bucket is no empty one either."""
    stored[1].spoil("GET", "list-type=2", failure, failure)

    assert bucket.keys("backupstore/") == [KEY]
    assert stored[1].planned == []


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        (catalogue.HTML, "bytes without an ETag"),
        (catalogue.EMPTY, "0 bytes without an ETag"),
        (catalogue.GARBAGE, "bytes that do not have the checksum"),
        (OTHER, "bytes that do not have the checksum"),
        (catalogue.SHORTER, "(?i:incomplete ?read|bytes read|content.length)"),
        (catalogue.SLOW_DOWN, "SlowDown"),
        (catalogue.RESET, "(?i:connection)"),
        (DENIED_LIE, "the store lists it, and says that it is not there"),
        (NOT_FOUND_PAGE, "the store answered 404 "),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else None,
)
def test_a_store_that_lies_for_ever_is_not_believed(
    stored: Stored, monkeypatch: pytest.MonkeyPatch, lie: Fault, said: str
) -> None:
    """Nothing is known then, and the reason says what it did; the next read does not wait again."""
    access, script = stored
    monkeypatch.setattr("fixtures.s3.backupstore.STORE_REACHABLE", replace(STORE_REACHABLE, seconds=0.3))
    _put(access)
    patient = Bucket(access)
    assert patient.read(KEY) == CONTENT
    script.spoil("GET", f"/{KEY}", *itertools.repeat(lie, 50))

    with pytest.raises(Blocked, match=rf"cannot read {KEY} from bucket .*{said}"):
        patient.read(KEY)
    sent = script.sent("GET", f"/{KEY}")
    with pytest.raises(Blocked):
        patient.read(KEY)
    assert script.sent("GET", f"/{KEY}") == sent + 1


def _put(access: S3Access) -> None:
    minio_client(access).put_object(access.bucket, KEY, io.BytesIO(CONTENT), len(CONTENT))


@pytest.mark.usefixtures("short_pauses")
def test_what_is_not_there_is_not_there(bucket: Bucket, stored: Stored) -> None:
    """S3 says so, and does not list it; a failure before does not change that."""
    assert bucket.read("backupstore/none") is None
    stored[1].spoil("GET", "/backupstore/none", *FAILURES)
    assert bucket.read("backupstore/none") is None


@pytest.mark.usefixtures("short_pauses")
@failures
def test_a_bucket_of_a_test_through_trouble(stored: Stored, failure: Fault) -> None:
    """It is made, filled, opened to everybody and removed, also if the store accepts what it does not do."""
    access, script = stored
    store = ObjectStore(access, RUN)
    name = f"lsc-trouble-{failure.name.lower().replace(' ', '-')}"
    store.buckets_of_runs()
    for method in ("PUT", "GET", "HEAD", "DELETE"):
        script.spoil(method, f"/{name}", failure)

    store.publish(name, "file", CONTENT)

    assert store.is_public(name, "file", CONTENT)
    script.planned.clear()
    for method in ("DELETE", "DELETE", "GET"):
        script.spoil(method, f"/{name}", failure)
    assert store.remove_all() == []
    assert name not in {each.name for each in ObjectStore(access).buckets_of_runs()}


@failures
def test_a_bucket_that_is_gone_when_it_is_looked_for(stored: Stored, failure: Fault) -> None:
    """Its removal was carried out, and the look at that failed: it is not missed."""
    access, script = stored
    store = ObjectStore(access, RUN)
    store.make_bucket("lsc-removed")
    script.spoil("GET", "/lsc-removed", lambda: None, lambda: None, failure)

    assert store.remove_all() == []
    assert script.planned == []


@pytest.mark.parametrize("lost", [catalogue.LOST, catalogue.TRUNCATED], ids=["lost", "truncated"])
def test_a_bucket_whose_answer_was_lost(stored: Stored, lost: Fault) -> None:
    """It is there already when it is asked for again, and is the test's."""
    access, script = stored
    store = ObjectStore(access, RUN)
    store.buckets_of_runs()
    script.spoil("PUT", "/lsc-lost", lost)
    store.make_bucket("lsc-lost")

    assert script.planned == []
    assert store.remove_all() == []


@failures
def test_the_clean_up_survives_what_is_no_answer(
    stored: Stored, monkeypatch: pytest.MonkeyPatch, failure: Fault
) -> None:
    """It is Blocked, which the clean-up reports, and no crash."""
    access, script = stored
    monkeypatch.setattr("fixtures.s3.object_store.STORE_REACHABLE", replace(STORE_REACHABLE, seconds=0.1))
    script.spoil("GET", "/", *itertools.repeat(failure, 50))

    with pytest.raises(TransportFailed, match=r"cannot find the buckets of runs at http://127\.0\.0\.1:\d+: "):
        ObjectStore(access).buckets_of_runs()


def page(**changed: object) -> dict[str, object]:
    """A page of a list."""
    whole = {"Name": "b", "Prefix": "p/", "KeyCount": 1, "Contents": [{"Key": "p/1", "Size": 1, "ETag": '"e"'}]}
    return whole | changed


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({}, ""),
        ({"Name": None}, "not a list of that bucket"),
        ({"Name": "c"}, "not a list of that bucket"),
        ({"Prefix": "q/"}, "a list of the prefix 'q/'"),
        ({"KeyCount": 2}, "it has 1 keys, and says 2"),
        ({"Contents": [{"Key": "q/1"}]}, "it has the key 'q/1'"),
    ],
)
def test_pages(changed: dict[str, object], problem: str) -> None:
    """A page is of the bucket and the prefix, and whole."""
    found = page_problem(page(**changed), "b", "p/")

    assert bool(found) == bool(problem)
    assert problem in found


MD5 = "098f6bcd4621d373cade4e832627b4f6"


@pytest.mark.parametrize(
    ("answer", "listed", "problem"),
    [
        ({}, Listed(4, MD5), ""),
        ({"ETag": ""}, Listed(4, MD5), "4 bytes without an ETag"),
        ({"ContentLength": 5}, Listed(4, MD5), "4 bytes, Content-Length 5"),
        ({"ETag": f'"{"0" * 32}"'}, Listed(4, "0" * 32), "do not have the checksum"),
        ({"ETag": '"0-2"'}, Listed(4, "0-2"), ""),
        ({"ETag": f'"{"0" * 32}"', "ServerSideEncryption": "aws:kms"}, Listed(4, "0" * 32), ""),
        ({}, Listed(5, MD5), "in the bucket's list 5"),
        ({}, Listed(4, "0-2"), "in the bucket's list 4 with 0-2"),
        ({}, None, "not in the bucket's list"),
    ],
)
def test_objects(answer: dict[str, object], listed: Listed | None, problem: str) -> None:
    """Length, ETag, checksum and list agree; an ETag of several parts, or of an encrypted object, is no checksum."""
    whole: dict[str, object] = {"ETag": f'"{MD5}"', "ContentLength": 4}
    found = object_problem(whole | answer, b"test", listed)

    assert bool(found) == bool(problem)
    assert problem in found
