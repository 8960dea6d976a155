"""`python -m simulator`: serve a simulated cluster until stopped."""

import asyncio
import gc
import os
import sys
import textwrap

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
    """All faults: name, the clauses that notice, and what is broken."""
    from simulator.overrides.registry import faults

    known = sorted(faults().values(), key=lambda fault: (fault.breaks, fault.name))
    names = max((len(fault.name) for fault in known), default=0)
    clauses = max((len(clause) for fault in known for clause in fault.breaks), default=0)
    lines = [f"{'FAULT':<{names}}  {'BREAKS':<{clauses}}  SUMMARY"]
    for fault in known:
        summary = textwrap.wrap(fault.summary, 100) or [""]
        rows = max(len(summary), len(fault.breaks))
        for row in range(rows):
            cells = (
                fault.name if row == 0 else "",
                fault.breaks[row] if row < len(fault.breaks) else "",
                summary[row] if row < len(summary) else "",
            )
            lines.append(f"{cells[0]:<{names}}  {cells[1]:<{clauses}}  {cells[2]}".rstrip())
    return "\n".join(lines)


if __name__ == "__main__":
    status = main()
    # What is still there goes with the process: to look for cycles in it takes longer than all the rest of the end.
    gc.freeze()
    sys.exit(status)
