"""The S3 service: signatures, users, policies, and two well-known clients."""

import io
import json
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any

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
ARN = f"arn:aws:s3:::{BUCKET}"
READS = ["s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation"]
READER = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": READS, "Resource": [ARN, f"{ARN}/*"]}]}
WRONG_CREDENTIALS = [(KEY, "wrong", "SignatureDoesNotMatch"), ("nobody", SECRET, "InvalidAccessKeyId")]


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


def refused(call: Callable[..., object], **arguments: str) -> tuple[int, str]:
    """Status and code of a request that the service refuses."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response: Any = caught.value.response
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
    assert refused(s3.get_object, Bucket=BUCKET, Key="no-such-key") == (404, "NoSuchKey")
    assert refused(s3.list_objects_v2, Bucket="no-such-bucket") == (404, "NoSuchBucket")

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


@pytest.mark.parametrize(("key", "secret", "code"), WRONG_CREDENTIALS)
def test_wrong_credentials_are_403(server: S3Server, key: str, secret: str, code: str) -> None:
    assert refused(boto(server, key, secret).list_objects_v2, Bucket=BUCKET) == (403, code)


@pytest.mark.parametrize(
    ("key", "secret", "code", "name"),
    [*((*wrong, BUCKET) for wrong in WRONG_CREDENTIALS), (KEY, SECRET, "NoSuchBucket", "other")],
)
async def test_credentials_are_checked_inside_the_cluster_too(key: str, secret: str, code: str, name: str) -> None:
    server = S3Server(KEY, SECRET, BUCKET, "us-east-1")
    await server.connect(INSIDE_ENDPOINT, KEY, SECRET, BUCKET).list("")

    with pytest.raises(S3Error) as caught:
        await server.connect(INSIDE_ENDPOINT, key, secret, name).list("")

    assert caught.value.code == code


def test_other_endpoints_do_not_exist() -> None:
    server = S3Server(KEY, SECRET, BUCKET, "us-east-1")
    with pytest.raises(S3UnreachableError, match=r"dial tcp: lookup s3\.example\.com: no such host"):
        server.connect("http://s3.example.com:9000", KEY, SECRET, BUCKET)


NO_DELETION = parse(
    '{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"},'
    ' {"Effect": "Deny", "Action": "s3:Delete*", "Resource": "arn:aws:s3:::b/*"}]}'
)
READ_ONLY = Accounts(KEY, SECRET).policies["readonly"]


@pytest.mark.parametrize(
    ("statements", "action", "permitted"),
    [
        (NO_DELETION, "s3:PutObject", True),
        (NO_DELETION, "s3:DeleteObject", False),
        ((), "s3:PutObject", False),
        (READ_ONLY, "s3:GetObject", True),
        (READ_ONLY, "s3:PutObject", False),
    ],
)
def test_what_a_policy_permits(statements: Any, action: str, permitted: bool) -> None:
    assert permits(statements, action, "arn:aws:s3:::b/k") is permitted


@pytest.mark.parametrize(
    "document",
    ["[]", "{}", '{"Statement": {"Effect": "Maybe", "Action": "s3:*"}}', '{"Statement": {"Condition": {"a": 1}}}'],
)
def test_a_policy_that_cannot_be_evaluated_is_refused(document: str) -> None:
    with pytest.raises(ValueError, match=r"Statement|Effect|conditions"):
        parse(document)


@pytest.mark.parametrize("bucket", [OPEN])
def test_everybody_reads_what_a_bucket_policy_opens(server: S3Server) -> None:
    for key in ("open/image", "closed/image"):
        boto(server).put_object(Bucket=OPEN, Key=key, Body=b"data")
    opened = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
    policy = {"Statement": [{**opened, "Resource": f"arn:aws:s3:::{OPEN}/open/*"}]}
    boto(server).put_bucket_policy(Bucket=OPEN, Policy=json.dumps(policy))

    client = HTTPConnection(server.endpoint.removeprefix("http://"))
    for method, path, status in (
        ("GET", f"{OPEN}/open/image", 200),
        ("HEAD", f"{OPEN}/open/image", 200),
        ("GET", f"{OPEN}/open/ghost", 404),
        ("GET", f"{OPEN}/closed/image", 403),
        ("DELETE", f"{OPEN}/open/image", 403),
        ("GET", f"{OPEN}?list-type=2", 403),
        ("GET", "ghost/image", 403),
    ):
        client.request(method, f"/{path}", headers={"Host": INSIDE_ENDPOINT.removeprefix("http://")})
        with client.getresponse() as answer:
            assert answer.status == status, (method, path, answer.read())
            answer.read()
    client.close()
    for key in ("open/image", "closed/image"):
        boto(server).delete_object(Bucket=OPEN, Key=key)
    boto(server).delete_bucket(Bucket=OPEN)
