"""What a run opens on this machine: ports on loopback only, and a token that it shows nowhere."""

import ast
import os
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv6Address, ip_address
from pathlib import Path

import pytest

from tools import ROOT
from tools.api_access import ApiAccess
from tools.cluster.simulated_cluster import SuiteRun, command, environment, simulator

_LISTENING = "0A"
LOOK_EVERY = 0.05
"""Seconds between two looks: what listens here does so for much longer, and to look takes a processor."""
TESTS = "conformance/backup/test_handle.py"

KNOWN_PORTS = {
    ("fixtures/kubernetes/port_forward.py", "create_server"),
    ("fixtures/targets/kind/configuration.py", "bind"),
    ("fixtures/targets/simulator/checks.py", "bind"),
    ("simulator/kubernetes/server/application.py", "TCPSite"),
    ("simulator/s3/server.py", "TCPSite"),
}
"""Where the source opens a port or looks whether it could: each is on 127.0.0.1, and asks who comes."""
OPENING = {"bind", "create_server", "start_server", "start_unix_server", "create_unix_server", "run_app"}
SERVERS = ("Server", "Site")
WITHOUT_PORT = {"Server", "S3Server", "TemporaryServer"}


def process_tree(root: int) -> set[int]:
    """A process and all that it started."""
    parents: dict[int, int] = {}
    for each in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(each.parent.name)] = int(each.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    tree = {root}
    while more := {child for child, parent in parents.items() if parent in tree} - tree:
        tree |= more
    return tree


def sockets(pid: int) -> Iterator[str]:
    """The inodes of a process's sockets."""
    try:
        for each in Path(f"/proc/{pid}/fd").iterdir():
            link = str(each.readlink())
            if link.startswith("socket:["):
                yield link[8:-1]
    except OSError:
        return


def listening(root: int) -> set[str]:
    """The addresses at which a process and all that it started listen."""
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    opened = {row[9]: row[1].partition(":")[0] for row in rows if row[3] == _LISTENING}
    own = {inode for pid in process_tree(root) for inode in sockets(pid)}
    return {address(opened[inode]) for inode in own & opened.keys()}


def address(hexadecimal: str) -> str:
    """An address as Linux lists it."""
    words = [struct.pack("=I", int(hexadecimal[start : start + 8], 16)) for start in range(0, len(hexadecimal), 8)]
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return socket.inet_ntop(family, b"".join(words))


def is_loopback(text: str) -> bool:
    found = ip_address(text)
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (mapped or found).is_loopback


def followed(reports: Path, *arguments: str) -> tuple[SuiteRun, set[str]]:
    """Run the suite; its outcome, and where it and what it started listened meanwhile."""
    output, found = reports.with_suffix(".log"), set[str]()
    with (
        output.open("w") as file,
        subprocess.Popen(
            command(reports, arguments), cwd=ROOT, env=environment(), stdout=file, stderr=subprocess.STDOUT
        ) as run,
    ):
        while run.returncode is None:
            found |= listening(run.pid)
            with suppress(subprocess.TimeoutExpired):
                run.wait(LOOK_EVERY)
    return SuiteRun.read(run.returncode, output.read_text(), reports), found


def test_listeners_elsewhere_are_seen() -> None:
    """The live control: this process's own ports, at an address of each kind (servers of other tests may be open)."""
    assert "0.0.0.0" not in listening(os.getpid())
    with socket.create_server(("127.0.0.1", 0)), socket.create_server(("0.0.0.0", 0)):
        assert {"127.0.0.1", "0.0.0.0"} <= listening(os.getpid())
    assert [is_loopback(each) for each in ("127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::", "10.0.0.1")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    "workers", [pytest.param((), id="alone"), pytest.param(("-n", "2"), id="-n 2", marks=pytest.mark.e2e)]
)
def test_a_run_listens_on_loopback_only(tmp_path: Path, workers: tuple[str, ...]) -> None:
    """It has a simulator; so has each of several workers."""
    ran, addresses = followed(tmp_path / "report", TESTS, *workers)

    assert ran.exit_code == 0, ran.text
    assert addresses == {"127.0.0.1"}


def test_a_run_with_its_own_store_listens_on_loopback_and_shows_no_token(tmp_path: Path) -> None:
    """It forwards a port to that store. Neither the report nor what is printed holds the cluster's token."""
    with simulator(tmp_path / "cluster") as cluster:
        token = ApiAccess.read(cluster.kubeconfig).token
        given = ["--target=cluster", f"--kubeconfig={cluster.kubeconfig}", "--allow-settings-changes", "--s3=minio"]
        ran, addresses = followed(tmp_path / "report", TESTS, *given)

    assert ran.exit_code == 0, ran.text
    assert addresses == {"127.0.0.1"}
    written = [each for each in (tmp_path / "report").rglob("*") if each.is_file()]
    assert {"conformance.json", "conformance.html", "junit.xml"} <= {each.name for each in written}
    assert token not in ran.text
    assert [each for each in written if token.encode() in each.read_bytes()] == []


def test_no_other_place_in_the_source_opens_a_port() -> None:
    found = set()
    for folder in ("conformance", "fixtures", "simulator"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                name = _called(node)
                if name in OPENING or (name.endswith(SERVERS) and name not in WITHOUT_PORT):
                    found.add((str(path.relative_to(ROOT)), name))
    assert found == KNOWN_PORTS


def _called(node: ast.AST) -> str:
    """The last part of the name of what is called."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
