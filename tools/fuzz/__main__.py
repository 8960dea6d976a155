"""Run the fuzz tests of tests/attacks with other examples each time, until the minutes are over or one fails."""

import argparse
import os
import subprocess
import sys
import time

from tools import ROOT

_EXAMPLES = "500"


def main() -> int:
    """0 if nothing was found, otherwise pytest's exit code."""
    parser = argparse.ArgumentParser("python -m tools.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, metavar="N", help="how long to go on (5)")
    end = time.monotonic() + 60 * parser.parse_args().minutes
    command = [sys.executable, "-m", "pytest", "tests/attacks", "-q", "-x", "-k", "wrong or broken"]
    while True:
        found = subprocess.run(command, cwd=ROOT, env=os.environ | {"FUZZ_EXAMPLES": _EXAMPLES}, check=False)
        if found.returncode or time.monotonic() > end:
            return found.returncode


if __name__ == "__main__":
    sys.exit(main())
