"""For people: `python -m tools.fidelity distil RECORDINGS` and `python -m tools.fidelity compare [SCENARIO ...]`.

`distil` makes `recordings/` from raw recordings (a folder with one folder a scenario). `compare` runs the simulator
and prints every difference; `--keep DIRECTORY` keeps what the client saw, `--from DIRECTORY` compares that again.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tools.fidelity import accepted, replay, report
from tools.fidelity.compare import KnownBehaviour, compare
from tools.fidelity.recording import Recording, dump, load

HERE = Path(__file__).parent
RECORDED = HERE / "recordings"
ACCEPTED = HERE / "accepted.toml"
# Each group has a simulator of its own. They mostly wait, so that all of them can run at once.
GROUPS = (
    ("no_target", "api"),
    ("bak", "filesystem", "detached", "chain"),
    ("bak_modes", "bak_retain"),
    ("bi_race", "bi_pre", "bi"),
    ("snap", "snap_delete"),
)
SCENARIOS = tuple(name for group in GROUPS for name in group)


def real_recordings() -> dict[str, Recording]:
    """The real cluster's recordings, by scenario."""
    return {name: load(RECORDED / f"{name}.json") for name in SCENARIOS}


def known_behaviour(recordings: Mapping[str, Recording]) -> KnownBehaviour:
    """What the real recordings show together."""
    known = KnownBehaviour()
    for recording in recordings.values():
        known.learn(recording)
    return known


def judge(real: Mapping[str, Recording], simulated: Mapping[str, Recording]) -> accepted.Judgement:
    """The differences of every simulated scenario, against the list of accepted ones."""
    known = known_behaviour(real)
    found = [each for name, recording in simulated.items() for each in compare(real[name], recording, known)]
    return accepted.judge(found, accepted.read(ACCEPTED))


def _distil(source: Path) -> int:
    RECORDED.mkdir(exist_ok=True)
    for name in SCENARIOS:
        recording = replay.read(name, source / name)
        (RECORDED / f"{name}.json").write_text(dump(recording), encoding="utf-8")
        print(f"{name}: {len(recording.subjects())} objects, {len(recording.writes)} writes")
    return 0


def _compare(scenarios: list[str], keep: Path | None, made: Path | None) -> int:
    recordings = real_recordings()
    if made is not None:
        simulated = {name: replay.read(name, next(made.glob(f"*/{name}"))) for name in scenarios}
    else:
        groups = [wanted for group in GROUPS if (wanted := [name for name in group if name in scenarios])]
        with tempfile.TemporaryDirectory() as scratch:
            simulated = replay.replay_all(groups, keep or Path(scratch))
    judgement = judge(recordings, simulated)
    whole = len(scenarios) == len(SCENARIOS)
    if not whole:
        judgement.outdated.clear()
    print(*report.reasoned(judgement), *report.counted(scenarios, recordings, judgement), sep="\n")
    print(*report.listed(judgement), sep="\n", end="")
    return 1 if judgement.open or judgement.outdated else 0


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.fidelity")
    commands = parser.add_subparsers(dest="command", required=True)
    distil = commands.add_parser("distil")
    distil.add_argument("recordings", type=Path)
    comparing = commands.add_parser("compare")
    comparing.add_argument("scenarios", nargs="*", metavar="SCENARIO")
    comparing.add_argument("--from", dest="made", type=Path)
    comparing.add_argument("--keep", type=Path)
    options = parser.parse_args()
    if options.command == "distil":
        return _distil(options.recordings)
    unknown = [name for name in options.scenarios if name not in SCENARIOS]
    if unknown:
        parser.error(f"no such scenario: {', '.join(unknown)} (known: {', '.join(SCENARIOS)})")
    return _compare(options.scenarios or list(SCENARIOS), options.keep, options.made)


if __name__ == "__main__":
    sys.exit(main())
