"""`python -m tools.durations REPORT...`: make conformance/durations.toml of the reports of runs on real targets.

A report is a conformance.json. Of several the median counts; a test without a verdict is no measurement.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from fixtures.input_files import LARGEST_REPORT, BadInput, read_text
from fixtures.plugin.durations import NAME, file_of
from fixtures.report.model import OBSERVER, Verdict
from tools import ROOT

_VERIFIED = {Verdict.CONFORMS, Verdict.VIOLATES, Verdict.DEVIATES}

_HEAD = """\
# Seconds that tests take on a real target, with their part of the set-up and the clean-up: by file, then by test.
# Made by `python -m tools.durations REPORT...`; used to spread tests over workers and to estimate a run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if the file was written, 2 with one line for a report that cannot be used."""
    parser = argparse.ArgumentParser("python -m tools.durations", description=__doc__)
    parser.add_argument("reports", type=Path, nargs="+", metavar="REPORT", help="conformance.json of a real target")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "conformance" / NAME, metavar="FILE")
    given = parser.parse_args(arguments)
    try:
        measured = medians(_seconds(path) for path in given.reports)
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    given.output.write_text(rendered(measured), encoding="utf-8")
    print(f"{len(measured)} tests, {sum(measured.values()):.0f} s in all: {given.output}")
    return 0


def medians(runs: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The median seconds of each test, of all runs that verified something with it."""
    measured: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        for test, seconds in run.items():
            measured[test].append(seconds)
    return {test: round(median(seconds), 1) for test, seconds in sorted(measured.items())}


def rendered(measured: Mapping[str, float]) -> str:
    """The file's text."""
    lines = [_HEAD]
    file = ""
    for test, seconds in sorted(measured.items()):
        if file_of(test) != file:
            file = file_of(test)
            lines += ["", f"[{json.dumps(file)}]"]
        lines += [f"{json.dumps(test.removeprefix(f'{file}::'))} = {seconds}"]
    return "\n".join(lines) + "\n"


def _seconds(path: Path) -> dict[str, float]:
    """The seconds of the tests in a report, which may be older than this suite's schema. BadInput if it is none."""
    try:
        document: dict[str, Any] = json.loads(read_text(path, LARGEST_REPORT))
        qualifies, clauses = document["qualifies"], document["clauses"]
        found = {
            entry["test"]: float(entry["seconds"])
            for clause in clauses
            for entry in clause["tests"]
            if entry["verdict"] in _VERIFIED and not entry["test"].startswith(OBSERVER)
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadInput(f"{path} is not a conformance.json") from None
    if not qualifies:
        raise BadInput(f"{path} is the report of a simulated run; durations are those of real targets")
    return found


if __name__ == "__main__":
    sys.exit(main())
