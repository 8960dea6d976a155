"""Measure, and print the table."""

import sys
import tempfile
from pathlib import Path

from tools.bench import measures
from tools.bench.cluster import BenchError, running
from tools.bench.measures import Row


def measure() -> list[Row]:
    """All rows, in the order in which they are measured."""
    with tempfile.TemporaryDirectory(prefix="longhorn-bench-") as directory:
        rows = [measures.starts(Path(directory))]
        place = Path(directory) / "cluster"
        place.mkdir()
        with running(place) as cluster:
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
    """0, or 1 when something could not be measured."""
    try:
        print(table(measure()))
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
