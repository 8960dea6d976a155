"""Targets such as Longhorn's instance manager offers: tgtd, LUN 1, no CHAP, names of volumes."""

import signal
import subprocess
import time
from pathlib import Path

from tests.node_initiator.node import SECONDS, Node

HOST = "127.0.0.1"
PROGRAM = "tgtd --foreground"
MIB = 1 << 20


class Tgt:
    """A tgtd in a node, and its volumes; it ends with the node at the latest."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._numbers: dict[str, int] = {}

    def start(self) -> None:
        """Start it and wait until it accepts commands."""
        self._node.start("tgtd", *PROGRAM.split(), "--iscsi", f"portal={HOST}:3260")
        _until_done(self._node.command("tgtadm", "--lld=iscsi", "--mode=target", "--op=show"), "tgtd did not come up")

    def kill(self) -> None:
        """Kill it, as a crash does: it refuses to shut down while it has targets."""
        self._node.signal(PROGRAM, signal.SIGKILL)
        self._node.run("sh", "-c", "rm -f /run/tgtd/*")
        self._numbers.clear()

    def freeze(self) -> None:
        """Stop it: it exists and does not answer."""
        self._node.signal(PROGRAM, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it answer again."""
        self._node.signal(PROGRAM, signal.SIGCONT)

    def offer(self, volume: str, mib: int = 32, to: str = "ALL") -> str:
        """Offer a volume, initially of zeros; returns its target's name."""
        iqn = f"iqn.2019-10.io.longhorn:{volume}"
        number = max(self._numbers.values(), default=0) + 1
        self._numbers[volume] = number
        with self.file(volume).open("ab") as file:
            file.truncate(mib * MIB)
        self._admin("target", "new", number, f"--targetname={iqn}")
        self._add_lun(volume)
        self._admin("target", "bind", number, f"--initiator-address={to}")
        return iqn

    def withdraw(self, volume: str) -> None:
        """Remove the target, with or without sessions."""
        delete = self._command("target", "delete", self._numbers.pop(volume), "--force")
        # While a request of the target is being served, tgtd does not let it go.
        _until_done(delete, f"tgtd did not let {volume} go")

    def grow(self, volume: str, mib: int) -> None:
        """Resize the LUN; sessions stay open."""
        self._admin("logicalunit", "delete", self._numbers[volume], "--lun=1")
        with self.file(volume).open("r+b") as file:
            file.truncate(mib * MIB)
        self._add_lun(volume)

    def file(self, volume: str) -> Path:
        """The file with the volume's data."""
        return self._node.place / f"{volume}.img"

    def _add_lun(self, volume: str) -> None:
        self._admin("logicalunit", "new", self._numbers[volume], "--lun=1", f"--backing-store={self.file(volume)}")
        self.set_thin(volume, True)

    def set_thin(self, volume: str, thin: bool) -> None:
        """Whether blocks of the LUN can be unmapped, as Longhorn has it."""
        parameter = f"--params=thin_provisioning={int(thin)}"
        self._admin("logicalunit", "update", self._numbers[volume], "--lun=1", parameter)

    def _admin(self, mode: str, operation: str, number: int, *options: str) -> None:
        done = subprocess.run(
            self._command(mode, operation, number, *options), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done

    def _command(self, mode: str, operation: str, number: int, *options: str) -> list[str]:
        words = ["tgtadm", "--lld=iscsi", f"--mode={mode}", f"--op={operation}", f"--tid={number}", *options]
        return self._node.command(*words)


def _until_done(command: list[str], otherwise: str) -> None:
    deadline = time.monotonic() + SECONDS
    while subprocess.run(command, capture_output=True, check=False).returncode != 0:
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)
