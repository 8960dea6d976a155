"""For people: `python -m tests.fidelity distil RECORDINGS` and `python -m tests.fidelity compare [SCENARIO ...]`.

`distil` makes `recorded/` from raw recordings (a folder with one folder a scenario). `compare` runs the simulator
and prints every difference; with `--from DIRECTORY` it compares runs that were made before.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.fidelity import accepted, runs
from tests.fidelity.compare import Experience, compare
from tests.fidelity.recording import Recording, dump, load

HERE = Path(__file__).parent
RECORDED = HERE / "recorded"
ACCEPTED = HERE / "accepted.toml"
# A scenario mostly waits, so more of them than processors can run at once.
AT_ONCE = 4
SCENARIOS = ("no_target", "bak", "bak_modes", "bak_retain", "filesystem", "detached", "api")


def real_recordings() -> dict[str, Recording]:
    """The real cluster's recordings, by scenario."""
    return {name: load(RECORDED / f"{name}.json") for name in SCENARIOS}


def experience_of(recordings: dict[str, Recording]) -> Experience:
    """What the real recordings show together."""
    experience = Experience()
    for recording in recordings.values():
        experience.learn(recording)
    return experience


def _distil(source: Path) -> int:
    RECORDED.mkdir(exist_ok=True)
    for name in SCENARIOS:
        recording = runs.read(name, source / name)
        (RECORDED / f"{name}.json").write_text(dump(recording), encoding="utf-8")
        print(f"{name}: {len(recording.subjects())} objects, {len(recording.writes)} writes")
    return 0


def _compare(scenarios: list[str], made: Path | None, at_once: int) -> int:
    recordings = real_recordings()
    with tempfile.TemporaryDirectory() as directory:
        if made is None:
            done = runs.run_all(scenarios, Path(directory), at_once=at_once)
            print("; ".join(f"{name} {run.seconds:.1f} s" for name, run in done.items()), file=sys.stderr)
            simulated = {name: run.recording for name, run in done.items()}
        else:
            simulated = {name: runs.read(name, made / name / name) for name in scenarios}
    experience = experience_of(recordings)
    found = [difference for name in scenarios for difference in compare(recordings[name], simulated[name], experience)]
    judgement = accepted.judge(found, accepted.read(ACCEPTED))
    for difference in judgement.open:
        print(difference)
    print(f"{judgement.count} accepted, {len(judgement.open)} open: {dict(Counter(d.aspect for d in judgement.open))}")
    return 1 if judgement.open else 0


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fidelity")
    commands = parser.add_subparsers(dest="command", required=True)
    distil = commands.add_parser("distil")
    distil.add_argument("recordings", type=Path)
    comparing = commands.add_parser("compare")
    comparing.add_argument("scenarios", nargs="*", metavar="SCENARIO")
    comparing.add_argument("--from", dest="made", type=Path)
    comparing.add_argument("--at-once", type=int, default=AT_ONCE)
    options = parser.parse_args()
    if options.command == "distil":
        return _distil(options.recordings)
    unknown = [name for name in options.scenarios if name not in SCENARIOS]
    if unknown:
        parser.error(f"no such scenario: {', '.join(unknown)} (known: {', '.join(SCENARIOS)})")
    return _compare(options.scenarios or list(SCENARIOS), options.made, options.at_once)


if __name__ == "__main__":
    sys.exit(main())
