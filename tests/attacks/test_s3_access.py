"""The simulator's S3 without a signature: it hands out what a policy opens to everybody, and takes nothing."""

import json
import uuid

import pytest

from fixtures.s3.access import S3Access
from fixtures.s3.object_store import ObjectStore, minio_client
from tests.attacks.victim import Victim


@pytest.fixture(scope="module")
def public(victim: Victim) -> str:
    """The path of an object in a bucket whose policy allows everything to everybody."""
    said = victim.said["s3"]
    access = S3Access(
        said["endpoint"], said["inside"], said["access_key"], said["secret_key"], said["bucket"], said["region"]
    )
    bucket = f"public-{uuid.uuid4().hex[:8]}"
    ObjectStore(access).publish(bucket, "image.raw", b"public")
    resources = [f"arn:aws:s3:::{bucket}{within}" for within in ("", "/*")]
    everything = {"Effect": "Allow", "Action": ["s3:*"], "Resource": resources, "Principal": {"AWS": ["*"]}}
    policy = {"Version": "2012-10-17", "Statement": [everything]}
    minio_client(access).set_bucket_policy(bucket, json.dumps(policy))
    return f"/{bucket}/image.raw"


def test_an_open_object_is_handed_out(victim: Victim, public: str) -> None:
    """The live control, and what downloads need; by the name that pods use, too."""
    assert victim.store("GET", public).body == b"public"
    assert victim.store("GET", public, {"Host": "minio.longhorn-snapshot-s3:9000"}).body == b"public"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", path) for path in ("/", "/backupbucket", "/backupbucket?list-type=2", "/backupbucket/any")),
        *(("PUT", path) for path in ("/mine", "/backupbucket/any", "/backupbucket?policy")),
        *(("POST", path) for path in ("/backupbucket?delete", "/backupbucket/any?uploads", "/")),
        *(("DELETE", path) for path in ("/backupbucket", "/backupbucket/any")),
        *(("GET", f"/minio/admin/v3/{name}") for name in ("list-users", "info", "list-canned-policies")),
        ("PUT", "/minio/admin/v3/add-user?accessKey=me"),
    ],
)
def test_nothing_else_is_answered_without_a_signature(victim: Victim, method: str, path: str) -> None:
    assert victim.store(method, path, {}, b"x" if method in ("PUT", "POST") else None).status == 403


@pytest.mark.parametrize(("method", "suffix"), [("PUT", ""), ("DELETE", ""), ("POST", "?uploads"), ("PUT", "?acl")])
def test_a_policy_opens_nothing_for_writing(victim: Victim, public: str, method: str, suffix: str) -> None:
    assert victim.store(method, public + suffix, {}, b"x").status == 403
    assert victim.store("GET", public.rpartition("/")[0]).status == 403, "a list"
    assert victim.store("GET", public).body == b"public"


@pytest.mark.parametrize(
    "query", ["acl", "tagging", "uploads", "uploadId=x", "policy", "response-content-type=text/html"]
)
def test_a_policy_opens_the_object_and_nothing_about_it(victim: Victim, public: str, query: str) -> None:
    """Neither who may do what with it, nor an answer that a browser would show as a page."""
    assert victim.store("GET", f"{public}?{query}").status == 403
    assert victim.store("GET", f"{public}?from=handle").status == 200


def test_no_path_leads_into_another_bucket(victim: Victim, public: str) -> None:
    """However it is written; the policy of one bucket is all that an open path is checked against."""
    bucket = public.rpartition("/")[0]
    for around in ("/../", "/%2e%2e/", "/x/../../", "%2f..%2f", "/x;/../../"):
        told = victim.store("GET", f"{bucket}{around}backupbucket/")
        assert told.status in (403, 404), around
        assert b"ListBucketResult" not in told.body


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:9000"},
        {"Host": "minio.longhorn-snapshot-s3:9001"},
        {"Host": "minio.longhorn-snapshot-s3:" + "9" * 5000},
        {"Origin": "http://[", "Upgrade": "websocket", "Connection": "Upgrade"},
    ],
    ids=lambda headers: " ".join(headers.values())[:40],
)
def test_no_web_page_gets_an_open_object(victim: Victim, public: str, headers: dict[str, str]) -> None:
    told = victim.store("GET", public, headers)

    assert told.status == 403
    assert b"<Code>AccessDenied</Code>" in told.body
