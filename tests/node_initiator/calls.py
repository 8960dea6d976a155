"""The calls that Longhorn makes at a node."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.node_initiator.node import Node, running_node
from tests.node_initiator.tgt import HOST, Tgt


@dataclass(frozen=True)
class Initiator:
    """Longhorn's calls, made at a node; each must succeed."""

    node: Node

    def discover(self) -> str:
        """Discover the targets of the host."""
        return self.call("-m", "discovery", "-t", "sendtargets", "-p", HOST)

    def attach(self, iqn: str) -> str:
        """Discover and log in; returns the device file."""
        self.discover()
        self.call("-m", "node", "-T", iqn, "-p", HOST, "--login")
        return self.device(iqn)

    def detach(self, iqn: str) -> None:
        """Log out and delete the record."""
        self.call("-m", "node", "-T", iqn, "-p", HOST, "--logout")
        self.call("-m", "node", "-o", "delete", "-T", iqn, "-p", HOST)

    def detach_session(self, iqn: str) -> None:
        """Log out."""
        self.call("-m", "node", "-T", iqn, "-p", HOST, "--logout")

    def device(self, iqn: str) -> str:
        """The device file of the target's session, from the detailed list of sessions."""
        ours = self.call("-m", "session", "-P", "3").partition(f"Target: {iqn} ")[2].partition("Target: ")[0]
        (line,) = [line for line in ours.splitlines() if "Attached scsi disk" in line]
        return f"/dev/{line.split()[3]}"

    def call(self, *arguments: str) -> str:
        """One call of iscsiadm; returns its output."""
        done = self.node.iscsiadm(*arguments)
        assert done.code == 0, f"iscsiadm {' '.join(arguments)}: {done}"
        return done.output


@contextmanager
def started_node(place: Path) -> Iterator[tuple[Node, Tgt, Initiator]]:
    """A node with a volume's device, which is killed then."""
    with running_node(place) as node:
        node.start_service()
        tgt = Tgt(node)
        tgt.start()
        yield node, tgt, Initiator(node)
