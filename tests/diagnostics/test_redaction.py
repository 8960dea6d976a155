"""Credentials do not get into a bundle, however they come; what a reader needs does."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from fixtures.diagnostics.redaction import REDACTED, Redactor, credentials
from fixtures.s3.access import S3Access

KEY = 'wJalr/XUtn+FEMI"K7'

FORMS = {
    "as it is": KEY,
    "in base64": base64.b64encode(KEY.encode()).decode(),
    "in base64 with a newline": base64.b64encode(f"{KEY}\n".encode()).decode(),
    "in a URL": quote(KEY, safe=""),
    "in JSON": json.dumps(KEY)[1:-1],
}


@pytest.mark.parametrize("form", FORMS)
def test_known_value_in_every_form(form: str) -> None:
    """Wherever in a text it stands."""
    found = Redactor([KEY, "wJalr"]).text(f"before {FORMS[form]} after")

    assert found == f"before {REDACTED} after"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("AWS_SECRET_ACCESS_KEY=planted-secret next", "planted-secret"),
        ('{"AWS_ACCESS_KEY_ID": "planted-secret"}', "planted-secret"),
        (r"{\"awsSecretAccessKey\":\"planted-secret\"}", "planted-secret"),
        ("minio_root_password: planted-secret", "planted-secret"),
        ("Authorization: AWS4-HMAC-SHA256 Credential=planted-secret/x", "planted-secret"),
        ("sent Bearer planted-secret.abc", "planted-secret"),
        ("token eyJhbGciOi.eyJzdWIi.SflKxwRJ was refused", "eyJhbGciOi"),
        ("GET /b?X-Amz-Signature=plantedsecret&x=1", "plantedsecret"),
        ("the key AKIAIOSFODNN7EXAMPLE is unknown", "AKIAIOSFODNN7EXAMPLE"),
        ("clone https://user:planted-secret@host/x", "planted-secret"),
        ("    client-key-data: cGxhbnRlZA==", "cGxhbnRlZA"),
        ("-----BEGIN RSA PRIVATE KEY-----\nplanted\n-----END RSA PRIVATE KEY-----\nrest", "planted"),
        ("-----BEGIN PRIVATE KEY-----\nplanted, and cut off", "planted"),
    ],
)
def test_unknown_value_by_its_looks(text: str, secret: str) -> None:
    """Nobody told of these; what they look like does."""
    found = Redactor([]).text(text)

    assert REDACTED in found
    assert secret not in found


@pytest.mark.parametrize(
    "text",
    [
        "bak://pvc-1/backup-2",
        "csi.storage.k8s.io/snapshotter-secret-name: longhorn-keys",
        "s3://backups@eu-central-1/prefix",
        "GET http://10.96.0.1:9500/v1/volumes failed: connection refused",
        "resourceVersion: '1272'",
        "the name of a key is needed",
    ],
)
def test_what_is_no_credential_stays(text: str) -> None:
    """A bundle without names, handles and addresses would be of no use."""
    assert Redactor([KEY]).text(text) == text


def test_secret_keeps_only_the_names_of_its_entries() -> None:
    """By its kind, whatever is in it; also what kubectl notes of it."""
    note = "kubectl.kubernetes.io/last-applied-configuration"
    secret: dict[str, Any] = {
        "kind": "Secret",
        "metadata": {"name": "keys", "annotations": {note: '{"data": {"x": "eHh4"}}', "why": "a test"}},
        "data": {"x": "eHh4"},
        "stringData": {"y": "yyy"},
    }

    assert Redactor([]).object(secret) == {
        "kind": "Secret",
        "metadata": {"name": "keys", "annotations": {"why": "a test"}},
        "data": {"x": REDACTED},
        "stringData": {"y": REDACTED},
    }
    assert note in secret["metadata"]["annotations"]


def test_environment_of_a_container() -> None:
    """A variable whose name tells of a credential; references to Secrets stay."""
    reference = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}}
    pod = {"kind": "Pod", "env": [{"name": "S3_PASSWORD", "value": "xyz"}, {"name": "MODE", "value": "w"}, reference]}

    assert Redactor([]).object(pod)["env"] == [
        {"name": "S3_PASSWORD", "value": REDACTED},
        {"name": "MODE", "value": "w"},
        reference,
    ]


def test_what_is_known_of_this_process(tmp_path: Path) -> None:
    """Keys of the store, what the kubeconfig lets in with, and the environment; certificates of both sides included."""
    (tmp_path / "token").write_text("token-in-a-file\n")
    (tmp_path / "key.pem").write_text("key-in-a-file")
    user = {
        "token": "token-inside",
        "password": "password-inside",
        "client-key-data": base64.b64encode(b"key inside").decode(),
        "client-certificate-data": "Y2VydA==",
        "client-key": "key.pem",
        "tokenFile": "token",
        "username": "somebody",
        "exec": {"command": "aws", "env": [{"name": "X", "value": "value-of-exec"}]},
    }
    clusters = [{"cluster": {"server": "https://x", "certificate-authority-data": "Y2E="}}]
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump({"users": [{"name": "u", "user": user}], "clusters": clusters}))
    store = S3Access("http://x", "http://x", "the-access-key", "the-secret-key", "bucket", "region")

    found = credentials(store, kubeconfig, {"AWS_SESSION_TOKEN": "of the session", "HOME": "/home"})

    assert found >= {"the-access-key", "the-secret-key", "token-inside", "password-inside", "token-in-a-file"}
    assert found >= {"key inside", "key-in-a-file", "value-of-exec", "Y2VydA==", "Y2E=", "of the session"}
    assert not found & {"somebody", "aws", "/home", "https://x", "bucket"}


@pytest.mark.parametrize("text", ["", "users: 1", "{", "- a"])
def test_kubeconfig_that_is_none(tmp_path: Path, text: str) -> None:
    """Nothing is known then, and nothing breaks."""
    (tmp_path / "kubeconfig").write_text(text)

    assert credentials(None, tmp_path / "kubeconfig", {}) == set()
