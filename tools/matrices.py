"""What the programs have in common that run the suite under many overrides: their command line and their document."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

USAGE = 2
_INTERRUPTED = 130


def parser(prog: str, description: str | None, noun: str) -> argparse.ArgumentParser:
    """The options that all of them have; `noun` is what is run."""
    made = argparse.ArgumentParser(prog=prog, description=description, allow_abbrev=False)
    made.add_argument("names", nargs="*", metavar=noun.upper(), help=f"run only these {noun}s (default: all)")
    made.add_argument(
        "--jobs",
        type=int,
        default=3 * (os.cpu_count() or 1),
        metavar="N",
        help="how many runs at the same time (default: three per processor)",
    )
    made.add_argument(
        "--report-dir", type=Path, default=Path("report"), metavar="DIR", help="where to write (default: report/)"
    )
    return made


def check(asking: argparse.ArgumentParser, given: argparse.Namespace, known: Collection[str], noun: str) -> None:
    """End as a usage error for a name that is not known, and for no jobs."""
    if unknown := [name for name in given.names if name not in known]:
        asking.error(f"unknown {noun} {unknown[0]!r}; `python -m simulator --list-{noun}s` shows all")
    if given.jobs < 1:
        asking.error("--jobs must be at least 1")


def write(folder: Path, name: str, document: Mapping[str, Any]) -> Path:
    """Write a document as JSON into a folder, which is made if need be; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def run(main: Callable[[Sequence[str]], int]) -> NoReturn:
    """Run one as a program."""
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("interrupted: nothing is written", file=sys.stderr)
        sys.exit(_INTERRUPTED)
