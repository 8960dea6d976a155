"""The command line of `python -m simulator`."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from simulator.clock import FAST, REAL
from simulator.disturbances.chance import Chaos
from simulator.longhorn.version import NEWEST, UnknownVersionError, Version


class UsageError(Exception):
    """An invalid command line; the text is one line for the user."""


@dataclass(frozen=True)
class Options:
    """The command line.

    `kubeconfig` is absolute; ports are 0 for any free one; `parent` is a process id, None for the real parent.
    """

    kubeconfig: Path
    version: Version
    release: str
    pace: float
    api_port: int
    s3_port: int
    data_dir: Path | None
    faults: tuple[str, ...]
    list_faults: bool
    parent: int | None
    chaos: Chaos | None = None
    quirks: tuple[str, ...] = ()
    enforce_rbac: bool = False
    variations: tuple[str, ...] = ()
    list_variations: bool = False


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def parse(arguments: Sequence[str]) -> Options:
    """Reads the command line. Raises UsageError; `--help` exits."""
    parser = _Parser(
        prog="python -m simulator",
        description="A simulated Kubernetes cluster with CSI snapshots, a Longhorn and an S3 backupstore. "
        "Prints one line of JSON when it is ready, and runs until it is stopped or its parent ends.",
        allow_abbrev=False,
    )
    parser.add_argument("--kubeconfig", type=Path, metavar="FILE", help="where to write the kubeconfig (required)")
    parser.add_argument("--longhorn-version", metavar="V", help=f"behave as documented for V (default {NEWEST})")
    parser.add_argument("--release", default="", metavar="R", help="behave as release R really does")
    parser.add_argument(
        "--speed", default="fast", metavar="N", help="fast (default), real, or seconds per second of a real cluster"
    )
    parser.add_argument("--api-port", type=_port, default=0, metavar="N", help="port of the Kubernetes API")
    parser.add_argument("--s3-port", type=_port, default=0, metavar="N", help="port of S3")
    parser.add_argument("--data-dir", type=Path, metavar="D", help="directory for the data of volumes while it runs")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME", help="break one behaviour (repeatable)")
    parser.add_argument(
        "--quirk", action="append", default=[], metavar="NAME", help="leave behind what real ones sometimes do"
    )
    parser.add_argument(
        "--variation", action="append", default=[], metavar="NAME", help="show what a correct one may show as well"
    )
    parser.add_argument("--list-faults", action="store_true", help="print the faults and what they break, and exit")
    parser.add_argument("--list-variations", action="store_true", help="print the variations, and exit")
    parser.add_argument(
        "--chaos",
        metavar="SEED[:LEVEL[:troubles]]",
        help="disturb it at random, as a correct cluster may be (restarts, conflicts, lost watches ...)",
    )
    parser.add_argument(
        "--enforce-rbac", action="store_true", help="refuse what roles and bindings do not allow to a service account"
    )
    parser.add_argument("--parent-pid", type=int, metavar="PID", help="stop when this process ends (0: never)")
    given = parser.parse_args(arguments)
    if not (given.kubeconfig or given.list_faults or given.list_variations):
        raise UsageError("--kubeconfig FILE is required")
    return Options(
        kubeconfig=(given.kubeconfig or Path("kubeconfig")).absolute(),
        version=_version(given.longhorn_version, given.release),
        release=given.release,
        pace=_pace(given.speed),
        api_port=given.api_port,
        s3_port=given.s3_port,
        data_dir=given.data_dir,
        faults=tuple(given.fault),
        list_faults=given.list_faults,
        parent=given.parent_pid,
        chaos=_chaos(given.chaos),
        quirks=tuple(given.quirk),
        enforce_rbac=given.enforce_rbac,
        variations=tuple(given.variation),
        list_variations=given.list_variations,
    )


def _version(version: str | None, release: str) -> Version:
    if version and release and version != release:
        raise UsageError(f"--longhorn-version {version} contradicts --release {release}")
    try:
        return Version.parse(version or release or NEWEST)
    except UnknownVersionError as error:
        raise UsageError(str(error)) from None


def _pace(text: str) -> float:
    if text in {"fast", "real"}:
        return FAST if text == "fast" else REAL
    try:
        pace = float(text)
    except ValueError:
        raise UsageError(f"--speed {text}: must be fast, real or a number") from None
    if not 0 <= pace < float("inf"):
        raise UsageError(f"--speed {text}: must be 0 or more")
    return pace


def _chaos(text: str | None) -> Chaos | None:
    if text is None:
        return None
    try:
        return Chaos.parse(text)
    except ValueError:
        raise UsageError(
            f"--chaos {text}: must be SEED[:LEVEL[:troubles]], a whole number and a level above 0 and up to 10"
        ) from None


def _port(text: str) -> int:
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number")
    return port
