"""The S3 server of a cluster: its Secrets, what is set up in it, and https with an authority of one's own."""

import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from minio.error import MinioAdminException

from fixtures.kubernetes.budgets import S3_RESPONDS
from fixtures.outcomes import Blocked
from fixtures.s3.access import S3Access
from fixtures.s3.backupstore import Bucket
from fixtures.s3.object_store import ObjectStore
from fixtures.targets.registry import make_target
from fixtures.targets.s3 import certificates, servers
from fixtures.targets.simulator.options import SimulatorOptions


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Access]:
    """A simulator's S3 server, with its administrator's keys and a bucket that is not there yet."""
    target = make_target(SimulatorOptions(), tmp_path_factory.mktemp("simulator"))
    found = target.start().s3
    assert found is not None
    yield replace(found, bucket="backups")
    target.stop()


def test_everything_is_set_up_and_a_second_time_is_no_trouble(store: S3Access) -> None:
    """Longhorn's user may use its bucket and those of tests; everybody may read the public object and no other."""
    keys = servers.new_keys()
    tests_own = ObjectStore(store).make_bucket("lsc-abc123-bucket-1")

    for _ in range(2):
        given = servers.prepare(store, "minio", keys)

    assert (given.access_key, given.secret_key) == (keys.longhorn_access, keys.longhorn_secret)
    assert Bucket(given).keys("") == []
    assert Bucket(replace(given, bucket=tests_own.bucket)).keys("") == []
    with pytest.raises(Blocked, match="AccessDenied"):
        Bucket(replace(given, bucket=servers.PUBLIC_BUCKET)).keys("")
    with urllib.request.urlopen(f"{store.endpoint}/{servers.PUBLIC_BUCKET}/{servers.PUBLIC_OBJECT}") as answer:
        assert answer.read() == b"public\n"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{store.endpoint}/backups/anything")


def test_a_proxy_is_not_asked_for_this_machine(store: S3Access, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    given = servers.prepare(store, "minio", servers.new_keys())

    assert Bucket(given).keys("") == []


@pytest.mark.parametrize(
    ("code", "fails"), [("XMinioAdminPolicyChangeAlreadyApplied", False), ("XMinioAdminNoSuchPolicy", True)]
)
def test_a_policy_that_the_user_has_already_is_no_trouble(
    store: S3Access, monkeypatch: pytest.MonkeyPatch, code: str, fails: bool
) -> None:
    """MinIO refuses to attach it again; any other refusal is one."""

    def refuse(*_: object, **__: object) -> str:
        raise MinioAdminException("400", f'{{"Code": "{code}"}}')

    monkeypatch.setattr("minio.MinioAdmin.attach_policy", refuse)

    with pytest.raises(Blocked, match=code) if fails else nullcontext():
        servers.prepare(store, "minio", servers.new_keys())


def test_a_server_without_users_blocks_what_needs_one(store: S3Access, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as SeaweedFS, which does not know the requests of MinIO's administrators."""

    def refuse(*_: object, **__: object) -> str:
        raise MinioAdminException("404", "not found")

    monkeypatch.setattr("minio.MinioAdmin.policy_add", refuse)

    with pytest.raises(Blocked, match="cannot make policy somebody-policy"):
        ObjectStore(store).make_user("somebody", "a-long-secret", "backups")


def test_other_servers_keep_to_the_administrators_keys(store: S3Access) -> None:
    """SeaweedFS has no users in MinIO's way; in an external server nothing but the bucket is made."""
    elsewhere = replace(store, bucket="elsewhere")

    assert servers.prepare(elsewhere, "seaweedfs", servers.new_keys()) == elsewhere
    assert servers.prepare(elsewhere, "external", None) == elsewhere
    assert Bucket(elsewhere).keys("") == []


def test_wrong_keys_are_said(store: S3Access) -> None:
    with pytest.raises(Blocked, match="cannot set up the S3 server minio at http"):
        servers.prepare(replace(store, secret_key="wrong"), "minio", servers.new_keys())


def test_a_server_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch, store: S3Access) -> None:
    monkeypatch.setattr(servers, "S3_RESPONDS", replace(S3_RESPONDS, seconds=0.0))

    with pytest.raises(Blocked, match=r"cannot set up the S3 server minio at http://127.0.0.1:1"):
        servers.prepare(replace(store, endpoint="http://127.0.0.1:1"), "minio", servers.new_keys())


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_a_later_run_finds_the_keys_in_the_cluster(tmp_path: Path, tls: bool) -> None:
    """The Secrets that a run applies are what the next one reads."""
    made = servers.Deployed(servers.new_keys(), certificates.make(servers.HOSTS) if tls else None)

    documents = {each["metadata"]["name"]: each for each in yaml.safe_load_all(servers.secrets_text(made))}
    found = servers.deployed(documents[servers.KEYS], documents.get(servers.CERTIFICATE))
    access = servers.access(found, 40123, tmp_path)

    assert found == made
    assert {"access-key", "secret-key"} <= documents[servers.KEYS]["data"].keys()
    assert access.endpoint == f"{'https' if tls else 'http'}://127.0.0.1:40123"
    assert access.inside.endswith("://s3.conformance-s3.svc.cluster.local:9000")
    assert ("AWS_CERT" in servers.credentials(access)) == tls
    assert all(value == value.strip() for value in servers.credentials(access).values())
    assert (access.ca is not None) == tls
    assert made.keys.secret not in repr(access) + repr(made)


class Denying(BaseHTTPRequestHandler):
    """Answers every request with 403."""

    def do_GET(self) -> None:
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture
def https(tmp_path: Path) -> Iterator[S3Access]:
    """A server with a certificate of a fresh authority."""
    made = certificates.make(servers.HOSTS)
    for name, text in (("ca.crt", made.authority), ("tls.crt", made.certificate), ("tls.key", made.key)):
        (tmp_path / name).write_text(text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
    with ThreadingHTTPServer(("127.0.0.1", 0), Denying) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        endpoint = f"https://127.0.0.1:{server.server_address[1]}"
        yield S3Access(endpoint, endpoint, "key", "secret", "b", "us-east-1", tmp_path / "ca.crt")
        server.shutdown()
        thread.join()


def test_both_clients_trust_the_authority_that_they_are_given(https: S3Access) -> None:
    """They get as far as being refused by the server."""
    with pytest.raises(Blocked, match="403"):
        Bucket(https).keys("")
    with pytest.raises(Blocked, match="Response code: 403"):
        ObjectStore(https).make_bucket("bucket")


def test_another_authority_is_not_trusted(https: S3Access, tmp_path: Path) -> None:
    other = tmp_path / "other.crt"
    other.write_text(certificates.make(servers.HOSTS).authority)

    with pytest.raises(Blocked, match="CERTIFICATE_VERIFY_FAILED"):
        Bucket(replace(https, ca=other)).keys("")


def test_the_certificate_stands_up_to_strict_checking(https: S3Access) -> None:
    """That of newer Pythons: for the name and for the address."""
    assert https.ca is not None
    context = ssl.create_default_context(cafile=str(https.ca))
    context.verify_flags |= ssl.VERIFY_X509_STRICT

    for host in ("127.0.0.1", "localhost"):
        url = https.endpoint.replace("127.0.0.1", host)
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(url, context=context)
