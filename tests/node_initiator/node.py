"""A stand-in for a kind node: its own mounts, network and processes, on this machine's kernel."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ISCSIADM = Path(__file__).resolve().parents[2] / "manifests" / "kind" / "node" / "iscsiadm"
SECONDS = 60.0
PROGRAMS = {
    "nsenter": "util-linux",
    "ip": "iproute2",
    "mkfs.ext4": "e2fsprogs",
    "tgtd": "tgt",
    "tgtadm": "tgt",
    "iscsi-ls": "libiscsi-bin",
    "qemu-storage-daemon": "qemu-system-common qemu-utils",
}
# Debian's place for QEMU's loadable drivers; the iSCSI one is in the package qemu-block-extra.
DRIVERS = Path("/usr/lib")

# A node of kind: /dev does not follow the kernel, /sys cannot be written, /run is empty after a start.
FURNISH = """
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/lock /run/tgtd
mount -t tmpfs tmpfs /mnt
cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /mnt
mount -t tmpfs tmpfs /dev
cp -a /mnt/* /dev
rm /mnt/*
mount -o remount,bind,ro /sys
ip link set lo up
echo furnished
exec 2>/dev/null
while :; do sleep 3600 & wait $!; done
"""


def missing_programs() -> list[str]:
    """The Debian packages that the tests need and this machine lacks."""
    missing = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    if not any(DRIVERS.glob("*/qemu/block-iscsi.so")):
        missing.append("qemu-block-extra")
    return missing


def missing_powers() -> list[str]:
    """Why this machine cannot run the tests."""
    if os.geteuid() != 0:
        return ["root"]
    missing = [path for path in ("/dev/fuse", "/dev/loop-control") if not Path(path).exists()]
    if not missing and subprocess.run(["unshare", "-mnpf", "true"], capture_output=True, check=False).returncode:
        missing.append("the right to make namespaces")
    return missing


@dataclass(frozen=True)
class Done:
    """The result of a command."""

    code: int
    output: str
    error: str


class Node:
    """A node; `first` is the id of its first process on this machine."""

    def __init__(self, first: int, place: Path) -> None:
        self.first = first
        self.place = place
        self._started: list[subprocess.Popen[bytes]] = []

    def command(self, *words: str) -> list[str]:
        """The command that runs a command in the node."""
        return ["nsenter", f"--target={self.first}", "--mount", "--net", "--pid", "--wd=/", *words]

    def run(self, *words: str) -> str:
        """Run a command in the node; returns its output. It must succeed."""
        done = _run(self.command(*words))
        assert done.code == 0, f"{' '.join(words)}: {done}"
        return done.output

    def start(self, name: str, *words: str, environment: dict[str, str] | None = None) -> None:
        """Start a process, which ends with the node at the latest; its output is appended to `name`.log."""
        with (self.place / f"{name}.log").open("ab") as log:
            self._started.append(subprocess.Popen(self.command(*words), env=environment, stdout=log, stderr=log))

    def wait(self) -> None:
        """Wait for all processes after the node has ended, including stopped ones."""
        for process in self._started:
            process.kill()
            process.wait(SECONDS)

    def iscsiadm(self, *arguments: str) -> Done:
        """Run it as Longhorn does: in the node's mount and network namespaces, in a PID namespace that ends with it."""
        enter = ["nsenter", f"--mount=/proc/{self.first}/ns/mnt", f"--net=/proc/{self.first}/ns/net"]
        return _run(["unshare", "--pid", "--fork", "--kill-child", *enter, str(ISCSIADM), *arguments])

    def start_service(self) -> None:
        """Start the service and wait until it accepts commands."""
        ready = self.place / "ready"
        ready.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.bind(str(ready))
            told.settimeout(SECONDS)
            told_at = {**os.environ, "NOTIFY_SOCKET": str(ready)}
            self.start("service", str(ISCSIADM), "--serve", environment=told_at)
            assert told.recv(100) == b"READY=1"

    def kill_service(self) -> None:
        """Kill the service alone, as a crash does."""
        self.signal("--serve", signal.SIGKILL)

    def processes(self, words: str) -> list[int]:
        """The ids on this machine of the node's processes with these words in their command lines."""
        found = []
        for entry in Path("/proc").iterdir():
            # What ends meanwhile is none of them.
            with suppress(OSError):
                if (
                    entry.name.isdigit()
                    and words in (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    and (entry / "ns" / "pid").readlink() == Path(f"/proc/{self.first}/ns/pid").readlink()
                ):
                    found.append(int(entry.name))
        return found

    def signal(self, words: str, number: signal.Signals) -> None:
        """Send a signal to the one process with these words in its command line."""
        (process,) = self.processes(words)
        os.kill(process, number)

    def leftovers(self) -> list[str]:
        """Leftovers of sessions: processes, mounts, files."""
        state = "/run/userspace-initiator/sessions"
        left = [f"process {each}" for each in self.processes(f"{state}/")]
        left += [line for line in self.run("cat", "/proc/self/mounts").splitlines() if state in line]
        return left + self.run("find", state, "-mindepth", "1").splitlines()


@contextmanager
def running_node(place: Path) -> Iterator[Node]:
    """A node without a service; its processes end with it."""
    separate = [
        "unshare",
        "--mount",
        "--net",
        "--pid",
        "--mount-proc",
        "--propagation=private",
        "--fork",
        "--kill-child",
    ]
    with subprocess.Popen([*separate, "bash", "-c", FURNISH], stdout=subprocess.PIPE, text=True, cwd="/") as outer:
        node = None
        try:
            assert outer.stdout is not None
            assert outer.stdout.readline() == "furnished\n"
            children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text()
            node = Node(int(children), place)
            yield node
        finally:
            outer.kill()
            if node is not None:
                node.wait()


def _run(command: list[str]) -> Done:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)
