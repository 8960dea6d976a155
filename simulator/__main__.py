"""`python -m simulator`: serve a simulated cluster until stopped."""

import asyncio
import gc
import os
import sys
import textwrap
from itertools import zip_longest

from simulator.options import UsageError, one_line, parse


def main() -> int:
    """The exit status: 0 after a requested stop, 1 if a part died, 2 for an invalid command line."""
    try:
        options = parse(sys.argv[1:])
        if options.list_faults:
            from simulator.decisions import decisions

            decisions(options)
            return print_text(fault_table())
        if options.list_variations:
            return print_text(variation_table())
        from simulator.app import run

        return asyncio.run(run(options))
    except UsageError as error:
        print(f"python -m simulator: {one_line(str(error))}", file=sys.stderr)
        return 2


def print_text(text: str) -> int:
    """Print; returns the exit status. A reader that stops early (`| head -1`) is no failure."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # Python flushes once more at its end, which must not hit the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def fault_table() -> str:
    """All faults: name, the decisions that it replaces, the clauses that notice, and what is broken."""
    from simulator.overrides.registry import faults

    rows: list[tuple[str, ...]] = [("FAULT", "REPLACES", "BREAKS", "SUMMARY")]
    for fault in sorted(faults().values(), key=lambda fault: (fault.breaks, fault.name)):
        decisions = [change.decision for change in fault.overrides]
        summary = textwrap.wrap(fault.summary, 100)
        rows += zip_longest([fault.name], decisions, fault.breaks, summary, fillvalue="")
    return _columns(rows)


def variation_table() -> str:
    """All variations: name, the decisions that it replaces, and what is shown."""
    from simulator.overrides.registry import variations

    rows: list[tuple[str, ...]] = [("VARIATION", "REPLACES", "SUMMARY")]
    for each in sorted(variations().values(), key=lambda each: each.name):
        decisions = [change.decision for change in each.overrides]
        rows += zip_longest([each.name], decisions, textwrap.wrap(each.summary, 100), fillvalue="")
    return _columns(rows)


def _columns(rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


if __name__ == "__main__":
    status = main()
    # Remaining objects end with the process: collecting cycles among them takes longer than the rest of the exit.
    gc.freeze()
    sys.exit(status)
