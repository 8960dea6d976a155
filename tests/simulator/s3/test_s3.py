"""The S3 service: signatures, users, policies, and two well-known clients."""

import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest
from anyio.from_thread import start_blocking_portal
from botocore.config import Config
from botocore.exceptions import ClientError
from minio import Minio, MinioAdmin
from minio.credentials.providers import StaticProvider
from minio.error import S3Error as MinioError

from simulator.s3.accounts import Accounts
from simulator.s3.connection import S3Error, S3UnreachableError
from simulator.s3.policy import parse, permits
from simulator.s3.server import INSIDE_ENDPOINT, S3Server

KEY, SECRET, BUCKET = "root-key", "root-secret", "backupbucket"
OPEN = "images"
READER = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation"],
            "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
        }
    ],
}


@pytest.fixture
def bucket() -> str:
    """The bucket of the service; objects are kept for the whole process, by bucket."""
    return BUCKET


@pytest.fixture
def server(bucket: str) -> Iterator[S3Server]:
    """A service that runs in a thread of its own, so that clients may block."""
    server = S3Server(KEY, SECRET, bucket, "us-east-1")
    with start_blocking_portal("asyncio") as portal:
        portal.call(server.start, "127.0.0.1", 0)
        yield server
        portal.call(server.stop)


def boto(server: S3Server, key: str = KEY, secret: str = SECRET) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        region_name="us-east-1",
        config=Config(signature_version="s3v4", retries={"total_max_attempts": 1}),
    )


def code_of(error: pytest.ExceptionInfo[ClientError]) -> tuple[int, str]:
    response: Any = error.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def test_boto3_and_minio_work_with_it(server: S3Server) -> None:
    s3 = boto(server)
    odd = "a dir/ümlaut & <more>+.txt"
    s3.put_object(Bucket=BUCKET, Key=odd, Body=b"content")
    for number in range(12):
        s3.put_object(Bucket=BUCKET, Key=f"page/{number:02}", Body=b"x")
    assert s3.get_object(Bucket=BUCKET, Key=odd)["Body"].read() == b"content"
    assert s3.head_object(Bucket=BUCKET, Key=odd)["ContentLength"] == 7
    pages = list(
        s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="page/", PaginationConfig={"PageSize": 5})
    )
    assert [len(page["Contents"]) for page in pages] == [5, 5, 2]
    assert s3.list_objects_v2(Bucket=BUCKET, Delimiter="/")["CommonPrefixes"] == [
        {"Prefix": "a dir/"},
        {"Prefix": "page/"},
    ]
    s3.delete_object(Bucket=BUCKET, Key="no-such-key")
    with pytest.raises(ClientError) as missing:
        s3.get_object(Bucket=BUCKET, Key="no-such-key")
    assert code_of(missing) == (404, "NoSuchKey")
    with pytest.raises(ClientError) as nowhere:
        s3.list_objects_v2(Bucket="no-such-bucket")
    assert code_of(nowhere) == (404, "NoSuchBucket")

    address = server.endpoint.removeprefix("http://")
    minio = Minio(address, KEY, SECRET, secure=False)
    minio.make_bucket("second")
    assert minio.bucket_exists("second")
    assert not minio.bucket_exists("third")
    minio.put_object("second", "k/1", io.BytesIO(b"abc"), 3)
    assert [found.object_name for found in minio.list_objects("second", recursive=True)] == ["k/1"]
    minio.remove_object("second", "k/1")
    minio.remove_bucket("second")

    admin = MinioAdmin(endpoint=address, credentials=StaticProvider(KEY, SECRET), secure=False)
    admin.user_add("reader", "reader-secret")
    admin.policy_add("read-only", policy=READER)
    reader = Minio(address, "reader", "reader-secret", secure=False)
    with pytest.raises(MinioError, match="AccessDenied"):
        list(reader.list_objects(BUCKET))
    admin.attach_policy(["read-only"], user="reader")
    assert len(list(reader.list_objects(BUCKET, recursive=True))) == 13
    with pytest.raises(MinioError, match="AccessDenied"):
        reader.put_object(BUCKET, "k", io.BytesIO(b""), 0)
    admin.user_remove("reader")
    with pytest.raises(MinioError, match="InvalidAccessKeyId"):
        list(reader.list_objects(BUCKET))


