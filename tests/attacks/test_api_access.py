"""The simulator's API runs pods as processes of its user: no other user and no web page gets in or sees the token."""

import json
import os
import re
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from simulator.process import kubeconfig
from tests.attacks.victim import PODS, Victim

UNAUTHORIZED = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Failure",
    "message": "Unauthorized",
    "reason": "Unauthorized",
    "code": 401,
}
CONTAINER = {"name": "c", "image": "busybox", "command": ["/bin/sh", "-c", "id"]}
POD = json.dumps({"metadata": {"name": "intruder"}, "spec": {"containers": [CONTAINER]}}).encode()
JSON = {"Content-Type": "application/json"}
BACKEND = "/api/v1/namespaces/longhorn-system/services/longhorn-backend:9500/proxy/v1"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "v4.channel.k8s.io",
}
BACKUP_TARGET = "/apis/longhorn.io/v1beta2/namespaces/longhorn-system/backuptargets/default"
MERGE = {"Content-Type": "application/merge-patch+json"}

REQUESTS = [
    ("GET", "/api/v1/secrets", {}, None),
    ("GET", "/api/v1/namespaces/longhorn-system/secrets/longhorn-backup-target", {}, None),
    ("GET", "/api/v1/pods?watch=true", {}, None),
    ("POST", PODS, JSON, POD),
    ("POST", PODS, {}, POD),
    ("PATCH", BACKUP_TARGET, MERGE, b'{"spec": {"backupTargetURL": ""}}'),
    ("DELETE", "/api/v1/namespaces/longhorn-system", {}, None),
    ("GET", f"{PODS}/any/log", {}, None),
    ("GET", f"{PODS}/any/exec?command=id", UPGRADE, None),
    ("GET", f"{PODS}/any/portforward?ports=9000", UPGRADE, None),
    ("GET", f"{BACKEND}/volumes", {}, None),
    (
        "POST",
        f"{BACKEND}/backingimages/any?action=upload",
        {"Content-Type": "multipart/form-data; boundary=x"},
        b"--x--",
    ),
    *(
        ("GET", path, {}, None)
        for path in (
            *("/", "/api", "/apis", "/api/v1", "/openapi/v2", "/openapi/v3", "/version", "/metrics", "/none"),
            *("/healthz", "/livez", "/readyz", "/livez/ping"),
            *("/simulator/about", "/simulator/faults", "/simulator/requests"),
        )
    ),
]


def bearer(victim: Victim) -> dict[str, str]:
    return victim.access.headers


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"), REQUESTS, ids=[f"{each[0]} {each[1]}" for each in REQUESTS]
)
def test_nothing_is_answered_without_the_token(
    victim: Victim, method: str, path: str, headers: dict[str, str], body: bytes | None
) -> None:
    """Not even health and version, as in a cluster with `--anonymous-auth=false`."""
    told = victim.api(method, path, headers, body)

    assert (told.status, told.media, json.loads(told.body)) == (401, "application/json", UNAUTHORIZED)
    assert "intruder" not in victim.pods()


def test_the_token_opens_what_was_closed(victim: Victim) -> None:
    """The live control: the same requests, by the owner."""
    for method, path, headers, _ in REQUESTS:
        if method == "GET" and "watch" not in path:
            assert victim.api(method, path, headers | bearer(victim)).status not in (401, 403), path


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Bearer x", "Bearer {0}x", "Bearer {1}", "Basic {0}", "{0}", "Bearer é{0}", "Bearer {0} x"],
)
def test_no_other_token_is_accepted(victim: Victim, header: str) -> None:
    token = victim.access.token
    told = victim.api("GET", "/api/v1/secrets", {"Authorization": header.format(token, token[:-1])})

    assert (told.status, json.loads(told.body)) == (401, UNAUTHORIZED)


def test_the_token_is_long_and_new_each_time() -> None:
    from simulator.kubernetes.server.authentication import Authentication

    tokens = {Authentication().token for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", each) for each in tokens)


HOSTS = [
    *(
        "evil.example",
        "127.0.0.1:" + "9" * 5000,
        "[",
        "evil.example:{0}",
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost.evil.example:{0}",
        "0.0.0.0:{0}",
    ),
]


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host[:40])
def test_a_name_that_was_pointed_here_is_refused(victim: Victim, host: str) -> None:
    """DNS rebinding, even by somebody who has the token."""
    port = victim.access.address.rpartition(":")[2]
    told = victim.api("POST", PODS, {**JSON, **bearer(victim), "Host": host.format(port)}, POD)

    assert (told.status, json.loads(told.body)["reason"]) == (403, "Forbidden")
    assert "intruder" not in victim.pods()


def test_both_names_of_loopback_are_accepted(victim: Victim) -> None:
    port = victim.access.address.rpartition(":")[2]
    for name in ("127.0.0.1", "localhost", "LOCALHOST"):
        assert victim.api("GET", "/version", {**bearer(victim), "Host": f"{name}:{port}"}).status == 200


