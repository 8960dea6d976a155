"""Runs the suite on a simulator, both forked from a process that has already loaded the large libraries.

Loading them takes as long as half of the suite. Otherwise both start as usual: the suite's plugins and tests are not
loaded beforehand, because pytest rewrites them, and the simulator is created from its command line.
"""

import asyncio
import gc
import json
import os
import select
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tools import ROOT
from tools.api_access import ApiAccess

LIBRARIES = (
    "boto3",
    "kubernetes.dynamic",
    "lz4.frame",
    "tenacity",
    "trustme",
    "simulator.app",
    "moto.s3.models",
    "moto.s3.responses",
    # Modules of the suite that pytest does not rewrite; they import most of the others.
    "fixtures.report.outputs",
    "fixtures.report.verdicts",
    "fixtures.report.tracing",
    "fixtures.longhorn.backing_images",
    "fixtures.cleanup.leftovers",
    "fixtures.s3.object_store",
    "fixtures.targets.registry",
    "fixtures.longhorn.volumes",
)

SILENCE = 120.0
"""Seconds without a line from the suite after which it hangs. A test takes seconds, also where it waits in vain."""
_READY = 30.0
"""Seconds for a simulator to be ready on a busy machine."""
_STOPPED = 15.0
"""Seconds for it to stop."""
_TAIL = 4000
"""Characters of a process's output that are kept."""


@dataclass(frozen=True)
class SuiteRun:
    """The outcome of one run of the suite.

    `document` is its conformance.json, None if it wrote none; `exercised` what the simulator counted, by fault;
    `trouble` is what went wrong with the run itself, with `output` to examine.
    """

    exit_code: int | None
    seconds: float
    document: dict[str, Any] | None
    exercised: dict[str, dict[str, int]]
    trouble: str
    output: str

    @property
    def entries(self) -> list[dict[str, Any]]:
        """What the report says of each clause; nothing if there is none."""
        return list(self.document["clauses"]) if self.document else []


class RunningSimulator:
    """The target `simulator`, for a suite whose simulator runs already and is stopped by its parent."""

    def __init__(self, announcement: str, files: Path) -> None:
        self._announcement = announcement
        self._files = files

    def start(self) -> Any:
        """Its address."""
        from fixtures.targets.simulator.target import address_of

        return address_of(self._announcement, self._files)

    def stop(self) -> None:
        """Nothing to do."""


def load() -> None:
    """Load the large libraries. Call it once, in the process that forks, before it has threads.

    Turns off garbage collection, which costs a tenth of a run's time: no run is long enough to need it.
    """
    for name in LIBRARIES:
        import_module(name)
    gc.collect()
    gc.freeze()
    gc.disable()


