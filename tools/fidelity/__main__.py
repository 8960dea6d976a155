"""The command line: `python -m tools.fidelity compare [[RELEASE/]SCENARIO ...]` and `... import DIR`."""

import argparse
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from tools.fidelity import accepted, replay, report
from tools.fidelity.compare import KnownBehaviour, compare
from tools.fidelity.recording import Recording, dump, load
from tools.fidelity.replay import Group, ReplayError
from tools.simulator_process import SimulatorError

HERE = Path(__file__).parent
RECORDED = HERE / "recordings"
ACCEPTED = HERE / "accepted.toml"
# Each group has its own simulator. They mostly wait, so some can run at the same time.
GROUPS = (
    Group("1.12.1", ("no_target", "api")),
    Group("1.12.1", ("bak", "filesystem", "detached", "chain")),
    Group("1.12.1", ("bak_modes", "bak_retain")),
    Group("1.12.1", ("bi_race", "bi_pre", "bi")),
    Group("1.12.1", ("snap", "snap_delete")),
    Group("1.12.1", ("other_volume", "namespace", "class_gone"), own=True),
    Group("1.10.2", ("no_target", "api"), own=True),
    Group("1.10.2", ("bak", "filesystem", "chain"), own=True),
    Group("1.10.2", ("bak_modes", "bak_retain"), own=True),
    Group("1.10.2", ("bi_race", "bi_pre", "bi"), own=True),
    Group("1.10.2", ("other_volume", "namespace", "class_gone"), own=True),
)
LABELS = tuple(f"{group.release}/{name}" for group in GROUPS for name in group.scenarios)


def real_recordings() -> dict[str, Recording]:
    """The real clusters' recordings, by label."""
    return {label: load(RECORDED / f"{label}.json") for label in LABELS}


def known_behaviour(recordings: Mapping[str, Recording]) -> KnownBehaviour:
    """What all real recordings show together."""
    known = KnownBehaviour()
    for recording in recordings.values():
        known.add(recording)
    return known


def judge(real: Mapping[str, Recording], simulated: Mapping[str, Recording]) -> accepted.Judgement:
    """The differences of every simulated scenario, checked against the list of accepted ones."""
    known = known_behaviour(real)
    found = [each for label, recording in simulated.items() for each in compare(real[label], recording, known)]
    return accepted.judge(found, accepted.read(ACCEPTED))


def _import(source: Path) -> int:
    for group in GROUPS:
        (RECORDED / group.release).mkdir(parents=True, exist_ok=True)
        for name in group.scenarios:
            recording = replay.read(name, source / f"longhorn-{group.release}" / name, group.release)
            (RECORDED / f"{recording.label}.json").write_text(dump(recording), encoding="utf-8")
            print(f"{recording.label}: {len(recording.subjects())} objects, {len(recording.writes)} writes")
    return 0


def _compare(labels: Collection[str], keep: Path | None, kept: Path | None) -> int:
    recordings = real_recordings()
    groups = [part for group in GROUPS if (part := group.part(labels)).scenarios]
    if kept is not None:
        seen = [
            replay.read(name, next(kept.glob(f"{group.release}-*/{name}")), group.release)
            for group in groups
            for name in group.scenarios
        ]
        simulated = {recording.label: recording for recording in seen}
    else:
        with tempfile.TemporaryDirectory() as scratch:
            simulated = replay.replay_all(groups, keep or Path(scratch))
    judgement = judge(recordings, simulated)
    if len(labels) < len(LABELS):
        judgement.outdated.clear()
    lines = (
        *report.accepted_lines(judgement),
        *report.count_lines(labels, recordings, judgement),
        *report.open_lines(judgement),
    )
    print(*lines, sep="\n")
    return 1 if judgement.open or judgement.outdated else 0


def _wanted(names: Sequence[str]) -> list[str]:
    """The labels that are meant by names of scenarios, with or without a release. ValueError for an unknown one."""
    if unknown := [name for name in names if not any(name in (each, each.partition("/")[2]) for each in LABELS)]:
        raise ValueError(f"no such scenario: {', '.join(unknown)} (known: {', '.join(LABELS)})")
    return [label for label in LABELS if not names or label in names or label.partition("/")[2] in names]


def main() -> int:
    """The exit status: 0, 1 if a difference is open or an accepted one is gone, 2 if nothing can be compared."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.fidelity",
        description="Replay the client that recorded a real cluster against the simulator, and compare what it saw.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    importing = commands.add_parser("import", help="turn raw recordings into the files that are compared")
    importing.add_argument("recordings", type=Path, metavar="DIR", help="has longhorn-RELEASE/SCENARIO")
    comparing = commands.add_parser("compare", help="run the simulator and print every difference")
    comparing.add_argument("scenarios", nargs="*", metavar="[RELEASE/]SCENARIO", help="only these (default: all)")
    comparing.add_argument("--keep", type=Path, metavar="DIR", help="keep what the client saw in this directory")
    comparing.add_argument("--from", dest="kept", type=Path, metavar="DIR", help="compare what --keep has kept")
    options = parser.parse_args()
    if options.command == "import":
        return _import(options.recordings)
    try:
        labels = _wanted(options.scenarios)
    except ValueError as error:
        parser.error(str(error))
    try:
        return _compare(labels, options.keep, options.kept)
    except (ReplayError, SimulatorError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
