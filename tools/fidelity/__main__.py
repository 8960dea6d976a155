"""The command line: `python -m tools.fidelity compare [SCENARIO ...]` and `python -m tools.fidelity import DIR`."""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tools.fidelity import accepted, replay, report
from tools.fidelity.compare import KnownBehaviour, compare
from tools.fidelity.recording import Recording, dump, load
from tools.fidelity.replay import ReplayError
from tools.simulator_process import SimulatorError

HERE = Path(__file__).parent
RECORDED = HERE / "recordings"
ACCEPTED = HERE / "accepted.toml"
# Each group has its own simulator. They mostly wait, so all can run at the same time.
GROUPS = (
    ("no_target", "api"),
    ("bak", "filesystem", "detached", "chain"),
    ("bak_modes", "bak_retain"),
    ("bi_race", "bi_pre", "bi"),
    ("snap", "snap_delete"),
    ("1.10.2/snap", "1.10.2/snap_delete", "1.10.2/detached"),
)
SCENARIOS = tuple(name for group in GROUPS for name in group)


def real_recordings() -> dict[str, Recording]:
    """The real cluster's recordings, by scenario."""
    return {name: load(RECORDED / f"{name}.json") for name in SCENARIOS}


def known_behaviour(recordings: Mapping[str, Recording], release: str = replay.NEWEST) -> KnownBehaviour:
    """What all real recordings of the newest release show together, and those of another release beside them."""
    known = KnownBehaviour()
    for name, recording in recordings.items():
        if replay.release_of(name) in (replay.NEWEST, release):
            known.add(recording)
    return known


def judge(real: Mapping[str, Recording], simulated: Mapping[str, Recording]) -> accepted.Judgement:
    """The differences of every simulated scenario, checked against the list of accepted ones."""
    known = {release: known_behaviour(real, release) for release in map(replay.release_of, simulated)}
    found = [
        each
        for name, recording in simulated.items()
        for each in compare(real[name], recording, known[replay.release_of(name)])
    ]
    return accepted.judge(found, accepted.read(ACCEPTED))


def _import(source: Path) -> int:
    RECORDED.mkdir(exist_ok=True)
    for name in SCENARIOS:
        recording = replay.read(name, replay.place(name, source))
        (RECORDED / name).parent.mkdir(exist_ok=True)
        (RECORDED / f"{name}.json").write_text(dump(recording), encoding="utf-8")
        print(f"{name}: {len(recording.subjects())} objects, {len(recording.writes)} writes")
    return 0


def _compare(scenarios: list[str], keep: Path | None, kept: Path | None) -> int:
    recordings = real_recordings()
    if kept is not None:
        places = {name: next(kept.glob(str(replay.place(name, Path("*"))))) for name in scenarios}
        simulated = {name: replay.read(name, path) for name, path in places.items()}
    else:
        groups = [wanted for group in GROUPS if (wanted := [name for name in group if name in scenarios])]
        with tempfile.TemporaryDirectory() as scratch:
            simulated = replay.replay_all(groups, keep or Path(scratch))
    judgement = judge(recordings, simulated)
    if len(scenarios) < len(SCENARIOS):
        judgement.outdated.clear()
    lines = (
        *report.accepted_lines(judgement),
        *report.count_lines(scenarios, recordings, judgement),
        *report.open_lines(judgement),
    )
    print(*lines, sep="\n")
    return 1 if judgement.open or judgement.outdated else 0


def main() -> int:
    """The exit status: 0, 1 if a difference is open or an accepted one is gone, 2 if nothing can be compared."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.fidelity",
        description="Replay the client that recorded a real cluster against the simulator, and compare what it saw.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    importing = commands.add_parser("import", help="turn raw recordings into the files that are compared")
    importing.add_argument("recordings", type=Path, metavar="DIR", help="has longhorn-X.Y.Z/SCENARIO for each")
    comparing = commands.add_parser("compare", help="run the simulator and print every difference")
    comparing.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="only these (default: all)")
    comparing.add_argument("--keep", type=Path, metavar="DIR", help="keep what the client saw in this directory")
    comparing.add_argument("--from", dest="kept", type=Path, metavar="DIR", help="compare what --keep has kept")
    options = parser.parse_args()
    if options.command == "import":
        return _import(options.recordings)
    unknown = [name for name in options.scenarios if name not in SCENARIOS]
    if unknown:
        parser.error(f"no such scenario: {', '.join(unknown)} (known: {', '.join(SCENARIOS)})")
    try:
        return _compare(options.scenarios or list(SCENARIOS), options.keep, options.kept)
    except (ReplayError, SimulatorError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