def run_suite(
    simulator: Sequence[str], suite: Sequence[str], plugins: Sequence[object] = (), *, scratch: Path
) -> SuiteRun:
    """Run pytest with the arguments `suite` on a simulator with the arguments `simulator`.

    It may take as long as it needs, but is killed when it reports nothing for SILENCE seconds. What they write goes to
    a directory in `scratch`. Must be called in a process without threads.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        folder = Path(name)
        reading, writing = os.pipe()
        cluster = _fork(lambda: _serve(folder, simulator), folder / "simulator.log", writing)
        os.close(writing)
        code: int | None = None
        exercised: dict[str, dict[str, int]] = {}
        try:
            announcement = _line(reading, _READY)
            if announcement:
                log = folder / "suite.log"
                log.touch(0o600)
                code = wait_while_it_reports(
                    _fork(lambda: _verify(folder, announcement, suite, plugins), log), log, SILENCE
                )
                exercised = _exercised(announcement)
        finally:
            os.close(reading)
            os.kill(cluster, signal.SIGTERM)
            ended = _wait(cluster, _STOPPED)
        trouble = ""
        if not announcement:
            trouble = "the simulator did not start"
        elif code is None:
            trouble = f"the suite hung: it reported nothing for {SILENCE:g} s"
        elif ended != 0:
            trouble = f"the simulator ended with exit code {ended}"
        written = folder / "report" / "conformance.json"
        document = json.loads(written.read_text(encoding="utf-8")) if written.exists() else None
        if not trouble and document is None:
            trouble = f"the suite ended with exit code {code} and without a report"
        output = "".join(_tail(folder / name) for name in ("simulator.log", "suite.log"))
        return SuiteRun(code, time.monotonic() - began, document, exercised, trouble, output)


def _serve(folder: Path, arguments: Sequence[str]) -> int:
    from simulator.app import run
    from simulator.options import parse

    own = ["--kubeconfig", str(folder / "kubeconfig"), "--data-dir", str(folder / "simulator")]
    return asyncio.run(run(parse([*own, *arguments])))


def _verify(folder: Path, announcement: str, arguments: Sequence[str], plugins: Sequence[object]) -> int:
    from fixtures.cleanup.parent_watch import end_with_parent
    from fixtures.report import outputs
    from fixtures.targets import registry

    end_with_parent()
    os.chdir(ROOT)
    # Before the suite's other modules import this name.
    registry.make_target = lambda *_, **__: RunningSimulator(announcement, folder / "simulator")
    # conformance.json is enough; the other reports are derived from it.
    outputs.write_derived = lambda *_: None
    os.environ.pop("GITHUB_STEP_SUMMARY", None)
    own = [
        f"--report-dir={folder / 'report'}",
        f"--basetemp={folder / 'pytest'}",
        "--keep",
        "--no-diagnostics",
        # The report has the messages; writing tracebacks takes longer than many tests.
        "--tb=no",
        "-q",
        "--no-header",
    ]
    return int(pytest.main([*own, "-p", "no:xdist", *arguments], plugins=list(plugins)))


def _fork(body: Callable[[], int], log: Path, output: int | None = None) -> int:
    """Run `body` in a new process, which exits with its result and prints to `output`, or to `log`."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        nothing = os.open(os.devnull, os.O_RDONLY)
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(nothing, 0)
        os.dup2(file if output is None else output, 1)
        os.dup2(file, 2)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        code = body()
    except BaseException as error:  # noqa: BLE001 - the process ends here with any error
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _line(reading: int, most: float) -> str:
    """The first line of a pipe, "" if there is none in `most` seconds."""
    found = b""
    end = time.monotonic() + most
    while not found.endswith(b"\n"):
        ready, _, _ = select.select([reading], [], [], max(0.0, end - time.monotonic()))
        more = os.read(reading, 65536) if ready else b""
        if not more:
            return ""
        found += more
    return found.decode()


def _wait(child: int, most: float) -> int | None:
    """The exit code of a process, None if it had to be killed after `most` seconds."""
    watched = os.pidfd_open(child)
    try:
        ended, _, _ = select.select([watched], [], [], most)
        if not ended:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status) if ended else None
    finally:
        os.close(watched)


def wait_while_it_reports(child: int, log: Path, silence: float) -> int | None:
    """The exit code of a process, None if it had to be killed because its log did not grow for `silence` seconds."""
    watched = os.pidfd_open(child)
    try:
        while (left := silence - (time.time() - log.stat().st_mtime)) > 0:
            if select.select([watched], [], [], left)[0]:
                break
    finally:
        os.close(watched)
    return _wait(child, 0)


def _exercised(announcement: str) -> dict[str, dict[str, int]]:
    """What the simulator counted; empty if it has ended."""
    from simulator.app import FAULTS_PAGE

    try:
        counts: dict[str, dict[str, int]] = ApiAccess.read(json.loads(announcement)["kubeconfig"]).json(
            f"/{FAULTS_PAGE}"
        )
    except OSError:
        return {}
    return counts


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-_TAIL:] if log.exists() else ""
