"""`python -m tools.attacks`: kill runs at random moments beside look-alikes of others, and clean up after each."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.attacks.killing import rounds
from tools.cluster.simulated_cluster import simulator


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 if all bystanders are unchanged and nothing of the runs remains, else 1."""
    parser = argparse.ArgumentParser(
        "python -m tools.attacks",
        description="Kill runs of the suite at random moments on a simulated cluster that others use too, clean up "
        "after each, and report everything of others that is gone or changed, and everything that remains.",
    )
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="runs to kill (20)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the moments at which they are killed (0)")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="lsc-attacks-") as name:
        folder = Path(name)
        with simulator(folder / "cluster") as cluster:
            wrong = rounds(cluster, folder, given.rounds, given.seed)
    print(*wrong, f"{len(wrong)} wrong", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
