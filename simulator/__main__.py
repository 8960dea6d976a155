"""`python -m simulator`: serve a simulated cluster until stopped."""

import asyncio
import gc
import os
import sys
import textwrap
from itertools import zip_longest

from simulator.options import UsageError, parse


def main() -> int:
    """The exit status: 0 after a stop that was asked for, 1 when a part died, 2 for a wrong command line."""
    try:
        options = parse(sys.argv[1:])
        if options.list_faults:
            from simulator.decisions import decisions

            decisions(options)
            return tell(fault_table())
        from simulator.app import run

        return asyncio.run(run(options))
    except UsageError as error:
        print(f"python -m simulator: {error}", file=sys.stderr)
        return 2


def tell(text: str) -> int:
    """Print; the exit status. Whoever reads may have had enough before the end (`| head -1`): that is no failure."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # Python flushes once more at its end, and must not meet the closed pipe again.
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
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


if __name__ == "__main__":
    status = main()
    # What is still there goes with the process: to look for cycles in it takes longer than all the rest of the end.
    gc.freeze()
    sys.exit(status)
