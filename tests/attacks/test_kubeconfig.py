"""Kubeconfigs that cannot be used end in one line, whatever is wrong with them."""

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given

from fixtures.kubernetes.api_errors import Unreachable, UnusableKubeconfig
from fixtures.kubernetes.connection import Connection
from tests.attacks.bad_input import FUZZ, assert_one_line, spoiled, spoiled_text

# A port of this machine at which nobody listens.
NOWHERE = "http://127.0.0.1:1"

CONFIG: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "a",
    "preferences": {},
    "clusters": [{"name": "a", "cluster": {"server": NOWHERE, "insecure-skip-tls-verify": True}}],
    "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a", "namespace": "n"}}],
    "users": [
        {
            "name": "a",
            "user": {
                "exec": {
                    "apiVersion": "client.authentication.k8s.io/v1",
                    "command": "true",
                    "args": ["-a"],
                    "env": [{"name": "A", "value": "b"}],
                    "interactiveMode": "Never",
                    "provideClusterInfo": True,
                },
            },
        },
        {"name": "b", "user": {"token": "t", "username": "u", "password": "p", "client-key-data": "YQ=="}},
    ],
}


def attack(content: bytes) -> None:
    """Connect by a kubeconfig with this content: there is nobody, which is said in one line."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kubeconfig"
        path.write_bytes(content)
        with pytest.raises(Unreachable) as caught:
            Connection(path, Path(folder)).connect()
        assert_one_line(str(caught.value))


def as_yaml(document: Any) -> bytes:
    """A document as a file; lone halves of surrogate pairs as a broken encoder would write them."""
    return yaml.safe_dump(document, allow_unicode=True).encode("utf-8", "surrogatepass")


@pytest.mark.usefixtures("short_pauses")
@FUZZ
@given(spoiled(CONFIG))
def test_wrong_values(document: Any) -> None:
    """Types, names and values other than those that belong there."""
    attack(as_yaml(document))


@pytest.mark.usefixtures("short_pauses")
@FUZZ
@given(spoiled(CONFIG["clusters"]))
def test_wrong_clusters(clusters: Any) -> None:
    """The part that says where the server is."""
    attack(as_yaml({**CONFIG, "clusters": clusters}))


@pytest.mark.usefixtures("short_pauses")
@FUZZ
@given(spoiled_text(yaml.safe_dump(CONFIG)))
def test_broken_syntax(content: bytes) -> None:
    """Text that is cut, is no YAML or not even text."""
    attack(content)


def changed(*path: Any, value: Any) -> bytes:
    """The kubeconfig with one value changed; `...` stands for the first entry of a list."""
    document = json.loads(json.dumps(CONFIG))
    *way, last = path
    place = document
    for step in way:
        place = place[0 if step is ... else step]
    place[last] = value
    return as_yaml(document)


_SERVER = ("clusters", ..., "cluster", "server")
_USER = ("users", ..., "user")
BOMB = "\n".join(
    ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))]
)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "it is empty", id="empty"),
        pytest.param(b"a: b\n---\na: b\n", "more than one YAML document", id="two-documents"),
        pytest.param(b"a: \x00", "is not valid YAML", id="zero-byte"),
        pytest.param(b"a: \xff", "is not a text file: byte 4 is not UTF-8", id="not-utf-8"),
        pytest.param(b"[" * 10_000, "nested too deeply", id="deep"),
        pytest.param(BOMB.encode(), "more than 200000 values, its aliases written out", id="bomb"),
        pytest.param(b"a: &a [*a]", "more than 200000 values", id="endless"),
        pytest.param(b"#" * (5 << 20), "it has more than 4 MiB", id="large"),
        pytest.param(b"[]", "a list is not a table of values", id="list"),
        pytest.param(changed("contexts", value=1.5), "contexts: 1.5 is not a list", id="type"),
        pytest.param(changed("current-context", value="b"), "contexts has no entry named 'b'; known: a", id="context"),
        pytest.param(
            changed(*_SERVER, value="127.0.0.1:6443"), "is not a URL such as https://HOST:PORT", id="no-scheme"
        ),
        pytest.param(changed(*_SERVER, value="http://127.0.0.1:99999"), "Port out of range", id="port"),
        pytest.param(changed(*_SERVER, value="ftp://127.0.0.1"), "is not a URL such as https", id="scheme"),
        pytest.param(
            changed(*_SERVER, value="http://me:secret@127.0.0.1"), "no credentials in a URL", id="credentials"
        ),
        pytest.param(changed(*_SERVER, value="http://a\x1b[2Jb"), "it has characters that no URL has", id="escape"),
        pytest.param(changed(*_USER, value={"token": "a\nb"}), "is there a line break in it?", id="token"),
        pytest.param(changed(*_USER, value={"tokenFile": "none"}), "none: No such file", id="token-file"),
        pytest.param(changed(*_USER, value={"tokenFile": "/dev/zero"}), "a device, not a regular file", id="device"),
        pytest.param(
            changed(*_USER, value={"client-key-data": "%"}), "client-key-data is not valid base64", id="base64"
        ),
        pytest.param(
            changed(*_USER, value={"auth-provider": {"name": "azure"}}), "is not 'gcp' or 'oidc'", id="provider"
        ),
        pytest.param(
            changed(*_USER, "exec", "args", value="-a"), "users[0].user.exec.args: '-a' is not a list", id="exec"
        ),
    ],
)
def test_says_what_is_wrong(tmp_path: Path, content: bytes, words: str) -> None:
    """What, where, and in one line; a password in a URL is not repeated."""
    path = tmp_path / "kubeconfig"
    path.write_bytes(content)

    with pytest.raises(UnusableKubeconfig) as caught:
        Connection(path, tmp_path).connect()

    assert words in str(caught.value)
    assert "secret" not in str(caught.value)
    assert_one_line(str(caught.value))


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_only_regular_files_are_read(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """A pipe that nobody writes to, a directory, and a device that never ends."""
    make(tmp_path / "kubeconfig")

    with pytest.raises(UnusableKubeconfig, match=r"a (pipe|directory|device), not a regular file"):
        Connection(tmp_path / "kubeconfig", tmp_path).connect()