@pytest.mark.parametrize(
    ("key", "secret", "code"), [(KEY, "wrong", "SignatureDoesNotMatch"), ("nobody", SECRET, "InvalidAccessKeyId")]
)
def test_wrong_credentials_are_403(server: S3Server, key: str, secret: str, code: str) -> None:
    with pytest.raises(ClientError) as caught:
        boto(server, key, secret).list_objects_v2(Bucket=BUCKET)
    assert code_of(caught) == (403, code)


@pytest.mark.parametrize(
    ("key", "secret", "name", "code"),
    [
        (KEY, SECRET, BUCKET, ""),
        (KEY, "wrong", BUCKET, "SignatureDoesNotMatch"),
        ("nobody", SECRET, BUCKET, "InvalidAccessKeyId"),
        (KEY, SECRET, "other", "NoSuchBucket"),
    ],
)
@pytest.mark.anyio
async def test_credentials_are_checked_inside_the_cluster_too(key: str, secret: str, name: str, code: str) -> None:
    server, seen = S3Server(KEY, SECRET, BUCKET, "us-east-1"), ""
    try:
        await server.connect(INSIDE_ENDPOINT, key, secret, name).list("")
    except S3Error as error:
        seen = error.code

    assert seen == code


def test_other_endpoints_do_not_exist() -> None:
    server = S3Server(KEY, SECRET, BUCKET, "us-east-1")
    with pytest.raises(S3UnreachableError, match=r"dial tcp: lookup s3\.example\.com: no such host"):
        server.connect("http://s3.example.com:9000", KEY, SECRET, BUCKET)


def test_denial_beats_permission() -> None:
    document = (
        '{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"},'
        ' {"Effect": "Deny", "Action": "s3:Delete*", "Resource": "arn:aws:s3:::b/*"}]}'
    )
    statements = parse(document)
    assert permits(statements, "s3:PutObject", "arn:aws:s3:::b/k")
    assert not permits(statements, "s3:DeleteObject", "arn:aws:s3:::b/k")
    assert not permits((), "s3:PutObject", "arn:aws:s3:::b/k")


@pytest.mark.parametrize(
    "document",
    ["[]", "{}", '{"Statement": {"Effect": "Maybe", "Action": "s3:*"}}', '{"Statement": {"Condition": {"a": 1}}}'],
)
def test_a_policy_that_cannot_be_evaluated_is_refused(document: str) -> None:
    with pytest.raises(ValueError, match=r"Statement|Effect|conditions"):
        parse(document)


def test_built_in_policies() -> None:
    accounts = Accounts(KEY, SECRET)
    assert permits(accounts.policies["readonly"], "s3:GetObject", "arn:aws:s3:::b/k")
    assert not permits(accounts.policies["readonly"], "s3:PutObject", "arn:aws:s3:::b/k")


@pytest.mark.parametrize("bucket", [OPEN])
def test_everybody_reads_what_a_bucket_policy_opens(server: S3Server) -> None:
    boto(server).put_object(Bucket=OPEN, Key="open/image", Body=b"data")
    boto(server).put_object(Bucket=OPEN, Key="closed/image", Body=b"data")
    opened = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
    policy = {"Statement": [{**opened, "Resource": f"arn:aws:s3:::{OPEN}/open/*"}]}
    boto(server).put_bucket_policy(Bucket=OPEN, Policy=json.dumps(policy))

    def status(path: str, method: str = "GET") -> int:
        host = INSIDE_ENDPOINT.partition("://")[2]
        request = Request(f"{server.endpoint}/{path}", method=method, headers={"Host": host})
        try:
            with urlopen(request) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code

    assert (status(f"{OPEN}/open/image"), status(f"{OPEN}/open/image", "HEAD")) == (200, 200)
    assert status(f"{OPEN}/open/ghost") == 404
    assert status(f"{OPEN}/closed/image") == 403
    assert status(f"{OPEN}/open/image", "DELETE") == 403
    assert status(f"{OPEN}?list-type=2") == 403
    assert status("ghost/image") == 403
    for key in ("open/image", "closed/image"):
        boto(server).delete_object(Bucket=OPEN, Key=key)
    boto(server).delete_bucket(Bucket=OPEN)