FROM_PAGES = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://{0}"},
    {"Origin": "http://evil.example", **UPGRADE},
    {"Origin": "https://{0}@evil.example", **UPGRADE},
    {"Origin": "https://[{0}", **UPGRADE},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-origin"},
]


@pytest.mark.parametrize("headers", FROM_PAGES, ids=lambda headers: " ".join(headers.values())[:40])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_web_page_is_refused(victim: Victim, method: str, headers: dict[str, str]) -> None:
    """Even one that has the token; there is no answer to the question that precedes other methods either."""
    sent = {name: value.format(victim.access.address) for name, value in headers.items()}
    told = victim.api(method, PODS, {**sent, **JSON, **bearer(victim)}, POD if method == "POST" else None)

    assert (told.status, json.loads(told.body)["reason"]) == (403, "Forbidden")
    assert "intruder" not in victim.pods()


MEDIA = [
    *(
        "",
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "application/octet-stream",
    ),
    *("multipart/form-data; boundary=x", "text/json", "application/xjson"),
]


@pytest.mark.parametrize("media", MEDIA, ids=[each or "none" for each in MEDIA])
@pytest.mark.parametrize("path", [PODS, "/version", "/simulator/faults"])
def test_a_body_names_its_format(victim: Victim, path: str, media: str) -> None:
    """What a page may send without being asked for permission is never read as an object."""
    told = victim.api("POST", path, {**bearer(victim), "Content-Type": media}, POD)

    assert (told.status, json.loads(told.body)["reason"]) == (415, "UnsupportedMediaType")
    assert "intruder" not in victim.pods()


OTHER_USER = """
import encodings.idna, json, os, pathlib, ssl, sys, urllib.error, urllib.request
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
blind = ssl.create_default_context()
blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
url, kubeconfig, pod = sys.argv[1:]
found = []
try:
    pathlib.Path(kubeconfig).read_text()
    found.append("read the kubeconfig")
except PermissionError:
    pass
for body in (None, pod.encode()):
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=blind), urllib.request.ProxyHandler({}))
    try:
        found.append(opener.open(request).status)
    except urllib.error.HTTPError as error:
        found.append(error.code)
print(json.dumps(found))
"""


def test_another_user_gets_nothing(victim: Victim) -> None:
    """By a process of user `nobody` if these tests are root's, and else of somebody who has not read the kubeconfig."""
    arguments = [victim.access.server + PODS, str(victim.folder / "kubeconfig"), POD.decode()]
    command = [sys.executable, "-c", OTHER_USER, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == ([] if os.geteuid() == 0 else ["read the kubeconfig"]) + [401, 401]
    assert "intruder" not in victim.pods()


def test_the_kubeconfig_is_its_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its first byte, whatever the umask, and in place of one that everybody could read."""
    made, begun = tempfile.mkstemp, []

    def noted(prefix: str, dir: Path) -> tuple[int, str]:
        fd, name = made(prefix=prefix, dir=dir)
        begun.append((os.fstat(fd).st_size, stat.S_IMODE(os.fstat(fd).st_mode)))
        return fd, name

    monkeypatch.setattr(tempfile, "mkstemp", noted)
    path = tmp_path / "kubeconfig"
    old = os.umask(0)
    try:
        kubeconfig.write(path, "https://127.0.0.1:1", "first", "authority")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.chmod(0o666)
        with path.open() as opened_before:
            kubeconfig.write(path, "https://127.0.0.1:2", "second", "authority")
            assert "second" not in opened_before.read()
    finally:
        os.umask(old)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert begun == [(0, 0o600)] * 2
    assert [each.name for each in tmp_path.iterdir()] == ["kubeconfig"]


def test_no_token_stays_when_the_kubeconfig_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(kubeconfig.KubeconfigError, match="no room"):
        kubeconfig.write(tmp_path / "kubeconfig", "https://127.0.0.1:1", "token", "authority")
    assert list(tmp_path.iterdir()) == []


def test_the_token_is_in_the_kubeconfig_only(victim: Victim) -> None:
    """Not in arguments and environment, which others can list, not in what the simulator says and logs."""
    token = victim.access.token
    victim.api("GET", f"/api/v1/{token}", bearer(victim))
    shown = [Path(f"/proc/{victim.pid}/{name}").read_bytes() for name in ("cmdline", "environ")]
    shown += [json.dumps(victim.said).encode(), (victim.folder / "simulator.log").read_bytes()]

    assert [each for each in shown if token.encode() in each] == []
    assert [each for each in victim.folder.iterdir() if token in each.read_text()] == [victim.folder / "kubeconfig"]
    assert victim.said.keys().isdisjoint({"token", "authority"})
