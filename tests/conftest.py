"""Hooks and fixtures of the project's own tests."""

import os
import shutil

import pytest

from tests.fidelity.summary import pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker of `tox -e runs`, before the suite's own plugin asks whether -m names any that is none."""
    config.addinivalue_line("markers", "runs: whole runs of the suite, beside simpler or fewer of their kind")


@pytest.fixture
def qemu() -> str:
    """QEMU's tool for image files, which must be there in CI."""
    found = shutil.which("qemu-img")
    if found is None and os.environ.get("CI"):
        pytest.fail("qemu-img is missing: install Debian's package qemu-utils")
    if found is None:
        pytest.skip("qemu-img is missing (Debian's package qemu-utils)")
    return found
