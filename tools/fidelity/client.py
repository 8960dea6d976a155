"""Runs the recorded client unchanged at the speed of the simulator (`... client SPEED SCRIPT [ARG ...]`).

In a simulator of pace 0.05, 20 seconds pass in each of ours. The client waits 20 seconds at one place and gives up
after 180 at another, so its clock must go as fast, or it would look at everything too late: `time.sleep` and
`time.time` are scaled. What takes real time is not: the first sleep, in which the client's watches start, lasts as
long as it says; a library that the client loads late is loaded before; and sleeps have a lower limit, so that the
client sends no more requests than this machine can answer.

The recorded cluster let the client in by a certificate, also where it sends a request past its library. The simulator
wants a token, so each request to its API gets that here.
"""

import importlib
import runpy
import sys
import threading
import time
from pathlib import Path
from typing import Any

import urllib3

from tools.api_access import ApiAccess

_SHORTEST = 0.03
"""Real seconds between two requests."""


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


def authorize(access: ApiAccess) -> None:
    """Send the token with all requests of urllib3 to the simulator's API."""
    send = urllib3.PoolManager.urlopen

    def urlopen(pool: urllib3.PoolManager, method: str, url: str, redirect: bool = True, **given: Any) -> Any:
        if url.startswith(f"{access.server}/"):
            given["headers"] = {**access.headers, **(given.get("headers") or {})}
        return send(pool, method, url, redirect, **given)

    urllib3.PoolManager.urlopen = urlopen  # type: ignore[assignment]


if __name__ == "__main__":
    authorize(ApiAccess.read(sys.argv[sys.argv.index("--kubeconfig") + 1]))
    run(float(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
