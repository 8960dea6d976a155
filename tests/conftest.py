"""Hooks and fixtures of the project's own tests."""

import os
import shutil
import signal
import threading
from collections.abc import Iterator

import pytest

from fixtures.kubernetes import transport
from fixtures.longhorn.target_address import TargetAddress
from fixtures.s3.access import S3Access
from fixtures.targets.registry import make_target
from fixtures.targets.simulator.options import SimulatorOptions
from tools.fidelity.summary import pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]

# Some tests run pytest in their own process, which wants to rewrite these, and others have imported them before.
pytest.register_assert_rewrite(
    "conformance.requirements", "conformance.backing_image.requirements", "conformance.backup.requirements"
)

# The suite itself does without it, so pyproject.toml turns it off: it takes a quarter of a short run's CPU time.
pytest_plugins = ["anyio.pytest_plugin"]


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker of `tox -e e2e`, before the suite's own plugin asks whether -m names any that is none.

    And load pytest's plugin for tests that run pytest.
    """
    config.addinivalue_line("markers", "e2e: end-to-end tests, which run the suite as a whole")
    config.pluginmanager.import_plugin("pytester")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
        # Who is started in the background ignores Ctrl-C, and so do all whom they start, also those that tests end so.
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def simulated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TargetAddress]:
    """A simulated cluster, to be used through its kubeconfig; a module may name the LONGHORN_VERSION."""
    options = SimulatorOptions(longhorn_version=getattr(request.module, "LONGHORN_VERSION", ""))
    target = make_target(options, tmp_path_factory.mktemp("simulated"))
    yield target.start()
    target.stop()


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the time between repetitions, and of that after which a server counts as a wrong address."""
    for name in ("_FIRST_PAUSE", "_LONGEST_PAUSE", "_UNKNOWN_SECONDS"):
        monkeypatch.setattr(transport, name, getattr(transport, name) / 10)


@pytest.fixture
def store(simulated: TargetAddress) -> S3Access:
    """The S3 server of `simulated`, with its administrator's keys."""
    assert simulated.s3 is not None
    return simulated.s3


@pytest.fixture
def qemu() -> str:
    """QEMU's tool for image files, which must be there in CI."""
    found = shutil.which("qemu-img")
    if found is None and os.environ.get("CI"):
        pytest.fail("qemu-img is missing: install Debian's package qemu-utils")
    if found is None:
        pytest.skip("qemu-img is missing (Debian's package qemu-utils)")
    return found
