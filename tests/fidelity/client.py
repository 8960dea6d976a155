"""Runs record.py unchanged in the simulator's time: `python -m tests.fidelity.client SPEED SCRIPT [ARGUMENT ...]`.

A simulator of pace 0.04 lives 25 seconds in each of ours. record.py waits 20 seconds here and gives up after 180 there,
so its clock must go as fast, or it would look at everything much too late: `time.sleep` and `time.time` are scaled,
nothing else. Only its first sleep is not: it is there for its own watches to start, which takes our time.
"""

import runpy
import sys
import threading
import time
from pathlib import Path


def run(speed: float, script: Path, arguments: list[str]) -> None:
    """Runs `script` as a program, its seconds passing `speed` times as fast."""
    sleep, began, wall = time.sleep, time.monotonic(), time.time()
    started = threading.Event()

    def short(seconds: float) -> None:
        if threading.current_thread() is threading.main_thread() and not started.is_set():
            started.set()
            sleep(seconds)
        else:
            sleep(seconds / speed)

    def fast() -> float:
        return wall + (time.monotonic() - began) * speed

    time.sleep, time.time = short, fast  # type: ignore[assignment]
    sys.argv = [str(script), *arguments]
    runpy.run_path(str(script), run_name="__main__")


if __name__ == "__main__":
    run(float(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
