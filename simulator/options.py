"""The command line of `python -m simulator`."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from simulator.clock import FAST, REAL
from simulator.csi import crds
from simulator.disturbances.chance import Chaos
from simulator.longhorn.version import NEWEST, UnknownVersionError, Version

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_SLOWEST = 1000.0
_LARGEST_PROCESS = 1 << 22
"""Of Linux; other systems have smaller ones."""
_CRDS_OF_RELEASES = {"1.7.3": "7.0"}
"""Releases that were observed with CRDs other than the newest."""


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
    snapshot_crds: str = crds.RELEASES[-1]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


class _Once(argparse.Action):
    """A value that is given once: of two nobody knows which is meant."""

    def __call__(self, parser: argparse.ArgumentParser, found: Any, value: Any, flag: str | None = None) -> None:
        given = vars(found).setdefault("given", set())
        if self.dest in given:
            parser.error(f"{flag} is given twice; give one value")
        given.add(self.dest)
        setattr(found, self.dest, value)


def parser() -> argparse.ArgumentParser:
    """The options with the types of their values."""
    parser = _Parser(
        prog="python -m simulator",
        description="A simulated Kubernetes cluster with CSI snapshots, a Longhorn and an S3 backupstore. "
        "Prints one line of JSON when it is ready, and runs until it is stopped or its parent ends.",
        allow_abbrev=False,
    )
    parser.register("action", None, _Once)
    parser.register("type", None, _text)
    parser.add_argument("--kubeconfig", type=_path, metavar="FILE", help="where to write the kubeconfig (required)")
    parser.add_argument("--longhorn-version", metavar="V", help=f"behave as documented for V (default {NEWEST})")
    parser.add_argument("--release", metavar="R", help="behave as release R really does")
    parser.add_argument(
        "--snapshot-crds", metavar="V", help="CRDs of this external-snapshotter: " + ", ".join(crds.RELEASES)
    )
    parser.add_argument(
        "--speed", default="fast", metavar="N", help="fast (default), real, or seconds per second of a real cluster"
    )
    parser.add_argument("--api-port", type=_port, default=0, metavar="N", help="port of the Kubernetes API")
    parser.add_argument("--s3-port", type=_port, default=0, metavar="N", help="port of S3")
    parser.add_argument("--data-dir", type=_path, metavar="D", help="directory for the data of volumes while it runs")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME", help="break one behaviour (repeatable)")
    parser.add_argument(
        "--quirk", action="append", default=[], metavar="NAME", help="do or leave behind what real ones sometimes do"
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
    parser.add_argument("--parent-pid", type=_process, metavar="PID", help="stop when this process ends (0: never)")
    return parser


def parse(arguments: Sequence[str]) -> Options:
    """Reads the command line. Raises UsageError; `--help` exits."""
    if wrong := next((word for word in arguments if word.endswith("=--")), ""):
        # Of which argparse makes a list.
        raise UsageError(f"{_shown(wrong)}: expected a value, not --")
    given = parser().parse_args(arguments)
    if not (given.kubeconfig or given.list_faults or given.list_variations):
        raise UsageError("--kubeconfig FILE is required")
    version = _version(given.longhorn_version, given.release)
    return Options(
        kubeconfig=(given.kubeconfig or Path("kubeconfig")).absolute(),
        version=version,
        release=given.release or "",
        pace=_pace(given.speed),
        api_port=given.api_port,
        s3_port=given.s3_port,
        data_dir=given.data_dir,
        faults=_different("--fault", given.fault),
        list_faults=given.list_faults,
        parent=given.parent_pid,
        chaos=_chaos(given.chaos),
        quirks=_different("--quirk", given.quirk),
        enforce_rbac=given.enforce_rbac,
        variations=_different("--variation", given.variation),
        list_variations=given.list_variations,
        snapshot_crds=_crds(given.snapshot_crds, given.release, version),
    )


def _crds(given: str | None, release: str | None, version: Version) -> str:
    """Those that were asked for, else those that a release or a documentation goes with."""
    if given is None:
        if release in _CRDS_OF_RELEASES:
            return _CRDS_OF_RELEASES[release]
        return crds.RELEASES[-1] if version.has(5) else crds.RELEASES[0]
    if given not in crds.RELEASES:
        raise UsageError(f"--snapshot-crds {_shown(given)}: must be one of {', '.join(crds.RELEASES)}")
    return given


def _version(version: str | None, release: str | None) -> Version:
    if version and release and version != release:
        raise UsageError(f"--longhorn-version {version} contradicts --release {release}")
    try:
        return Version.parse(version or release or NEWEST)
    except UnknownVersionError as error:
        raise UsageError(str(error)) from None


def _pace(text: str) -> float:
    if text in {"fast", "real"}:
        return FAST if text == "fast" else REAL
    if re.fullmatch(r"-[0-9.]+", text):
        raise UsageError(f"--speed {_shown(text)}: must be 0 or more")
    if not re.fullmatch(r"[0-9]{0,20}\.?[0-9]{1,20}(e-?[0-9]{1,3})?", text):
        raise UsageError(f"--speed {_shown(text)}: must be fast, real or a number")
    pace = float(text)
    if pace > _SLOWEST:
        raise UsageError(f"--speed {_shown(text)}: must be at most {_SLOWEST:g}")
    return pace


def _chaos(text: str | None) -> Chaos | None:
    if text is None:
        return None
    try:
        return Chaos.parse(text)
    except ValueError:
        raise UsageError(
            f"--chaos {_shown(text)}: must be SEED[:LEVEL[:troubles]], a whole number and a level above 0 and up to 10"
        ) from None


def _different(option: str, names: Sequence[str]) -> tuple[str, ...]:
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise UsageError(f"{option} {_shown(twice)} is given twice")
    return tuple(names)


def _port(text: str) -> int:
    return _whole_number(text, 65535, "a port number")


def _process(text: str) -> int:
    return _whole_number(text, _LARGEST_PROCESS, "a process id")


def _whole_number(text: str, most: int, what: str) -> int:
    """In the digits 0 to 9, which `int` does not insist on."""
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) > most:
        raise argparse.ArgumentTypeError(f"'{_shown(text)}' is not {what}: expected 0 to {most}")
    return int(text)


def _text(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("is given without a value")
    return text


def _path(text: str) -> Path:
    if _CONTROL.search(text):
        raise argparse.ArgumentTypeError(f"'{_shown(text)}' has a control character, or is not UTF-8")
    return Path(_text(text))


def _shown(text: str) -> str:
    """A value as messages repeat it, on one line: without control characters, and not all of a long one."""
    return one_line(text, 60)


def one_line(text: str, longest: int = 500) -> str:
    """A text without line breaks and anything else that a terminal obeys, which is escaped; cut if it is too long."""
    line = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text[:longest])
    return line if len(text) <= longest else f"{line} ..."
