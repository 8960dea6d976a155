"""Measure, and print a table."""

import argparse
import sys
import tempfile
from pathlib import Path

from tools.bench import measures
from tools.bench.client import BenchError
from tools.bench.measures import Row
from tools.simulator_process import SimulatorError, running_simulator


def measure() -> list[Row]:
    """All rows, in the order in which they are measured."""
    with tempfile.TemporaryDirectory(prefix="longhorn-bench-") as directory:
        rows = [measures.starts(Path(directory))]
        place = Path(directory) / "cluster"
        place.mkdir()
        with running_simulator(place) as cluster:
            rows.append(measures.memory(cluster, "right after the start"))
            rows.append(measures.listing(cluster))
            rows += measures.watching(cluster)
            rows.append(measures.snapshots(cluster))
            rows.append(measures.memory(cluster, "after all of this"))
        rows += measures.copying()
    return rows


def table(rows: list[Row]) -> str:
    """The rows, aligned."""
    first = max(len(row.what) for row in rows)
    second = max(len(row.value) for row in rows)
    return "\n".join(f"{row.what:<{first}}  {row.value:>{second}}  {row.how}" for row in rows)


def main() -> int:
    """The exit status: 0, or 1 if something could not be measured."""
    argparse.ArgumentParser("python -m tools.bench", description="Measure how fast the simulator is.").parse_args()
    try:
        print(table(measure()))
    except (BenchError, SimulatorError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
