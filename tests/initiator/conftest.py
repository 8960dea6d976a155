"""A node, its targets and its initiator; without the means, the tests say which are missing."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.initiator.node import Node, missing_powers, missing_programs, running_node
from tests.initiator.tgt import HOST, Tgt


@pytest.fixture(scope="session")
def means() -> None:
    """Root, FUSE, loop devices and a few programs. INITIATOR_REQUIRED demands them all, CI what can be installed."""
    programs, powers = missing_programs(), missing_powers()
    missing = [f"packages (Debian: apt-get install {' '.join(sorted(set(programs)))})"] if programs else []
    missing += powers
    if missing:
        reason = f"the initiator cannot be tested here; missing: {', '.join(missing)}"
        if os.environ.get("INITIATOR_REQUIRED") or (os.environ.get("CI") and not powers):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture
def bare_node(means: None, tmp_path: Path) -> Iterator[Node]:  # noqa: ARG001
    """A node whose service does not run."""
    with running_node(tmp_path) as node:
        yield node


@pytest.fixture
def node(bare_node: Node) -> Node:
    """A node with a running initiator."""
    bare_node.start_service()
    return bare_node


@pytest.fixture
def tgt(bare_node: Node) -> Tgt:
    """Targets within the node's reach; there are none yet."""
    tgt = Tgt(bare_node)
    tgt.start()
    return tgt


@dataclass(frozen=True)
class Initiator:
    """Longhorn's calls, made at a node; each must succeed."""

    node: Node

    def discover(self) -> str:
        """Discover what the host offers."""
        return self.call("-m", "discovery", "-t", "sendtargets", "-p", HOST)

    def attach(self, iqn: str) -> str:
        """Discover and log in; returns the device file."""
        self.discover()
        self.call("-m", "node", "-T", iqn, "-p", HOST, "--login")
        return self.device(iqn)

    def detach(self, iqn: str) -> None:
        """Log out, and forget the target."""
        self.call("-m", "node", "-T", iqn, "-p", HOST, "--logout")
        self.call("-m", "node", "-o", "delete", "-T", iqn, "-p", HOST)

    def detach_session(self, iqn: str) -> None:
        """Log out."""
        self.call("-m", "node", "-T", iqn, "-p", HOST, "--logout")

    def device(self, iqn: str) -> str:
        """The device file of the target's session, as the detailed list of sessions names it."""
        ours = self.call("-m", "session", "-P", "3").partition(f"Target: {iqn} ")[2].partition("Target: ")[0]
        (line,) = [line for line in ours.splitlines() if "Attached scsi disk" in line]
        return f"/dev/{line.split()[3]}"

    def call(self, *arguments: str) -> str:
        """One call of iscsiadm; returns its output."""
        done = self.node.iscsiadm(*arguments)
        assert done.code == 0, f"iscsiadm {' '.join(arguments)}: {done}"
        return done.output


@pytest.fixture
def initiator(node: Node) -> Initiator:
    """Longhorn's calls."""
    return Initiator(node)
