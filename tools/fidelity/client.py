"""Runs record.py unchanged in the simulator's time: `python -m tools.fidelity.client SPEED SCRIPT [ARGUMENT ...]`.

A simulator of pace 0.05 lives 20 seconds in each of ours. record.py waits 20 seconds here and gives up after 180
there, so its clock must go as fast, or it would look at everything much too late: `time.sleep` and `time.time` are
scaled, nothing else. What takes our time and not the cluster's is kept out of it: the first sleep, there for the
client's own watches to start, is as long as it says, a library that it loads on the way is loaded before, and it
does not ask more often than our processors can answer.
"""

import importlib
import runpy
import sys
import threading
import time
from pathlib import Path

_SHORTEST = 0.03
"""Seconds of ours between two questions."""


def run(speed: float, script: Path, arguments: list[str]) -> None:
    """Runs `script` as a program, its seconds passing `speed` times as fast."""
    sleep, began, wall = time.sleep, time.monotonic(), time.time()
    started = threading.Event()

    def short(seconds: float) -> None:
        if threading.current_thread() is threading.main_thread() and not started.is_set():
            started.set()
            sleep(seconds)
        else:
            sleep(max(seconds / speed, _SHORTEST))

    def fast() -> float:
        return wall + (time.monotonic() - began) * speed

    time.sleep, time.time = short, fast  # type: ignore[assignment]
    importlib.import_module("boto3")
    sys.argv = [str(script), *arguments]
    runpy.run_path(str(script), run_name="__main__")


if __name__ == "__main__":
    run(float(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
